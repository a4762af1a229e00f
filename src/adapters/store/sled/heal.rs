//! A disk that is full, read-only or fails, and what follows once it works again.
//!
//! After a failed write or sync sled refuses everything, and nobody knows which of its pages the disk holds (a
//! page whose writing failed may count as written). So the database is closed, read again from what the disk
//! gives, checked against the last change known to be durable, and written anew as a whole before anything is
//! built on it. For the callers this is a crash and a restart, which every step survives.
//!
//! That takes as much room as the database has. Where it is not there, the database stays open to be read, and nothing is
//! stored until it is: what the old files show may be in memory only, and the next sync of it would be called a success.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::tx::Tx;
use super::{Inner, Live, closed, open, rewrite, rollback};
use crate::adapters::durable;
use crate::ports::store::{StoreError, StoreResult};

/// Written to see whether the disk works.
const PROBE: &str = "disk.probe";
const PROBE_BYTES: usize = 64 * 1024;

impl Inner {
    /// Fails while the reserve is touched.
    pub(super) fn has_room(&self) -> StoreResult<()> {
        let free = rustix::fs::statvfs(&self.data_dir).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        match free {
            Ok(free) if free < self.settings.reserve_bytes => Err(StoreError::Temporary(format!(
                "the disk of {} is full ({} MB free, {} MB are kept back for what is under way): make room",
                self.data_dir.display(),
                free / 1_000_000,
                self.settings.reserve_bytes / 1_000_000,
            ))),
            // Who cannot say how much is free may have plenty.
            _ => Ok(()),
        }
    }

    /// Makes the store usable again when the disk is. Blocks everybody else meanwhile.
    pub(super) fn heal(&self) -> StoreResult<()> {
        let healthy = |live: &Option<Live>| live.as_ref().is_some_and(|live| live.healthy().is_ok());
        let well = healthy(&self.live.read().unwrap_or_else(PoisonError::into_inner));
        if !well {
            // Half a copy may be what keeps the disk full.
            let _writing = self.live.write().unwrap_or_else(PoisonError::into_inner);
            self.settle_rewriting()?;
        }
        self.has_room()?;
        if well && !self.refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        // First of all: while the disk refuses, the database stays open and the desk can be read.
        self.probe()?;
        self.refused.store(false, Ordering::Relaxed);
        let mut writing = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if healthy(&writing) {
            return Ok(());
        }
        self.reopen(&mut writing)?;
        tracing::info!("the disk works again and the store goes on");
        Ok(())
    }

    /// Writes the database anew. Until the copy is whole nothing is closed: where it fails, the store goes on.
    pub(super) fn renew(&self) -> StoreResult<()> {
        let mut writing = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let live = writing.as_ref().ok_or_else(closed)?;
        live.healthy()?;
        live.committer.make_durable(live.last)?;
        rewrite::grow(&self.data_dir, &live.database, self.settings.cache_bytes)?;
        close(&mut writing);
        self.swap(&mut writing)
    }

    /// Fails where the database could not be written anew now.
    pub(super) fn can_renew(&self) -> StoreResult<()> {
        // Nobody writes a copy meanwhile.
        let _reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
        self.settle_rewriting()?;
        self.fits()
    }

    fn fits(&self) -> StoreResult<()> {
        rewrite::fits(&self.data_dir, self.settings.reserve_bytes)
    }

    fn settle_rewriting(&self) -> StoreResult<()> {
        rewrite::settle(&self.data_dir).map_err(|error| open::at(&self.data_dir, "finish the rewriting in", &error))
    }

    /// Closes a database that failed, and opens a copy written anew.
    fn reopen(&self, writing: &mut Option<Live>) -> StoreResult<()> {
        if writing.is_some() {
            self.fits()?;
        }
        close(writing);
        self.settle_rewriting()?;
        let read = open::reopen(&self.data_dir, &self.settings)?;
        let grown = self.fits().and_then(|()| rewrite::grow(&self.data_dir, &read.database, self.settings.cache_bytes));
        if let Err(error) = grown {
            let live = Live::start(read)?;
            *writing = Some(Live { broken: Some(error.to_string()), ..live });
            return Err(error);
        }
        drop(read);
        self.swap(writing)
    }

