//! Durability: one thread flushes and syncs for everybody who waits (group commit).
//!
//! sled 0.34 hangs when two tasks await `flush_async` at once (sled#1308), and its `flush` does not sync the file
//! on Linux; so exactly one thread flushes, then syncs the database file, and only then lets the waiters go.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::failpoint;
use crate::ports::store::{StoreError, StoreResult};

/// How far the disk has come.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// Every change up to this ticket is durable.
    durable: u64,
    /// Nothing gets durable any more.
    failure: Option<String>,
}

#[derive(Debug, Default)]
struct Wanted {
    ticket: u64,
    stop: bool,
}

#[derive(Debug, Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    bell: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The committing thread.
#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread. `file` is the database file that `tree` writes to.
    pub(super) fn start(tree: sled::Tree, file: File) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (sender, progress) = watch::channel(Progress::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || run(&theirs, &sender, || sync(&tree, &file)))?;
        Ok(Self { shared, progress, thread: Some(thread) })
    }

    /// Asks for everything written so far to be made durable; the ticket is for [`Self::wait`].
    pub(super) fn request(&self) -> u64 {
        let mut wanted = self.shared.lock();
        wanted.ticket += 1;
        self.shared.bell.notify_one();
        wanted.ticket
    }

    /// Returns once the ticket's change is durable.
    pub(super) async fn wait(&self, ticket: u64) -> StoreResult<()> {
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|p| p.durable >= ticket || p.failure.is_some()).await;
        match reached {
            Ok(progress) if progress.durable >= ticket => Ok(()),
            Ok(progress) => Err(failed(progress.failure.as_deref().unwrap_or("unknown"))),
            Err(_) => Err(failed("the committing thread ended")),
        }
    }

    /// Fails when an earlier change could not be made durable: memory is then ahead of the disk.
    pub(super) fn healthy(&self) -> StoreResult<()> {
        self.progress.borrow().failure.as_deref().map_or(Ok(()), |why| Err(failed(why)))
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.bell.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn failed(why: &str) -> StoreError {
    StoreError::Temporary(format!("the store cannot write to its disk ({why}): make room or repair it, then restart"))
}

fn run(shared: &Shared, progress: &watch::Sender<Progress>, mut sync: impl FnMut() -> Result<(), String>) {
    let mut durable = 0;
    loop {
        let ticket = {
            let mut wanted = shared.lock();
            while wanted.ticket == durable && !wanted.stop {
                wanted = shared.bell.wait(wanted).unwrap_or_else(PoisonError::into_inner);
            }
            if wanted.ticket == durable {
                return;
            }
            wanted.ticket
        };
        if let Err(why) = sync() {
            progress.send_replace(Progress { durable, failure: Some(why) });
            return;
        }
        failpoint::pass("store.flush.after");
        durable = ticket;
        progress.send_replace(Progress { durable, failure: None });
    }
}

fn sync(tree: &sled::Tree, file: &File) -> Result<(), String> {
    failpoint::pass("store.flush.before");
    tree.flush().map_err(|error| error.to_string())?;
    file.sync_data().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_called_durable() {
        let shared = Arc::new(Shared::default());
        let (sender, progress) = watch::channel(Progress::default());
        let theirs = Arc::clone(&shared);
        let mut answers = vec![Err("disk full".to_owned()), Ok(())].into_iter();
        let thread = std::thread::spawn(move || run(&theirs, &sender, || answers.next().unwrap_or(Ok(()))));
        let committer = Committer { shared, progress, thread: Some(thread) };
        assert!(committer.healthy().is_ok());
        let ticket = committer.request();
        assert!(committer.wait(ticket).await.unwrap_err().to_string().contains("disk full"));
        assert!(committer.healthy().is_err());
        let later = committer.request();
        assert!(committer.wait(later).await.is_err());
    }
}
