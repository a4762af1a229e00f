//! Two shops, each the other's customer: two daemons, one Dovecot, one Postfix.

use std::sync::Arc;
use std::time::Instant;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::domain::Folder;
use guichet::domain::position::FolderRole;
use guichet::ports::Store as _;
use guichet::ports::store::OutboxFilter;

use crate::play::daemon::{Daemon, PATIENCE, Seen};
use crate::story::{CUSTOMER, Stage, configure, header};
use crate::support::dovecot::{NEIGHBOUR, USER};
use crate::support::lmtp;
use crate::support::postfix::Postfix;

/// A shop's daemon, with all that it keeps.
struct Shop {
    user: (&'static str, &'static str),
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Shop {
    fn open(stage: &Stage, user: (&'static str, &'static str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        configure(folder.path(), (&stage.dovecot, &stage.postfix), user, "off", "");
        let mut daemon = Daemon::start(&folder.path().join("guichet.toml"), None);
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        Self { user, daemon, folder }
    }

    /// Waits until it has logged these words so often.
    fn waits(&mut self, count: usize, words: &str) {
        let seen = self.daemon.wait_lines(count, &[words]);
        assert!(matches!(seen, Seen::Line(_)), "{}", self.daemon.log.join("\n"));
    }

    fn said(&self, words: &str) -> usize {
        self.daemon.log.iter().filter(|line| line.contains(words)).count()
    }

    /// Asserts that nothing is left to do: the inbox, where so many messages lie, is read up to its last UID, and nothing
    /// waits in the outbox. Returns the number of conversations. The daemon is stopped.
    async fn is_quiet(&self, stage: &Stage, messages: usize) -> usize {
        let data = self.folder.path().join("data");
        let (store, _) = SledStore::open(&data, &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
        let position = store.position(&folder).await.unwrap().unwrap();
        let mark: serde_json::Value = serde_json::from_str(&position.mark).unwrap();
        let status = stage.dovecot.doveadm(&["mailbox", "status", "-u", self.user.0, "messages uidnext", "INBOX"]);
        let next = &mark["next_uid"];
        assert_eq!(status.trim(), format!("INBOX messages={messages} uidnext={next}"), "{}", self.user.0);
        let open = store.outbox(OutboxFilter::Open).await.unwrap();
        assert!(open.is_empty(), "{open:?}");
        store.cases(10).await.unwrap().len()
    }
}

/// A person of one shop writes to the other.
async fn writes(stage: &Stage, from: &str, to: &str, order: usize) {
    let letter = format!(
        "Message-ID: <{order}.{from}>\r\nFrom: Dominique <{from}>\r\nTo: {to}\r\nSubject: Order {order}\r\n\
         Date: Mon, 16 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain\r\n\r\n\
         The kettle of order {order} stopped working, I want my money back.\r\n"
    );
    lmtp::deliver(stage.dovecot.lmtp, from, to, letter.as_bytes()).await;
}

/// Waits until all that was handed in is delivered.
fn delivers_everything(postfix: &Postfix) {
    let began = Instant::now();
    while !postfix.is_empty() {
        assert!(began.elapsed() < PATIENCE, "Postfix keeps mail:\n{}", postfix.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shops_that_write_to_each_other_get_one_acknowledgement_each() {
    let stage = Stage::new();
    let mut shops = [Shop::open(&stage, USER), Shop::open(&stage, NEIGHBOUR)];
    writes(&stage, USER.0, NEIGHBOUR.0, 48213).await;
    writes(&stage, NEIGHBOUR.0, USER.0, 77120).await;
    for shop in &mut shops {
        shop.waits(1, "acknowledgement accepted");
        shop.waits(1, "automated message stored");
    }
    // Behind a customer's letter all that came before it is read, and behind her acknowledgement all of it is sent.
    for shop in &mut shops {
        writes(&stage, CUSTOMER, shop.user.0, 90001).await;
        shop.waits(2, "acknowledgement accepted");
    }
    for shop in &mut shops {
        assert!(shop.daemon.stop().success());
        assert_eq!(shop.said("acknowledgement accepted"), 2, "{}", shop.daemon.log.join("\n"));
        assert_eq!(shop.said("automated message stored"), 1, "{}", shop.daemon.log.join("\n"));
    }
    delivers_everything(&stage.postfix);
    for shop in &shops {
        let conversations = shop.is_quiet(&stage, 3).await;
        assert_eq!(conversations, 2, "the other shop's and the customer's");
        let inbox = stage.messages(shop.user.0, "INBOX", 3);
        let automatic = inbox.iter().filter(|letter| header(letter, "Auto-Submitted").is_some());
        assert_eq!(automatic.count(), 1, "one acknowledgement of the other shop");
    }
    assert_eq!(stage.messages(CUSTOMER, "INBOX", 2).len(), 2);
}
