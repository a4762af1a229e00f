//! An address that may be asked: `https` anywhere, `http` on this very machine.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use hyper::http::uri::Scheme;

/// A checked address.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    uri: Uri,
    host: String,
    secure: bool,
}

/// A text that is no address to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// No URL at all.
    #[error("it is no address like https://shop.example/path")]
    Unreadable,
    /// A scheme other than http and https.
    #[error("it must begin with https://")]
    Scheme,
    /// `http` to another machine.
    #[error("http:// is allowed towards this machine only (127.0.0.1, ::1, localhost): use https://")]
    Clear,
    /// `https://user:password@host`.
    #[error("it holds a name or a password: secrets never stand in an address")]
    Credentials,
}

impl HttpUrl {
    /// Reads and checks an address.
    ///
    /// # Errors
    /// Says what is wrong without repeating the text.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let uri: Uri = text.trim().parse().map_err(|_| BadUrl::Unreadable)?;
        let authority = uri.authority().ok_or(BadUrl::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(BadUrl::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port_is_good = authority.port().is_some() || authority.as_str() == authority.host();
        if host.is_empty() || !port_is_good {
            return Err(BadUrl::Unreadable);
        }
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(BadUrl::Scheme),
        };
        if secure || is_loopback(&host) { Ok(Self { uri, host, secure }) } else { Err(BadUrl::Clear) }
    }

    /// Whether TLS is spoken.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Name or address of the server, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// What the `Host` header says.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// The request's target.
    pub(crate) fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for HttpUrl {
    /// Without the path: it may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({}:{})", self.host, self.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_stays_on_this_machine() {
        for good in ["https://shop.example/x?y=1", "http://127.0.0.1:8080", "http://[::1]:1/", "http://localhost/a"] {
            assert!(HttpUrl::parse(good).is_ok(), "{good}");
        }
        assert_eq!(HttpUrl::parse("http://shop.example/"), Err(BadUrl::Clear));
        assert_eq!(HttpUrl::parse("http://127.0.0.1.shop.example/"), Err(BadUrl::Clear));
        assert_eq!(HttpUrl::parse("ftp://shop.example/"), Err(BadUrl::Scheme));
        assert_eq!(HttpUrl::parse("https://me:secret@shop.example/"), Err(BadUrl::Credentials));
        for none in ["", "shop.example", "/path", "https://", "https://shop.example:99999999/", "https://:443/"] {
            assert!(HttpUrl::parse(none).is_err(), "{none}");
        }
    }

    #[test]
    fn parts_are_as_the_request_needs_them() {
        let url = HttpUrl::parse("https://[2001:db8::1]:8443/a?b=c#d").unwrap();
        assert_eq!((url.host(), url.port(), url.path_and_query()), ("2001:db8::1", 8443, "/a?b=c"));
        assert_eq!(url.authority(), "[2001:db8::1]:8443");
        let bare = HttpUrl::parse("https://shop.example").unwrap();
        assert_eq!((bare.port(), bare.path_and_query()), (443, "/"));
        assert_eq!(
            format!("{:?}", HttpUrl::parse("https://shop.example/secret").unwrap()),
            "HttpUrl(shop.example:443)"
        );
    }
}
