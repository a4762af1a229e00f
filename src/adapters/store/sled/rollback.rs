//! A store that knows less than was done: an older copy in its place, or a new one after a loss.
//!
//! Nobody can say what was sent since. So mail that lies in the folders counts as history, and what waits in the
//! outbox waits for a person.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::SledSettings;
use super::files::Texts;
use super::key::{Key, Table};
use super::open::{Loss, OpenDatabase};
use super::tx::{Order, Tx, database_error};
use super::witness::{self, Testimony, Witness};
use crate::domain::{Actor, OutgoingId};
use crate::failpoint;
use crate::ports::Ids;
use crate::ports::store::{StoreError, StoreResult};

/// What the outbox row's reader is told.
pub(super) const MAY_HAVE_LEFT: &str =
    "it may have left before the store was rolled back: look in the folder of sent mail";

/// Compares the store with the witness, rolls it back where it is older, and sets the witness on it. Returns the
/// loss, be it `known` before or noticed here; it is stored until a person knows of it.
pub(super) fn compare(
    opened: &mut OpenDatabase,
    settings: &SledSettings,
    texts: &Texts,
    ids: &dyn Ids,
    known: Option<Loss>,
) -> StoreResult<Option<Loss>> {
    let path = settings.witness.as_deref();
    let unusable = |path: &Path, error: &std::io::Error| {
        StoreError::Permanent(format!("the state witness {} cannot be used: {error}", path.display()))
    };
    let seen = match path {
        Some(path) => witness::read(path).map_err(|error| unusable(path, &error))?,
        None => None,
    };
    let mut tx = Tx::new(&opened.database, texts, ids);
    let unseen = path.filter(|_| seen.is_none());
    let older = tx.loss(path.zip(seen), opened.last_change)?;
    if let Some(why) = &older {
        tracing::error!(why, "the store is older than what was done: mail in the mailboxes counts as history now");
        tx.roll_back(Timestamp::now())?;
    }
    let is_older = older.is_some();
    let loss = known.or(older.map(|why| Loss { moved_to: None, why, restored_from: None }));
    if let Some(loss) = &loss {
        tx.put(Key::of(Table::Loss), &loss.notice())?;
    }
    let store = match tx.store_id()? {
        Some(store) if !is_older => store,
        // A copy that is used from now on is another store: the newer one it came from would be noticed as well.
        _ => {
            let store = tx.salt();
            tx.put(Key::of(Table::StoreId), &store)?;
            store
        }
    };
    match unseen {
        // Known to be older: what watched it before would tell nothing new.
        Some(path) if !is_older && tx.is_watched_by(path)? => opened.unwatched.misses(path),
        _ => tx.put_watched_by(path)?,
    }
    if let Some(mut batch) = tx.into_batch() {
        let change = opened.last_change + 1;
        batch.insert(Key::of(Table::LastChange).bytes(), change.to_string().as_bytes());
        failpoint::pass("store.compared.before");
        opened.database.apply_batch(batch).map_err(database_error)?;
        opened.database.flush().map_err(database_error)?;
        let marked = opened.file.sync_data().and_then(|()| opened.mark.write(change));
        marked.map_err(|error| StoreError::Temporary(format!("the store cannot be written: {error}")))?;
        failpoint::pass("store.compared.after");
        opened.last_change = change;
    }
    if let Some(path) = path {
        opened.witness = watch(path, store, opened).map_err(|error| unusable(path, &error))?;
    }
    Ok(loss)
}

/// Sets the witness on a store, unless the one that watched it is missing.
pub(super) fn watch(path: &Path, store: String, opened: &OpenDatabase) -> std::io::Result<Option<Witness>> {
    if opened.unwatched.is_missing() {
        return Ok(None);
    }
    let mut witness = Witness::open(path, store, opened.unwatched.clone())?;
    witness.write(opened.last_change);
    witness.sync()?;
    Ok(Some(witness))
}

impl Tx<'_> {
    /// Which store this is; older ones have no id.
    pub(super) fn store_id(&self) -> StoreResult<Option<String>> {
        self.get(Key::of(Table::StoreId))
    }

    fn is_watched_by(&self, path: &Path) -> StoreResult<bool> {
        Ok(self.get::<PathBuf>(Key::of(Table::Witness))?.is_some_and(|watched_by| watched_by == path))
    }

    /// A witness that was set once must be there at each start.
    fn put_watched_by(&mut self, path: Option<&Path>) -> StoreResult<()> {
        match path {
            Some(path) if !self.is_watched_by(path)? => self.put(Key::of(Table::Witness), &path),
            None if self.has(Key::of(Table::Witness))? => {
                self.delete(Key::of(Table::Witness));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Why this store is older than what was done, if it is.
    pub(super) fn loss(&self, witness: Option<(&Path, Testimony)>, last_change: u64) -> StoreResult<Option<String>> {
        if self.has(Key::of(Table::IsCopy))? {
            return Ok(Some("it was restored from a backup".into()));
        }
        let Some((path, seen)) = witness else { return Ok(None) };
        Ok(match self.store_id()? {
            Some(id) if id == seen.store && seen.change > last_change => Some(format!(
                "it ends at change {last_change}, but the witness {} saw change {}",
                path.display(),
                seen.change
            )),
            Some(id) if id == seen.store => None,
            _ => Some(format!("the witness {} saw another store", path.display())),
        })
    }

    /// Mail in the folders counts as history from now on, and nothing waiting leaves by itself.
    pub(super) fn roll_back(&mut self, now: Timestamp) -> StoreResult<()> {
        self.put_lost(now)?;
        self.delete(Key::of(Table::IsCopy));
        for table in [Table::Mark, Table::Seen] {
            for key in self.keys(&Key::of(table), usize::MAX)? {
                self.delete_raw(key);
            }
        }
        let open: Vec<OutgoingId> = self.rows(&Key::of(Table::OutgoingOpen), Order::Rising, usize::MAX)?;
        for id in open {
            let mut mail = self.outgoing(&id)?;
            if let Some(held) = mail.state.set_aside(MAY_HAVE_LEFT) {
                mail.state = held;
                self.put_outgoing(&mail)?;
                self.note_delivery(&mail, Actor::Guichet, now)?;
            }
        }
        Ok(())
    }
}
