//! An older copy of the store is put back without a word, taken while mail was on its way: the keywords in the inbox tell.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;

use crate::crash::imap::play::{Shop, customer, is_marked};
use crate::support::daemon::{Daemon, Seen};
use crate::support::played_imap::Said;

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

fn start(shop: &Shop) -> Daemon {
    let mut daemon = Daemon::start(&shop.config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    daemon
}

fn wait(daemon: &mut Daemon, words: &[&str]) {
    assert!(matches!(daemon.wait_line(words), Seen::Line(_)), "{}", daemon.log.join("\n"));
}

/// Letter `n` arrives and is acknowledged.
fn acknowledged(shop: &Shop, daemon: &Daemon, n: usize) {
    shop.deliver(n);
    assert!(shop.seen(daemon, "the keyword", |account| is_marked(account, &customer(n))));
}

/// A person of the shop answers letter `n` from a mail client.
fn answer(shop: &Shop, n: usize) {
    let to = customer(n);
    let text = format!(
        "Message-ID: <answer.{n}@shop.example>\r\nFrom: Shop <support@shop.example>\r\nTo: <{to}>\r\nSubject: Re: Order 48213\r\n\
         In-Reply-To: <first.{to}>\r\nDate: Mon, 16 Nov 2026 11:00:00 +0100\r\nContent-Type: text/plain\r\n\r\nRefunded.\r\n"
    );
    shop.imap.file(text.as_bytes(), Timestamp::now());
}

fn copies(shop: &Shop, n: usize) -> usize {
    shop.smtp.taken().iter().filter(|mail| mail.rcpt_to.concat().contains(&customer(n))).count()
}

/// The copy's acknowledgement of letter 1 is due, and was sent since; letter 2 came and was answered since.
fn with_an_older_copy(shop: &Shop) {
    let mut daemon = start(shop);
    acknowledged(shop, &daemon, 0);
    assert!(daemon.stop().success());
    let mut daemon = Daemon::start(&shop.config, Some("deliver-claimed:1"));
    assert!(daemon.wait_ready());
    shop.deliver(1);
    assert!(!daemon.exit().success(), "it dies with the acknowledgement claimed");
    let old = shop.data().with_extension("old");
    copy(&shop.data(), &old);

    let mut daemon = start(shop);
    assert!(shop.seen(&daemon, "the keyword", |account| is_marked(account, &customer(1))));
    acknowledged(shop, &daemon, 2);
    answer(shop, 2);
    wait(&mut daemon, &["noted on a case"]);
    assert!(daemon.stop().success());
    std::fs::remove_dir_all(shop.data()).unwrap();
    copy(&old, &shop.data());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_in_an_older_copy_is_not_sent_and_what_was_answered_since_is_nobodys_work() {
    let shop = Shop::new().await;
    tokio::task::block_in_place(|| {
        with_an_older_copy(&shop);
        // The first look into the inbox breaks off: everything else goes on without it.
        let broken = Arc::new(|_: &str, _: &[u8]| Said { bytes: Vec::new(), close: true });
        shop.imap.lie("UID SEARCH UID 3:* KEYWORD", 1, broken);
        let mut daemon = Daemon::start(&shop.config, None);
        wait(&mut daemon, &["alarm: The store is older than what was done"]);
        assert_eq!(shop.imap.untold(), 0);
        wait(&mut daemon, &["standing=First", "folder=\"inbox\""]);
        wait(&mut daemon, &["new case, not acknowledged"]);
        let mut queue = String::new();
        for _ in 0..300 {
            queue = String::from_utf8(daemon.command(&["queue", "list", "--json"]).stdout).unwrap();
            if !queue.contains(&customer(2)) {
                break;
            }
        }
        assert!(!queue.contains(&customer(2)), "it was answered: {queue}\n{}", daemon.log.join("\n"));
        acknowledged(&shop, &daemon, 3);
        assert!(daemon.stop().success());
    });
    assert_eq!([0, 1, 2, 3].map(|n| copies(&shop, n)), [1; 4], "nobody is acknowledged a second time");
}
