//! The worker that keeps the store in order, with a clock held by hand.

use std::sync::Arc;

use guichet::daemon::housekeeping::{Housekeeping, Retention};
use guichet::daemon::{Alarms, Heartbeats};
use guichet::domain::MessageLocation;
use guichet::domain::outgoing::AttemptOutcome;
use guichet::domain::position::FolderRole;
use guichet::ports::store::{Quarantine, StoreError};
use guichet::ports::{Clock, Store};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::store_contract::Backend as _;
use crate::store_sled::{SledBackend, noise};
use crate::support::PATIENCE;
use crate::support::clock::ManualClock;
use crate::support::letter::{Letter, MAILBOX, folder, mark};
use crate::support::watched::WatchedStore;

struct Bench {
    backend: SledBackend,
    store: Arc<WatchedStore>,
    clock: Arc<ManualClock>,
    alarms: Alarms,
    stop: CancellationToken,
}

impl Bench {
    async fn new(letter: &Letter) -> Self {
        let backend = SledBackend::new();
        let store = Arc::new(WatchedStore::new(backend.open()));
        let lease = store.lease(MAILBOX).await.unwrap();
        store.keep_raw(letter.key(), b"raw").await.unwrap();
        let intake = letter.prepare(store.as_ref()).await;
        store.record(&lease, intake).await.unwrap();
        // Sent long ago: what is due is an alarm of its own.
        for mail in store.claim_due(&lease, letter.at, 9).await.unwrap() {
            store.mark_committing(&lease, &mail.id).await.unwrap();
            let accepted = AttemptOutcome::Accepted { response: "250 ok".into() };
            store.finish(&lease, &mail.id, accepted, letter.at).await.unwrap();
        }
        let clock = Arc::new(ManualClock::new());
        let alarms = Alarms::new(clock.clone() as Arc<dyn Clock>);
        Self { backend, store, clock, alarms, stop: CancellationToken::new() }
    }

