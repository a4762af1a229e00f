//! How long opening may take. A slow disk and a damaged database look alike from outside: the first start that runs
//! out of time gives up and touches nothing, the next one waits longer and then takes the database for damaged.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::adapters::durable;

/// There while the last start ran out of time.
const SLOW: &str = "store.slow";
/// So many times as long the next start waits.
const LONGER: u32 = 4;

/// How long this start waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    pub(super) limit: Duration,
    /// The start before ran out of time as well.
    pub(super) is_last: bool,
}

impl Patience {
    pub(super) fn of(data_dir: &Path, limit: Duration) -> Self {
        let is_last = data_dir.join(SLOW).exists();
        Self { limit: if is_last { limit.saturating_mul(LONGER) } else { limit }, is_last }
    }

    /// It ran out; what the next start is to know. Says so for the operator.
    pub(super) fn ran_out(self, data_dir: &Path) -> io::Result<String> {
        durable::write(data_dir, SLOW, b"")?;
        Ok(format!(
            "the store in {} did not open within {} s: look whether its disk is slow or busy. Nothing was touched; the next \
             start waits {} s before it takes the store for damaged",
            data_dir.display(),
            self.limit.as_secs(),
            self.limit.saturating_mul(LONGER).as_secs()
        ))
    }

    /// It opened, or is taken for damaged.
    pub(super) fn settle(data_dir: &Path) -> io::Result<()> {
        match std::fs::remove_file(data_dir.join(SLOW)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
