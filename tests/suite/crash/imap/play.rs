//! A shop with an IMAP server and an SMTP server of the test's, and the story that the daemon does not survive.

use std::path::{Path, PathBuf};

use guichet::adapters::reviewers::ReviewersFile;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::super::{REVIEWER, approve};
use crate::support::PATIENCE;
use crate::support::daemon::Daemon;
use crate::support::played_imap::{ACKNOWLEDGED, Account, PlayedImap};
use crate::support::scripted_smtp::SmtpServer;

/// How the daemon ends.
#[derive(Clone, Copy)]
pub enum Death<'a> {
    /// At a failpoint.
    At(&'a str),
    /// By `kill -9`, so many IMAP commands after its start and a moment later.
    After { commands: usize, spins: u64 },
}

pub struct Shop {
    folder: tempfile::TempDir,
    pub config: PathBuf,
    pub imap: PlayedImap,
    pub smtp: SmtpServer,
}

impl Shop {
    pub async fn new() -> Self {
        let (imap, smtp) = (PlayedImap::start().await, SmtpServer::start().await);
        let folder = tempfile::tempdir().unwrap();
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        let config = folder.path().join("guichet.toml");
        let text = format!(
            "data_dir = {data:?}\n[[mailbox]]\nname = \"support\"\nsource = \"imap\"\nfrom = \"Shop <support@shop.example>\"\n\
             undo_window = \"0s\"\nsent_copy = \"always\"\n[mailbox.imap]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             username = \"support\"\npassword = {{ file = {password:?} }}\n[mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {}\n\
             tls = \"none\"\n[desk]\nlisten = \"off\"\n",
            imap.port, smtp.port,
        );
        std::fs::write(&config, text).unwrap();
        std::fs::write(&password, "secret").unwrap();
        std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        without_models(&data);
        ReviewersFile::in_folder(&data).add(REVIEWER, "Ana", "counter window 7", Timestamp::now()).unwrap();
        Self { folder, config, imap, smtp }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A letter at which the daemon was killed three times in a row is put aside; that chance struck there is no reason to.
    pub fn forget_deaths(&self) {
        let _ = std::fs::remove_dir_all(self.data().join("begun"));
    }

    /// The letter of customer number `n` arrives, unless it is there.
    pub fn deliver(&self, n: usize) {
        let from = customer(n);
        if self.imap.account().borrow().inbox.holding(&from).next().is_some() {
            return;
        }
        let text = format!(
            "Return-Path: <{from}>\r\nMessage-ID: <first.{from}>\r\nFrom: <{from}>\r\nTo: support@shop.example\r\n\
             Subject: Order 48213\r\nDate: Mon, 16 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             Hello, the kettle I bought on 3 November stopped working. Order 48213. I would like my money back.\r\n"
        );
        self.imap.deliver(text.as_bytes(), Timestamp::now());
    }

    /// Waits until the mailbox is so; false when the daemon ended before.
    pub fn seen(&self, daemon: &Daemon, what: &str, is_so: impl FnMut(&Account) -> bool) -> bool {
        let (mut account, mut ended) = (self.imap.account(), daemon.ended());
        let seen = async {
            tokio::select! {
                biased;
                found = account.wait_for(is_so) => found.is_ok(),
                _ = ended.wait_for(|ended| *ended) => false,
            }
        };
        let seen = Handle::current().block_on(async { tokio::time::timeout(PATIENCE, seen).await });
        seen.unwrap_or_else(|_| panic!("waited in vain for {what}; IMAP: {:#?}", self.imap.transcript()))
    }
}

pub fn customer(n: usize) -> String {
    format!("kim{n}@home{n}.example")
}

/// Empty ones in their place: a debug build reads the real ones for seconds at each start, and rules alone judge well enough
/// here.
fn without_models(data: &Path) {
    let folder = data.join("overrides/models");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(data, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap() {
        let name = entry.unwrap().file_name();
        if Path::new(&name).extension().is_some_and(|end| end == "model") {
            std::fs::write(folder.join(name), "").unwrap();
        }
    }
}

/// Every message of the inbox from this customer is marked as acknowledged; there is one.
pub fn is_marked(account: &Account, customer: &str) -> bool {
    account.inbox.holding(customer).next().is_some_and(|(_, kept)| kept.flags.contains(ACKNOWLEDGED))
}

/// A mail to this customer lies in the folder of sent mail.
pub fn is_filed(account: &Account, customer: &str) -> bool {
    account.sent.holding(customer).next().is_some()
}

/// The way of a letter and its approved reply, as far as the process lives. Whether it died.
pub fn story(shop: &Shop, n: usize, death: Death<'_>) -> bool {
    let point = if let Death::At(point) = death { Some(point) } else { None };
    let mut daemon = Daemon::start(&shop.config, point);
    let killer =
        if let Death::After { commands, spins } = death { Some(kill(shop, &daemon, commands, spins)) } else { None };
    let lived = lives(shop, &mut daemon, n);
    if let Some(killer) = killer {
        killer.abort();
        let _ = Handle::current().block_on(killer);
    }
    !daemon.stop().success() || !lived
}

fn lives(shop: &Shop, daemon: &mut Daemon, n: usize) -> bool {
    if !daemon.wait_ready() {
        return false;
    }
    let customer = customer(n);
    shop.deliver(n);
    if !shop.seen(daemon, "the keyword", |account| is_marked(account, &customer)) {
        return false;
    }
    approve(daemon, &customer);
    shop.seen(daemon, "the copy of the reply", |account| is_filed(account, &customer))
}

/// Strikes only while the process has not been waited for, so that its number is its own.
fn kill(shop: &Shop, daemon: &Daemon, commands: usize, spins: u64) -> tokio::task::JoinHandle<()> {
    let (imap, pid) = (shop.imap.clone(), daemon.id().to_string());
    let commands = imap.transcript().len() + commands;
    tokio::spawn(async move {
        imap.heard(commands).await;
        (0..spins).for_each(|_| std::hint::spin_loop());
        let _ = std::process::Command::new("kill").args(["-KILL", &pid]).status();
    })
}
