//! Address patterns as the configuration writes them: `support@shop.example`, `*@help.shop.example`.

use std::fmt;

use crate::domain::Email;

/// One pattern. `*` stands for any characters on its side of the `@`; case and `+tag` are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPattern {
    local: String,
    domain: String,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is neither an address nor a pattern like *@shop.example")]
pub struct NotAPattern(String);

impl AddressPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is not `something@domain`, or its domain is a bare `*` (that would be everybody).
    pub fn parse(text: &str) -> Result<Self, NotAPattern> {
        let refused = || NotAPattern(text.chars().take(100).collect());
        let canonical = Email::parse(text).map_err(|_| refused())?.canonical();
        let (local, domain) = canonical.rsplit_once('@').ok_or_else(refused)?;
        if domain.trim_matches(['*', '.']).is_empty() {
            return Err(refused());
        }
        Ok(Self { local: local.to_owned(), domain: domain.to_owned() })
    }

    /// Whether the address is meant.
    pub fn matches(&self, email: &Email) -> bool {
        let canonical = email.canonical();
        canonical.rsplit_once('@').is_some_and(|(local, domain)| glob(&self.local, local) && glob(&self.domain, domain))
    }

    /// The pattern's domain without a leading `*.`.
    pub fn domain(&self) -> &str {
        self.domain.trim_start_matches("*.")
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Linear in practice: each `*` takes as little as lets the rest follow.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_on_its_side_of_the_at() {
        for (pattern, address, meant) in [
            ("support@shop.example", "Support+web@SHOP.example", true),
            ("support@shop.example", "support@shop.example.evil.test", false),
            ("*@help.shop.example", "anna@help.shop.example", true),
            ("*@help.shop.example", "anna@shop.example", false),
            ("*@*.shop.example", "a@b.shop.example", true),
            ("*@*.shop.example", "a@shop.example", false),
            ("form-*-fr@shop.example", "form-contact-fr@shop.example", true),
            ("form-*-fr@shop.example", "form-fr@shop.example", false),
        ] {
            let pattern = AddressPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(&Email::parse(address).unwrap()), meant, "{pattern} {address}");
        }
    }

    #[test]
    fn a_pattern_that_means_everybody_is_refused() {
        for text in ["*", "*@*", "*@*.*", "support", "a b@c"] {
            assert!(AddressPattern::parse(text).is_err(), "{text}");
        }
    }
}
