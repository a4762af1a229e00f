//! Tokio's clock held by hand, although sockets and a store's threads are at work: time passes only when a
//! test lets it, and only while nobody is busy. So a limit of ten minutes is tried in milliseconds, and
//! what a test says about time does not depend on the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use guichet::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Looks around without anything having happened before time passes on.
const QUIET_ROUNDS: u32 = 40;

/// Who is at work, as far as a test can see it. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    events: AtomicU64,
    busy: AtomicI64,
}

impl Activity {
    /// Something happened.
    pub fn happened(&self) {
        self.0.events.fetch_add(1, Ordering::SeqCst);
    }

    /// Time stands still while the guard lives.
    pub fn busy(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self.clone())
    }

    fn seen(&self) -> (u64, bool) {
        (self.0.events.load(Ordering::SeqCst), self.0.busy.load(Ordering::SeqCst) > 0)
    }
}

/// See [`Activity::busy`].
#[derive(Debug)]
pub struct Busy(Activity);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.fetch_sub(1, Ordering::SeqCst);
        self.0.happened();
    }
}

/// To be made first in a test with `start_paused = true`: from then on time stands still.
pub struct StillTime {
    pub activity: Activity,
    started: Instant,
    // A blocking task keeps tokio from moving the clock by itself; it ends when this is dropped.
    _hold: std::sync::mpsc::Sender<()>,
}

impl StillTime {
    pub fn begin() -> Self {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv().is_err());
        Self { activity: Activity::default(), started: Instant::now(), _hold: hold }
    }

    /// How much time has passed.
    pub fn passed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A clock that tells this time; it begins now.
    pub fn clock(&self) -> Arc<TokioClock> {
        Arc::new(TokioClock { base: Timestamp::now(), started: Instant::now() })
    }

    /// Does the work, and lets a second pass whenever nothing happens; `None` when it is not done after
    /// `at_most` of that time.
    pub async fn during<T>(&self, at_most: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        let end = Instant::now() + at_most;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = self.quiet() => {}
            }
            if Instant::now() >= end {
                return None;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }

    /// Returns once nothing has happened for some rounds.
    async fn quiet(&self) {
        let (mut before, mut rounds) = (self.activity.seen(), 0);
        while rounds < QUIET_ROUNDS {
            tokio::task::yield_now().await;
            let now = self.activity.seen();
            rounds = if now == before && !now.1 { rounds + 1 } else { 0 };
            before = now;
        }
    }
}

/// See [`StillTime::clock`].
pub struct TokioClock {
    base: Timestamp,
    started: Instant,
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap();
        self.base.checked_add(elapsed).unwrap()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = at.duration_since(self.now());
        if wait.is_positive() {
            tokio::time::sleep(wait.unsigned_abs()).await;
        }
    }
}
