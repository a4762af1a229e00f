//! A copy of everything that a restart elsewhere needs, made while the store works, and read back before it counts.
//!
//! The copy is a data folder: restoring is putting it in the place of `data_dir`. A row says that it is a copy, so
//! that the store that begins with it knows that it is older than what was done (`rollback.rs`).

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::files::{Raw, Texts};
use super::key::{Key, Table};
use super::{Inner, closed, open, rewrite};
use crate::adapters::durable;
use crate::failpoint;
use crate::ports::store::{BackedUp, StoreError, StoreResult};

/// What lies beside the store and belongs to it.
const BESIDE: &[&str] = &["identity.key", "reviewers.json", "overrides"];
/// Names the newest backup below `backup_dir`; lies in `data_dir` and in no backup.
pub(super) const NEWEST: &str = "newest-backup";
/// In a backup of a store with damaged files: which those are.
const INCOMPLETE: &str = "damaged.txt";
/// What makes up the store.
pub(super) const PARTS: &[&str] = &[open::FOLDER, "texts", "raw"];

impl Inner {
    /// Copies into `to`, which must be empty or absent, and reads the copy back.
    pub(super) fn backup(&self, to: &Path) -> StoreResult<BackedUp> {
        // What is copied must not be erased meanwhile.
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        if to.starts_with(&self.data_dir) {
            return Err(refused(to, "it lies in data_dir, and would be lost with it"));
        }
        if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(refused(to, "it is not empty"));
        }
        if let Some(backups) = &self.settings.backups
            && let Err(error) = sweep_partial(backups)
        {
            tracing::warn!(%error, "what failed backups left could not be removed");
        }
        let partial = partial(to);
        let done = self.fill(&partial, to);
        if done.is_err() && partial.exists() {
            // The copy holds everything that the store does, and nobody would look for it there.
            let _ = fs::remove_dir_all(&partial).inspect_err(
                |error| tracing::error!(%error, folder = %partial.display(), "delete what a failed backup left"),
            );
        }
        if done.is_ok() {
            self.remember_backup(to);
            failpoint::pass("backup-noted");
            self.remove_old_backups(to);
        }
        done
    }

    /// A start that finds the store damaged and no backup below `backup_dir` must know whether there is one.
    fn remember_backup(&self, newest: &Path) {
        if newest.parent() != self.settings.backups.as_deref() {
            return;
        }
        let name = newest.to_string_lossy();
        if let Err(error) = durable::write(&self.data_dir, NEWEST, name.as_bytes()) {
            tracing::warn!(%error, "that a backup was made could not be written down");
        }
    }

    /// Under its name stands only what was read back.
    fn fill(&self, to: &Path, whole: &Path) -> StoreResult<BackedUp> {
        let failed = |error: io::Error| StoreError::Temporary(format!("cannot write {}: {error}", whole.display()));
        if to.exists() {
            fs::remove_dir_all(to).map_err(failed)?;
        }
        durable::private_folder(to).map_err(failed)?;
        let mut rows = {
            let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
            let live = reading.as_ref().ok_or_else(closed)?;
            rewrite::copy(&live.database, &to.join(open::FOLDER), self.settings.cache_bytes, Some(copied()))?
        };
        failpoint::pass("backup-rows");
        rows += 1;
        let read = open::read_copy(to, &self.settings)?;
        for (part, named) in [("texts", &read.names.texts), ("raw", &read.names.raw)] {
            copy_named(&self.data_dir.join(part), &to.join(part), named).map_err(failed)?;
        }
        for name in BESIDE {
            copy_all(&self.data_dir.join(name), &to.join(name)).map_err(failed)?;
        }
        failpoint::pass("backup-files");
        rewrite::sync_below(to).map_err(failed)?;
        let done = self.verify(to, &read, rows)?;
        if !done.damaged.is_empty() {
            durable::write(to, INCOMPLETE, done.damaged.join("\n").as_bytes()).map_err(failed)?;
        }
        failpoint::pass("backup-verified");
        fs::rename(to, whole).map_err(failed)?;
        whole.parent().map_or(Ok(()), durable::sync_folder).map_err(failed)?;
        failpoint::pass("backup-renamed");
        Ok(BackedUp { folder: whole.to_owned(), ..done })
    }

    /// Every row was read; now every file that a row names, and the counts. What is damaged in the store already is no
    /// failure of the copy: everything else would have no backup any more.
    fn verify(&self, to: &Path, read: &open::Checked, rows: u64) -> StoreResult<BackedUp> {
        if read.rows != rows {
            return Err(StoreError::Permanent(format!(
                "the backup in {} holds {} rows of {rows}: do not rely on it",
                to.display(),
                read.rows
            )));
        }
        let texts = Texts::open(to).map_err(|error| open::at(to, "read", &error))?;
        let raw = Raw::open(to).map_err(|error| open::at(to, "read", &error))?;
        let mut damaged = Vec::new();
        let mut judge = |copy: StoreResult<bool>, original: &dyn Fn() -> StoreResult<bool>| {
            if copy == Ok(true) {
                return copy;
            }
            match original() {
                Err(StoreError::Damaged(why)) => {
                    damaged.push(why);
                    Ok(false)
                }
                Ok(true) if copy == Ok(false) => {
                    Err(StoreError::Temporary(format!("{} lacks a file that the store has", to.display())))
                }
                _ => copy,
            }
        };
        for name in &read.names.texts {
            judge(texts.check(name).map(|()| true), &|| self.texts.check(name).map(|()| true))?;
        }
        // Raw mail that was never kept, or not any longer, has no file.
        let mut kept = 0;
        for name in &read.names.raw {
            kept += u64::from(judge(raw.check(name), &|| self.raw.check(name))?);
        }
        damaged.sort();
        let messages = read.names.raw.len() as u64;
        Ok(BackedUp { folder: to.to_owned(), cases: read.cases, messages, raw: kept, rows, damaged })
    }

    /// Removes the oldest backups beyond those to be kept, once a new one lies beside them. One that a person named
    /// stays.
    fn remove_old_backups(&self, newest: &Path) {
        let (Some(backups), Some(keep)) = (&self.settings.backups, self.settings.keep_backups) else { return };
        if newest.parent() != Some(backups.as_path()) {
            return;
        }
        let timed: Vec<PathBuf> =
            below(backups).unwrap_or_default().into_iter().filter(|path| is_timed(path)).collect();
        // It may have whole what is damaged in those since.
        let whole = timed.iter().find(|path| !path.join(INCOMPLETE).exists());
        for old in timed.iter().skip(usize::from(keep).max(1)).filter(|path| Some(*path) != whole) {
            // Under this name a removal that is interrupted leaves nothing that looks like a backup.
            let going = partial(old);
            if let Err(error) = remove_under(&going, old, backups) {
                tracing::warn!(%error, folder = %old.display(), "an old backup could not be removed");
            }
            failpoint::pass("backup-old-gone");
        }
    }
}