    fn start(&self) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let heartbeat = Heartbeats::new(Arc::clone(&clock)).register("housekeeping", SignedDuration::from_secs(100));
        let retention = Retention { raw_days: 90, automated_days: 90, closed_days: 1095 };
        let (store, alarms) = (self.store.clone(), self.alarms.clone());
        let worker = Housekeeping { store, retention, mailboxes: vec![MAILBOX.into()], clock, alarms };
        tokio::spawn(worker.run(heartbeat, self.stop.clone()));
    }

    /// Lets time pass until something is so and stays so.
    async fn until(&self, what: impl AsyncFn() -> bool) {
        self.until_after(SignedDuration::from_secs(60), what).await;
    }

    /// Waits until something is so and lets no time pass: what ends with the worker's next round is not missed.
    async fn until_now(&self, what: impl AsyncFn() -> bool) {
        self.until_after(SignedDuration::ZERO, what).await;
    }

    async fn until_after(&self, steps: SignedDuration, what: impl AsyncFn() -> bool) {
        let waiting = async {
            while !what().await {
                self.clock.advance(steps);
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "it does not come to pass; the alarms: {:?}", self.alarms);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn originals_run_out_by_themselves_and_not_before() {
    let letter = Letter::new(1);
    let bench = Bench::new(&letter).await;
    let kept = async || bench.store.raw(letter.key()).await.unwrap().is_some();
    bench.start();
    bench.clock.advance(SignedDuration::from_hours(24 * 90));
    bench.store.quiet().await;
    assert!(kept().await, "the ninetieth day is not over");
    bench.clock.advance(SignedDuration::from_hours(24));
    bench.until(async || !kept().await).await;
    assert_eq!(bench.store.case_file(&letter.case_id()).await.unwrap().messages.len(), 1, "only the original goes");
    bench.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_in_trouble_is_an_alarm_until_it_is_well() {
    let bench = Bench::new(&Letter::new(1)).await;
    bench.store.fail_once("heal", StoreError::Temporary("the disk is full".into()));
    bench.start();
    bench.until_now(async || bench.alarms.list().iter().any(|alarm| alarm.sentence.contains("the disk is full"))).await;
    bench.until(async || bench.alarms.list().is_empty()).await;
    bench.stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_is_an_alarm_until_it_is_dismissed() {
    let bench = Bench::new(&Letter::new(1)).await;
    bench.store.roll_back(bench.clock.now(), "the store is older").await.unwrap();
    bench.start();
    bench.until(async || bench.alarms.list().iter().any(|alarm| alarm.sentence == "the store is older")).await;
    bench.store.dismiss_loss().await.unwrap();
    bench.until(async || bench.alarms.list().is_empty()).await;
    bench.stop.cancel();
}

/// Long after the sample letter, whose original runs out in the worker's first round.
async fn long_after() -> (Bench, Letter) {
    let letter = Letter::new(1);
    let bench = Bench::new(&letter).await;
    bench.clock.advance(SignedDuration::from_hours(24 * 100));
    (bench, letter)
}

impl Bench {
    /// Starts the worker; its first round is over when this returns, and no time has passed.
    async fn first_round(&self, letter: &Letter) {
        self.start();
        // What is kept long enough goes last in a round.
        self.until_now(async || self.store.raw(letter.key()).await.unwrap().is_none()).await;
    }

    fn told(&self, key: &str) -> bool {
        self.alarms.list().iter().any(|alarm| alarm.key == key)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_is_due_and_does_not_leave_is_an_alarm() {
    let overdue = format!("oldest {MAILBOX}");
    for (seconds, wanted) in [(15 * 60, false), (15 * 60 + 1, true)] {
        let (bench, letter) = long_after().await;
        let due = Letter::new(2).from("tom@other.example").at(bench.clock.now() - SignedDuration::from_secs(seconds));
        let lease = bench.store.lease(MAILBOX).await.unwrap();
        let intake = due.prepare(bench.store.as_ref()).await;
        bench.store.record(&lease, intake).await.unwrap();
        bench.first_round(&letter).await;
        assert_eq!(bench.told(&overdue), wanted, "{seconds}: {:?}", bench.alarms.list());
        bench.store.cancel(&due.acknowledgement_id(), "enough", "rita", bench.clock.now()).await.unwrap();
        bench.until(async || !bench.told(&overdue)).await;
        bench.stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_given_up_is_an_alarm_over_a_weekend() {
    for (seconds, wanted) in [(72 * 3600, false), (72 * 3600 - 1, true)] {
        let (bench, letter) = long_after().await;
        let quarantine = Quarantine {
            location: MessageLocation { folder: folder(FolderRole::Inbox), name: "1/9".into() },
            position: mark("9"),
            why: "garbage".into(),
            given_up: true,
            at: bench.clock.now() - SignedDuration::from_secs(seconds),
        };
        let lease = bench.store.lease(MAILBOX).await.unwrap();
        bench.store.pass_over(&lease, quarantine).await.unwrap();
        bench.first_round(&letter).await;
        assert_eq!(bench.told("quarantine"), wanted, "{seconds}: {:?}", bench.alarms.list());
        bench.until(async || !bench.told("quarantine")).await;
        bench.stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_text_is_told_before_anybody_needs_it_and_until_it_is_whole() {
    let bench = Bench::new(&Letter::new(1).saying(&noise(20_000))).await;
    let file = std::fs::read_dir(bench.backend.data_dir().join("texts")).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    bench.start();
    bench.until(async || bench.told("texts")).await;
    let alarms = bench.alarms.list();
    assert!(alarms.iter().any(|alarm| alarm.sentence.contains(&file.display().to_string())), "{alarms:?}");
    std::fs::write(&file, whole).unwrap();
    bench.until(async || !bench.told("texts")).await;
    bench.stop.cancel();
}
