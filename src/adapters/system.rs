//! The operating system's clock and random numbers.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::{Clock, Ids};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO);
        tokio::time::sleep(wait).await;
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn bits(&self) -> u64 {
        #[allow(
            clippy::expect_used,
            reason = "getrandom fails only before the kernel's pool is ready; no secret may be made then"
        )]
        getrandom::u64().expect("the operating system gives random numbers")
    }
}
