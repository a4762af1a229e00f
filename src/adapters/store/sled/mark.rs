//! How far the database had got, kept outside of it.
//!
//! sled cuts its log at the first damaged place and opens what comes before, without a word. Every change
//! carries a number; the number of the last durable one is written to a file of its own after each sync. A
//! database that knows less than the file says has lost changes. The file itself is not synced: after a power
//! cut it may say too little, never too much.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

const NAME: &str = "durable";

/// The file.
#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        Ok(Self(options.open(folder.join(NAME))?))
    }

    /// The last change that is known to have been durable; 0 when nothing can be read.
    pub(super) fn read(folder: &Path) -> u64 {
        std::fs::read_to_string(folder.join(NAME)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    pub(super) fn write(&self, number: u64) -> io::Result<()> {
        self.0.write_all_at(format!("{number:020}\n").as_bytes(), 0)
    }

    /// At the end of an orderly run.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
