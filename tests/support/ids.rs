//! Random numbers that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use guichet::ports::Ids;

/// 1, 2, 3…
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn bits(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}
