//! Bytes → text, and what separates the columns.

use mail_parser::decoders::charsets::map::charset_decoder;

/// A character set of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// What Western Windows programs write.
    Windows1252,
}

/// Bytes that windows-1252 gives no meaning.
const NO_LETTER: &[u8] = &[0x81, 0x8D, 0x8F, 0x90, 0x9D];

/// The text of a file. UTF-8 is recognised as such; everything else is windows-1252, unless the bytes speak against
/// both.
pub(super) fn decode(bytes: Vec<u8>, told: Option<Encoding>) -> Result<String, String> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Err("it is written in UTF-16 or is no text at all: save it as CSV in UTF-8".into());
    }
    let line_of = |at: usize| bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    let error = match std::str::from_utf8(&bytes) {
        _ if told == Some(Encoding::Windows1252) => None,
        Ok(text) => return Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        let line = line_of(error.valid_up_to());
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        if error.error_len().is_none() && (before.iter().any(|byte| *byte >= 0x80) || told.is_some()) {
            return Err(format!("line {line}: it ends in the middle of a letter: is it being written?"));
        }
        if told == Some(Encoding::Utf8) || before.iter().any(|byte| *byte >= 0x80) {
            return Err(format!("line {line}: not written in UTF-8 (save it in UTF-8, or set encoding)"));
        }
    }
    if let Some(at) = bytes.iter().position(|byte| NO_LETTER.contains(byte)) {
        return Err(format!("line {}: written neither in UTF-8 nor in windows-1252", line_of(at)));
    }
    let decoder = charset_decoder(b"windows-1252").ok_or("windows-1252 cannot be read by this build")?;
    Ok(decoder(&bytes))
}

/// What stands between the columns of a header: the most frequent of `,` `;` and tab outside quotes.
pub(super) fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_and_windows_1252_are_told_apart() {
        assert_eq!(decode("\u{feff}café".as_bytes().to_vec(), None).unwrap(), "café");
        assert_eq!(decode(b"caf\xe9 \x80".to_vec(), None).unwrap(), "café €");
        assert_eq!(decode("café".as_bytes().to_vec(), Some(Encoding::Windows1252)).unwrap(), "cafÃ©");
        for (bytes, why) in [
            ("é\ncafé".as_bytes()[..7].to_vec(), "line 2: it ends in the middle of a letter"),
            (["é\n".as_bytes(), b"caf\xe9 x"].concat(), "line 2: not written in UTF-8"),
            (b"caf\xe9 \x81".to_vec(), "neither in UTF-8 nor"),
            (b"\xff\xfec\0".to_vec(), "UTF-16"),
        ] {
            let error = decode(bytes, None).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(decode(b"caf\xe9 x".to_vec(), Some(Encoding::Utf8)).is_err());
    }

    #[test]
    fn the_separator_is_the_most_frequent_one_outside_quotes() {
        for (header, expected) in [("a,b;c,d", b','), ("a;b;\"c,d,e,f\"", b';'), ("a\tb\tc", b'\t'), ("a\nb;c", b',')] {
            assert_eq!(separator(header), expected, "{header:?}");
        }
    }
}
