//! An hour-old copy of everything Guichet keeps is put back, and nobody told it: the keyword in the mailbox does.

use std::path::Path;
use std::process::Command;

use crate::play::daemon::{Daemon, Seen};
use crate::support::dovecot::{Dovecot, SENT, USER};
use crate::support::lmtp;

/// A daemon on Dovecot whose mail leaves into a folder.
pub struct Stage {
    pub dovecot: Dovecot,
    folder: tempfile::TempDir,
}

impl Stage {
    pub fn new() -> Self {
        let dovecot = Dovecot::start();
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, USER.1).unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = format!(
            "data_dir = {data:?}\n[[mailbox]]\nname = \"support\"\nsource = \"imap\"\naddresses = [\"support@shop.example\"]\n\
             from = \"Shop <support@shop.example>\"\n[mailbox.imap]\nhost = \"localhost\"\nport = {port}\nusername = {user:?}\n\
             password = {{ file = {secret:?} }}\nca_file = {ca:?}\n[mailbox.smtp]\noutbox_dir = {out:?}\n[desk]\nlisten = \"off\"\n",
            data = folder.path().join("data"),
            port = dovecot.imaps,
            user = USER.0,
            ca = dovecot.ca_file(),
            out = folder.path().join("out"),
        );
        std::fs::write(folder.path().join("guichet.toml"), text).unwrap();
        Self { dovecot, folder }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn start(&self) -> Daemon {
        let mut daemon = Daemon::start(&self.path("guichet.toml"), None);
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        daemon
    }

    pub async fn customer_writes(&self, name: &str) {
        let from = format!("{name}@{name}.example");
        let letter = format!(
            "Message-ID: <{from}>\r\nFrom: {from}\r\nTo: support@shop.example\r\nSubject: Order 48213\r\n\
             Content-Type: text/plain\r\n\r\nThe kettle of order 48213 stopped working. Please refund me.\r\n"
        );
        lmtp::deliver(self.dovecot.lmtp, &from, USER.0, letter.as_bytes()).await;
    }

    /// How many messages of the inbox carry the keyword.
    fn marked(&self) -> usize {
        let flags = self.dovecot.doveadm(&["fetch", "-u", USER.0, "flags", "mailbox", "INBOX", "ALL"]);
        flags.matches("$GuichetAcknowledged").count()
    }

