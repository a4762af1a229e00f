//! `state_witness`: a small file outside of `data_dir` that says which store this is and how far it got, so that an
//! older copy put in its place is noticed. Written after each sync, as [`super::mark`]: it may say too little after
//! a power cut, never too much.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::adapters::durable;

/// What the witness saw last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Testimony {
    /// The store's id.
    pub(super) store: String,
    /// Its last durable change.
    pub(super) change: u64,
}

/// Reads what the witness saw; `None` when there is no witness yet.
pub(super) fn read(path: &Path) -> io::Result<Option<Testimony>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut words = text.split_whitespace();
    let (store, change) = (words.next(), words.next().and_then(|number| number.parse().ok()));
    match (store, change) {
        (Some(store), Some(change)) => Ok(Some(Testimony { store: store.to_owned(), change })),
        _ if text.trim().is_empty() => Ok(None),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is no witness of guichet's")),
    }
}

/// Why nobody watches the store although somebody should. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Unwatched(Arc<Mutex<Option<Why>>>);

#[derive(Debug, Clone)]
enum Why {
    /// The witness that watched it is not there.
    Missing(String),
    /// It cannot be written.
    Failing(String),
}

impl Unwatched {
    fn lock(&self) -> MutexGuard<'_, Option<Why>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the operator.
    pub(super) fn sentence(&self) -> Option<String> {
        let (Why::Missing(sentence) | Why::Failing(sentence)) = self.lock().clone()?;
        Some(sentence)
    }

    /// No other witness is begun in its place: it may be back at the next start, when its disk is.
    pub(super) fn is_missing(&self) -> bool {
        matches!(*self.lock(), Some(Why::Missing(_)))
    }

    /// The witness is not where it was.
    pub(super) fn misses(&self, path: &Path) {
        *self.lock() = Some(Why::Missing(format!(
            "The state witness {} is not there, or is empty: whether this store is an older copy of what was done cannot be \
             told. Bring back the disk that it lies on and restart guichet; where it is gone for good, name another file \
             as state_witness.",
            path.display()
        )));
    }
}

/// The file, while the store is open.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    path: PathBuf,
    store: String,
    unwatched: Unwatched,
}

impl Witness {
    pub(super) fn open(path: &Path, store: String, unwatched: Unwatched) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            durable::private_folder(folder)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), store, unwatched })
    }

    /// Says how far the store got. A witness that cannot be written stops nothing; it is an alarm.
    pub(super) fn write(&mut self, change: u64) {
        let written = self.file.write_all_at(format!("{} {change:020}\n", self.store).as_bytes(), 0);
        *self.unwatched.lock() = written.err().map(|error| {
            Why::Failing(format!(
                "The state witness {} cannot be written ({error}): an older copy of the store might not be noticed. Look at \
                 its disk.",
                self.path.display()
            ))
        });
    }

    /// Durable, once, so that an empty one means that something is wrong.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()?;
        self.path.parent().map_or(Ok(()), durable::sync_folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_that_cannot_be_written_is_told_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness");
        let unwatched = Unwatched::default();
        let mut witness = Witness::open(&path, "s".into(), unwatched.clone()).unwrap();
        let works = std::mem::replace(&mut witness.file, File::open(&path).unwrap());
        witness.write(1);
        assert!(unwatched.sentence().unwrap().contains("cannot be written") && !unwatched.is_missing());
        witness.file = works;
        witness.write(2);
        assert_eq!(unwatched.sentence(), None);
        assert_eq!(read(&path).unwrap(), Some(Testimony { store: "s".into(), change: 2 }));
    }
}
