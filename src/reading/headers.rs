//! The header fields of one message as unfolded text, in order, names in lower case.

use mail_parser::Message;

/// Most fields that are looked at: a header may repeat as often as its sender likes.
const MAX_FIELDS: usize = 2_000;

/// Header fields, topmost first.
#[derive(Debug, Default)]
pub(super) struct Headers {
    fields: Vec<(String, String)>,
}

impl Headers {
    /// The fields of the message itself, none of its parts'.
    pub(super) fn of(message: &Message<'_>) -> Self {
        if message.parts.is_empty() {
            return Self::default();
        }
        let fields = message.headers_raw().take(MAX_FIELDS);
        Self { fields: fields.map(|(name, value)| (name.trim().to_ascii_lowercase(), unfolded(value))).collect() }
    }

    /// Fields read from a text of header lines, as a delivery report returns them.
    #[must_use]
    pub(super) fn of_text(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take(MAX_FIELDS) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { fields }
    }

    /// The topmost field of that (lower-case) name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// All fields of that (lower-case) name, topmost first.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Name and value of every field.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// At least one field that every mail program writes.
    pub(super) fn looks_like_mail(&self) -> bool {
        const USUAL: &[&str] = &[
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "received",
            "return-path",
            "content-type",
            "mime-version",
            "sender",
        ];
        self.fields.iter().any(|(name, _)| USUAL.contains(&name.as_str()))
    }
}

/// One line, control characters removed.
fn unfolded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
