//! The process is killed at every durable step of a message's way, started again, and what is promised
//! is counted at the receiving server: nothing lost, nobody answered twice outside the stated window.

pub(crate) mod imap;
mod repetition;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guichet::adapters::reviewers::ReviewersFile;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::domain::OutgoingKind;
use guichet::ports::Store;
use guichet::ports::store::OutboxFilter;

use super::support::daemon::{Daemon, Seen};
use super::support::scripted_smtp::SmtpServer;

const LETTERS: [&str; 2] = ["claire@orange.example", "tom@btmail.example"];
/// Comes last in the folder, whose messages are taken by name.
const MARKER: &str = "zoe@post.example";
const REVIEWER: &str = "ana";
/// Refund notices have a story of their own (`refunds/crash.rs`), and so have a store that is put back or written anew
/// (`store_sled/restore.rs`), its upkeep (`store_sled/upkeep_crash.rs`), a copy that is filed a minute after its mail
/// (`repetition`) and a folder that keeps keywords (`imap`).
const ELSEWHERE: [&str; 8] = ["refund-", "restore-", "rewrite-", "backup-", "erase-", "expire-", "filed-", "keyword-"];

struct Shop {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Shop {
    fn new(smtp_port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for part in ["inbox/new", "inbox/cur", "inbox/tmp", "sent/new", "sent/cur", "sent/tmp"] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        let config = root.join("guichet.toml");
        let text = format!(
            "data_dir = {data:?}\n[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\npath = {inbox:?}\nsent_path = {sent:?}\n\
             from = \"Shop <support@shop.example>\"\nundo_window = \"0s\"\n[mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp_port}\n\
             tls = \"none\"\n[desk]\nlisten = \"off\"\n",
            data = root.join("data"),
            inbox = root.join("inbox"),
            sent = root.join("sent"),
        );
        std::fs::write(&config, text).unwrap();
        let reviewers = ReviewersFile::in_folder(&root.join("data"));
        reviewers.add(REVIEWER, "Ana", "counter window 7", jiff::Timestamp::now()).unwrap();
        Self { folder, config }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn deliver(&self, from: &str) {
        let name = format!("{}.M1.host", from.replace('@', "_"));
        if self.path().join("inbox/new").join(&name).exists() {
            return;
        }
        let text = format!(
            "Return-Path: <{from}>\nMessage-ID: <first.{from}>\nFrom: <{from}>\nTo: support@shop.example\n\
             Subject: Order 48213\nDate: Mon, 16 Nov 2026 10:00:00 +0100\nContent-Type: text/plain; charset=utf-8\n\n\
             Hello, the kettle I bought on 3 November stopped working. Order 48213. I would like my money back.\n"
        );
        let temporary = self.path().join("inbox/tmp").join(&name);
        std::fs::write(&temporary, text).unwrap();
        std::fs::rename(temporary, self.path().join("inbox/new").join(&name)).unwrap();
    }
}

/// The case of a customer and its revision, as the queue prints them; `None` when it waits for no reply.
fn waiting_case(daemon: &Daemon, customer: &str) -> Option<(String, String)> {
    let output = daemon.command(&["queue", "list", "--json"]);
    let queue: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let line = queue["cases"].as_array()?.iter().find(|line| line["customer"] == customer)?;
    Some((line["case"].as_str()?.to_owned(), line["revision"].to_string()))
}

/// Approves the first letter's draft.
fn approve_first(daemon: &Daemon) {
    approve(daemon, LETTERS[0]);
}

/// Approves a customer's draft; once more when the case was just assessed in between.
fn approve(daemon: &Daemon, customer: &str) {
    for _ in 0..5 {
        let Some((case, revision)) = waiting_case(daemon, customer) else { return };
        let approve = ["queue", "approve", &case, "--revision", &revision, "--as", REVIEWER];
        if daemon.command(&approve).status.success() {
            return;
        }
    }
}

/// The way of two letters and one approved reply, as far as the process lives.
fn story(shop: &Shop, failpoint: Option<&str>) -> bool {
    let mut daemon = Daemon::start(&shop.config, failpoint);
    if !daemon.wait_ready() {
        return false;
    }
    for letter in LETTERS {
        shop.deliver(letter);
    }
    if daemon.wait_lines(LETTERS.len(), &["acknowledgement accepted"]) == Seen::Ended {
        return false;
    }
    approve_first(&daemon);
    let sent = daemon.wait_line(&["reply accepted"]);
    let _ = daemon.stop();
    sent != Seen::Ended
}

/// After the crash: started anew, whatever had not been done is done.
fn aftermath(shop: &Shop, server: &SmtpServer) {
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "does not start again:\n{}", daemon.log.join("\n"));
    for letter in LETTERS {
        shop.deliver(letter);
    }
    // Messages are taken in order and due mail leaves oldest first: once the marker's acknowledgement has
    // left, everything before it has been dealt with.
    shop.deliver(MARKER);
    let mut accepted = 0;
    while !server.taken().iter().any(|mail| mail.rcpt_to.concat().contains(MARKER)) {
        accepted += 1;
        assert!(matches!(daemon.wait_lines(accepted, &["acknowledgement accepted"]), Seen::Line(_)));
    }
    while waiting_case(&daemon, MARKER).is_none() {}
    approve_first(&daemon);
    assert!(daemon.stop().success(), "{}", daemon.log.join("\n"));
}

/// What a crash left: mails in doubt, and copies that arrived.
async fn check(shop: &Shop, server: &SmtpServer, failpoint: &str) -> (usize, usize) {
    let (store, broken) =
        SledStore::open(&shop.path().join("data"), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
    assert!(broken.is_none(), "{failpoint}: the store was moved aside");
    let cases = store.cases(100).await.unwrap();
    let taken = server.taken();
    for letter in LETTERS {
        let of_letter: Vec<_> =
            cases.iter().filter(|case| case.customer.as_ref().is_some_and(|c| c.email.as_str() == letter)).collect();
        assert_eq!(of_letter.len(), 1, "{failpoint}: {letter} has one case, nothing is lost and nothing doubled");
        let file = store.case_file(&of_letter[0].id).await.unwrap();
        let acknowledgements: Vec<_> =
            file.outgoing.iter().filter(|mail| mail.kind == OutgoingKind::Acknowledgement).collect();
        assert_eq!(acknowledgements.len(), 1, "{failpoint}: {letter} has one acknowledgement in the outbox");
        for mail in &file.outgoing {
            let id = format!("Message-ID: {}", mail.message_id);
            let copies = taken.iter().filter(|copy| String::from_utf8_lossy(&copy.bytes).contains(&id)).count();
            match mail.state.name() {
                "sent" => assert_eq!(copies, 1, "{failpoint}: {id} left once"),
                "in doubt" => assert!(copies <= 1, "{failpoint}: {id} is in doubt with {copies} copies"),
                // The reply may still be on its way when the daemon was asked to stop.
                "pending" => assert!(mail.kind == OutgoingKind::Reply && copies == 0, "{failpoint}: {id} is pending"),
                // An approval overtakes an acknowledgement that has not left, or that is in doubt.
                "cancelled" => assert!(
                    mail.kind == OutgoingKind::Acknowledgement && copies <= 1 && file.outgoing.len() > 1,
                    "{failpoint}: {id} is cancelled with {copies} copies"
                ),
                state => panic!("{failpoint}: {id} is {state}"),
            }
        }
    }
    let doubts: BTreeSet<_> =
        store.outbox(OutboxFilter::Troubled).await.unwrap().iter().map(|mail| mail.id.clone()).collect();
    // A mailbox sends one mail at a time, so one crash leaves at most one mail of which nobody can know
    // whether the server has it; wherever the crash struck, that mail may just have been on its way.
    assert!(doubts.len() <= 1, "{failpoint}: {} in doubt", doubts.len());
    (doubts.len(), taken.len())
}

/// Every point that the source names.
pub fn points_in_source() -> BTreeSet<String> {
    let mut files = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut names = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            names.extend(
                text.split("failpoint::pass(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned),
            );
        }
    }
    names
}

/// Those on the way of a letter in a Maildir, each at its first passages.
fn failpoints() -> Vec<String> {
    let mut names = points_in_source();
    names.retain(|name| !ELSEWHERE.iter().any(|other| name.starts_with(other)));
    let passages = |name: &String| match name.as_str() {
        // The first commits are the position's baseline; the later ones are letters, attempts, the approval.
        "store.batch.before" | "store.flush.after" => 12,
        _ => 2,
    };
    names.iter().flat_map(|name| (1..=passages(name)).map(move |n| format!("{name}:{n}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_durable_step_nothing_is_lost_and_nobody_answered_twice() {
    let points = failpoints();
    assert!(points.len() >= 20, "the source names too few failpoints: {points:?}");
    let mut died = BTreeSet::new();
    for point in &points {
        let server = SmtpServer::start().await;
        let shop = Shop::new(server.port);
        tokio::task::block_in_place(|| {
            if !story(&shop, Some(point)) {
                died.insert(point.split(':').next().unwrap().to_owned());
            }
            aftermath(&shop, &server);
        });
        check(&shop, &server, point).await;
    }
    // A letter small enough for the database needs no text file; every other point lies on the way.
    let missed: Vec<_> = points
        .iter()
        .map(|p| p.split(':').next().unwrap())
        .filter(|p| !died.contains(*p) && !p.starts_with("store.text"))
        .collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

/// Numbers that look like chance and are the same in every run.
fn drawn(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// `kill -9` after some of the log's lines, and a moment later.
fn killed_by_chance(shop: &Shop, state: &mut u64) {
    let mut daemon = Daemon::start(&shop.config, None);
    let lines = drawn(state) % 9;
    let spins = drawn(state) % 200_000;
    if daemon.wait_ready() {
        LETTERS.iter().for_each(|letter| shop.deliver(letter));
        for line in ["acknowledgement queued", "acknowledgement accepted"].iter().cycle().take(lines as usize) {
            daemon.wait_lines(1 + (lines as usize) / 5, &[line]);
        }
        approve_first(&daemon);
        (0..spins).for_each(|_| std::hint::spin_loop());
    }
    daemon.kill();
}

/// As many crashes as `GUICHET_CRASHES` says, by failpoints at any passage and by `kill -9` at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_by_chance_nothing_is_lost_and_nobody_answered_twice() {
    let crashes: usize = std::env::var("GUICHET_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut state = std::env::var("GUICHET_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(2_026);
    let points = failpoints();
    let (mut doubts, mut second, mut copies) = (0, 0, 0);
    for n in 0..crashes {
        let server = SmtpServer::start().await;
        let shop = Shop::new(server.port);
        let point = points[drawn(&mut state) as usize % points.len()].clone();
        let what = if n % 2 == 0 { "kill -9".to_owned() } else { point };
        tokio::task::block_in_place(|| {
            if n % 2 == 0 {
                killed_by_chance(&shop, &mut state);
            } else {
                story(&shop, Some(&what));
            }
            aftermath(&shop, &server);
        });
        let (doubt, taken) = check(&shop, &server, &what).await;
        (doubts, copies) = (doubts + doubt, copies + taken);
        if doubt > 0 {
            second += repetition::by_chance(&shop, &server, drawn(&mut state) % 2_000_000).await;
        }
    }
    println!(
        "{crashes} crashes: 0 lost, {doubts} in doubt, repeated and killed again: {second} second copies of these, none of \
         another mail, no third; {copies} mails taken by the server before"
    );
}

/// A new secret would make all stored mail look new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_its_own_identity_key_is_not_started() {
    let server = SmtpServer::start().await;
    let shop = Shop::new(server.port);
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready());
    assert!(daemon.stop().success());
    let key = shop.path().join("data/identity.key");
    std::fs::remove_file(&key).unwrap();
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "nothing was stored under the old one");
    shop.deliver(MARKER);
    assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)));
    assert!(daemon.stop().success());
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(!daemon.wait_ready() && !daemon.exit().success());
    let said = daemon.log.iter().filter(|line| line.contains("identity.key is missing")).count();
    assert_eq!(said, 1, "{}", daemon.log.join("\n"));
    assert!(!key.exists());
    let put = |bytes: &[u8]| {
        std::fs::write(&key, bytes).unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    put(&[7; 32]);
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(!daemon.wait_ready() && !daemon.exit().success());
    let said = daemon.log.iter().filter(|line| line.contains("is not the one that the stored messages")).count();
    assert_eq!(said, 1, "{}", daemon.log.join("\n"));
    put(&kept);
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    assert!(daemon.stop().success());
}
