//! The database written anew, row by row, into files that no earlier write ever touched: what was deleted is then
//! nowhere in them, and what the disk lost without a word is there again.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::key::{Key, Table};
use super::mark::Mark;
use super::open::{FOLDER, at, close_to_others};
use super::tx::database_error;
use crate::adapters::durable;
use crate::failpoint;
use crate::ports::store::{StoreError, StoreResult};

/// The new files while they grow.
const GROWING: &str = "store.rewritten";
/// The old ones, for the instant between two renames.
const REPLACED: &str = "store.replaced";
/// Rows applied at once.
const ROWS: usize = 1000;

/// Writes all rows of `from`, and one more if there is one, into a new database in `folder`, which must not exist.
/// Durable when it returns; returns how many rows `from` has. `cache_bytes`: memory for the new one's pages, where
/// sled would take a gigabyte.
pub(super) fn copy(
    from: &sled::Db,
    folder: &Path,
    cache_bytes: u64,
    more: Option<(Vec<u8>, Vec<u8>)>,
) -> StoreResult<u64> {
    let in_folder = |error: io::Error| StoreError::Temporary(format!("cannot write to {}: {error}", folder.display()));
    durable::private_folder(folder).map_err(in_folder)?;
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None);
    let into = config.open().map_err(database_error)?;
    let mut batch = sled::Batch::default();
    let mut rows: u64 = 0;
    let mut last = 0;
    let last_change = Key::of(Table::LastChange).bytes();
    for row in &**from {
        let (key, value) = row.map_err(database_error)?;
        if key == last_change {
            last = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        }
        batch.insert(key, value);
        rows += 1;
        if rows.is_multiple_of(ROWS as u64) {
            into.apply_batch(std::mem::take(&mut batch)).map_err(database_error)?;
        }
    }
    if let Some((key, value)) = more {
        batch.insert(key, value);
    }
    into.apply_batch(batch).map_err(database_error)?;
    into.flush().map_err(database_error)?;
    drop(into);
    Mark::open(folder).and_then(|mark| mark.write(last)).map_err(in_folder)?;
    sync_below(folder).and_then(|()| close_to_others(folder)).map_err(in_folder)?;
    Ok(rows)
}

/// Fails where a whole copy of the database does not fit beside it, with `kept_back` bytes to spare.
pub(super) fn fits(data_dir: &Path, kept_back: u64) -> StoreResult<()> {
    let size = size_below(&data_dir.join(FOLDER)).map_err(|error| at(data_dir, "measure the store in", &error))?;
    let needed = size.saturating_add(kept_back);
    match rustix::fs::statvfs(data_dir).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)) {
        Ok(free) if free < needed => Err(StoreError::Temporary(format!(
            "the disk of {} has {} MB free, and the database must be written anew, which takes {} MB: make room",
            data_dir.display(),
            free / 1_000_000,
            needed.div_ceil(1_000_000),
        ))),
        // Who cannot say how much is free may have plenty.
        _ => Ok(()),
    }
}

fn size_below(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() { size_below(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(size)
}

/// Writes the copy beside the database. One that does not come to its end takes no room afterwards: on a full disk
/// it would be what keeps it full.
pub(super) fn grow(data_dir: &Path, from: &sled::Db, cache_bytes: u64) -> StoreResult<()> {
    let growing = data_dir.join(GROWING);
    remove(&growing).map_err(|error| at(data_dir, "rewrite the store in", &error))?;
    // sled panics where a database closes that cannot be synced.
    let copied = catch_unwind(AssertUnwindSafe(|| copy(from, &growing, cache_bytes, None)));
    let copied = copied.unwrap_or_else(|_| {
        Err(StoreError::Temporary(format!("cannot rewrite the store in {}: its disk failed", data_dir.display())))
    });
    if copied.is_err()
        && let Err(error) = remove(&growing)
    {
        tracing::warn!(%error, folder = %growing.display(), "half a copy of the database could not be removed");
    }
    copied.map(drop)
}

/// Puts the copy in the place of the database, which must be closed before it is opened again. A crash at any instant
/// leaves one of the two.
pub(super) fn swap(data_dir: &Path) -> StoreResult<()> {
    let swap = || {
        durable::sync_folder(data_dir)?;
        failpoint::pass("rewrite-copied");
        std::fs::rename(data_dir.join(FOLDER), data_dir.join(REPLACED))?;
        failpoint::pass("rewrite-between");
        std::fs::rename(data_dir.join(GROWING), data_dir.join(FOLDER))?;
        durable::sync_folder(data_dir)?;
        failpoint::pass("rewrite-swapped");
        remove(&data_dir.join(REPLACED))
    };
    swap().map_err(|error| at(data_dir, "rewrite the store in", &error))
}

/// Both, for a database that nobody else uses.
pub(super) fn replace(data_dir: &Path, from: sled::Db, cache_bytes: u64) -> StoreResult<()> {
    grow(data_dir, &from, cache_bytes)?;
    drop(from);
    swap(data_dir)
}

/// Finishes what a crash interrupted, and removes half a copy. Only while no copy is written.
pub(super) fn settle(data_dir: &Path) -> io::Result<()> {
    let (store, growing, replaced) = (data_dir.join(FOLDER), data_dir.join(GROWING), data_dir.join(REPLACED));
    if !store.exists() && growing.exists() && replaced.exists() {
        std::fs::rename(&growing, &store)?;
        durable::sync_folder(data_dir)?;
    }
    if store.exists() {
        remove(&growing)?;
        remove(&replaced)?;
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes all files below a folder durable, and their names.
pub(super) fn sync_below(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_below(&path)? } else { File::open(&path)?.sync_all()? }
    }
    durable::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_between_the_renames_is_finished_at_the_next_start() {
        let data = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            std::fs::create_dir(data.path().join(name)).unwrap();
            std::fs::write(data.path().join(name).join("who"), name).unwrap();
        };
        make(GROWING);
        make(REPLACED);
        settle(data.path()).unwrap();
        assert_eq!(std::fs::read_to_string(data.path().join("store/who")).unwrap(), GROWING);
        assert!(!data.path().join(REPLACED).exists());
        make(GROWING);
        settle(data.path()).unwrap();
        assert!(!data.path().join(GROWING).exists(), "half a copy is worth nothing");
    }
}
