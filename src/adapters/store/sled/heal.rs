//! A disk that is full, read-only or fails, and what follows once it works again.
//!
//! After a failed write or sync sled refuses everything, and nobody knows which of its pages the disk holds (a
//! page whose writing failed may count as written). So the database is closed, read again from what the disk
//! gives, checked against the last change known to be durable, and written anew as a whole before anything is
//! built on it. For the callers this is a crash and a restart, which every step survives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::tx::Tx;
use super::{Inner, Live, open, rewrite, rollback};
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
        self.has_room()?;
        let healthy = |live: &Option<Live>| live.as_ref().is_some_and(|live| live.healthy().is_ok());
        let well = healthy(&self.live.read().unwrap_or_else(PoisonError::into_inner));
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

    /// Writes the database anew.
    pub(super) fn renew(&self) -> StoreResult<()> {
        let mut writing = self.live.write().unwrap_or_else(PoisonError::into_inner);
        self.reopen(&mut writing)
    }

    /// Closes the database, which first makes durable what was applied, and opens a copy written anew.
    fn reopen(&self, writing: &mut Option<Live>) -> StoreResult<()> {
        if let Some(failed) = writing.take() {
            // Closing syncs, and panics when that fails; what is in memory is given up anyway.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(failed)));
        }
        rewrite::settle(&self.data_dir).map_err(|error| open::at(&self.data_dir, "finish the rewriting in", &error))?;
        let read = open::reopen(&self.data_dir, &self.settings)?;
        rewrite::replace(&self.data_dir, read.database, self.settings.cache_bytes)?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{SledSettings, SledStore};
    use super::*;
    use crate::adapters::system::SystemIds;

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
}
