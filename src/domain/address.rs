//! Addresses as RFC 5322 §3.4 writes them, kept no stricter than real senders need.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The bare mailbox part of an address (`local@domain`), the domain in lower case.
///
/// Real senders use local parts that RFC 5321 forbids (`a..b@example.org`), so the check is only
/// what safety needs: one `@` with something on both sides, no control characters, blanks or
/// angle brackets, at most 254 characters (RFC 5321 §4.5.3.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why a text is no [`Email`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not an e-mail address")]
pub struct NotAnEmail(String);

impl Email {
    /// Checks a bare address.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        let refused = || NotAnEmail(text.chars().take(100).collect());
        let unsafe_char = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';');
        if text.len() > 254 || text.chars().any(unsafe_char) {
            return Err(refused());
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && is_domain(domain) => {
                Ok(Self(format!("{local}@{}", domain.to_lowercase())))
            }
            _ => Err(refused()),
        }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the last `@`, as written.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the last `@`, in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The form two addresses are compared in: lower case, without a `+tag`.
    pub fn canonical(&self) -> String {
        let local = self.local().to_lowercase();
        let plain = local.split_once('+').map_or(local.as_str(), |(plain, _)| plain);
        let plain = if plain.is_empty() { local.as_str() } else { plain };
        format!("{plain}@{}", self.domain())
    }

    /// Whether both name the same mailbox, case and `+tag` aside.
    pub fn same_mailbox(&self, other: &Email) -> bool {
        self.canonical() == other.canonical()
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..")
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// A sentence in which the local part of every address is replaced by `…`, for logs.
pub fn mask_addresses(sentence: &str) -> String {
    let in_local = |c: char| !(c.is_whitespace() || "<>()[]\"',;:".contains(c));
    let mut masked = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('@') {
        let kept = before.trim_end_matches(in_local);
        masked.push_str(kept);
        masked.push_str(if kept.len() < before.len() { "…@" } else { "@" });
        rest = after;
    }
    masked + rest
}

/// An address with the display name that was written beside it, if any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Decoded display name, control characters removed.
    pub name: Option<String>,
    /// The mailbox itself.
    pub email: Email,
}

impl Address {
    /// An address without a display name.
    pub fn bare(email: Email) -> Self {
        Self { name: None, email }
    }

    /// Reads `Name <local@domain>` or `local@domain`, as the configuration writes addresses.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        let Some((name, rest)) = text.rsplit_once('<') else {
            return Ok(Self::bare(Email::parse(text)?));
        };
        let inner = rest.strip_suffix('>').ok_or_else(|| NotAnEmail(text.to_owned()))?;
        // A second address before the last one: whoever wrote both must not reach one of them only.
        if name.split('<').skip(1).any(|part| part.split('>').next().is_some_and(|inside| inside.contains('@'))) {
            return Err(NotAnEmail(text.chars().take(100).collect()));
        }
        let name: String = name.trim().trim_matches('"').chars().filter(|c| !c.is_control()).collect();
        Ok(Self { name: (!name.is_empty()).then_some(name), email: Email::parse(inner)? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.email),
            None => write!(f, "{}", self.email),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_but_irregular_addresses_are_accepted() {
        for text in ["a..b@docomo.example", "\"odd.local\"@x.example", "Émilie@exemple.fr", "a+b@x"] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn unsafe_addresses_are_refused() {
        for text in ["", "a", "@x", "a@", "a b@x", "a@x\r\nBcc: c@d", "<a@x>", "a@.x", "a@x..y", "a,b@x"] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_may_hold_what_an_address_may_not() {
        for name in ["Dupont, Claire", "Kim <3", "<b>x</b>"] {
            let text = format!("{name} <kim@x.example>");
            let read = Address::parse(&text).unwrap();
            assert_eq!((read.name.as_deref(), read.email.as_str()), (Some(name), "kim@x.example"));
            assert_eq!(read.to_string(), text);
        }
        for text in ["Kim <kim@x.example> <", "Kim <kim@x.example>, Ana <ana@x.example>"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn comparison_ignores_case_and_tag() {
        let one = Email::parse("Support+web@Shop.Example").unwrap();
        let two = Email::parse("support@shop.example").unwrap();
        assert!(one.same_mailbox(&two));
        assert_eq!(one.as_str(), "Support+web@shop.example");
    }

    #[test]
    fn a_masked_sentence_names_nobody() {
        let said = "554 5.7.1 <alice.b+x@shop.example>: access denied, ask bob@y.example";
        assert_eq!(mask_addresses(said), "554 5.7.1 <…@shop.example>: access denied, ask …@y.example");
        assert_eq!(mask_addresses("at 10 @ noon @@"), "at 10 @ noon @@");
    }

    #[test]
    fn named_addresses_are_read_and_written() {
        let address = Address::parse("Maison Guichet <support@shop.example>").unwrap();
        assert_eq!(address.name.as_deref(), Some("Maison Guichet"));
        assert_eq!(address.to_string(), "Maison Guichet <support@shop.example>");
        assert!(Address::parse("Broken <a@b").is_err());
    }
}
