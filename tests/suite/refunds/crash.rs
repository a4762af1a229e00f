//! The daemon is killed around the telling: the notice arrives all the same, and always under one key.

use std::path::Path;

use guichet::domain::CaseId;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::ports::store::{Decision, Lease};
use guichet::ports::{RefundNotice, Store};
use jiff::Timestamp;

use crate::store_sled::open;
use crate::support::daemon::{Daemon, Seen};
use crate::support::letter::{Letter, MAILBOX, reply};
use crate::support::scripted_http::HttpServer;

/// A case whose refund was accepted; returns its reference.
pub(super) async fn accept(store: &(dyn Store + '_), lease: &Lease, at: Timestamp) -> CaseId {
    let intake = Letter::new(1).at(at).prepare(store).await;
    store.record(lease, intake).await.unwrap();
    let case = store.case(&Letter::new(1).case_id()).await.unwrap();
    let mail = Box::new(reply(&case, 1, at));
    let refund = Some(Box::new(RefundNotice { case: case.id.clone(), approved_at: at, ..super::notice() }));
    let decision = Decision::Approve { mail, asks: false, timers: Vec::new(), refund, promises: Vec::new() };
    store.decide(&case.id, case.revision, decision, "ana", at).await.unwrap();
    case.id
}

/// Its reply leaves.
pub(super) async fn send(store: &(dyn Store + '_), lease: &Lease, at: Timestamp) {
    for mail in store.claim_due(lease, at, 9).await.unwrap() {
        store.mark_committing(lease, &mail.id).await.unwrap();
        let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
        store.finish(lease, &mail.id, accepted, at).await.unwrap();
    }
}

fn configure(root: &Path, url: &str) -> std::path::PathBuf {
    for part in ["inbox/new", "inbox/cur", "inbox/tmp"] {
        std::fs::create_dir_all(root.join(part)).unwrap();
    }
    let config = root.join("guichet.toml");
    let text = format!(
        "data_dir = {data:?}\n[[mailbox]]\nname = {MAILBOX:?}\nsource = \"maildir\"\npath = {inbox:?}\n\
         from = \"Shop <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = {outbox:?}\n\
         [refunds]\nwebhook = {{ url = {url:?}, secret = {{ env = \"GUICHET_TEST_SECRET\" }} }}\n[desk]\nlisten = \"off\"\n",
        data = root.join("data"),
        inbox = root.join("inbox"),
        outbox = root.join("outbox"),
    );
    std::fs::write(&config, text).unwrap();
    config
}

fn daemon(config: &Path, failpoint: Option<&str>) -> Daemon {
    Daemon::start_with(config, |command| {
        command.env("GUICHET_TEST_SECRET", "s3cret");
        if let Some(point) = failpoint {
            command.env("GUICHET_FAILPOINT", point);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_around_the_telling_the_notice_arrives_under_one_key() {
    for (point, heard) in [("refund-claimed", 1), ("refund-told", 2)] {
        let server = HttpServer::start().await;
        let root = tempfile::tempdir().unwrap();
        let config = configure(root.path(), &server.url("/refunds"));
        let now = Timestamp::now();
        let case = {
            std::fs::create_dir_all(root.path().join("data")).unwrap();
            let store = open(&root.path().join("data"));
            guichet::adapters::identity::load_or_create(&root.path().join("data"), true).unwrap();
            let lease = store.lease(MAILBOX).await.unwrap();
            let case = accept(&store, &lease, now).await;
            send(&store, &lease, now).await;
            case
        };
        tokio::task::block_in_place(|| {
            let mut first = daemon(&config, Some(point));
            assert_eq!(first.wait_line(&["no such line"]), Seen::Ended, "{point}");
            let mut second = daemon(&config, None);
            let taken = second.wait_line(&["refund notice taken"]);
            assert!(matches!(taken, Seen::Line(_)), "{point}:\n{}", second.log.join("\n"));
            assert!(second.stop().success());
        });
        let asked = server.asked();
        assert_eq!(asked.len(), heard, "{point}");
        assert!(asked.iter().all(|one| one.header("idempotency-key") == asked[0].header("idempotency-key")));
        assert!(asked.iter().all(|one| one.body == asked[0].body), "{point}: the same bytes");
        let file = open(&root.path().join("data")).case_file(&case).await.unwrap();
        assert_eq!((file.notices[0].state.name(), file.notices[0].attempts), ("told", 2), "{point}");
    }
}
