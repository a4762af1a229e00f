//! `guichet erase` beside the running daemon: afterwards neither address nor name nor words of the letter are in any
//! file, compressed or not, of data and backups; a second copy of the letter is known and brings nothing back.

use crate::play::daemon::{Daemon, Seen};
use crate::play::searching::found;
use crate::shop::NAME;
use crate::support::maildir_shop::MaildirShop;

const ADDRESS: &str = "clothilde.vanneste@customer.example";
const FULL_NAME: &str = "Clothilde Vanneste-Okafor";
const ORDERED: &str = "Samovar Impérial Toula";
const PHRASE: &str = "the samovar whistles like a locomotive";
const OTHER: &str = "tom@btmail.example";

fn letter(shop: &MaildirShop, name: &str) {
    let text = format!(
        "Return-Path: <{ADDRESS}>\nMessage-ID: <samovar@customer.example>\nFrom: {FULL_NAME} <{ADDRESS}>\n\
         To: support@shop.example\nSubject: Order 48213\nDate: Mon, 16 Nov 2026 10:00:00 +0100\n\
         Content-Type: text/plain; charset=utf-8\n\nHello, {PHRASE}. Order 48213. I would like my money back.\n{}\n",
        // Long enough for a file of its own.
        (0..6000_u64).map(|n| format!("{:x} ", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect::<String>()
    );
    let inbox = shop.folder.path().join("inbox");
    std::fs::write(inbox.join("tmp").join(name), text).unwrap();
    std::fs::rename(inbox.join("tmp").join(name), inbox.join("new").join(name)).unwrap();
}

fn wait(daemon: &mut Daemon, from: usize, words: &[&str]) {
    let seen = daemon.wait_line_from(from, words);
    assert!(matches!(seen, Seen::Line(_)), "{}", daemon.log.join("\n"));
}

#[test]
fn nothing_of_an_erased_customer_is_left_in_any_file() {
    let backups = tempfile::tempdir().unwrap();
    let managed = backups.path().join("managed");
    // What the shop's own system knows is the shop's to erase; what was kept of it is not.
    let orders = backups.path().join("orders.csv");
    let rows = format!("number,ordered_on,email,product\n48213,2026-11-03,{ADDRESS},{ORDERED}\n");
    std::fs::write(&orders, rows).unwrap();
    let source = format!("orders = {{ source = \"csv\", file = {orders:?} }}");
    let shop = MaildirShop::new(None, &format!("backup_dir = {managed:?}\n{source}"));
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready());
    letter(&shop, "first.M1.host");
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    wait(&mut daemon, 0, &["assessed"]);
    let seen = daemon.log.len();
    // Somebody else writes about her order.
    shop.deliver(OTHER);
    wait(&mut daemon, seen, &["acknowledgement accepted"]);
    wait(&mut daemon, seen, &["assessed"]);
    let queue: serde_json::Value =
        serde_json::from_slice(&daemon.command(&["queue", "list", "--json"]).stdout).unwrap();
    let theirs = queue["cases"].as_array().unwrap().iter().find(|case| case["customer"] == FULL_NAME).unwrap();
    let (case, revision) = (theirs["case"].as_str().unwrap(), theirs["revision"].to_string());
    let approved = daemon.command(&["queue", "approve", case, "--revision", &revision, "--as", NAME]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    wait(&mut daemon, 0, &["reply accepted"]);
    assert!(daemon.command(&["backup"]).status.success());

    let words = [ADDRESS, FULL_NAME, PHRASE, ORDERED, "Vanneste"];
    for folder in [&shop.data, &managed] {
        let before = found(folder, &words);
        assert!(words.iter().all(|word| before.iter().any(|place| place.starts_with(word))), "it is there: {before:?}");
    }
    let output = daemon.command(&["erase", ADDRESS]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 messages, 2 mails of ours") && said.contains("still lie in the mailbox"), "{said}");
    assert!(said.contains("first.M1.host") && said.contains("erased in the backup"), "{said}");
    assert_eq!(found(&shop.data, &words), Vec::<String>::new());
    assert_eq!(found(&managed, &words), Vec::<String>::new());

    // The same letter once more, as after a move between folders.
    let seen = daemon.log.len();
    letter(&shop, "second.M2.host");
    wait(&mut daemon, seen, &["already known"]);
    assert_eq!(found(&shop.data, &words), Vec::<String>::new(), "it brings nothing back");
    let shown = daemon.command(&["case", "show", case]);
    assert!(shown.status.success(), "the chain of the record is left");
    assert_eq!(shop.answered().len(), 3, "one acknowledgement each, one reply");
    assert!(daemon.stop().success());

    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready());
    assert!(!daemon.log.iter().any(|line| line.contains("alarm")), "{}", daemon.log.join("\n"));
    let queue = String::from_utf8(daemon.command(&["queue", "list", "--json"]).stdout).unwrap();
    assert!(queue.contains(OTHER) && found(&shop.data, &words).is_empty());
    assert!(daemon.stop().success());
}

const SECOND: &str = "wilhelmina@second.example";

/// A reviewer answered to another address than the customer's, in somebody else's case.
#[test]
fn nothing_of_an_address_that_was_only_written_to_is_left_in_any_file() {
    let backups = tempfile::tempdir().unwrap();
    let managed = backups.path().join("managed");
    let shop = MaildirShop::new(None, &format!("backup_dir = {managed:?}"));
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready());
    shop.deliver(OTHER);
    wait(&mut daemon, 0, &["acknowledgement accepted"]);
    let line = |daemon: &Daemon| {
        let listed = daemon.command(&["queue", "list", "--json"]).stdout;
        serde_json::from_slice::<serde_json::Value>(&listed).unwrap()["cases"][0].clone()
    };
    let before = line(&daemon);
    let (case, revision) = (before["case"].as_str().unwrap(), before["revision"].to_string());
    let to = ["queue", "edit", case, "--revision", &revision, "--to", SECOND, "--as", NAME];
    let edited = daemon.command(&to);
    assert!(edited.status.success(), "{}", String::from_utf8_lossy(&edited.stderr));
    let revision = line(&daemon)["revision"].to_string();
    let approved = daemon.command(&["queue", "approve", case, "--revision", &revision, "--as", NAME]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    wait(&mut daemon, 0, &["reply accepted"]);
    assert!(daemon.command(&["backup"]).status.success());
    for folder in [&shop.data, &managed] {
        assert!(!found(folder, &[SECOND]).is_empty(), "it is there");
    }
    let output = daemon.command(&["erase", SECOND]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 mails of ours"), "{said}");
    assert_eq!(found(&shop.data, &[SECOND]), Vec::<String>::new(), "{said}");
    assert_eq!(found(&managed, &[SECOND]), Vec::<String>::new(), "{said}");
    assert!(!found(&shop.data, &[OTHER]).is_empty(), "the case is somebody else's");
    assert!(daemon.stop().success());
}
