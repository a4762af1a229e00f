//! Signs of life of the workers: systemd's watchdog is fed only while every one of them is fresh.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// All workers that have to give signs of life. Clones share them.
#[derive(Clone)]
pub struct Heartbeats {
    clock: Arc<dyn Clock>,
    workers: Arc<Mutex<BTreeMap<String, Beat>>>,
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    last: Timestamp,
    within: SignedDuration,
}

impl Heartbeats {
    /// No worker yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, workers: Arc::default() }
    }

    /// A worker that promises to beat at least once `within` each such time. Its first beat is now.
    pub fn register(&self, worker: impl Into<String>, within: SignedDuration) -> Heartbeat {
        let worker = worker.into();
        let beat = Beat { last: self.clock.now(), within };
        self.lock().insert(worker.clone(), beat);
        Heartbeat { worker, within, heartbeats: self.clone() }
    }

    /// Whether every worker kept its promise.
    pub fn all_fresh(&self, now: Timestamp) -> bool {
        self.lock().values().all(|beat| beat.is_fresh(now))
    }

    /// Names of the workers that did not.
    pub fn stale(&self, now: Timestamp) -> Vec<String> {
        let workers = self.lock();
        workers.iter().filter(|(_, beat)| !beat.is_fresh(now)).map(|(name, _)| name.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Beat>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Beat {
    /// A beat far in the future is as wrong as one long past: the machine's clock was set back.
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.last).abs() <= self.within
    }
}

/// One worker's sign of life. A worker that dies without [`Heartbeat::retire`] stays in the list and
/// goes stale: that is the point.
pub struct Heartbeat {
    worker: String,
    within: SignedDuration,
    heartbeats: Heartbeats,
}

impl Heartbeat {
    /// The worker is alive and well.
    pub fn beat(&self) {
        let now = self.heartbeats.clock.now();
        if let Some(beat) = self.heartbeats.lock().get_mut(&self.worker) {
            beat.last = now;
        }
    }

    /// The latest instant a wait may last to before the next beat: half the promise from now.
    pub fn next(&self) -> Timestamp {
        let now = self.heartbeats.clock.now();
        now.checked_add(self.within / 2).unwrap_or(now)
    }

    /// Beats while `work` runs. Only for work that ends by itself, as every network step with its
    /// time-out does: a hung one would look alive.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            self.beat();
            tokio::select! {
                biased;
                result = &mut work => {
                    self.beat();
                    return result;
                }
                () = self.heartbeats.clock.sleep_until(self.next()) => {}
            }
        }
    }

    /// A second sign of life for a part of the same worker, with the same promise.
    pub fn beside(&self, part: &str) -> Heartbeat {
        self.heartbeats.register(format!("{} {part}", self.worker), self.within)
    }

    /// The worker ends in good order.
    pub fn retire(self) {
        self.heartbeats.lock().remove(&self.worker);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use async_trait::async_trait;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    #[async_trait]
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
        }

        async fn sleep_until(&self, at: Timestamp) {
            self.0.store(at.as_second(), Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_silent_worker_goes_stale_and_a_retired_one_does_not() {
        let clock = Arc::new(Hand::default());
        let heartbeats = Heartbeats::new(clock.clone());
        let one = heartbeats.register("deliver support", SignedDuration::from_secs(30));
        let two = heartbeats.register("watch support", SignedDuration::from_secs(30));
        clock.0.store(31, Ordering::SeqCst);
        one.beat();
        assert_eq!(heartbeats.stale(clock.now()), ["watch support"]);
        two.retire();
        assert!(heartbeats.all_fresh(clock.now()));
        drop(one);
        assert!(!heartbeats.all_fresh(clock.now().checked_add(SignedDuration::from_secs(31)).unwrap()));
    }

    #[test]
    fn a_clock_set_back_does_not_hide_a_dead_worker() {
        let clock = Arc::new(Hand::default());
        clock.0.store(10_000, Ordering::SeqCst);
        let heartbeats = Heartbeats::new(clock.clone());
        let _worker = heartbeats.register("watch", SignedDuration::from_secs(30));
        assert!(!heartbeats.all_fresh(Timestamp::UNIX_EPOCH));
    }

    #[tokio::test]
    async fn long_work_is_covered_by_beats() {
        let clock = Arc::new(Hand::default());
        let heartbeats = Heartbeats::new(clock.clone());
        let worker = heartbeats.register("deliver", SignedDuration::from_secs(30));
        let mut freshness = Vec::new();
        let work = async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
                freshness.push(heartbeats.all_fresh(clock.now()));
            }
        };
        worker.during(work).await;
        assert!(clock.now().as_second() > 60, "the clock stood still");
        assert!(freshness.iter().all(|fresh| *fresh));
    }
}
