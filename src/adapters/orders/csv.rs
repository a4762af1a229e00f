//! Orders from a CSV file that the shop's system writes. The file is looked at every few seconds while somebody asks;
//! a new version takes the old one's place whole or not at all.

mod table;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::{info, warn};

use self::table::Table;
use super::fields::{Field, Formats};
use crate::domain::Order;
use crate::ports::{OrderQuery, Orders, OrdersError};

pub use self::text::Encoding;

/// The file is looked at no more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A file that replaces a good one is read once it has stood still for so long.
const SETTLED: Duration = Duration::from_secs(2);
/// A larger file is a mistake.
const LARGEST: u64 = 1 << 30;

/// Where the file lies and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvSettings {
    /// The file.
    pub file: PathBuf,
    /// Between two columns; `None` is found out from the header.
    pub separator: Option<u8>,
    /// Its character set; `None` is found out.
    pub encoding: Option<Encoding>,
    /// Header names by field; a field that is not named here stands under its own name.
    pub columns: BTreeMap<Field, String>,
    /// Dates and amounts.
    pub formats: Formats,
}

/// The CSV order source. Clones share the table.
#[derive(Clone)]
pub struct CsvOrders {
    shared: Arc<Shared>,
    /// One look at a time.
    looking: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

struct Shared {
    settings: CsvSettings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last good table.
    table: Option<Arc<Table>>,
    /// The version of the file that it came from.
    good: Option<Stamp>,
    /// A version that could not be read.
    bad: Option<Stamp>,
    /// A version seen, and since when it stands still.
    seen: Option<(Stamp, Instant)>,
    trouble: Option<String>,
}

/// What changes with every version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let meta = fs::metadata(path)?;
        Ok(Self { modified: meta.modified()?, bytes: meta.len(), inode: meta.ino() })
    }
}

impl CsvOrders {
    /// A source that reads its file when it is asked first.
    pub fn new(settings: CsvSettings) -> Self {
        let shared = Shared { settings, state: Mutex::default() };
        Self { shared: Arc::new(shared), looking: Arc::default() }
    }

    async fn refresh(&self) {
        let mut looked = self.looking.lock().await;
        if looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        // Who waits no longer leaves the reading to finish: the next one finds it done.
        if tokio::task::spawn_blocking(move || shared.look()).await.is_err() {
            self.shared.lock().trouble = Some(self.shared.sentence("the reader failed on it"));
        }
        *looked = Some(Instant::now());
    }
}

#[async_trait]
impl Orders for CsvOrders {
    async fn find(&self, query: &OrderQuery) -> Result<Vec<Order>, OrdersError> {
        self.refresh().await;
        let (table, trouble) = {
            let state = self.shared.lock();
            (state.table.clone(), state.trouble.clone())
        };
        let found = table.map_or(Ok(Vec::new()), |table| table.find(query)).map_err(OrdersError::Permanent)?;
        match trouble {
            // The order may stand in the version that cannot be read.
            Some(trouble) if found.is_empty() => Err(OrdersError::Temporary(trouble)),
            _ => Ok(found),
        }
    }

    async fn trouble(&self) -> Option<String> {
        self.refresh().await;
        self.shared.lock().trouble.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sentence(&self, what: &str) -> String {
        format!("the order file {}: {what}", self.settings.file.display())
    }

    /// Looks whether there is a new version, and takes it when it is whole.
    fn look(&self) {
        let stamp = match Stamp::of(&self.settings.file) {
            Ok(stamp) => stamp,
            Err(error) => return self.failed(None, &format!("cannot be read: {error}")),
        };
        let now = Instant::now();
        {
            let mut state = self.lock();
            if state.good == Some(stamp) {
                state.trouble = None;
                return;
            }
            if state.bad == Some(stamp) {
                return;
            }
            if state.table.is_some() {
                let since = state.seen.filter(|(seen, _)| *seen == stamp).map(|(_, since)| since);
                state.seen = Some((stamp, since.unwrap_or(now)));
                if since.is_none_or(|since| now.duration_since(since) < SETTLED) {
                    return;
                }
            }
        }
        match self.read(stamp) {
            Ok(table) => {
                info!(file = %self.settings.file.display(), rows = table.rows(), "orders read");
                let mut state = self.lock();
                *state = State { table: Some(Arc::new(table)), good: Some(stamp), ..State::default() };
            }
            Err(what) => self.failed(Some(stamp), &what),
        }
    }

    fn read(&self, stamp: Stamp) -> Result<Table, String> {
        if stamp.bytes > LARGEST {
            return Err(format!("it is larger than {} MiB", LARGEST >> 20));
        }
        let bytes = fs::read(&self.settings.file).map_err(|error| format!("cannot be read: {error}"))?;
        if Stamp::of(&self.settings.file).ok() != Some(stamp) {
            return Err("it is just being written".into());
        }
        let table = Table::read(bytes, &self.settings)?;
        let had_orders = self.lock().table.as_ref().is_some_and(|table| table.rows() > 0);
        if had_orders && table.rows() == 0 {
            return Err("no order is left in it: is it being written?".into());
        }
        Ok(table)
    }

    fn failed(&self, stamp: Option<Stamp>, what: &str) {
        let mut state = self.lock();
        let kept = if state.table.is_some() { " (the last good version stays in use)" } else { "" };
        let sentence = self.sentence(&format!("{what}{kept}"));
        if state.trouble.as_ref() != Some(&sentence) {
            // Cells may hold customers' data: the log has the place, the desk the words.
            warn!(file = %self.settings.file.display(), "the order file could not be taken");
        }
        state.bad = stamp;
        state.trouble = Some(sentence);
    }
}
