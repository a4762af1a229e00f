//! An SMTP server on loopback that keeps a transcript and does at each stage what a test told it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Where in the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// While the body is being received, after so many of its bytes.
    Body(usize),
    Dot,
    Rset,
    Quit,
}

/// What the server does instead of its usual answer.
#[derive(Debug, Clone)]
pub enum Do {
    /// Sends exactly this and goes on.
    Say(&'static str),
    /// Sends exactly this and closes.
    SayAndClose(String),
    /// Closes.
    Close,
    /// Closes so that the other side sees a reset.
    Reset,
    /// Never answers.
    Stall,
    /// Gives the usual answer once notified.
    Wait(Arc<Notify>),
}

/// A mail whose final dot arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    /// As a mailbox would store it: dot-stuffing undone, last CRLF kept.
    pub bytes: Vec<u8>,
}

#[derive(Clone)]
pub struct SmtpServer {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    once: Mutex<HashMap<At, VecDeque<Do>>>,
    always: Mutex<HashMap<At, Do>>,
    transcript: watch::Sender<Vec<String>>,
    taken: watch::Sender<Vec<Taken>>,
    offers: Mutex<Vec<&'static str>>,
    tls: Option<Arc<ServerConfig>>,
    implicit: bool,
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::launch(None, false).await
    }

    pub async fn with_implicit_tls(config: Arc<ServerConfig>) -> Self {
        Self::launch(Some(config), true).await
    }

    pub async fn with_starttls(config: Arc<ServerConfig>) -> Self {
        Self::launch(Some(config), false).await
    }

    async fn launch(tls: Option<Arc<ServerConfig>>, implicit: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            once: Mutex::default(),
            always: Mutex::default(),
            transcript: watch::Sender::default(),
            taken: watch::Sender::default(),
            offers: Mutex::new(vec!["8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN"]),
            tls,
            implicit,
        });
        let server = Self { port, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        server
    }

    /// The next time the dialogue gets there.
    pub fn once(&self, at: At, action: Do) {
        self.shared.once.lock().unwrap().entry(at).or_default().push_back(action);
    }

    /// Every time the dialogue gets there.
    pub fn always(&self, at: At, action: Do) {
        self.shared.always.lock().unwrap().insert(at, action);
    }

    /// Back to the usual answers.
    pub fn heal(&self) {
        self.shared.always.lock().unwrap().clear();
        self.shared.once.lock().unwrap().clear();
    }

    pub fn offers(&self, extensions: &[&'static str]) {
        *self.shared.offers.lock().unwrap() = extensions.to_vec();
    }

    /// Mails whose final dot arrived, answered or not.
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.borrow().clone()
    }

    /// Commands received so far, and `connect` for each connection.
    pub fn transcript(&self) -> Vec<String> {
        self.shared.transcript.borrow().clone()
    }

    /// How many received commands begin with `word`.
    pub fn count(&self, word: &str) -> usize {
        self.transcript().iter().filter(|line| line.starts_with(word)).count()
    }

    /// Returns once so many received commands begin with `word`.
    pub async fn heard(&self, word: &str, times: usize) {
        let mut transcript = self.shared.transcript.subscribe();
        let enough = |lines: &Vec<String>| lines.iter().filter(|line| line.starts_with(word)).count() >= times;
        let waiting = tokio::time::timeout(super::PATIENCE, transcript.wait_for(enough));
        waiting.await.unwrap_or_else(|_| panic!("never heard {word} {times} times: {:?}", self.transcript())).unwrap();
    }
}

