//! Durability: one thread flushes and syncs for everybody who waits (group commit).
//!
//! sled 0.34 hangs when two tasks await `flush_async` at once (sled#1308), and its `flush` does not sync the file
//! on Linux; so exactly one thread flushes, then syncs the database file, and only then lets the waiters go.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::mark::Mark;
use super::witness::Witness;
use crate::failpoint;
use crate::ports::store::{StoreError, StoreResult};

/// How far the disk has come.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// Every change up to this number is durable.
    durable: u64,
    /// Nothing gets durable any more.
    failure: Option<String>,
}

#[derive(Debug, Default)]
struct Wanted {
    /// The last change applied.
    change: u64,
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
    /// Starts the thread. `file` is the database file that `tree` writes to, `last` its last change.
    pub(super) fn start(
        tree: sled::Tree,
        file: File,
        mark: Mark,
        mut witness: Option<Witness>,
        last: u64,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        shared.lock().change = last;
        let (sender, progress) = watch::channel(Progress { durable: last, failure: None });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("store-commit".into()).spawn(move || {
            run(&theirs, &sender, last, |change| {
                sync(&tree, &file, &mark, change)?;
                if let Some(witness) = &mut witness {
                    witness.write(change);
                }
                Ok(())
            });
            if let Err(error) = mark.sync() {
                tracing::warn!(%error, "the store's mark could not be synced");
            }
        })?;
        Ok(Self { shared, progress, thread: Some(thread) })
    }

    /// Asks for this change, the last one applied, to be made durable.
    pub(super) fn request(&self, change: u64) -> Waiter {
        self.shared.lock().change = change;
        self.shared.bell.notify_one();
        Waiter { change, progress: self.progress.clone() }
    }

    /// Blocks until this change, the last one applied, is durable.
    pub(super) fn make_durable(&self, change: u64) -> StoreResult<()> {
        let waiter = self.request(change);
        tokio::runtime::Handle::current().block_on(waiter.durable())
    }

    /// Fails when an earlier change could not be made durable: memory is then ahead of the disk.
    pub(super) fn healthy(&self) -> StoreResult<()> {
        self.progress.borrow().failure.as_deref().map_or(Ok(()), |why| Err(failed(why)))
    }
}

/// Somebody waits for a change to be durable.
#[derive(Debug)]
pub(super) struct Waiter {
    change: u64,
    progress: watch::Receiver<Progress>,
}

impl Waiter {
    /// Returns once the change is durable.
    pub(super) async fn durable(mut self) -> StoreResult<()> {
        let change = self.change;
        let reached = self.progress.wait_for(|p| p.durable >= change || p.failure.is_some()).await;
        match reached {
            Ok(progress) if progress.durable >= change => Ok(()),
            Ok(progress) => Err(failed(progress.failure.as_deref().unwrap_or("unknown"))),
            Err(_) => Err(failed("the committing thread ended")),
        }
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

/// What everybody is told once the disk failed.
pub(super) fn failed(why: &str) -> StoreError {
    StoreError::Temporary(format!("the store cannot write to its disk ({why}): make room or repair it"))
}

fn run(
    shared: &Shared,
    progress: &watch::Sender<Progress>,
    last: u64,
    mut sync: impl FnMut(u64) -> Result<(), String>,
) {
    let mut durable = last;
    loop {
        let change = {
            let mut wanted = shared.lock();
            while wanted.change == durable && !wanted.stop {
                wanted = shared.bell.wait(wanted).unwrap_or_else(PoisonError::into_inner);
            }
            if wanted.change == durable {
                return;
            }
            wanted.change
        };
        if let Err(why) = sync(change) {
            progress.send_replace(Progress { durable, failure: Some(why) });
            return;
        }
        failpoint::pass("store.flush.after");
        durable = change;
        progress.send_replace(Progress { durable, failure: None });
    }
}

fn sync(tree: &sled::Tree, file: &File, mark: &Mark, change: u64) -> Result<(), String> {
    failpoint::pass("store.flush.before");
    tree.flush().map_err(|error| error.to_string())?;
    file.sync_data().map_err(|error| error.to_string())?;
    mark.write(change).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_called_durable() {
        let shared = Arc::new(Shared::default());
        let (sender, progress) = watch::channel(Progress::default());
        let theirs = Arc::clone(&shared);
        let mut answers = vec![Ok(()), Err("disk full".to_owned())].into_iter();
        let sync = move |_| answers.next().unwrap_or(Ok(()));
        let thread = std::thread::spawn(move || run(&theirs, &sender, 0, sync));
        let committer = Committer { shared, progress, thread: Some(thread) };
        assert_eq!(committer.request(1).durable().await, Ok(()));
        assert!(committer.healthy().is_ok());
        let first = Waiter { change: 1, progress: committer.progress.clone() };
        assert!(committer.request(2).durable().await.unwrap_err().to_string().contains("disk full"));
        assert!(committer.healthy().is_err());
        assert!(committer.request(3).durable().await.is_err());
        assert_eq!(first.durable().await, Ok(()), "what was durable stays so");
    }
}
