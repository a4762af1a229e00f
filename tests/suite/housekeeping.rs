//! The worker that keeps the store in order, with a clock held by hand.

use std::sync::Arc;

use guichet::daemon::housekeeping::{Housekeeping, Retention};
use guichet::daemon::{Alarms, Heartbeats};
use guichet::ports::store::StoreError;
use guichet::ports::{Clock, Store};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::store_contract::Backend as _;
use crate::store_sled::SledBackend;
use crate::support::PATIENCE;
use crate::support::clock::ManualClock;
use crate::support::letter::{Letter, MAILBOX};
use crate::support::watched::WatchedStore;

struct Bench {
    _backend: SledBackend,
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
        let clock = Arc::new(ManualClock::new());
        let alarms = Alarms::new(clock.clone() as Arc<dyn Clock>);
        Self { _backend: backend, store, clock, alarms, stop: CancellationToken::new() }
    }

    fn start(&self) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let heartbeat = Heartbeats::new(Arc::clone(&clock)).register("housekeeping", SignedDuration::from_secs(100));
        let retention = Retention { raw_days: 90, automated_days: 90, closed_days: 1095 };
        let worker = Housekeeping { store: self.store.clone(), retention, clock, alarms: self.alarms.clone() };
        tokio::spawn(worker.run(heartbeat, self.stop.clone()));
    }

    /// Lets time pass until something is so.
    async fn until(&self, what: impl AsyncFn() -> bool) {
        let waiting = async {
            while !what().await {
                self.clock.advance(SignedDuration::from_secs(60));
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to pass");
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
    bench.until(async || bench.alarms.list().iter().any(|alarm| alarm.sentence.contains("the disk is full"))).await;
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