impl Shared {
    /// Whether any close is to look like a reset.
    fn resets(&self) -> bool {
        let reset = |action: &Do| matches!(action, Do::Reset);
        let once = self.once.lock().unwrap().values().flatten().any(reset);
        once || self.always.lock().unwrap().values().any(reset)
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// One connection; `None` from any step ends it.
struct Connection {
    stream: Box<dyn Duplex>,
    shared: Arc<Shared>,
    received: Vec<u8>,
    mail: Taken,
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    shared.transcript.send_modify(|lines| lines.push("connect".into()));
    let mut raw = stream;
    raw.set_nodelay(true).unwrap();
    if shared.resets() {
        raw.set_zero_linger().unwrap();
    }
    if let (Some(tls), true) = (&shared.tls, shared.implicit) {
        let stream = TlsAcceptor::from(tls.clone()).accept(raw).await.ok()?;
        return Connection::new(Box::new(stream), shared).greet().await;
    }
    let Some(tls) = shared.tls.clone() else {
        return Connection::new(Box::new(raw), shared).greet().await;
    };
    raw.write_all(b"220 plain.example ESMTP\r\n").await.ok()?;
    let mut command = [0; 512];
    let _ = raw.read(&mut command).await.ok()?;
    raw.write_all(b"250-plain.example\r\n250 STARTTLS\r\n").await.ok()?;
    let _ = raw.read(&mut command).await.ok()?;
    let special = shared.once.lock().unwrap().get_mut(&At::StartTls).and_then(VecDeque::pop_front);
    if let Some(Do::Say(words)) = special {
        raw.write_all(words.as_bytes()).await.ok()?;
    } else {
        raw.write_all(b"220 go ahead\r\n").await.ok()?;
    }
    let stream = TlsAcceptor::from(tls).accept(raw).await.ok()?;
    Connection::new(Box::new(stream), shared).talk().await
}

impl Connection {
    fn new(stream: Box<dyn Duplex>, shared: Arc<Shared>) -> Self {
        let mail = Taken { mail_from: String::new(), rcpt_to: Vec::new(), bytes: Vec::new() };
        Self { stream, shared, received: Vec::new(), mail }
    }

    async fn greet(mut self) -> Option<()> {
        self.answer(At::Greeting, "220 scripted.example ESMTP\r\n").await?;
        self.talk().await
    }

    async fn talk(mut self) -> Option<()> {
        loop {
            let line = self.line().await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            self.shared.transcript.send_modify(|lines| lines.push(line.clone()));
            match verb.as_str() {
                "EHLO" => {
                    let offers = self.shared.offers.lock().unwrap().clone();
                    let mut reply = String::from("250-scripted.example\r\n");
                    offers.iter().for_each(|offer| reply.push_str(&format!("250-{offer}\r\n")));
                    reply.push_str("250 ENHANCEDSTATUSCODES\r\n");
                    self.answer(At::Ehlo, &reply).await?;
                }
                "AUTH" => {
                    self.answer(At::Auth, "235 2.7.0 welcome\r\n").await?;
                }
                "MAIL" => {
                    self.mail = Taken { mail_from: line, rcpt_to: Vec::new(), bytes: Vec::new() };
                    self.answer(At::Mail, "250 2.1.0 Ok\r\n").await?;
                }
                "RCPT" => {
                    self.mail.rcpt_to.push(line);
                    self.answer(At::Rcpt, "250 2.1.5 Ok\r\n").await?;
                }
                "DATA" => {
                    if self.answer(At::Data, "354 go ahead\r\n").await?.starts_with('3') {
                        self.body().await?;
                        self.answer(At::Dot, "250 2.0.0 Ok: queued\r\n").await?;
                    }
                }
                "RSET" => {
                    self.answer(At::Rset, "250 2.0.0 Ok\r\n").await?;
                }
                "QUIT" => {
                    self.answer(At::Quit, "221 2.0.0 Bye\r\n").await?;
                    return None;
                }
                _ => {
                    self.say("500 5.5.2 what?\r\n").await?;
                }
            }
        }
    }

    /// Says the usual words, or does what was ordered.
    async fn answer(&mut self, at: At, usual: &str) -> Option<String> {
        let ordered = self.shared.once.lock().unwrap().get_mut(&at).and_then(VecDeque::pop_front);
        let ordered = ordered.or_else(|| self.shared.always.lock().unwrap().get(&at).cloned());
        match ordered {
            None => self.say(usual).await,
            Some(Do::Say(words)) => self.say(words).await,
            Some(Do::SayAndClose(words)) => {
                self.say(&words).await;
                None
            }
            Some(Do::Close | Do::Reset) => None,
            Some(Do::Wait(go)) => {
                go.notified().await;
                self.say(usual).await
            }
            Some(Do::Stall) => std::future::pending().await,
        }
    }

    async fn say(&mut self, words: &str) -> Option<String> {
        self.stream.write_all(words.as_bytes()).await.ok()?;
        self.stream.flush().await.ok()?;
        Some(words.to_owned())
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Option<()> {
        let mut space = [0; 4096];
        let count = self.stream.read(&mut space).await.ok()?;
        self.received.extend(&space[..count]);
        (count > 0).then_some(())
    }

    async fn body(&mut self) -> Option<()> {
        let cut = self.shared.once.lock().unwrap().iter().find_map(|(at, actions)| match at {
            At::Body(count) if !actions.is_empty() => Some(*count),
            _ => None,
        });
        if let Some(count) = cut {
            while self.received.len() < count {
                self.receive().await?;
            }
            return self.answer(At::Body(count), "").await.map(|_| ());
        }
        let end = loop {
            if let Some(end) = find(&self.received, b"\r\n.\r\n") {
                break end;
            }
            self.receive().await?;
        };
        let mut body: Vec<u8> = self.received.drain(..end + 5).collect();
        body.truncate(end + 2);
        self.mail.bytes = unstuffed(&body);
        let mail = self.mail.clone();
        self.shared.taken.send_modify(|taken| taken.push(mail));
        self.shared.transcript.send_modify(|lines| lines.push(".".into()));
        Some(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn unstuffed(body: &[u8]) -> Vec<u8> {
    let text = body.strip_prefix(b".").unwrap_or(body);
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = find(rest, b"\r\n..") {
        bytes.extend(&rest[..at + 3]);
        rest = &rest[at + 4..];
    }
    bytes.extend(rest);
    bytes
}
