//! Names that strangers gave to files, as a page and a header may say them.

/// Longest name, in bytes of UTF-8: file systems take 255.
const MAX_NAME: usize = 200;
/// Longest extension that survives shortening.
const MAX_EXTENSION: usize = 12;
/// Names that stand for devices on Windows.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// The name in one line, without path, control characters and what turns the direction of writing around
/// (`kettle_gpj.exe` that reads as `kettle_exe.jpg`).
pub(super) fn shown(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|c| !c.is_control() && !turns_or_hides(*c));
    let clean: String = kept.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    // Windows ignores dots and blanks at the end; a dot at the beginning hides a file elsewhere.
    let clean = clean.trim_matches(|c: char| c == '.' || c == ' ');
    let stem = clean.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered =
        |port: &str| stem.strip_prefix(port).is_some_and(|n| n.len() == 1 && n.chars().all(|c| c.is_ascii_digit()));
    let device = DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt");
    match clean {
        "" => "file".to_owned(),
        name if device => shortened(&format!("_{name}")),
        name => shortened(name),
    }
}

/// `Content-Disposition` (RFC 6266): the name in ASCII, and as it is (RFC 8187) for everybody who can read that.
pub(super) fn disposition(name: &str) -> String {
    let name: String = shown(name).chars().map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c }).collect();
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// What needs no escape in a quoted string, nor is taken for one: browsers decode percent signs there.
fn is_plain(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%')
}

/// Direction marks and overrides, zero-width and other characters that nobody sees.
fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The end tells what a file is, so it stays.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, end)| end).filter(|end| end.chars().count() <= MAX_EXTENSION);
    let end = extension.map_or_else(String::new, |end| format!(".{end}"));
    let mut room = MAX_NAME - end.len();
    while !name.is_char_boundary(room) {
        room -= 1;
    }
    name.get(..room).unwrap_or_default().trim_end_matches(['.', ' ']).to_owned() + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        for (given, name) in [
            ("IMG_2041.jpg", "IMG_2041.jpg"),
            ("reçu mars.pdf", "reçu mars.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\facture.pdf", "facture.pdf"),
            ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
            ("kettle_\u{202e}gpj.exe", "kettle_gpj.exe"),
            ("a\u{200b}\u{feff}b\u{a0}c.txt", "ab c.txt"),
            (".bashrc", "bashrc"),
            ("facture.exe. . .", "facture.exe"),
            ("NUL.txt", "_NUL.txt"),
            ("com1", "_com1"),
            ("console.txt", "console.txt"),
            ("..", "file"),
            ("", "file"),
            ("a/", "file"),
        ] {
            assert_eq!(shown(given), name, "{given:?}");
        }
        let long = shown(&format!("{}.pdf", "é".repeat(400)));
        assert!(long.ends_with("é.pdf") && (MAX_NAME - 1..=MAX_NAME).contains(&long.len()), "{}", long.len());
    }

    #[test]
    fn headers_hold_it_twice() {
        assert_eq!(
            disposition("reçu \"mars\" 100%.pdf"),
            "attachment; filename=\"re_u _mars_ 100_.pdf\"; filename*=UTF-8''re%C3%A7u%20_mars_%20100%25.pdf"
        );
        for hostile in ["a\"; filename=b.exe", "a\\\"b", "a\r\nX: y", "a;b=c", "\u{0}", "é'*%0d%0a"] {
            let said = disposition(hostile);
            assert!(said.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{said}");
            assert_eq!(said.matches('"').count(), 2, "{said}");
        }
    }
}
