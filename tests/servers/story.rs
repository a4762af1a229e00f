//! The whole way of a letter on real servers: delivered to Dovecot by LMTP, acknowledged through Postfix,
//! approved over the desk's HTTP, received by the customer, filed in \Sent.

use std::path::{Path, PathBuf};
use std::time::Instant;

use guichet::adapters::reviewers::ReviewersFile;
use mail_parser::{HeaderValue, MessageParser};

use crate::play::daemon::{Daemon, PATIENCE, Seen};
use crate::shop::http::Visitor;
use crate::shop::{NAME, PASSWORD};
use crate::support::dovecot::{Dovecot, SENT, USER};
use crate::support::postfix::Postfix;
use crate::support::{free_port, lmtp};

pub const CUSTOMER: &str = "claire@customer.example";

/// A shop with its mail servers; the daemon is started by each test.
pub struct Stage {
    pub dovecot: Dovecot,
    pub postfix: Postfix,
    folder: tempfile::TempDir,
    pub desk: u16,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| String::new())
    }

    /// With further tables of the configuration, which may name files of the shop's folder.
    pub fn with(tables: impl FnOnce(&Path) -> String) -> Self {
        let dovecot = Dovecot::start();
        // Dovecot 2.3.19's delivery panics (EDEADLK on the index of the list) where a client opens a mailbox at the same time
        // that does not exist yet, and Postfix tries again only much later: seen once in refund_story.
        dovecot.doveadm(&["fetch", "-u", CUSTOMER, "uid", "mailbox", "INBOX", "ALL"]);
        let postfix = Postfix::start(&dovecot);
        let folder = tempfile::tempdir().unwrap();
        let desk = free_port();
        configure(folder.path(), (&dovecot, &postfix), USER, &format!("127.0.0.1:{desk}"), &tables(folder.path()));
        ReviewersFile::in_folder(&folder.path().join("data"))
            .add(NAME, "Ana Müller", PASSWORD, jiff::Timestamp::now())
            .unwrap();
        Self { dovecot, postfix, folder, desk }
    }

    /// Where everything is kept that is not on the mail servers.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn start(&self) -> Daemon {
        self.start_armed(None)
    }

    /// Starts the daemon, armed with a failpoint if one is named.
    pub fn start_armed(&self, failpoint: Option<&str>) -> Daemon {
        let mut daemon = Daemon::start(&self.folder.path().join("guichet.toml"), failpoint);
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        daemon
    }

    /// The customer writes; the letter lies in the inbox when this returns.
    pub async fn customer_writes(&self, id: &str, subject: &str, text: &str) {
        self.deliver(id, "", subject, text).await;
    }

    /// The customer answers the message with this id.
    pub async fn customer_answers(&self, id: &str, answered: &str, subject: &str, text: &str) {
        self.deliver(id, &format!("In-Reply-To: <{answered}>\r\nReferences: <{answered}>\r\n"), subject, text).await;
    }

    async fn deliver(&self, id: &str, thread: &str, subject: &str, text: &str) {
        let letter = format!(
            "Message-ID: <{id}@customer.example>\r\n{thread}From: Claire Fontaine <{CUSTOMER}>\r\nTo: support@shop.example\r\n\
             Subject: {subject}\r\nDate: Mon, 16 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
        );
        lmtp::deliver(self.dovecot.lmtp, CUSTOMER, USER.0, letter.as_bytes()).await;
    }

    /// All messages of a folder, once there are at least `count`.
    pub fn messages(&self, user: &str, folder: &str, count: usize) -> Vec<String> {
        let began = Instant::now();
        loop {
            let text = self.dovecot.doveadm(&["-f", "tab", "fetch", "-u", user, "uid", "mailbox", folder, "ALL"]);
            let uids: Vec<&str> = text.lines().skip(1).collect();
            if uids.len() >= count {
                let fetch = |uid: &&str| {
                    let args = ["fetch", "-u", user, "text", "mailbox", folder, "uid", uid];
                    self.dovecot.doveadm(&args).trim_start_matches("text:\n").to_owned()
                };
                return uids.iter().map(fetch).collect();
            }
            assert!(began.elapsed() < PATIENCE, "{user} has {} of {count} messages in {folder}", uids.len());
        }
    }

    pub fn queue(&self, daemon: &Daemon) -> serde_json::Value {
        let output = daemon.command(&["queue", "list", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Writes the configuration of a shop that reads and sends as this user.
pub fn configure(folder: &Path, servers: (&Dovecot, &Postfix), user: (&str, &str), desk: &str, tables: &str) {
    let (dovecot, postfix) = servers;
    let secret = folder.join("secret");
    std::fs::write(&secret, user.1).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let account = |port: u16, tls: &str, ca: PathBuf| {
        format!(
            "host = \"localhost\"\nport = {port}\ntls = {tls:?}\nusername = {:?}\npassword = {{ file = {secret:?} }}\nca_file = {ca:?}\n",
            user.0
        )
    };
    let text = format!(
        "data_dir = {data:?}\n[[mailbox]]\nname = \"support\"\nsource = \"imap\"\naddresses = [{address:?}]\n\
         from = \"Maison Guichet <{address}>\"\nsignature = \"Maison Guichet\"\nundo_window = \"0s\"\n\
         sent_copy = \"always\"\n[mailbox.imap]\n{imap}\n[mailbox.smtp]\n{smtp}\n[desk]\nlisten = {desk:?}\n{tables}",
        address = user.0,
        data = folder.join("data"),
        imap = account(dovecot.imaps, "implicit", dovecot.ca_file()),
        smtp = account(postfix.submission, "starttls", postfix.ca_file()),
    );
    std::fs::write(folder.join("guichet.toml"), text).unwrap();
}

pub fn header(letter: &str, name: &str) -> Option<String> {
    let message = MessageParser::default().parse(letter.as_bytes()).unwrap();
    match message.header(name) {
        None | Some(HeaderValue::Empty) => None,
        Some(HeaderValue::Text(text)) => Some(text.to_string()),
        Some(HeaderValue::TextList(list)) => Some(list.join(" ")),
        Some(other) => Some(format!("{other:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_customers_letter_to_the_approved_reply() {
    let stage = Stage::new();
    let mut daemon = stage.start();
    let text = "Bonjour,\r\n\r\nLa bouilloire achetée le 3 novembre (commande CMD-2026-0412) ne chauffe plus. Je souhaite être remboursée.\r\n";
    stage.customer_writes("first", "=?utf-8?q?Bouilloire_cass=C3=A9e?=", text).await;
    assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)), "{}", daemon.log.join("\n"));

    let received = stage.messages(CUSTOMER, "INBOX", 1);
    let acknowledgement = received.first().unwrap();
    assert_eq!(header(acknowledgement, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header(acknowledgement, "In-Reply-To").as_deref(), Some("first@customer.example"));
    assert!(acknowledgement.contains("Return-Path: <>"), "{acknowledgement}");

    assert!(matches!(daemon.wait_line(&["assessed"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], stage.desk));
    let mut visitor = Visitor::new(address);
    visitor.sign_in().await;
    let case = stage.queue(&daemon)["cases"][0]["case"].as_str().expect("one case waits").to_owned();
    let page = visitor.get(&format!("/case/{case}")).await;
    assert!(page.body.contains("CMD-2026-0412"), "{}", page.body);
    let approved = visitor.act(&page, &format!("/case/{case}/approve"), &[]).await;
    assert!(approved.status < 400, "{} {}", approved.status, approved.body);
    assert!(matches!(daemon.wait_line(&["reply accepted"]), Seen::Line(_)), "{}", daemon.log.join("\n"));

    let received = stage.messages(CUSTOMER, "INBOX", 2);
    let reply = received.iter().find(|letter| header(letter, "Auto-Submitted").is_none()).expect("a reply by a person");
    assert_eq!(header(reply, "In-Reply-To").as_deref(), Some("first@customer.example"));
    assert!(header(reply, "References").unwrap().contains("first@customer.example"));
    let subject = header(reply, "Subject").unwrap();
    assert!(subject.contains("Bouilloire cassée") && subject.contains(&case), "{subject}");
    let decoded = MessageParser::default().parse(reply.as_bytes()).unwrap().body_text(0).unwrap().into_owned();
    assert!(decoded.contains("Ana Müller") && decoded.contains("Maison Guichet"), "{decoded}");

    let sent = stage.messages(USER.0, SENT, 1);
    assert_eq!(sent.len(), 1, "filed once");
    assert_eq!(header(&sent[0], "Message-ID"), header(reply, "Message-ID"));
    let flags = stage.dovecot.doveadm(&["fetch", "-u", USER.0, "flags", "mailbox", "INBOX", "ALL"]);
    assert!(!flags.contains("\\Seen"), "the customer's letter is still unread: {flags}");
    assert_eq!(received.len(), 2, "one acknowledgement, one reply");

    let record = String::from_utf8(daemon.command(&["case", "show", &case]).stdout).unwrap();
    assert!(record.contains("Ana") || record.contains(NAME), "the record names who approved: {record}");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_from_a_mail_client_withdraws_the_draft() {
    let stage = Stage::new();
    let mut daemon = stage.start();
    stage.customer_writes("second", "Order 48213", "The headset crackles. Order 48213. Please refund me.").await;
    assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)));
    assert_eq!(stage.queue(&daemon)["cases"].as_array().unwrap().len(), 1);

    let answer = format!(
        "Message-ID: <agent@shop.example>\r\nFrom: support@shop.example\r\nTo: {CUSTOMER}\r\nSubject: Re: Order 48213\r\n\
         In-Reply-To: <second@customer.example>\r\nContent-Type: text/plain\r\n\r\nDear Claire, we have refunded you.\r\n"
    );
    stage.dovecot.save(USER.0, SENT, answer.as_bytes());
    assert!(matches!(daemon.wait_line(&["noted on a case"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    assert_eq!(stage.queue(&daemon)["cases"].as_array().unwrap().len(), 0, "the draft is withdrawn");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_leaves_a_thousand_old_letters_alone() {
    let stage = Stage::new();
    for order in 40_000..41_000 {
        let text = format!("Please refund order {order}, it never arrived.");
        stage.customer_writes(&format!("old.{order}"), &format!("Order {order}"), &text).await;
    }
    let mut daemon = stage.start();
    stage.customer_writes("new", "Order 41099", "The kettle of order 41099 is broken, I want my money back.").await;
    assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    // The history is imported besides; the thousandth and first case tells that all of it is there.
    assert!(matches!(daemon.wait_lines(1001, &["mailbox=support", "new case"]), Seen::Line(_)));
    assert_eq!(stage.queue(&daemon)["cases"].as_array().unwrap().len(), 1, "only the new letter waits for a reply");
    assert_eq!(stage.messages(CUSTOMER, "INBOX", 1).len(), 1, "only the new letter was acknowledged");
    assert_eq!(daemon.log.iter().filter(|line| line.contains("acknowledgement accepted")).count(), 1);
    assert!(daemon.stop().success());
}
