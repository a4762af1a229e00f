//! `state_witness`: a small file outside of `data_dir` that says which store this is and how far it got, so that an
//! older copy put in its place is noticed. Written after each sync, as [`super::mark`]: it may say too little after
//! a power cut, never too much.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

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

/// The file, while the store is open.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    path: PathBuf,
    store: String,
    failed: bool,
}

impl Witness {
    pub(super) fn open(path: &Path, store: String) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            durable::private_folder(folder)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), store, failed: false })
    }

    /// Says how far the store got. A witness that cannot be written stops nothing: it is said once.
    pub(super) fn write(&mut self, change: u64) {
        let written = self.file.write_all_at(format!("{} {change:020}\n", self.store).as_bytes(), 0);
        match written {
            Ok(()) => self.failed = false,
            Err(error) if !self.failed => {
                self.failed = true;
                tracing::error!(
                    witness = %self.path.display(), %error,
                    "the state witness cannot be written: an older copy of the store might not be noticed"
                );
            }
            Err(_) => {}
        }
    }
}
