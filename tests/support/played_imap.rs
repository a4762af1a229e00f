//! An IMAP server in memory that behaves as RFC 3501 says, with one folder, and lies where a test says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What a lying server says instead of the truth.
#[derive(Debug, Clone)]
pub struct Said {
    pub bytes: Vec<u8>,
    /// And hangs up.
    pub close: bool,
}

/// Makes another answer out of the command's tag and the true answer.
pub type Alter = Arc<dyn Fn(&str, &[u8]) -> Said + Send + Sync>;

struct Lie {
    command: String,
    left: usize,
    alter: Alter,
}

#[derive(Debug, Clone)]
struct Kept {
    bytes: Vec<u8>,
    arrived: Timestamp,
    flags: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Folder {
    uid_validity: u32,
    uid_next: u32,
    messages: BTreeMap<u32, Kept>,
    /// New mail is not told to those who idle.
    silent: bool,
}

/// See the module.
#[derive(Clone)]
pub struct PlayedImap {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    folder: watch::Sender<Folder>,
    lies: Mutex<Vec<Lie>>,
    transcript: Mutex<Vec<String>>,
}

impl PlayedImap {
    /// An empty folder with UIDVALIDITY 7.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = Folder { uid_validity: 7, uid_next: 1, messages: BTreeMap::new(), silent: false };
        let shared = Arc::new(Shared {
            folder: watch::Sender::new(folder),
            lies: Mutex::default(),
            transcript: Mutex::default(),
        });
        let server = Self { port, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Talk { stream, unread: Vec::new(), shared: Arc::clone(&shared) }.begin());
            }
        });
        server
    }

    /// A message arrives; its UID.
    pub fn deliver(&self, bytes: &[u8], arrived: Timestamp) -> u32 {
        let mut uid = 0;
        self.shared.folder.send_modify(|folder| {
            uid = folder.uid_next;
            folder.uid_next += 1;
            folder.messages.insert(uid, Kept { bytes: bytes.to_vec(), arrived, flags: BTreeSet::new() });
        });
        uid
    }

    /// A message is deleted.
    pub fn expunge(&self, uid: u32) {
        self.shared.folder.send_modify(|folder| {
            folder.messages.remove(&uid);
        });
    }

    /// The folder is rebuilt: other UIDs in another generation, the same messages.
    pub fn renumber(&self, first: u32) {
        self.shared.folder.send_modify(|folder| {
            folder.uid_validity += 1;
            let messages = std::mem::take(&mut folder.messages);
            folder.messages = (first..).zip(messages.into_values()).collect();
            folder.uid_next = first + u32::try_from(folder.messages.len()).unwrap();
        });
    }

    /// New mail is not told any more to those who idle.
    pub fn fall_silent(&self) {
        self.shared.folder.send_modify(|folder| folder.silent = true);
    }

    /// Lies the next `times` when a command begins with `command` (without its tag).
    pub fn lie(&self, command: &str, times: usize, alter: Alter) {
        self.shared.lies.lock().unwrap().push(Lie { command: command.into(), left: times, alter });
    }

    /// Lies that were not told yet.
    pub fn untold(&self) -> usize {
        self.shared.lies.lock().unwrap().iter().map(|lie| lie.left).sum()
    }

    /// Commands so far, without tags.
    pub fn transcript(&self) -> Vec<String> {
        self.shared.transcript.lock().unwrap().clone()
    }
}

struct Talk {
    stream: TcpStream,
    unread: Vec<u8>,
    shared: Arc<Shared>,
}

impl Talk {
    async fn begin(mut self) {
        let _ = self.stream.set_nodelay(true);
        if self.say(b"* OK ready\r\n").await.is_some() {
            while self.exchange().await.is_some() {}
        }
    }

    /// One command and its answer; `None` at the end of the connection.
    async fn exchange(&mut self) -> Option<()> {
        let line = self.line().await?;
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let verb = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        self.shared.transcript.lock().unwrap().push(command.to_owned());
        if verb == "IDLE" {
            return self.idle(tag, command).await;
        }
        let answer = self.answer(tag, command);
        let said = self.perhaps_lie(command, tag, answer);
        self.say(&said.bytes).await?;
        (!said.close && verb != "LOGOUT").then_some(())
    }

    fn perhaps_lie(&self, command: &str, tag: &str, honest: Vec<u8>) -> Said {
        let mut lies = self.shared.lies.lock().unwrap();
        match lies.iter_mut().find(|lie| lie.left > 0 && command.starts_with(&lie.command)) {
            Some(lie) => {
                lie.left -= 1;
                (lie.alter)(tag, &honest)
            }
            None => Said { bytes: honest, close: false },
        }
    }

