//! Which message of each folder is worked on, in case the process does not survive it.
//!
//! A file a folder below `data_dir/begun`, written before the work and removed after it. What the kernel has taken is there
//! after the process died, which is all that is asked of it: nothing is synced.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::adapters::durable;
use crate::domain::{Folder, MessageLocation};

/// `data_dir/begun`.
#[derive(Debug)]
pub(super) struct Begun {
    folder: PathBuf,
}

/// What a file says.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The message's name in its folder.
    message: String,
    /// How often it was begun and not finished.
    times: u32,
}

impl Begun {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("begun");
        durable::private_folder(&folder)?;
        Ok(Self { folder })
    }

    /// How many processes ended at this message.
    pub(super) fn take_up(&self, location: &MessageLocation) -> u32 {
        let path = self.path(&location.folder);
        let left = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        let deaths = left.filter(|note| note.message == location.name).map_or(0, |note| note.times);
        let note = Note { message: location.name.clone(), times: deaths.saturating_add(1) };
        if let Err(error) = write(&path, &note) {
            tracing::warn!(%error, file = %path.display(), "which message is worked on could not be noted");
        }
        deaths
    }

    pub(super) fn put_down(&self, folder: &Folder) {
        let path = self.path(folder);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %path.display(), "a note of work that is done could not be removed");
            }
            _ => {}
        }
    }

    /// Named by a digest: a mailbox may be called anything.
    fn path(&self, folder: &Folder) -> PathBuf {
        let digest = Sha256::digest(format!("{:?} {}", folder.role, folder.mailbox));
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name)
    }
}

/// Whole or not at all.
fn write(path: &Path, note: &Note) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&serde_json::to_vec(note)?)?;
    std::fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::position::FolderRole;

    fn message(mailbox: &str, role: FolderRole, name: &str) -> MessageLocation {
        MessageLocation { folder: Folder { mailbox: mailbox.into(), role }, name: name.into() }
    }

    #[test]
    fn what_was_begun_and_not_finished_is_counted_for_the_same_message_only() {
        let data = tempfile::tempdir().unwrap();
        let letter = message("a/b", FolderRole::Inbox, "7/1");
        for deaths in 0..4 {
            assert_eq!(Begun::open(data.path()).unwrap().take_up(&letter), deaths);
        }
        let begun = Begun::open(data.path()).unwrap();
        assert_eq!(begun.take_up(&message("a/b", FolderRole::Sent, "7/1")), 0, "another folder");
        assert_eq!(begun.take_up(&message("support", FolderRole::Inbox, "7/1")), 0, "another mailbox");
        assert_eq!(begun.take_up(&letter), 4);
        begun.put_down(&letter.folder);
        begun.put_down(&letter.folder);
        assert_eq!(begun.take_up(&letter), 0, "finished");
        assert_eq!(begun.take_up(&message("a/b", FolderRole::Inbox, "7/2")), 0);
        assert_eq!(begun.take_up(&letter), 0, "another was begun since");
    }

    #[test]
    fn a_note_that_cannot_be_read_is_none() {
        let data = tempfile::tempdir().unwrap();
        let (begun, letter) = (Begun::open(data.path()).unwrap(), message("a", FolderRole::Inbox, "7/1"));
        begun.take_up(&letter);
        std::fs::write(begun.path(&letter.folder), "{").unwrap();
        assert_eq!((begun.take_up(&letter), begun.take_up(&letter)), (0, 1));
    }
}
