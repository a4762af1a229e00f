//! A rule file, template or model with the place it came from.

/// One file of rules, templates or models, already read: the pure floors do no I/O.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Path below its top folder, with `/` (e.g. `drafts/fr/ask_information.txt`).
    pub name: String,
    /// Where it was found, for messages to the operator (`built-in rules/10-intent-fr.toml`, a path).
    pub origin: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Asset {
    /// Its content as text.
    pub fn text(&self) -> Result<&str, String> {
        std::str::from_utf8(&self.bytes).map_err(|error| format!("{}: not UTF-8 ({error})", self.origin))
    }
}
