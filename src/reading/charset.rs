//! Bytes → text, for the mail whose declaration is missing or wrong.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::decoders::charsets::map::charset_decoder;
use regex::Regex;

use super::guard;
use super::parse::regex;

/// Decodes a text whose declared character set may be missing, wrong or unknown.
///
/// Declared sets are believed, except where the bytes speak against them: Latin-1 and ASCII
/// labels are put on UTF-8 by many web forms, and UTF-8 labels on windows-1252.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    let declared = declared.map(|name| name.trim().to_ascii_lowercase());
    let western = |name: &str| {
        matches!(name, "us-ascii" | "ascii" | "iso-8859-1" | "latin1" | "windows-1252" | "cp1252" | "utf-8" | "utf8")
    };
    match declared.as_deref() {
        Some(name) if !western(name) => match charset_decoder(name.as_bytes()) {
            Some(decoder) => decoder(bytes),
            None => sniffed(bytes).into_owned(),
        },
        _ => sniffed(bytes).into_owned(),
    }
}

/// UTF-8 where the bytes are UTF-8, else windows-1252 (a superset of Latin-1's printable characters).
pub(super) fn sniffed(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // A text that was cut in the middle of a character is still UTF-8.
        Err(error) if error.valid_up_to() + 4 > bytes.len() && error.valid_up_to() > 64 => {
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
        }
        Err(_) => Cow::Owned(mostly_utf8(bytes).unwrap_or_else(|| windows_1252(bytes))),
    }
}

/// A long UTF-8 text with a few broken bytes is read as UTF-8 with replacement characters: as
/// windows-1252 every accent of it would be lost.
fn mostly_utf8(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let good = text.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
    (good > broken.saturating_mul(4)).then(|| text.into_owned())
}

fn windows_1252(bytes: &[u8]) -> String {
    charset_decoder(b"windows-1252")
        .map_or_else(|| bytes.iter().map(|byte| char::from(*byte)).collect(), |decoder| decoder(bytes))
}

/// The message with a header block that is valid UTF-8 and ends: raw 8-bit headers (RFC 6532 or
/// plain wrong) are decoded line by line, and a missing blank line is added, because the parser
/// drops a last header without line end.
pub(super) fn with_utf8_headers(bytes: &[u8]) -> Cow<'_, [u8]> {
    let end = guard::header_end(bytes);
    let head = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let body = end.and_then(|end| bytes.get(end..));
    let words_follow = find(head, b"?=").is_some_and(|at| find(head.get(at..).unwrap_or_default(), b"=?").is_some());
    if std::str::from_utf8(head).is_ok() && body.is_some() && !words_follow {
        return Cow::Borrowed(bytes);
    }
    let text: String = head.split_inclusive(|byte| *byte == b'\n').map(sniffed).collect();
    let mut repaired = with_words_joined(&text).into_bytes();
    repaired.reserve(bytes.len() - head.len() + 4);
    repaired.extend_from_slice(body.unwrap_or(b"\r\n\r\n"));
    Cow::Owned(repaired)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Neighbouring encoded words (RFC 2047) of one character set as one word: many programs cut them in
/// the middle of a character, which no decoder of single words can repair.
fn with_words_joined(head: &str) -> String {
    static WORD: LazyLock<Regex> =
        LazyLock::new(|| regex(r"=\?(?P<set>[^?\s]{1,40})\?(?P<kind>[BbQq])\?(?P<payload>[^?\s]*)\?="));
    let mut out = String::with_capacity(head.len());
    let mut end = 0;
    // Set, kind and payload length of the word that `out` ends with.
    let mut open: Option<(String, String, usize)> = None;
    for found in WORD.captures_iter(head) {
        let (Some(whole), Some(payload)) = (found.get(0), found.name("payload")) else { continue };
        let between = head.get(end..whole.start()).unwrap_or_default();
        let (set, kind) = (found["set"].to_ascii_lowercase(), found["kind"].to_ascii_lowercase());
        let joins = open.as_ref().filter(|(open_set, open_kind, length)| {
            // Base64 goes on only where the first word ends with a whole group and no padding.
            let whole_groups = kind == "q" || (length % 4 == 0 && !out.ends_with("=?="));
            *open_set == set && *open_kind == kind && whole_groups && !between.is_empty() && between.trim().is_empty()
        });
        let length = joins.map_or(0, |(_, _, length)| *length) + payload.len();
        if joins.is_some() {
            out.truncate(out.len() - 2);
            out.push_str(payload.as_str());
            out.push_str("?=");
        } else {
            out.push_str(between);
            out.push_str(whole.as_str());
        }
        open = Some((set, kind, length));
        end = whole.end();
    }
    out.push_str(head.get(end..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undeclared_bytes_are_utf8_or_windows_1252() {
        assert_eq!(decode("remboursé".as_bytes(), None), "remboursé");
        assert_eq!(decode(b"rembours\xe9 12 \x80", None), "remboursé 12 €");
        assert_eq!(decode(b"c\x9cur", Some("us-ascii")), "cœur");
    }

    #[test]
    fn a_wrong_label_is_seen_through() {
        assert_eq!(decode("remboursé".as_bytes(), Some("ISO-8859-1")), "remboursé");
        assert_eq!(decode(b"rembours\xe9", Some("utf-8")), "remboursé");
        assert_eq!(decode(b"rembours\xe9", Some("x-unknown")), "remboursé");
    }

    #[test]
    fn declared_sets_are_believed() {
        assert_eq!(decode(b"12 \xa4", Some("iso-8859-15")), "12 €");
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("windows-1251")), "Привет");
    }

    #[test]
    fn encoded_words_cut_inside_a_character_are_joined() {
        let joined = |head: &str| with_words_joined(head);
        assert_eq!(joined("=?UTF-8?Q?d=C3?=\r\n =?utf-8?q?=A9?= x"), "=?UTF-8?Q?d=C3=A9?= x");
        assert_eq!(
            joined("=?utf-8?B?ZMOp?= =?utf-8?B?w6k=?= =?utf-8?B?w6k=?="),
            "=?utf-8?B?ZMOpw6k=?= =?utf-8?B?w6k=?="
        );
        let other = "=?utf-8?Q?a?= b =?utf-8?Q?c?= =?latin1?Q?d?=";
        assert_eq!(joined(other), other);
        // A field's end is no blank between two words.
        let fields = "A: =?utf-8?Q?a?=\r\nB: =?utf-8?Q?b?=\r\n";
        assert_eq!(joined(fields), fields);
    }

    #[test]
    fn one_broken_byte_does_not_cost_the_accents() {
        let mut bytes = "déçue, très déçue, énervée".as_bytes().to_vec();
        bytes.insert(0, 0xff);
        assert!(decode(&bytes, None).contains("très déçue"));
    }
}