    /// Opens the copy written anew in the place of the database, which is closed.
    fn swap(&self, writing: &mut Option<Live>) -> StoreResult<()> {
        rewrite::swap(&self.data_dir)?;
        let mut opened = open::reopen(&self.data_dir, &self.settings)?;
        let store = Tx::new(&opened.database, &self.texts, self.ids.as_ref()).store_id()?;
        if let (Some(path), Some(store)) = (&self.settings.witness, store) {
            opened.unwatched = self.unwatched.clone();
            opened.witness = rollback::watch(path, store, &opened).map_err(|error| open::at(path, "write", &error))?;
        }
        *writing = Some(Live::start(opened)?);
        Ok(())
    }

    /// Whether the disk takes and keeps what is written.
    fn probe(&self) -> StoreResult<()> {
        let path = self.data_dir.join(PROBE);
        let written =
            durable::write(&self.data_dir, PROBE, &[0; PROBE_BYTES]).and_then(|()| std::fs::remove_file(&path));
        written.map_err(|error| {
            StoreError::Temporary(format!(
                "the disk of {} cannot be written ({error}): repair it or make room",
                self.data_dir.display()
            ))
        })
    }
}

fn close(writing: &mut Option<Live>) {
    if let Some(live) = writing.take() {
        // Closing syncs, and panics when that fails; what is in memory alone is given up anyway.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(live)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{SledSettings, SledStore};
    use jiff::Timestamp;

    use super::*;
    use crate::adapters::system::SystemIds;
    use crate::domain::Email;
    use crate::ports::Store as _;

    #[test]
    fn what_failed_can_still_be_read_until_the_disk_works_again() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let inner = &store.inner;
        inner.live.write().unwrap().as_mut().unwrap().broken = Some("an earlier write failed".into());
        let in_the_way = folder.path().join(PROBE);
        std::fs::create_dir(&in_the_way).unwrap();

        assert!(matches!(inner.heal(), Err(StoreError::Temporary(why)) if why.contains("repair it or make room")));
        inner.look(|tx| tx.store_id()).unwrap();
        assert!(inner.apply(super::super::Room::Ordinary, |_| Ok(())).is_err());

        std::fs::remove_dir(&in_the_way).unwrap();
        inner.heal().unwrap();
        assert!(inner.apply(super::super::Room::Ordinary, |_| Ok(())).is_ok());
    }

    /// As if the disk were as good as full.
    fn without_room(folder: &std::path::Path) -> SledStore {
        let settings = SledSettings { reserve_bytes: u64::MAX / 2, ..SledSettings::default() };
        SledStore::open(folder, &settings, Arc::new(SystemIds)).unwrap().0
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_erased_where_no_second_database_fits() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        let somebody = Email::parse("somebody@customer.example").unwrap();
        store.erase(&somebody, Timestamp::now()).await.unwrap();
        drop(store);
        std::fs::create_dir(folder.path().join("store.rewritten")).unwrap();
        std::fs::write(folder.path().join("store.rewritten/db"), "half").unwrap();

        let store = without_room(folder.path());
        let refused = store.erase(&somebody, Timestamp::now()).await.unwrap_err().to_string();
        assert!(refused.starts_with("nothing was erased") && refused.ends_with("then erase again"), "{refused}");
        store.inner.look(|tx| tx.store_id()).unwrap();
        drop(store);

        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        store.erase(&somebody, Timestamp::now()).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_that_fails_leaves_the_store_open() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
        // What stands in the way of the copy is no folder that could be removed.
        std::fs::write(folder.path().join("store.rewritten"), "in the way").unwrap();
        let inner = Arc::clone(&store.inner);
        assert!(tokio::task::spawn_blocking(move || inner.renew()).await.unwrap().is_err());
        store.inner.apply(super::super::Room::Ordinary, |_| Ok(())).unwrap();
    }

    #[test]
    fn half_a_copy_does_not_keep_the_disk_full() {
        let folder = tempfile::tempdir().unwrap();
        let store = without_room(folder.path());
        *store.inner.live.write().unwrap() = None;
        let half = folder.path().join("store.rewritten");
        std::fs::create_dir(&half).unwrap();
        assert!(store.inner.heal().is_err(), "there is no room yet");
        assert!(!half.exists());
    }

    #[test]
    fn without_room_for_a_copy_the_database_is_read_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = without_room(folder.path());
        let inner = &store.inner;
        for closed in [true, false] {
            if closed {
                *inner.live.write().unwrap() = None;
            }
            let refused = inner.reopen(&mut inner.live.write().unwrap()).unwrap_err().to_string();
            assert!(refused.contains("make room"), "{refused}");
            inner.look(|tx| tx.store_id()).unwrap();
            assert!(inner.apply(super::super::Room::Reserve, |_| Ok(())).is_err(), "nothing is built on it");
            assert!(!folder.path().join("store.rewritten").exists());
        }
    }
}
