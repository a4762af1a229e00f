//! The process dies in the window in which a second copy is possible, and again in the repetition: never a third.

use std::path::Path;

use super::{LETTERS, Shop};
use crate::support::daemon::{Daemon, Seen};
use crate::support::scripted_smtp::SmtpServer;
use guichet::domain::outgoing::Stage;
use guichet::domain::{DeliveryState, OutgoingMail};
use guichet::ports::Store;
use guichet::ports::store::OutboxFilter;

/// The body is about to leave: the server has nothing yet.
const BEFORE_THE_BODY: &str = "deliver-committing";
/// The server took it, and nothing says so yet.
const AFTER_THE_DOT: &str = "deliver-accepted";

/// Its quarter of an hour of doubt is over in one and a half seconds.
pub(super) fn fast(config: &Path, failpoint: Option<&str>) -> Daemon {
    Daemon::start_with(config, |command| {
        command.env("GUICHET_CLOCK_SPEED", "600");
        if let Some(point) = failpoint {
            command.env("GUICHET_FAILPOINT", point);
        }
    })
}

/// One letter: the daemon dies sending its acknowledgement, and again repeating it where a second point is named.
/// Then as long as something is left to do by itself.
async fn dies(first: &str, second: Option<&str>) -> (OutgoingMail, usize) {
    let server = SmtpServer::start().await;
    let shop = Shop::new(server.port);
    tokio::task::block_in_place(|| {
        let mut daemon = Daemon::start(&shop.config, Some(first));
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        shop.deliver(LETTERS[0]);
        assert!(!daemon.exit().success(), "{first} was not reached");
        if second.is_some() {
            assert!(!fast(&shop.config, second).exit().success(), "nothing was repeated");
        }
        let mut daemon = fast(&shop.config, None);
        let resolved = daemon.wait_line(&["could not be proven"]);
        assert!(matches!(resolved, Seen::Line(_)), "{}", daemon.log.join("\n"));
        if second.is_none() {
            assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)));
        }
        assert!(daemon.stop().success(), "{}", daemon.log.join("\n"));
    });
    let store = crate::store_sled::open(&shop.path().join("data"));
    let mut outbox = store.outbox(OutboxFilter::Latest(9)).await.unwrap();
    assert_eq!(outbox.len(), 1);
    let mail = outbox.remove(0);
    let id = format!("Message-ID: {}", mail.message_id);
    let taken: Vec<_> = server.taken().into_iter().map(|copy| copy.bytes).collect();
    assert!(taken.iter().all(|copy| String::from_utf8_lossy(copy).contains(&id)), "nothing else was sent");
    assert!(taken.windows(2).all(|pair| pair[0] == pair[1]), "the copies are the same to the byte");
    (mail, taken.len())
}

/// A mail is in doubt after a crash; its time is over, and `kill -9` strikes in what follows. How many second copies there
/// are when nothing is left to do by itself.
pub(super) async fn by_chance(shop: &Shop, server: &SmtpServer, spins: u64) -> usize {
    let outbox = || async {
        let store = crate::store_sled::open(&shop.path().join("data"));
        store.outbox(OutboxFilter::Latest(usize::MAX)).await.unwrap()
    };
    let in_doubt = |mail: &&OutgoingMail| matches!(mail.state, DeliveryState::InDoubt { .. });
    let doubt = outbox().await.iter().find(in_doubt).map(|mail| mail.id.clone()).expect("a mail in doubt");
    tokio::task::block_in_place(|| {
        let mut daemon = fast(&shop.config, None);
        assert!(matches!(daemon.wait_line(&["could not be proven"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
        (0..spins).for_each(|_| std::hint::spin_loop());
        daemon.kill();
    });
    let left = outbox().await.into_iter().find(|mail| mail.id == doubt).unwrap();
    let next = match left.state {
        DeliveryState::Pending { .. } | DeliveryState::Attempting { stage: Stage::Dialling, .. } => Some("accepted"),
        DeliveryState::Attempting { stage: Stage::Committing, .. } => Some("could not be proven"),
        _ => None,
    };
    tokio::task::block_in_place(|| {
        let mut daemon = fast(&shop.config, None);
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        let seen = next.map(|words| daemon.wait_line(&[words]));
        assert!(seen != Some(Seen::Ended), "{next:?}: {}", daemon.log.join("\n"));
        assert!(daemon.stop().success());
    });
    let mut second = 0;
    for mail in outbox().await {
        let id = format!("Message-ID: {}", mail.message_id);
        let mut copies: Vec<_> = server.taken().into_iter().map(|copy| copy.bytes).collect();
        copies.retain(|copy| String::from_utf8_lossy(copy).contains(&id));
        assert!(copies.len() <= if mail.id == doubt { 2 } else { 1 }, "{id}: {} copies", copies.len());
        assert!(copies.windows(2).all(|pair| pair[0] == pair[1]), "{id}: the copies are the same to the byte");
        second += copies.len().saturating_sub(1);
    }
    second
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_dot_makes_one_second_copy() {
    let (mail, copies) = dies(AFTER_THE_DOT, None).await;
    assert_eq!((mail.state.name(), mail.resends, copies), ("sent", 1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_body_loses_nothing() {
    let (mail, copies) = dies(BEFORE_THE_BODY, None).await;
    assert_eq!((mail.state.name(), mail.resends, copies), ("sent", 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_the_repetition_makes_no_third_copy() {
    let (mail, copies) = dies(AFTER_THE_DOT, Some(AFTER_THE_DOT)).await;
    assert_eq!((mail.state.name(), mail.resends, copies), ("held", 1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_left_is_held_after_two_crashes() {
    let (mail, copies) = dies(BEFORE_THE_BODY, Some(BEFORE_THE_BODY)).await;
    assert_eq!((mail.state.name(), mail.resends, copies), ("held", 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_behind_the_filing_of_a_copy_files_no_second() {
    let server = SmtpServer::start().await;
    let shop = Shop::new(server.port);
    let copies = || {
        let files = |part: &&str| std::fs::read_dir(shop.path().join("sent").join(part)).unwrap().count();
        ["new", "cur"].iter().map(files).sum::<usize>()
    };
    tokio::task::block_in_place(|| {
        let mut daemon = fast(&shop.config, Some("filed-copy"));
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        shop.deliver(LETTERS[0]);
        let case = loop {
            if let Some((case, _)) = super::waiting_case(&daemon, LETTERS[0]) {
                break case;
            }
        };
        super::approve_first(&daemon);
        assert!(!daemon.exit().success(), "the copy was not filed");
        assert_eq!(copies(), 1);
        let mut daemon = fast(&shop.config, None);
        assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
        let filed = || {
            let shown = daemon.command(&["case", "show", &case, "--json"]).stdout;
            String::from_utf8(shown).unwrap().contains("\"filed\"")
        };
        while !filed() {}
        assert!(daemon.stop().success());
    });
    assert_eq!(copies(), 1, "it was looked for before it was filed");
}
