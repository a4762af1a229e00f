//! A Maildir as mail source: read only. Nothing in it is moved, marked or deleted.
//!
//! Messages are known by the unique part of their file name (all before `:2,`), which stays the
//! same when a mail client moves a file from `new/` to `cur/` or changes its flags.

mod actions;
mod listing;
mod session;

use std::path::PathBuf;

use async_trait::async_trait;

use crate::domain::Folder;
use crate::ports::{MailError, MailSession, MailSource};

pub use actions::MaildirActions;
use session::MaildirSession;

/// Larger messages are read partially, in bytes.
const SIZE_CAP: u64 = 25 * 1024 * 1024;

/// What a [`MaildirSource`] has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaildirSettings {
    /// The folder that holds `new/`, `cur/` and `tmp/`.
    pub path: PathBuf,
    /// How many days of what lies there at the first start are imported as history.
    pub history_days: u32,
    /// Of a message larger than this, in bytes, only the beginning is read.
    pub size_cap: u64,
}

impl MaildirSettings {
    /// A Maildir with the usual size cap (25 MB).
    pub fn new(path: impl Into<PathBuf>, history_days: u32) -> Self {
        Self { path: path.into(), history_days, size_cap: SIZE_CAP }
    }
}

/// A Maildir that is watched.
#[derive(Debug, Clone)]
pub struct MaildirSource {
    settings: MaildirSettings,
    folder: Folder,
}

impl MaildirSource {
    /// Watches `settings.path` as `folder`.
    pub fn new(settings: MaildirSettings, folder: Folder) -> Self {
        Self { settings, folder }
    }
}

#[async_trait]
impl MailSource for MaildirSource {
    fn folder(&self) -> &Folder {
        &self.folder
    }

    async fn connect(&self) -> Result<Box<dyn MailSession>, MailError> {
        for part in ["new", "cur"] {
            let path = self.settings.path.join(part);
            let kind = tokio::fs::metadata(&path).await;
            if let Err(error) = kind.and_then(|found| {
                if found.is_dir() { Ok(()) } else { Err(std::io::Error::from(std::io::ErrorKind::NotADirectory)) }
            }) {
                return Err(MailError::Permanent(format!(
                    "{} is not a Maildir: {}: {error}; create it with its folders new, cur and tmp, readable for this user",
                    self.settings.path.display(),
                    path.display(),
                )));
            }
        }
        Ok(Box::new(MaildirSession::new(self.settings.clone(), self.folder.clone())))
    }
}
