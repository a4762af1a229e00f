//! An address with places for what is looked up.

use crate::adapters::http_client::{BadUrl, HttpUrl};
use crate::domain::Email;

const NUMBER: &str = "{number}";
const EMAIL: &str = "{email}";
/// A customer's "number" that is longer is none.
const LONGEST: usize = 64;

/// A checked address; `{number}` and `{email}` stand in its path or query.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    host: String,
}

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// No address that may be asked.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// Nothing is looked up by it.
    #[error("it has no place for {{number}} or {{email}}")]
    NoPlace,
    /// The host would depend on a customer's words.
    #[error("{{number}} and {{email}} may stand behind the host only")]
    InHost,
}

impl UrlTemplate {
    /// Reads and checks a template.
    ///
    /// # Errors
    /// Says what is wrong without repeating the text.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let text = text.trim();
        if !text.contains(NUMBER) && !text.contains(EMAIL) {
            return Err(BadTemplate::NoPlace);
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if authority.contains('{') {
            return Err(BadTemplate::InHost);
        }
        let tried = HttpUrl::parse(&text.replace(NUMBER, "0").replace(EMAIL, "a%40b"))?;
        Ok(Self { text: text.to_owned(), host: tried.host().to_owned() })
    }

    /// Who is asked.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the number is looked up by it.
    pub fn by_number(&self) -> bool {
        self.text.contains(NUMBER)
    }

    /// The address for one question; `None` when something that it needs is not there.
    pub fn filled(&self, number: Option<&str>, email: Option<&Email>) -> Option<HttpUrl> {
        let mut text = self.text.clone();
        if text.contains(NUMBER) {
            // `#1001` is written in mails and looked up as 1001.
            let number = number.map(|number| number.trim().trim_start_matches('#')).filter(|number| fits(number))?;
            text = text.replace(NUMBER, &encoded(number));
        }
        if text.contains(EMAIL) {
            text = text.replace(EMAIL, &encoded(email?.as_str()));
        }
        HttpUrl::parse(&text).ok()
    }
}

impl std::fmt::Debug for UrlTemplate {
    /// Without the path: it may hold a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UrlTemplate({})", self.host)
    }
}

fn fits(number: &str) -> bool {
    !number.is_empty() && number.len() <= LONGEST && !matches!(number, "." | "..")
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_customers_write_cannot_leave_its_place() {
        let template = UrlTemplate::parse("https://shop.example/o/{number}?mail={email}").unwrap();
        let email = Email::parse("a+b&c@x.example").ok();
        let url = template.filled(Some("#12/../3?x=é"), email.as_ref()).unwrap();
        assert_eq!(url.path_and_query(), "/o/12%2F..%2F3%3Fx%3D%C3%A9?mail=a%2Bb%26c%40x.example");
        assert!(template.filled(Some("1"), None).is_none());
        for none in ["", " # ", "..", &"9".repeat(65)] {
            assert!(template.filled(Some(none), email.as_ref()).is_none(), "{none}");
        }
    }

    #[test]
    fn a_template_asks_one_host_only() {
        assert_eq!(UrlTemplate::parse("https://{number}.shop.example/"), Err(BadTemplate::InHost));
        assert_eq!(UrlTemplate::parse("https://shop.example/orders"), Err(BadTemplate::NoPlace));
        assert_eq!(UrlTemplate::parse("http://shop.example/{number}"), Err(BadTemplate::Url(BadUrl::Clear)));
        assert!(UrlTemplate::parse("http://127.0.0.1:8080/{number}").is_ok());
    }
}
