//! The embedded store on sled 0.34: one tree, one writer at a time, one committing thread.
//!
//! A step (`tx.rs`) reads and computes under the writer's lock, is applied as one atomic batch, and is answered
//! once the committing thread (`commit.rs`) has made it durable; many waiting steps share one flush. The log is
//! sequential, so whatever is durable includes everything that it was computed from. Large values and raw mail
//! lie in files beside the database (`files.rs`), durable before the batch that names them.

mod caps;
mod commit;
mod deliver;
mod elsewhere;
mod files;
mod key;
mod locate;
mod look;
mod mark;
mod open;
mod port;
mod position;
mod record;
mod review;
mod rows;
mod timers;
mod tx;
mod withdraw;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use self::commit::Committer;
use self::files::{Raw, Texts};
use self::key::{Key, Table};
pub use self::open::BrokenStore;
use self::tx::{Tx, database_error};
use crate::failpoint;
use crate::ports::Ids;
use crate::ports::store::{Lease, StoreError, StoreResult};

/// One process holds the store, so the right to change a mailbox never moves.
const EPOCH: u64 = 1;

/// How the store runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SledSettings {
    /// Memory for pages read, in bytes.
    pub cache_bytes: u64,
    /// A database that has not opened by then is moved aside.
    pub open_timeout: Duration,
}

impl Default for SledSettings {
    fn default() -> Self {
        Self { cache_bytes: 64 * 1024 * 1024, open_timeout: Duration::from_secs(120) }
    }
}

/// The store on sled.
#[derive(Clone)]
pub struct SledStore {
    inner: Arc<Inner>,
}

/// Fields are dropped in this order: the committing thread ends before the database closes, and the lock goes last.
struct Inner {
    committer: Committer,
    database: sled::Db,
    texts: Texts,
    raw: Raw,
    ids: Arc<dyn Ids>,
    /// The number of the last change applied; who writes it is the only writer.
    gate: RwLock<u64>,
    _lock: File,
}

impl SledStore {
    /// Opens the store in `data_dir`, or makes one. The second value says that an earlier store was damaged and
    /// has been moved aside: alarm the operator, and treat what lies in the mailboxes as history;
    /// [`Store::rebuilt_at`](crate::ports::Store::rebuilt_at) says so from then on.
    ///
    /// Blocks: call it before the daemon's work begins, or from a blocking thread.
    ///
    /// # Errors
    /// When another process uses the folder, a newer program wrote the store, or the disk refuses.
    pub fn open(
        data_dir: &Path,
        settings: &SledSettings,
        ids: Arc<dyn Ids>,
    ) -> Result<(Self, Option<BrokenStore>), StoreError> {
        let opened = open::open(data_dir, settings)?;
        let tree: sled::Tree = (*opened.database).clone();
        let committer = Committer::start(tree, opened.file, opened.mark, opened.last_change)
            .map_err(|error| StoreError::Temporary(format!("cannot start the committing thread: {error}")))?;
        let inner = Inner {
            committer,
            database: opened.database,
            texts: opened.texts,
            raw: opened.raw,
            ids,
            gate: RwLock::new(opened.last_change),
            _lock: opened.lock,
        };
        Ok((Self { inner: Arc::new(inner) }, opened.broken))
    }

    /// Runs a step that changes something and returns once it is durable.
    async fn change<T, S>(&self, step: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let (answer, change) = blocking(move || inner.apply(step)).await?;
        if let Some(change) = change {
            self.inner.committer.wait(change).await?;
        }
        Ok(answer)
    }

    /// Like [`Self::change`], for the holder of a mailbox only.
    async fn change_leased<T, S>(&self, lease: &Lease, step: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        check(lease)?;
        self.change(step).await
    }

    /// Reads a consistent state.
    async fn look<T, S>(&self, look: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let _reading = inner.gate.read().unwrap_or_else(PoisonError::into_inner);
            look(&inner.tx())
        })
        .await
    }
}

impl Inner {
    fn tx(&self) -> Tx<'_> {
        Tx::new(&self.database, &self.texts, self.ids.as_ref())
    }

    /// Computes a step under the lock and applies it whole; its number is there when it changed anything.
    fn apply<T>(&self, step: impl FnOnce(&mut Tx<'_>) -> StoreResult<T>) -> StoreResult<(T, Option<u64>)> {
        // A step that panicked applied nothing, so the lock guards no half-made state.
        let mut last = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.committer.healthy()?;
        let mut tx = self.tx();
        let answer = step(&mut tx)?;
        let Some(mut batch) = tx.into_batch() else { return Ok((answer, None)) };
        let change = *last + 1;
        batch.insert(Key::of(Table::LastChange).bytes(), change.to_string().as_bytes());
        failpoint::pass("store.batch.before");
        self.database.apply_batch(batch).map_err(database_error)?;
        failpoint::pass("store.batch.after");
        *last = change;
        self.committer.request(change);
        Ok((answer, Some(change)))
    }
}

/// The right must be the present one.
fn check(lease: &Lease) -> StoreResult<()> {
    if lease.epoch == EPOCH { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// Runs on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> StoreResult<T> + Send + 'static) -> StoreResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Permanent(format!("a step of the store failed: {error}"))),
    }
}
