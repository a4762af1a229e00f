//! What several fuzz targets share.

/// A panic ends the run, as it should, except one that starts in one of these crates: reading and
/// the IMAP wrapper promise to survive those, and they are to be tried with them.
const SURVIVED: &[&str] = &["mail-parser-", "imap-proto-", "async-imap-"];

/// Installs that rule; to be called from a target's `init`, before the first input.
pub fn survive_parsers() {
    let aborting = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let inside = |file: &str| SURVIVED.iter().any(|name| file.contains(name));
        if !info.location().is_some_and(|location| inside(location.file())) {
            aborting(info);
        }
    }));
}

/// The bytes as text, the broken ones replaced: most targets begin where text is text already.
pub fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// `text` up to the first `separator` and what comes after it.
pub fn cut<'a>(text: &'a str, separator: &str) -> (&'a str, &'a str) {
    text.split_once(separator).unwrap_or((text, ""))
}
