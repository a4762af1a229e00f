//! An HTTP server on loopback that keeps every request and answers each as a test told it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::PATIENCE;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// This status and body.
    Say(u16, String),
    /// Exactly these bytes, then the connection closes.
    Raw(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Never answers.
    Stall,
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `POST /path HTTP/1.1`.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
pub struct HttpServer {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    once: Mutex<VecDeque<Reply>>,
    always: Mutex<Reply>,
    asked: watch::Sender<Vec<Asked>>,
}

impl HttpServer {
    /// Answers 200 with an empty body until told otherwise.
    pub async fn start() -> Self {
        Self::launch(None).await
    }

    pub async fn with_tls(config: Arc<ServerConfig>) -> Self {
        Self::launch(Some(TlsAcceptor::from(config))).await
    }

    async fn launch(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            once: Mutex::default(),
            always: Mutex::new(Reply::Say(200, String::new())),
            asked: watch::Sender::default(),
        });
        let server = Self { port, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => shared.serve(stream).await,
                            Err(_) => None,
                        },
                        None => shared.serve(stream).await,
                    }
                });
            }
        });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// For the next request that has no answer laid down yet.
    pub fn next(&self, reply: Reply) {
        self.shared.once.lock().unwrap().push_back(reply);
    }

    pub fn always(&self, reply: Reply) {
        *self.shared.always.lock().unwrap() = reply;
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// All requests, once there are so many.
    pub async fn wait_asked(&self, number: usize) -> Vec<Asked> {
        let mut asked = self.shared.asked.subscribe();
        let enough = asked.wait_for(|asked| asked.len() >= number);
        tokio::time::timeout(PATIENCE, enough).await.expect("too few requests").unwrap().clone()
    }
}

impl Shared {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) -> Option<()> {
        let asked = read_request(&mut stream).await?;
        let reply = self.once.lock().unwrap().pop_front();
        let reply = reply.unwrap_or_else(|| self.always.lock().unwrap().clone());
        self.asked.send_modify(|all| all.push(asked));
        match reply {
            Reply::Say(status, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} Words\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).await.ok()?;
                stream.write_all(body.as_bytes()).await.ok()?;
            }
            Reply::Raw(bytes) => stream.write_all(&bytes).await.ok()?,
            Reply::Close => {}
            Reply::Stall => std::future::pending().await,
        }
        stream.shutdown().await.ok()
    }
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut some).await.ok()? {
            0 => return None,
            n => bytes.extend_from_slice(&some[..n]),
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.split("\r\n");
    let line = lines.next()?.to_owned();
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<_> = lines.filter_map(pair).collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        match stream.read(&mut some).await.ok()? {
            0 => return None,
            n => body.extend_from_slice(&some[..n]),
        }
    }
    Some(Asked { line, headers, body })
}
