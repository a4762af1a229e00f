//! An IMAP server in memory that behaves as RFC 3501 says, with an inbox and a folder of sent mail, and lies where a test
//! says.

mod folder;

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use folder::{ACKNOWLEDGED, Folder};

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

/// All folders.
#[derive(Debug, Clone)]
pub struct Account {
    pub inbox: Folder,
    pub sent: Folder,
}

/// See the module.
#[derive(Clone)]
pub struct PlayedImap {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    account: watch::Sender<Account>,
    lies: Mutex<Vec<Lie>>,
    transcript: watch::Sender<Vec<String>>,
}

impl PlayedImap {
    /// Empty folders with UIDVALIDITY 7.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let account = Account { inbox: Folder::empty(), sent: Folder::empty() };
        let shared = Arc::new(Shared {
            account: watch::Sender::new(account),
            lies: Mutex::default(),
            transcript: watch::Sender::default(),
        });
        let server = Self { port, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Talk::new(stream, &shared).begin());
            }
        });
        server
    }

    /// A message arrives; its UID.
    pub fn deliver(&self, bytes: &[u8], arrived: Timestamp) -> u32 {
        let mut uid = 0;
        self.shared.account.send_modify(|account| uid = account.inbox.take(bytes, arrived));
        uid
    }

    /// A person of the shop sends a mail from elsewhere: its copy among the sent mails.
    pub fn file(&self, bytes: &[u8], sent: Timestamp) {
        self.shared.account.send_modify(|account| {
            account.sent.take(bytes, sent);
        });
    }

    /// A message is deleted.
    pub fn expunge(&self, uid: u32) {
        self.shared.account.send_modify(|account| {
            account.inbox.messages.remove(&uid);
        });
    }

    /// The folder is rebuilt: other UIDs in another generation, the same messages.
    pub fn renumber(&self, first: u32) {
        self.shared.account.send_modify(|account| {
            let folder = &mut account.inbox;
            folder.uid_validity += 1;
            let messages = std::mem::take(&mut folder.messages);
            folder.messages = (first..).zip(messages.into_values()).collect();
            folder.uid_next = first + u32::try_from(folder.messages.len()).unwrap();
        });
    }

    /// New mail is not told any more to those who idle.
    pub fn fall_silent(&self) {
        self.shared.account.send_modify(|account| account.inbox.silent = true);
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
        self.shared.transcript.borrow().clone()
    }

    /// What lies there, and each change of it.
    pub fn account(&self) -> watch::Receiver<Account> {
        self.shared.account.subscribe()
    }

    /// Returns once so many commands were received.
    pub async fn heard(&self, commands: usize) {
        let mut transcript = self.shared.transcript.subscribe();
        let _ = transcript.wait_for(|lines| lines.len() >= commands).await;
    }
}

struct Talk {
    stream: TcpStream,
    unread: Vec<u8>,
    shared: Arc<Shared>,
    /// The folder that is open is the one of sent mail.
    in_sent: bool,
    /// So many messages the client knows of.
    told: usize,
}

impl Talk {
    fn new(stream: TcpStream, shared: &Arc<Shared>) -> Self {
        Self { stream, unread: Vec::new(), shared: Arc::clone(shared), in_sent: false, told: 0 }
    }

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
        self.shared.transcript.send_modify(|lines| lines.push(command.to_owned()));
        if verb == "IDLE" {
            return self.idle(tag, command).await;
        }
        if verb == "APPEND" {
            self.append(command).await?;
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
        let mut changes = self.shared.account.subscribe();
        // What came between two commands is told as well.
        changes.mark_changed();
        loop {
            tokio::select! {
                line = self.line() => {
                    let line = line?;
                    self.shared.transcript.send_modify(|lines| lines.push(line.clone()));
                    let done = format!("{tag} OK idled\r\n").into_bytes();
                    let said = self.perhaps_lie(&line, tag, done);
                    self.say(&said.bytes).await?;
                    return (!said.close).then_some(());
                }
                _ = changes.changed() => {
                    let (count, silent) = {
                        let account = changes.borrow_and_update();
                        let folder = self.folder(&account);
                        (folder.messages.len(), folder.silent)
                    };
                    if count != self.told && !silent {
                        self.told = count;
                        let news = format!("* {count} EXISTS\r\n").into_bytes();
                        let said = self.perhaps_lie("EXISTS", tag, news);
                        self.say(&said.bytes).await?;
                    }
                }
            }
        }
    }

    /// What an honest server says.
    fn answer(&mut self, tag: &str, command: &str) -> Vec<u8> {
        let mut words = command.split(' ');
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        if matches!(verb.as_str(), "EXAMINE" | "SELECT") {
            self.in_sent = command.contains("Sent");
        }
        let folder = self.folder(&self.shared.account.borrow()).clone();
        if matches!(verb.as_str(), "EXAMINE" | "SELECT") {
            self.told = folder.messages.len();
        }
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

    fn folder<'a>(&self, account: &'a Account) -> &'a Folder {
        if self.in_sent { &account.sent } else { &account.inbox }
    }

    fn store(&self, uid: &str) {
        let uid: u32 = uid.parse().unwrap_or_default();
        self.shared.account.send_modify(|account| {
            if let Some(kept) = account.inbox.messages.get_mut(&uid) {
                kept.flags.insert(ACKNOWLEDGED.into());
            }
        });
    }

    /// The message behind the command (RFC 3501 §6.3.11): there as soon as its last byte is.
    async fn append(&mut self, command: &str) -> Option<()> {
        let length: usize = command.rsplit_once('{')?.1.strip_suffix('}')?.parse().ok()?;
        self.say(b"+ go on\r\n").await?;
        while self.unread.len() < length + 2 {
            self.receive().await?;
        }
        let bytes: Vec<u8> = self.unread.drain(..length + 2).take(length).collect();
        self.shared.account.send_modify(|account| {
            let folder = if command.contains("Sent") { &mut account.sent } else { &mut account.inbox };
            folder.take(&bytes, Timestamp::now());
        });
        Some(())
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
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Option<()> {
        let mut buffer = [0; 1024];
        let count = self.stream.read(&mut buffer).await.ok()?;
        self.unread.extend_from_slice(&buffer[..count]);
        (count > 0).then_some(())
    }
}