    fn acknowledged(&self) -> usize {
        std::fs::read_dir(self.path("out")).map_or(0, Iterator::count)
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

pub fn wait(daemon: &mut Daemon, from: usize, words: &[&str]) {
    let seen = daemon.wait_line_from(from, words);
    assert!(matches!(seen, Seen::Line(_)), "{}", daemon.log.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_is_noticed_by_the_keyword_and_answers_nobody_again() {
    let stage = Stage::new();
    let mut daemon = stage.start();
    stage.customer_writes("first").await;
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    assert!(daemon.stop().success());
    copy(&stage.path("data"), &stage.path("old"));

    let mut daemon = stage.start();
    for (n, name) in ["second", "third"].into_iter().enumerate() {
        stage.customer_writes(name).await;
        wait(&mut daemon, 0, &["acknowledgement accepted"]);
        while stage.marked() < n + 2 {
            std::thread::yield_now();
        }
    }
    assert!(daemon.stop().success());
    assert_eq!(stage.acknowledged(), 3);
    // A keyword that never got there: its message must not be acknowledged again for that.
    stage.dovecot.doveadm(&["flags", "remove", "-u", USER.0, "$GuichetAcknowledged", "mailbox", "INBOX", "uid", "2"]);
    std::fs::remove_dir_all(stage.path("data")).unwrap();
    copy(&stage.path("old"), &stage.path("data"));

    stage.customer_writes("meanwhile").await;
    let mut daemon = stage.start();
    wait(&mut daemon, 0, &["alarm: The store is older than what was done"]);
    wait(&mut daemon, 0, &["standing=First", "folder=\"inbox\""]);
    stage.customer_writes("afterwards").await;
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    let from = daemon.log.len();
    while daemon.log.iter().filter(|line| line.contains("new case, not acknowledged")).count() < 3 {
        let seen = daemon.log.len().max(from);
        wait(&mut daemon, seen, &["new case, not acknowledged"]);
    }
    let queue = String::from_utf8(daemon.command(&["queue", "list", "--json"]).stdout).unwrap();
    for name in ["second", "third", "meanwhile"] {
        assert!(queue.contains(&format!("{name}@{name}.example")), "{name} waits for a person: {queue}");
    }
    assert_eq!(stage.acknowledged(), 4, "only the letter that came afterwards");
    assert!(daemon.stop().success());
    let mut daemon = stage.start();
    wait(&mut daemon, 0, &["alarm: The store is older than what was done"]);
    let check = |daemon: &Daemon, more: &[&str]| {
        let output = daemon.command(&[&["check", "--offline"], more].concat());
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (well, said) = check(&daemon, &[]);
    assert!(!well && said.contains("The store is older") && said.contains("--dismiss-loss"), "{said}");
    let (well, said) = check(&daemon, &["--dismiss-loss"]);
    assert!(well && said.contains("dismissed"), "{said}");
    assert!(daemon.stop().success());
    assert!(!stage.start().log.iter().any(|line| line.contains("older than what was done")), "a person knows of it");
}

/// The copy was taken with an acknowledgement on its way, which was sent since; so was an answer to a letter that the copy
/// does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_in_an_older_copy_is_not_sent_and_answers_in_sent_are_found_again() {
    let stage = Stage::new();
    let mut daemon = stage.start();
    stage.customer_writes("first").await;
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    assert!(daemon.stop().success());
    let mut daemon = Daemon::start(&stage.path("guichet.toml"), Some("deliver-claimed:1"));
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    stage.customer_writes("waiting").await;
    assert!(!daemon.exit().success(), "it dies with the acknowledgement claimed");
    copy(&stage.path("data"), &stage.path("old"));

    let mut daemon = stage.start();
    stage.customer_writes("answered").await;
    while stage.marked() < 3 {
        std::thread::yield_now();
    }
    let answer = "Message-ID: <answer@shop.example>\r\nFrom: Shop <support@shop.example>\r\nTo: answered@answered.example\r\n\
                  Subject: Re: Order 48213\r\nIn-Reply-To: <answered@answered.example>\r\nContent-Type: text/plain\r\n\r\nRefunded.\r\n";
    stage.dovecot.save(USER.0, SENT, answer.as_bytes());
    wait(&mut daemon, 0, &["noted on a case"]);
    assert!(daemon.stop().success());
    assert_eq!(stage.acknowledged(), 3);
    std::fs::remove_dir_all(stage.path("data")).unwrap();
    std::fs::remove_dir_all(stage.path("out")).unwrap();
    copy(&stage.path("old"), &stage.path("data"));

    let mut daemon = stage.start();
    wait(&mut daemon, 0, &["alarm: The store is older than what was done"]);
    wait(&mut daemon, 0, &["standing=First", "folder=\"inbox\""]);
    wait(&mut daemon, 0, &["new case, not acknowledged"]);
    let mut queue = String::from("answered@answered.example");
    for _ in 0..300 {
        if !queue.contains("answered@answered.example") {
            break;
        }
        queue = String::from_utf8(daemon.command(&["queue", "list", "--json"]).stdout).unwrap();
    }
    assert!(!queue.contains("answered@answered.example"), "{queue}\n{}", daemon.log.join("\n"));
    assert!(queue.contains("waiting@waiting.example"), "{queue}");
    assert_eq!(stage.acknowledged(), 0, "{}", daemon.log.join("\n"));
    stage.customer_writes("afterwards").await;
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    assert!(daemon.stop().success());
    assert_eq!(stage.acknowledged(), 1, "only the letter that came afterwards");
}
