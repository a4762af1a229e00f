//! The time of the mail that is played.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::Clock;

/// Stands at one moment until it is set to another.
#[derive(Debug, Default)]
pub struct ReplayClock(Mutex<Timestamp>);

impl ReplayClock {
    /// Now it is this late.
    pub fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    }
}

#[async_trait]
impl Clock for ReplayClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.set(at.max(self.now()));
    }
}
