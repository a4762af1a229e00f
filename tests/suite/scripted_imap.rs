//! An IMAP server that says exactly what a test wrote down, to say what real servers do not, and
//! keeps a transcript.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One command and what the server does about it.
#[derive(Debug, Clone)]
pub struct Step {
    expected: String,
    answer: Vec<u8>,
    close: bool,
}

/// Expects a command that begins with `expected` (without its tag), and answers; `TAG` stands for
/// the command's tag.
pub fn on(expected: impl Into<String>, answer: impl Into<Vec<u8>>) -> Step {
    Step { expected: expected.into(), answer: answer.into(), close: false }
}

/// The same, and then closes the connection.
pub fn on_then_close(expected: impl Into<String>, answer: impl Into<Vec<u8>>) -> Step {
    Step { close: true, ..on(expected, answer) }
}

/// Signing in on a server with these capabilities.
pub fn signed_in(capabilities: &str) -> Vec<Step> {
    vec![
        on("LOGIN \"user\" \"secret\"", "TAG OK signed in\r\n"),
        on("CAPABILITY", format!("* CAPABILITY IMAP4rev1 {capabilities}\r\nTAG OK done\r\n")),
    ]
}

/// Signing in and opening the inbox.
pub fn opened(capabilities: &str, uid_validity: u32, uid_next: u32) -> Vec<Step> {
    let mut steps = signed_in(capabilities);
    steps.push(on(
        "EXAMINE \"INBOX\"",
        format!(
            "* {} EXISTS\r\n* OK [UIDVALIDITY {uid_validity}] valid\r\n* OK [UIDNEXT {uid_next}] next\r\nTAG OK opened\r\n",
            uid_next - 1
        ),
    ));
    steps
}

/// A search with its result.
pub fn found(criteria: &str, uids: &str) -> Step {
    on(format!("UID SEARCH {criteria}"), format!("* SEARCH {uids}\r\nTAG OK found\r\n"))
}

/// The list of messages that arrived in May 2026 and are small.
pub fn listed(uids: &[u32]) -> Step {
    let set = uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    on(format!("UID FETCH {set} (UID FLAGS"), format!("{}TAG OK listed\r\n", list_lines(uids)))
}

/// The lines of such a list.
pub fn list_lines(uids: &[u32]) -> String {
    let line = |uid: &u32| {
        format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \" 7-May-2026 10:00:00 +0000\" RFC822.SIZE 20)\r\n")
    };
    uids.iter().map(line).collect()
}

/// A message's bytes.
pub fn body_line(uid: u32, text: &str) -> String {
    format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{text})\r\n", text.len())
}

/// Saying goodbye.
pub fn goodbye() -> Step {
    on("LOGOUT", "* BYE bye\r\nTAG OK done\r\n")
}

/// A fetch of one message's bytes.
pub fn body(uid: u32, text: &str) -> Step {
    on(format!("UID FETCH {uid} (UID BODY.PEEK[]"), format!("{}TAG OK fetched\r\n", body_line(uid, text)))
}

/// See the module.
pub struct ScriptedImap {
    /// On 127.0.0.1.
    pub port: u16,
    transcript: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl ScriptedImap {
    /// Serves one connection after the other, each with its script.
    pub async fn start(connections: Vec<Vec<Step>>) -> Self {
        Self::start_with("* OK ready", connections).await
    }

    /// The same with another greeting.
    pub async fn start_with(greeting: &str, connections: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let transcript = Arc::new(Mutex::new(Vec::new()));
        let (kept, greeting) = (Arc::clone(&transcript), format!("{greeting}\r\n"));
        let server = tokio::spawn(async move {
            for steps in connections {
                let (stream, _) = listener.accept().await.unwrap();
                Dialogue { stream, unread: Vec::new(), transcript: Arc::clone(&kept) }.play(&greeting, steps).await;
            }
        });
        Self { port, transcript, server }
    }

    /// The commands received, without tags, once all scripts have been played.
    pub async fn finish(self) -> Vec<String> {
        self.server.await.unwrap();
        self.transcript.lock().unwrap().clone()
    }
}

struct Dialogue {
    stream: TcpStream,
    unread: Vec<u8>,
    transcript: Arc<Mutex<Vec<String>>>,
}

impl Dialogue {
    async fn play(mut self, greeting: &str, steps: Vec<Step>) {
        self.stream.write_all(greeting.as_bytes()).await.unwrap();
        let mut last_tag = String::new();
        for step in steps {
            let line = self.line().await.unwrap_or_else(|| panic!("expected {:?}, the client left", step.expected));
            // DONE has no tag of its own: it ends the command before it.
            let (tag, command) = line.split_once(' ').unwrap_or((&last_tag, &line));
            let (tag, command) = (tag.to_owned(), command.to_owned());
            self.transcript.lock().unwrap().push(command.clone());
            assert!(command.starts_with(&step.expected), "expected {:?}, the client said {command:?}", step.expected);
            let answer = replace(&step.answer, b"TAG ", format!("{tag} ").as_bytes());
            self.stream.write_all(&answer).await.unwrap();
            if step.close {
                return;
            }
            last_tag = tag;
        }
        // The client decides when it is over; what it still says is not answered.
        while let Some(line) = self.line().await {
            self.transcript.lock().unwrap().push(format!("unanswered: {line}"));
        }
    }

    /// The next line; a literal's bytes count as lines too.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut buffer = [0; 1024];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
