//! Bytes → text, for the mail whose declaration is missing or wrong.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

use super::guard;

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
    if std::str::from_utf8(head).is_ok() && body.is_some() {
        return Cow::Borrowed(bytes);
    }
    let mut repaired = Vec::with_capacity(bytes.len() + 64);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        repaired.extend_from_slice(sniffed(line).as_bytes());
    }
    repaired.extend_from_slice(body.unwrap_or(b"\r\n\r\n"));
    Cow::Owned(repaired)
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
    fn one_broken_byte_does_not_cost_the_accents() {
        let mut bytes = "déçue, très déçue, énervée".as_bytes().to_vec();
        bytes.insert(0, 0xff);
        assert!(decode(&bytes, None).contains("très déçue"));
    }
}
