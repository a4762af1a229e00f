//! How long the daemon takes from its start to watching, with many cases in its store: ten thousand in the long run
//! (`GUICHET_LONG=1`), some in the short one. Time is judged only of a release build, which `GUICHET_BINARY` names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use guichet::adapters::identity;
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::domain::outgoing::AttemptOutcome;
use guichet::ports::Store;
use jiff::Timestamp;

use crate::support::daemon::Daemon;
use crate::support::ids::CountingIds;
use crate::support::letter::{Letter, MAILBOX};

/// Twice what `docs/guarantees.md` states: the long run fails beyond.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages stored at a time: they share a sync.
const AT_ONCE: u32 = 64;

/// Cases with message, original, draft, acknowledgement (sent) and record.
async fn fill(data: &std::path::Path, cases: u32) {
    let store = SledStore::open(data, &SledSettings::default(), Arc::new(CountingIds::default())).unwrap().0;
    identity::load_or_create(data, true).unwrap();
    for begin in (1..=cases).step_by(AT_ONCE as usize) {
        let mut storing = tokio::task::JoinSet::new();
        for n in begin..(begin + AT_ONCE).min(cases + 1) {
            let store = store.clone();
            storing.spawn(async move {
                let letter = Letter::new(n).from(&format!("p{n}@d{n}.example"));
                store.keep_raw(letter.key(), letter.message.text.as_bytes()).await.unwrap();
                let intake = letter.prepare(&store).await;
                store.record(&store.lease(MAILBOX).await.unwrap(), intake).await.unwrap();
            });
        }
        storing.join_all().await;
        acknowledge(&store, Letter::new(begin + AT_ONCE).at).await;
    }
    let kept = store.overview().await.unwrap();
    assert_eq!((kept.messages, kept.outbox.get("sent")), (u64::from(cases), Some(&u64::from(cases))));
}

async fn acknowledge(store: &SledStore, now: Timestamp) {
    let lease = store.lease(MAILBOX).await.unwrap();
    let mut sending = tokio::task::JoinSet::new();
    for mail in store.claim_due(&lease, now, AT_ONCE as usize).await.unwrap() {
        let (store, lease) = (store.clone(), lease.clone());
        sending.spawn(async move {
            store.mark_committing(&lease, &mail.id).await.unwrap();
            let accepted = AttemptOutcome::Accepted { response: "250 2.0.0 queued".into() };
            store.finish(&lease, &mail.id, accepted, now).await.unwrap();
        });
    }
    sending.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_with_many_cases_is_soon_back() {
    let long = std::env::var_os("GUICHET_LONG").is_some();
    let cases = if long { 10_000 } else { 200 };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(root.join("inbox").join(part)).unwrap();
    }
    let config = root.join("guichet.toml");
    let text = format!(
        "data_dir = {data:?}\n[[mailbox]]\nname = {MAILBOX:?}\nsource = \"maildir\"\npath = {inbox:?}\n\
         from = \"Shop <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = {out:?}\n[desk]\nlisten = \"off\"\n",
        data = root.join("data"),
        inbox = root.join("inbox"),
        out = root.join("out"),
    );
    std::fs::write(&config, text).unwrap();
    fill(&root.join("data"), cases).await;
    let begun = Instant::now();
    let mut daemon = Daemon::start(&config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    let took = begun.elapsed();
    let output = daemon.command(&["queue", "list", "--json"]);
    let queue: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(queue["waiting"], cases);
    assert!(daemon.stop().success());
    println!("{cases} cases in the store: watching {:.1} s after the start of the process", took.as_secs_f64());
    let judged = long && std::env::var_os("GUICHET_BINARY").is_some();
    assert!(!judged || took < LONGEST, "{took:?}");
}
