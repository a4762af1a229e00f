//! What may be given to the parser, judged by the bytes alone.

/// Above this many bytes only the beginning is read, as if the mail source had cut it.
const MAX_BYTES: usize = 48 * 1024 * 1024;
/// How much is read of a message that is too large.
const BEGINNING: usize = 256 * 1024;
/// With this few containers no stack can overflow.
const FLAT: usize = 100;
/// More containers than any mail a person sent.
const MAX_CONTAINERS: usize = 10_000;
/// The parser looks for the end of each container from its beginning on: containers × bytes bounds its work.
const MAX_WORK: usize = 2_000_000_000;
/// Longest header block given to the parser.
const MAX_HEADERS: usize = 1024 * 1024;

/// How to read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// On the caller's stack.
    Plain,
    /// On a thread with a large stack.
    DeepStack,
    /// Its beginning only: it is too large.
    Beginning,
    /// Its headers only; the text says why.
    HeadersOnly(&'static str),
    /// Not at all; the text says why.
    Not(&'static str),
}

/// Decides how `bytes` are read.
pub(super) fn inspect(bytes: &[u8]) -> Way {
    if bytes.is_empty() {
        return Way::Not("it is empty");
    }
    if header_block(bytes).len() >= MAX_HEADERS {
        return Way::HeadersOnly("its headers are longer than 1 MiB");
    }
    if bytes.len() > MAX_BYTES {
        return Way::Beginning;
    }
    let containers = containers(bytes);
    if containers > MAX_CONTAINERS {
        Way::HeadersOnly("its parts are nested or repeated more than 10,000 times")
    } else if containers > FLAT && containers.saturating_mul(bytes.len()) > MAX_WORK {
        Way::HeadersOnly("it has too many parts for its size")
    } else if containers > FLAT {
        Way::DeepStack
    } else {
        Way::Plain
    }
}

/// The bytes without a byte-order mark, blank lines and an mbox separator before the headers.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"From ") || bytes.starts_with(b">From ") {
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        return bytes.get(end..).unwrap_or_default();
    }
    bytes
}

/// The first part of a message that is too large.
pub(super) fn beginning(bytes: &[u8]) -> &[u8] {
    bytes.get(..BEGINNING).unwrap_or(bytes)
}

/// The headers up to the blank line, at most 1 MiB of them.
pub(super) fn header_block(bytes: &[u8]) -> &[u8] {
    let limited = bytes.get(..MAX_HEADERS).unwrap_or(bytes);
    header_end(limited).and_then(|end| limited.get(..end)).unwrap_or(limited)
}

/// Where the blank line after the headers starts.
pub(super) fn header_end(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// How many parts that hold other parts are announced, wherever the words stand.
fn containers(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .filter(|(at, _)| {
            let before = bytes.get(at.saturating_sub(9)..*at).unwrap_or_default();
            ends_with_word(before, b"multipart") || ends_with_word(before, b"message")
        })
        .count()
}

fn ends_with_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .len()
        .checked_sub(word.len())
        .and_then(|from| bytes.get(from..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_mail_is_read_on_the_callers_stack() {
        assert_eq!(inspect(b"From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x"), Way::Plain);
        assert_eq!(inspect(b""), Way::Not("it is empty"));
    }

    #[test]
    fn nesting_is_counted_whatever_its_case() {
        let level = "Content-Type: Message/RFC822\r\n\r\n";
        assert_eq!(inspect(level.repeat(500).as_bytes()), Way::DeepStack);
        assert!(matches!(inspect(level.repeat(30_000).as_bytes()), Way::HeadersOnly(_)));
    }

    #[test]
    fn an_mbox_separator_and_blank_lines_are_no_header() {
        assert_eq!(trimmed(b"\n\nFrom x@y Mon Jan  1\nSubject: a\n"), b"Subject: a\n");
        assert_eq!(trimmed(b"\xef\xbb\xbfSubject: a\n"), b"Subject: a\n");
    }
}