    async fn idle(&mut self, tag: &str, command: &str) -> Option<()> {
        let said = self.perhaps_lie(command, tag, b"+ idling\r\n".to_vec());
        self.say(&said.bytes).await?;
        if said.close {
            return None;
        }
        if !said.bytes.starts_with(b"+") {
            return Some(());
        }
        let mut changes = self.shared.folder.subscribe();
        let mut told = changes.borrow_and_update().messages.len();
        loop {
            tokio::select! {
                line = self.line() => {
                    let line = line?;
                    self.shared.transcript.lock().unwrap().push(line.clone());
                    let done = format!("{tag} OK idled\r\n").into_bytes();
                    let said = self.perhaps_lie(&line, tag, done);
                    self.say(&said.bytes).await?;
                    return (!said.close).then_some(());
                }
                _ = changes.changed() => {
                    let (count, silent) = { let folder = changes.borrow_and_update(); (folder.messages.len(), folder.silent) };
                    if count != told && !silent {
                        told = count;
                        let news = format!("* {count} EXISTS\r\n").into_bytes();
                        let said = self.perhaps_lie("EXISTS", tag, news);
                        self.say(&said.bytes).await?;
                    }
                }
            }
        }
    }

    /// What an honest server says.
    fn answer(&self, tag: &str, command: &str) -> Vec<u8> {
        let folder = self.shared.folder.borrow().clone();
        let mut words = command.split(' ');
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let mut out = Vec::new();
        match verb.as_str() {
            "CAPABILITY" => out.extend(b"* CAPABILITY IMAP4rev1 IDLE\r\n"),
            "LIST" => out.extend(b"* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Sent) \"/\" Sent\r\n"),
            "EXAMINE" | "SELECT" => out.extend(
                format!(
                    "* FLAGS (\\Answered \\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {}] valid\r\n\
                     * OK [UIDNEXT {}] next\r\n* OK [PERMANENTFLAGS (\\*)] all\r\n",
                    folder.messages.len(),
                    folder.uid_validity,
                    folder.uid_next
                )
                .into_bytes(),
            ),
            "LOGOUT" => out.extend(b"* BYE bye\r\n"),
            "UID" => match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "SEARCH" => out.extend(folder.search(&words.collect::<Vec<_>>().join(" "))),
                "FETCH" => out.extend(folder.fetch(&words.collect::<Vec<_>>().join(" "))),
                "STORE" => self.store(words.next().unwrap_or_default()),
                _ => return format!("{tag} BAD unknown\r\n").into_bytes(),
            },
            _ => {}
        }
        out.extend(format!("{tag} OK done\r\n").into_bytes());
        out
    }

    fn store(&self, uid: &str) {
        let uid: u32 = uid.parse().unwrap_or_default();
        self.shared.folder.send_modify(|folder| {
            if let Some(kept) = folder.messages.get_mut(&uid) {
                kept.flags.insert("$GuichetAcknowledged".into());
            }
        });
    }

    async fn say(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

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

impl Folder {
    fn search(&self, criteria: &str) -> Vec<u8> {
        let found: Vec<u32> = match criteria.strip_prefix("UID ") {
            // SINCE and other criteria only narrow; every message of a test is young.
            Some(rest) => self.named(rest.split(' ').next().unwrap_or_default()),
            None if criteria == "ALL" => self.messages.keys().copied().collect(),
            None => Vec::new(),
        };
        let list: String = found.iter().map(|uid| format!(" {uid}")).collect();
        format!("* SEARCH{list}\r\n").into_bytes()
    }

    /// UIDs of a set; `n:*` holds the last message even when its UID is below n (RFC 3501 §6.4.8).
    fn named(&self, set: &str) -> Vec<u32> {
        let last = self.messages.keys().next_back().copied().unwrap_or_default();
        let number = |text: &str| if text == "*" { last } else { text.parse().unwrap_or_default() };
        let mut uids = BTreeSet::new();
        for part in set.split(',') {
            let (from, to) = part.split_once(':').unwrap_or((part, part));
            let (from, to) = (number(from), number(to));
            uids.extend(self.messages.keys().filter(|uid| (from.min(to)..=from.max(to)).contains(uid)).copied());
        }
        uids.into_iter().collect()
    }

    fn fetch(&self, rest: &str) -> Vec<u8> {
        let (set, items) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut out = Vec::new();
        for uid in self.named(set) {
            let (kept, number) = (&self.messages[&uid], self.messages.keys().position(|key| *key == uid).unwrap() + 1);
            if items.contains("BODY.PEEK[]") {
                let until = items.split("<0.").nth(1).and_then(|rest| rest.split('>').next()?.parse().ok());
                let body = &kept.bytes[..until.unwrap_or(kept.bytes.len()).min(kept.bytes.len())];
                let origin = until.map(|_| "<0>").unwrap_or_default();
                out.extend(format!("* {number} FETCH (UID {uid} BODY[]{origin} {{{}}}\r\n", body.len()).into_bytes());
                out.extend(body);
                out.extend(b")\r\n");
            } else {
                let flags = kept.flags.iter().cloned().collect::<Vec<_>>().join(" ");
                let date = kept.arrived.strftime("%d-%b-%Y %H:%M:%S +0000");
                out.extend(
                    format!(
                        "* {number} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"{date}\" RFC822.SIZE {})\r\n",
                        kept.bytes.len()
                    )
                    .into_bytes(),
                );
            }
        }
        out
    }
}
