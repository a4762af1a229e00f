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
        faster::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let wait = Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO);
        tokio::time::sleep(wait / faster::speed()).await;
    }
}

/// `GUICHET_CLOCK_SPEED=600` lets a quarter of an hour pass in one and a half seconds, from the first look at the clock
/// on, so that a test of the binary meets what follows a doubt. Only builds with debug assertions look at
/// the variable.
#[cfg(debug_assertions)]
mod faster {
    use std::sync::OnceLock;

    use jiff::Timestamp;

    pub(super) fn speed() -> u32 {
        static SPEED: OnceLock<u32> = OnceLock::new();
        let wanted = || std::env::var("GUICHET_CLOCK_SPEED").ok()?.parse().ok().filter(|speed| *speed > 0);
        *SPEED.get_or_init(|| wanted().unwrap_or(1))
    }

    pub(super) fn now() -> Timestamp {
        static BEGUN: OnceLock<Timestamp> = OnceLock::new();
        let now = Timestamp::now();
        if speed() == 1 {
            return now;
        }
        let begun = *BEGUN.get_or_init(|| now);
        let passed = now.duration_since(begun).saturating_mul(i32::try_from(speed()).unwrap_or(i32::MAX));
        begun.checked_add(passed).unwrap_or(now)
    }
}

#[cfg(not(debug_assertions))]
mod faster {
    use jiff::Timestamp;

    pub(super) fn speed() -> u32 {
        1
    }

    pub(super) fn now() -> Timestamp {
        Timestamp::now()
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