/// The name it goes under is durable before the first of its files goes.
fn remove_under(going: &Path, old: &Path, backups: &Path) -> io::Result<()> {
    fs::rename(old, going)?;
    durable::sync_folder(backups)?;
    failpoint::pass("backup-old-going");
    fs::remove_dir_all(going)
}

/// What a backup is called until it is complete.
fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(PARTIAL);
    to.with_file_name(name)
}

/// End of the name of a backup that is not complete.
pub(super) const PARTIAL: &str = ".partial";

fn refused(to: &Path, why: &str) -> StoreError {
    StoreError::Permanent(format!("a backup cannot be written to {}: {why}; name another folder", to.display()))
}

fn copied() -> (Vec<u8>, Vec<u8>) {
    (Key::of(Table::IsCopy).bytes(), Texts::plain(b"true"))
}

fn copy_named(from: &Path, to: &Path, named: &HashSet<String>) -> io::Result<()> {
    durable::private_folder(to)?;
    for name in named {
        match fs::copy(from.join(name), to.join(name)) {
            // Whose fault it is shows when both are read.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
                let _ = fs::remove_file(to.join(name));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Copies a file, or a folder with all that is in it; what is not there is left out.
fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        durable::private_folder(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.exists() {
        fs::copy(from, to)?;
    }
    Ok(())
}

/// Complete backups below a folder: those named by their time newest first, then those that a person named. Only while
/// nobody else makes one or erases in them.
pub(super) fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let complete = !path.as_os_str().to_string_lossy().ends_with(PARTIAL);
        if complete && !path.join(open::FOLDER).exists() {
            // Whole, and its database under another name, where an erasure died between two renames.
            rewrite::settle(&path)?;
        }
        if complete && path.join(open::FOLDER).join("db").is_file() {
            found.push((is_timed(&path), path));
        }
    }
    found.sort();
    found.reverse();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Removes what backups left that did not come to their end, under names of ours; returns those under other names.
/// Only while no backup is made.
pub(super) fn sweep_partial(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut others = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(whole) = name.strip_suffix(PARTIAL) else { continue };
        if is_time(whole) {
            fs::remove_dir_all(&path)?;
        } else if path.join(open::FOLDER).exists() {
            others.push(path);
        }
    }
    others.sort();
    Ok(others)
}

/// Removes what putting a backup back left half-way in the data folder. Only while the store is open: what a start still
/// needs is in its place by then.
pub(super) fn sweep_parts(data_dir: &Path) -> io::Result<()> {
    for part in PARTS {
        match fs::remove_dir_all(data_dir.join(format!("{part}{PARTIAL}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn is_timed(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(is_time)
}

/// `20260302T000000Z`.
fn is_time(name: &str) -> bool {
    let shape = name.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"00000000T000000Z")
}

/// Puts a copy's store in the place of one that was moved aside: each part whole, and the database last, for it is
/// what a start looks for.
pub(super) fn put_back(copy: &Path, data_dir: &Path) -> io::Result<()> {
    for part in PARTS.iter().rev() {
        let (to, arriving) = (data_dir.join(part), data_dir.join(format!("{part}{PARTIAL}")));
        for folder in [&to, &arriving] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        copy_all(&copy.join(part), &arriving)?;
        if arriving.exists() {
            rewrite::sync_below(&arriving)?;
            fs::rename(&arriving, &to)?;
        }
        failpoint::pass("restore-part");
    }
    durable::sync_folder(data_dir)
}
