//! A very small browser: one request a connection, cookies kept, forms filled from the page.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Page {
    /// A header's value, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The value of the first field of that name.
    pub fn field(&self, name: &str) -> String {
        let at =
            self.body.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name}: {}", self.body));
        let rest = &self.body[at..];
        if self.body[..at].rsplit('<').next().unwrap().starts_with("textarea") {
            let text = rest.split_once('>').unwrap().1.split_once("</textarea>").unwrap().0;
            return unescape(text.strip_prefix('\n').unwrap_or(text));
        }
        unescape(rest.split_once("value=\"").unwrap().1.split_once('"').unwrap().0)
    }
}

fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Percent-encodes a form.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// A visitor with a cookie jar.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub address: SocketAddr,
    pub host: String,
    pub origin: Option<String>,
    pub language: &'static str,
    pub cookie: Option<String>,
}

impl Visitor {
    pub fn new(address: SocketAddr) -> Self {
        let host = address.to_string();
        Self { address, origin: Some(format!("http://{host}")), host, language: "en", cookie: None }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "").await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", path, &form(fields)).await
    }

    pub async fn send(&mut self, method: &str, path: &str, body: &str) -> Page {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: {}\r\nConnection: close\r\n",
            self.host, self.language
        );
        if method == "POST" {
            head += &format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", body.len());
            if let Some(origin) = &self.origin {
                head += &format!("Origin: {origin}\r\n");
            }
        }
        if let Some(cookie) = &self.cookie {
            head += &format!("Cookie: other=1; {cookie}\r\n");
        }
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let page = parse(&bytes);
        let cookie = page.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        if !cookie.is_empty() {
            self.cookie = Some(cookie);
        }
        page
    }

    /// Signs in with the shop's reviewer.
    pub async fn sign_in(&mut self) -> Page {
        self.post("/sign-in", &[("name", super::NAME), ("password", super::PASSWORD), ("next", "/queue")]).await
    }

    /// Posts the case page's form with some fields changed.
    pub async fn act(&mut self, page: &Page, path: &str, changed: &[(&str, &str)]) -> Page {
        let names = ["csrf", "revision", "entries", "to", "subject", "body"];
        let kept: Vec<(&str, String)> = names
            .iter()
            .filter(|name| page.body.contains(&format!("name=\"{name}\"")) && !changed.iter().any(|(c, _)| c == *name))
            .map(|name| (*name, page.field(name)))
            .collect();
        let mut fields: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.extend_from_slice(changed);
        self.post(path, &fields).await
    }
}

fn parse(bytes: &[u8]) -> Page {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Page { status, headers, body: body.to_owned() }
}
