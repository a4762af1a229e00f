//! The embedded store on sled 0.34: one tree, one writer at a time, one committing thread.
//!
//! A step (`tx.rs`) reads and computes under the writer's lock, is applied as one atomic batch, and is answered
//! once the committing thread (`commit.rs`) has made it durable; many waiting steps share one flush. The log is
//! sequential, so whatever is durable includes everything that it was computed from. Large values and raw mail
//! lie in files beside the database (`files.rs`), durable before the batch that names them.

mod alerts;
mod assess;
mod backup;
mod begun;
mod caps;
mod commit;
mod deliver;
mod elsewhere;
mod erase;
mod figures;
mod files;
mod heal;
mod history;
mod key;
mod locate;
mod look;
mod lost;
mod mark;
mod notices;
mod open;
mod patience;
mod port;
mod position;
mod promises;
mod record;
mod restore;
mod review;
mod rewrite;
mod rollback;
mod rows;
mod settle;
mod snapshot;
mod timers;
mod tx;
mod upkeep;
mod withdraw;
mod witness;
mod work;
mod written;

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use self::begun::Begun;
use self::commit::{Committer, Waiter};
use self::files::{Raw, Texts};
use self::key::{Key, Table};
pub use self::open::Loss;
use self::open::OpenDatabase;
use self::tx::{Tx, database_error};
use self::witness::Unwatched;
use crate::domain::MessageKey;
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
    /// A database that has not opened by then is left alone once; the next time it gets four times as long, and is
    /// then moved aside.
    pub open_timeout: Duration,
    /// While less than this is free on the disk, in bytes, nothing new is taken in and nothing new is sent: what
    /// is under way can then still be stored to its end.
    pub reserve_bytes: u64,
    /// A file outside of the data folder by which an older copy of the store is noticed.
    pub witness: Option<PathBuf>,
    /// Where backups lie: the newest takes the place of a damaged store.
    pub backups: Option<PathBuf>,
    /// How many backups named by their time are kept there; `None` for all.
    pub keep_backups: Option<u16>,
}

impl Default for SledSettings {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
            open_timeout: Duration::from_secs(120),
            reserve_bytes: 16 * 1024 * 1024,
            witness: None,
            backups: None,
            keep_backups: None,
        }
    }
}

/// The store on sled.
#[derive(Clone)]
pub struct SledStore {
    inner: Arc<Inner>,
}

/// The lock is dropped last.
struct Inner {
    data_dir: PathBuf,
    settings: SledSettings,
    /// Who writes it is the only writer. Empty while the database is opened anew, and when that failed.
    live: RwLock<Option<Live>>,
    unwatched: Unwatched,
    /// Something could not be written since the disk was looked at last.
    refused: AtomicBool,
    texts: Texts,
    raw: Raw,
    begun: Begun,
    /// Files that rows named since the last sweep; most of them no row names any more.
    released: Mutex<HashSet<String>>,
    ids: Arc<dyn Ids>,
    /// Held by who copies or removes files that rows name.
    upkeep: Mutex<()>,
    _lock: File,
}

/// The database while it is open. The committing thread ends before the database closes.
struct Live {
    committer: Committer,
    database: sled::Db,
    /// The number of the last change applied.
    last: u64,
    /// A change that could not be applied: the database refuses everything from then on.
    broken: Option<String>,
}

impl Live {
    fn start(opened: OpenDatabase) -> StoreResult<Self> {
        let OpenDatabase { database, file, mark, witness, last_change, .. } = opened;
        let tree: sled::Tree = (*database).clone();
        let committer = Committer::start(tree, file, mark, witness, last_change)
            .map_err(|error| StoreError::Temporary(format!("cannot start the committing thread: {error}")))?;
        Ok(Self { committer, database, last: last_change, broken: None })
    }

    /// Fails when a change could not be applied or made durable: memory is then ahead of the disk.
    fn healthy(&self) -> StoreResult<()> {
        match &self.broken {
            Some(why) => Err(commit::failed(why)),
            None => self.committer.healthy(),
        }
    }
}

/// For what a step may use the last of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Something new: refused while the reserve is touched.
    Ordinary,
    /// The end of something under way.
    Reserve,
}

