//! A clock that stands still until it is moved.

use async_trait::async_trait;
use guichet::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// Starts at an arbitrary morning.
    pub fn new() -> Self {
        Self(watch::Sender::new("2026-03-02T08:00:00Z".parse().unwrap()))
    }

    pub fn advance(&self, by: SignedDuration) {
        self.0.send_modify(|now| *now = now.checked_add(by).unwrap());
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.0.subscribe().wait_for(|now| *now >= at).await.unwrap();
    }
}
