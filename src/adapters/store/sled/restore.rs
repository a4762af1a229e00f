//! A damaged store is moved aside, and the newest backup that can be read takes its place.
//!
//! Both are many steps on a disk that may be full or about to fail. A file says how far they got, so that a start
//! after a crash goes on there: without it, the half-empty folder would look like that of a first start, and the
//! backup would never be asked for again.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SledSettings;
use super::backup::{self, PARTIAL, PARTS};
use super::open::{Checked, FOLDER, Loss, Trouble, at, open_database};
use crate::adapters::durable;
use crate::failpoint;
use crate::ports::store::{StoreError, StoreResult};

/// What a store moved aside is called, before the time.
pub(super) const BROKEN: &str = "store.broken";
/// Says how far a restore got; there only while one is under way.
const UNDER_WAY: &str = "store.restoring";

/// A restore under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Restoring {
    /// Name of the folder that the damaged store goes to.
    aside: String,
    /// What was wrong with it.
    why: String,
    /// All of it lies there: what stands in its place now is no store yet.
    moved: bool,
}

impl Restoring {
    /// The one that an earlier start did not bring to its end.
    pub(super) fn under_way(data_dir: &Path) -> StoreResult<Option<Self>> {
        let path = data_dir.join(UNDER_WAY);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, "read", &error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            StoreError::Permanent(format!(
                "{} cannot be understood ({error}): it says how far the restore of a damaged store got; put a backup in \
                 the place of data_dir by hand",
                path.display()
            ))
        })
    }

    /// Nothing is touched before it is known what is about to happen.
    pub(super) fn begin(data_dir: &Path, why: String) -> StoreResult<Self> {
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let aside = (1..)
            .map(|n| if n == 1 { format!("{BROKEN}-{stamp}") } else { format!("{BROKEN}-{stamp}-{n}") })
            .find(|name| !data_dir.join(name).exists())
            .unwrap_or_else(|| BROKEN.to_owned());
        let restoring = Self { aside, why, moved: false };
        restoring.keep(data_dir)?;
        failpoint::pass("restore-begun");
        Ok(restoring)
    }

    fn keep(&self, data_dir: &Path) -> StoreResult<()> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| StoreError::Permanent(format!("cannot write a row: {error}")))?;
        durable::write(data_dir, UNDER_WAY, &bytes).map_err(|error| at(&data_dir.join(UNDER_WAY), "write", &error))
    }

    /// A store that can be used, and what became of the one before.
    pub(super) fn carry_out(mut self, data_dir: &Path, settings: &SledSettings) -> StoreResult<(Checked, Loss)> {
        let target = data_dir.join(&self.aside);
        if !self.moved {
            self.move_aside(data_dir, &target)?;
        }
        remove_parts(data_dir)?;
        let mut loss = Loss { moved_to: Some(target), why: self.why, restored_from: None };
        let checked = match from_backup(data_dir, settings)? {
            Some((checked, copy)) => {
                loss.restored_from = Some(copy);
                checked
            }
            None => open_database(data_dir, settings).map_err(|trouble| {
                let folder = data_dir.join(FOLDER);
                trouble.refused(|why| format!("a new store in {} cannot be used either: {why}", folder.display()))
            })?,
        };
        failpoint::pass("restore-put-back");
        Ok((checked, loss))
    }

    /// Database, texts and raw mail go together: the rows are worth nothing without the files, and the raw mail is
    /// what a person may still want.
    fn move_aside(&mut self, data_dir: &Path, target: &Path) -> StoreResult<()> {
        // Moved as a whole, the database's folder becomes the one that holds the rest.
        if !target.exists() {
            let store = data_dir.join(FOLDER);
            std::fs::rename(&store, target).map_err(|error| at(&store, "move aside", &error))?;
        }
        failpoint::pass("restore-moving");
        for beside in PARTS.iter().filter(|part| **part != FOLDER) {
            let (from, to) = (data_dir.join(beside), target.join(beside));
            if from.exists() && !to.exists() {
                std::fs::rename(&from, &to).map_err(|error| at(&from, "move aside", &error))?;
            }
        }
        durable::sync_folder(target)
            .and_then(|()| durable::sync_folder(data_dir))
            .map_err(|error| at(data_dir, "write", &error))?;
        tracing::error!(
            moved_to = %target.display(), why = self.why,
            "the store could not be used and was moved aside; the newest backup takes its place, else a new one begins"
        );
        self.moved = true;
        self.keep(data_dir)?;
        failpoint::pass("restore-moved");
        Ok(())
    }

    /// What happened is stored in the new store. Nothing may be stored after it before this has returned.
    pub(super) fn done(data_dir: &Path) -> StoreResult<()> {
        failpoint::pass("restore-recorded");
        let path = data_dir.join(UNDER_WAY);
        std::fs::remove_file(&path)
            .and_then(|()| durable::sync_folder(data_dir))
            .map_err(|error| at(&path, "remove", &error))
    }
}

/// The newest backup that can be read, in the place of a store that was moved aside.
fn from_backup(data_dir: &Path, settings: &SledSettings) -> StoreResult<Option<(Checked, PathBuf)>> {
    let Some(backups) = &settings.backups else { return Ok(None) };
    // A disk that is not there yet is no reason to begin with nothing.
    let copies = match backup::below(backups) {
        Ok(copies) => copies,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(at(backups, "look for a backup in", &error)),
    };
    let newest = data_dir.join(backup::NEWEST);
    if copies.is_empty()
        && let Ok(made) = std::fs::read_to_string(&newest)
    {
        return Err(StoreError::Temporary(format!(
            "the store in {} is damaged, and no backup is below {}, though {made} was made: bring its disk back, and the next \
             start puts it in place; to begin with nothing, delete {}",
            data_dir.display(),
            backups.display(),
            newest.display()
        )));
    }
    for copy in copies {
        backup::put_back(&copy, data_dir).map_err(|error| at(&copy, "put back", &error))?;
        // It may be as large as a store that needed all its patience.
        let settings = SledSettings { open_timeout: settings.open_timeout * 4, ..settings.clone() };
        match open_database(data_dir, &settings) {
            Ok(checked) => return Ok(Some((checked, copy))),
            Err(Trouble::Broken(why)) => {
                tracing::error!(backup = %copy.display(), why, "a backup cannot be read; the one before it is tried");
                remove_parts(data_dir)?;
            }
            Err(trouble) => return Err(trouble.refused(|why| format!("the backup {}: {why}", copy.display()))),
        }
    }
    Ok(None)
}

/// Half a copy is worth nothing, and nothing else is there: the damaged store lies aside.
fn remove_parts(data_dir: &Path) -> StoreResult<()> {
    for part in PARTS {
        for folder in [data_dir.join(part), data_dir.join(format!("{part}{PARTIAL}"))] {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(at(&folder, "remove", &error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The newest store that was moved aside.
pub(super) fn newest_aside(data_dir: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest: Option<PathBuf> = None;
    for entry in std::fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(BROKEN.as_bytes()) {
            newest = newest.max(Some(entry.path()));
        }
    }
    Ok(newest)
}