impl SledStore {
    /// Opens the store in `data_dir`, or makes one. The second value says that an earlier store was damaged and
    /// has been moved aside, or that this one is older than what was done: alarm the operator. What lies in the
    /// mailboxes then counts as history; [`Store::rebuilt_at`](crate::ports::Store::rebuilt_at) says so from then on.
    ///
    /// Blocks: call it before the daemon's work begins, or from a blocking thread.
    ///
    /// # Errors
    /// When another process uses the folder, a newer program wrote the store, or the disk refuses.
    pub fn open(
        data_dir: &Path,
        settings: &SledSettings,
        ids: Arc<dyn Ids>,
    ) -> Result<(Self, Option<Loss>), StoreError> {
        let opened = open::open(data_dir, settings, ids.as_ref())?;
        let inner = Inner {
            data_dir: data_dir.to_owned(),
            settings: settings.clone(),
            unwatched: opened.database.unwatched.clone(),
            live: RwLock::new(Some(Live::start(opened.database)?)),
            refused: AtomicBool::new(false),
            upkeep: Mutex::new(()),
            texts: opened.texts,
            raw: opened.raw,
            begun: Begun::open(data_dir).map_err(|error| open::at(data_dir, "create a folder in", &error))?,
            released: Mutex::default(),
            ids,
            _lock: opened.lock,
        };
        inner.take_over()?;
        Ok((Self { inner: Arc::new(inner) }, opened.loss))
    }

    /// Runs a step that changes something and returns once it is durable.
    async fn change<T, S>(&self, step: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.change_with(Room::Ordinary, step).await
    }

    async fn change_with<T, S>(&self, room: Room, step: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let (answer, waiter) = self.watched(blocking(move || inner.apply(room, step)).await)?;
        if let Some(waiter) = waiter {
            self.watched(waiter.durable().await)?;
        }
        Ok(answer)
    }

    /// Remembers that the disk may have failed.
    fn watched<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        if matches!(result, Err(StoreError::Temporary(_))) {
            self.inner.refused.store(true, Ordering::Relaxed);
        }
        result
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

    /// Like [`Self::change_leased`], for the end of something under way: it may use the last of the disk.
    async fn conclude<T, S>(&self, lease: &Lease, step: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        check(lease)?;
        self.change_with(Room::Reserve, step).await
    }

    /// Reads a consistent state.
    async fn look<T, S>(&self, look: S) -> StoreResult<T>
    where
        T: Send + 'static,
        S: FnOnce(&Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.look(look)).await
    }
}

impl Inner {
    fn tx<'a>(&'a self, live: &'a Live) -> Tx<'a> {
        Tx::new(&live.database, &self.texts, self.ids.as_ref())
    }

    /// Brings what an earlier version stored into the form of this one. A crash before it is durable repeats it.
    fn take_over(&self) -> StoreResult<()> {
        if self.look(|tx| tx.has_former_queue())? {
            self.apply(Room::Reserve, |tx| tx.take_over_queue())?;
        }
        Ok(())
    }

    /// Whether a message was ever stored; an identity never goes.
    fn knows(&self, key: MessageKey) -> StoreResult<bool> {
        Ok(self.look(|tx| tx.member(key))?.is_some())
    }

    /// Reads a consistent state; nobody writes meanwhile.
    fn look<T>(&self, look: impl FnOnce(&Tx<'_>) -> StoreResult<T>) -> StoreResult<T> {
        let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
        look(&self.tx(reading.as_ref().ok_or_else(closed)?))
    }

    /// Computes a step under the lock and applies it whole; who waits for it to be durable is there when it
    /// changed anything.
    fn apply<T>(
        &self,
        room: Room,
        step: impl FnOnce(&mut Tx<'_>) -> StoreResult<T>,
    ) -> StoreResult<(T, Option<Waiter>)> {
        // A step that panicked applied nothing, so the lock guards no half-made state.
        let mut writing = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let live = writing.as_mut().ok_or_else(closed)?;
        live.healthy()?;
        if room == Room::Ordinary {
            self.has_room()?;
        }
        let mut tx = self.tx(live);
        let answer = step(&mut tx)?;
        let released = tx.released()?;
        let Some(mut batch) = tx.into_batch() else { return Ok((answer, None)) };
        let change = live.last + 1;
        batch.insert(Key::of(Table::LastChange).bytes(), change.to_string().as_bytes());
        failpoint::pass("store.batch.before");
        if let Err(error) = live.database.apply_batch(batch) {
            live.broken = Some(error.to_string());
            return Err(database_error(error));
        }
        failpoint::pass("store.batch.after");
        live.last = change;
        if !released.is_empty() {
            self.released.lock().unwrap_or_else(PoisonError::into_inner).extend(released);
        }
        Ok((answer, Some(live.committer.request(change))))
    }
}

fn closed() -> StoreError {
    StoreError::Temporary("the store is being opened anew after its disk failed".into())
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
