//! Time and randomness as arguments, so that a test can hold both.

use async_trait::async_trait;
use jiff::Timestamp;

/// The time of day.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Returns at or soon after `at`; at once when it is past.
    async fn sleep_until(&self, at: Timestamp);
}

/// Random bits from the operating system, or a fixed row of them.
pub trait Ids: Send + Sync {
    /// 64 random bits.
    fn bits(&self) -> u64;

    /// 32 hexadecimal digits for a record entry's salt or an anonymous id.
    fn salt(&self) -> String {
        format!("{:016x}{:016x}", self.bits(), self.bits())
    }
}
