//! Which message of each folder is worked on, in case the process does not survive it.
//!
//! A file a folder below `data_dir/begun`, written before the work and removed after it. What the kernel has taken is there
//! after the process died, which is all that is asked of it: nothing is synced.
//!
//! Folders are worked on at the same time, and a death is the whole process's. Where several messages were under way, each
//! of them is taken up alone the next time, and only who dies alone is counted.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::adapters::durable;
use crate::domain::{Folder, MessageLocation};

/// `data_dir/begun`.
#[derive(Debug)]
pub(super) struct Begun {
    folder: PathBuf,
    /// What processes before left, by file.
    left: Mutex<HashMap<PathBuf, Note>>,
    /// Held by all that work on a message; by one alone whose message may have ended a process.
    turn: Arc<RwLock<()>>,
    turns: Mutex<HashMap<PathBuf, Turn>>,
}

#[derive(Debug)]
enum Turn {
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

/// What a file says.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The message's name in its folder.
    message: String,
    /// How often the process ended at it before.
    deaths: u32,
    /// Nothing else is worked on meanwhile.
    #[serde(default)]
    alone: bool,
}

impl Begun {
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("begun");
        durable::private_folder(&folder)?;
        let mut left = HashMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let note = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
            left.extend(note.map(|note| (path, note)));
        }
        let single = left.len() == 1;
        left.values_mut()
            .filter(|note| single || note.alone)
            .for_each(|note| note.deaths = note.deaths.saturating_add(1));
        Ok(Self { folder, left: Mutex::new(left), turn: Arc::default(), turns: Mutex::default() })
    }

    /// How many processes ended at this message. Waits where it has to be worked on alone, or another has.
    pub(super) async fn take_up(&self, location: &MessageLocation) -> u32 {
        let path = self.path(&location.folder);
        locked(&self.turns).remove(&path);
        let left = locked(&self.left).remove(&path).filter(|note| note.message == location.name);
        let alone = left.is_some();
        let turn = if alone {
            Turn::Alone { _guard: Arc::clone(&self.turn).write_owned().await }
        } else {
            Turn::Shared { _guard: Arc::clone(&self.turn).read_owned().await }
        };
        let deaths = left.map_or(0, |note| note.deaths);
        let note = Note { message: location.name.clone(), deaths, alone };
        if let Err(error) = write(&path, &note) {
            tracing::warn!(%error, file = %path.display(), "which message is worked on could not be noted");
        }
        locked(&self.turns).insert(path, turn);
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
        locked(&self.turns).remove(&path);
    }

    /// Named by a digest: a mailbox may be called anything.
    fn path(&self, folder: &Folder) -> PathBuf {
        let digest = Sha256::digest(format!("{:?} {}", folder.role, folder.mailbox));
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name)
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[tokio::test]
    async fn what_was_begun_and_not_finished_is_counted_for_the_same_message_only() {
        let data = tempfile::tempdir().unwrap();
        let letter = message("a/b", FolderRole::Inbox, "7/1");
        for deaths in 0..4 {
            assert_eq!(Begun::open(data.path()).unwrap().take_up(&letter).await, deaths);
        }
        let begun = Begun::open(data.path()).unwrap();
        assert_eq!(begun.take_up(&message("a/b", FolderRole::Sent, "7/1")).await, 0, "another folder");
        begun.put_down(&message("a/b", FolderRole::Sent, "7/1").folder);
        assert_eq!(begun.take_up(&message("support", FolderRole::Inbox, "7/1")).await, 0, "another mailbox");
        begun.put_down(&message("support", FolderRole::Inbox, "7/1").folder);
        assert_eq!(begun.take_up(&letter).await, 4);
        begun.put_down(&letter.folder);
        begun.put_down(&letter.folder);
        assert_eq!(begun.take_up(&letter).await, 0, "finished");
        begun.put_down(&letter.folder);
        assert_eq!(begun.take_up(&message("a/b", FolderRole::Inbox, "7/2")).await, 0);
    }

    /// A harmless letter lies under way whenever the process dies of another: it is not blamed.
    #[tokio::test]
    async fn who_was_only_there_is_not_counted() {
        let data = tempfile::tempdir().unwrap();
        let (harmless, deadly) =
            (message("support", FolderRole::Inbox, "7/1"), message("support", FolderRole::Junk, "3/9"));
        let begun = Begun::open(data.path()).unwrap();
        assert_eq!((begun.take_up(&harmless).await, begun.take_up(&deadly).await), (0, 0));
        // The process dies; the next one takes the deadly one first, and dies of it alone.
        for deaths in 0..3 {
            let begun = Begun::open(data.path()).unwrap();
            assert_eq!(begun.take_up(&deadly).await, deaths);
            let mut waiting = Box::pin(begun.take_up(&harmless));
            let waits =
                std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending()));
            assert!(waits.await, "nothing else is worked on meanwhile");
        }
        let begun = Begun::open(data.path()).unwrap();
        assert_eq!(begun.take_up(&deadly).await, 3);
        begun.put_down(&deadly.folder);
        assert_eq!(begun.take_up(&harmless).await, 0);
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_is_none() {
        let data = tempfile::tempdir().unwrap();
        let letter = message("a", FolderRole::Inbox, "7/1");
        let begun = Begun::open(data.path()).unwrap();
        begun.take_up(&letter).await;
        std::fs::write(begun.path(&letter.folder), "{").unwrap();
        assert_eq!(Begun::open(data.path()).unwrap().take_up(&letter).await, 0);
        assert_eq!(Begun::open(data.path()).unwrap().take_up(&letter).await, 1);
    }
}
