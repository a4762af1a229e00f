//! Erasure and retention as a whole: rows, files, what the database's files still show, and the backups.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use jiff::Timestamp;

use super::erase::Kept;
use super::files::{Raw, Sweep, Texts};
use super::key::{Key, Table};
use super::tx::{Order, Tx, database_error};
use super::written::{Place, Written};
use super::{Inner, Room, backup, closed, open, restore, rewrite};
use crate::domain::{Case, CaseId, CaseState, Closed, Email, MessageKey};
use crate::failpoint;
use crate::ports::store::{AutomatedMessage, Erased, Expired, Expiry, KeptInBackup, StoreError, StoreResult};

/// Messages looked at, or cases erased, in one step: nobody waits long for it.
const AT_ONCE: usize = 200;

/// None where no backup was made yet.
fn backups_below(folder: &Path) -> StoreResult<Vec<PathBuf>> {
    match backup::below(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|error| open::at(folder, "list", &error)),
    }
}

impl Inner {
    /// See [`crate::ports::Store::erase`].
    pub(super) fn erase(&self, address: &Email, at: Timestamp) -> StoreResult<Erased> {
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_room_to_erase()
            .map_err(|why| StoreError::Temporary(format!("nothing was erased: {why}, then erase again")))?;
        let kept = |tx: &Tx<'_>, case: &Case| Ok(tx.kept_because(case)?.map(Kept::here));
        let (mut erased, _) = self.apply(Room::Reserve, |tx| tx.erase(address, at, Place::Store, kept))?;
        failpoint::pass("erase-rows");
        self.say_where_mentioned(address, &mut erased)?;
        // Even when nothing was found: an erasure that a crash interrupted is finished by repeating it.
        self.renew().map_err(|why| {
            StoreError::Temporary(format!(
                "the address was taken out of the store, but the files of its database may still show it, and could not be \
                 written anew: {why}. Put that right, then erase again"
            ))
        })?;
        failpoint::pass("erase-rewritten");
        erased.files = self.sweep()?;
        failpoint::pass("erase-swept");
        erased.moved_aside = moved_aside(&self.data_dir).map_err(|error| open::at(&self.data_dir, "list", &error))?;
        backup::sweep_parts(&self.data_dir).map_err(|error| open::at(&self.data_dir, "sweep", &error))?;
        if let Some(backups) = &self.settings.backups {
            erased.incomplete = backup::sweep_partial(backups).map_err(|error| open::at(backups, "sweep", &error))?;
            for copy in backups_below(backups)? {
                let there = self.erase_copy(&copy, address, at)?;
                erased.damaged.extend(there.damaged);
                for (case, why) in there.deferred {
                    erased.deferred_in_backups.push(KeptInBackup { backup: copy.clone(), case, why });
                }
                erased.backups.push(copy);
                failpoint::pass("erase-copy-done");
            }
        }
        erased.damaged.sort();
        erased.damaged.dedup();
        Ok(erased)
    }

    /// Asked before anything is removed, for what was found is told once: the store and each backup are written anew, one
    /// after the other.
    fn has_room_to_erase(&self) -> StoreResult<()> {
        self.can_renew()?;
        let Some(backups) = &self.settings.backups else { return Ok(()) };
        for copy in backups_below(backups)? {
            rewrite::settle(&copy).map_err(|error| open::at(&copy, "finish the rewriting of", &error))?;
            rewrite::fits(&copy, self.settings.reserve_bytes)?;
        }
        Ok(())
    }

    /// Reads every record and every mail of ours, some cases at a time: who writes does not wait for all of them.
    fn say_where_mentioned(&self, address: &Email, erased: &mut Erased) -> StoreResult<()> {
        let written = Written::of(address);
        let cases = self.look(|tx| tx.case_ids())?;
        for some in cases.chunks(AT_ONCE) {
            let (found, damaged) = self.look(|tx| tx.mentioned_by_us(some, &written))?;
            erased.mentioned_in.extend(found);
            erased.damaged.extend(damaged);
        }
        erased.mentioned_in.retain(|case| !erased.deferred.iter().any(|(kept, _)| kept == case));
        erased.mentioned_in.sort();
        erased.mentioned_in.dedup();
        Ok(())
    }

    /// The same in a backup.
    fn erase_copy(&self, copy: &Path, address: &Email, at: Timestamp) -> StoreResult<Erased> {
        rewrite::settle(copy).map_err(|error| open::at(copy, "finish the rewriting of", &error))?;
        let opened = open::reopen(copy, &self.settings)?;
        let texts = Texts::open(copy).map_err(|error| open::at(copy, "read", &error))?;
        let mut tx = Tx::new(&opened.database, &texts, self.ids.as_ref());
        let erased = tx.erase(address, at, Place::Backup, |copy, case| self.kept_in_copy(copy, case))?;
        if let Some(batch) = tx.into_batch() {
            opened.database.apply_batch(batch).map_err(database_error)?;
            opened.database.flush().map_err(database_error)?;
        }
        failpoint::pass("erase-copy-rows");
        rewrite::replace(copy, opened.database, self.settings.cache_bytes)?;
        failpoint::pass("erase-copy-rewritten");
        let names = open::read_copy(copy, &self.settings)?.names;
        let swept = Raw::open(copy).and_then(|raw| names.sweep(&texts, &raw, Sweep::All));
        swept.map_err(|error| open::at(copy, "sweep", &error))?;
        Ok(erased)
    }

    /// Why a backup's case must be kept. What the store itself has decided holds there too: a dispute that was open
    /// when the backup was made may be settled, another may have begun since.
    fn kept_in_copy(&self, copy: &Tx<'_>, case: &Case) -> StoreResult<Option<String>> {
        let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let here = self.tx(reading.as_ref().ok_or_else(closed)?);
        match here.find_case(&case.id)? {
            Some(same) if same.state == CaseState::Closed(Closed::Erased) => Ok(None),
            Some(same) => Ok(here.kept_because(&same)?.map(Kept::here)),
            None => Ok(copy.kept_because(case)?.map(Kept::in_backup)),
        }
    }

    /// Removes originals and texts that rows named and no row names any more. What a step under way has written
    /// before its row is there stays.
    fn sweep(&self) -> StoreResult<u64> {
        // Nothing is applied meanwhile.
        let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let live = reading.as_ref().ok_or_else(closed)?;
        // A row that a crash brings back must find its file.
        live.committer.make_durable(live.last)?;
        let names = open::names(&live.database)?;
        let mut released = self.released.lock().unwrap_or_else(PoisonError::into_inner);
        let swept = names.sweep(&self.texts, &self.raw, Sweep::Released(&released));
        let swept = swept.map_err(|error| open::at(&self.data_dir, "sweep", &error))?;
        released.clear();
        Ok(swept)
    }

    /// See [`crate::ports::Store::damaged`].
    pub(super) fn damaged(&self, all: bool) -> StoreResult<Vec<String>> {
        if all {
            // No file is removed meanwhile.
            let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
            let names = {
                let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
                open::names(&reading.as_ref().ok_or_else(closed)?.database)?
            };
            for name in &names.texts {
                // Those that are damaged are remembered.
                if let Err(error @ StoreError::Temporary(_)) = self.texts.check(name) {
                    return Err(error);
                }
            }
        }
        Ok(self.texts.damaged())
    }

    /// See [`crate::ports::Store::expire`].
    pub(super) fn expire(&self, before: Expiry, at: Timestamp) -> StoreResult<Expired> {
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let mut expired = Expired { raw: self.expire_raw(before.raw)?, ..Expired::default() };
        loop {
            let (gone, _) = self.apply(Room::Reserve, |tx| tx.expire_automated(before.automated))?;
            expired.automated += gone as u64;
            failpoint::pass("expire-automated");
            if gone < AT_ONCE {
                break;
            }
        }
        expired.settled = self.settle(before, at)?;
        loop {
            let (gone, _) = self.apply(Room::Reserve, |tx| tx.expire_cases(before.closed, at))?;
            expired.cases += gone as u64;
            failpoint::pass("expire-cases");
            if gone < AT_ONCE {
                break;
            }
        }
        self.apply(Room::Reserve, |tx| tx.expire_person_wrote(before.closed))?;
        self.apply(Room::Reserve, |tx| tx.forget_counted(at))?;
        failpoint::pass("expire-counted");
        expired.files = self.sweep()?;
        failpoint::pass("expire-swept");
        Ok(expired)
    }

    /// Removes originals of messages that arrived before.
    fn expire_raw(&self, before: Timestamp) -> StoreResult<u64> {
        let mut removed = 0;
        let keys = self.raw.kept().map_err(|error| open::at(&self.data_dir, "list", &error))?;
        for some in keys.chunks(AT_ONCE) {
            let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
            let tx = self.tx(reading.as_ref().ok_or_else(closed)?);
            for key in some {
                // One without a message is under way, or to be swept; one whose text is damaged goes with its case.
                let Ok(message) = tx.message(*key) else { continue };
                let case = tx.member(*key)?.flatten().map(|id| tx.case(&id)).transpose()?;
                let held = case.map(|case| tx.kept_because(&case)).transpose()?.flatten();
                if message.message.arrived_at < before && held.is_none() {
                    self.raw.remove(*key).map_err(|error| open::at(&self.data_dir, "remove from", &error))?;
                    removed += 1;
                    failpoint::pass("expire-raw");
                }
            }
        }
        Ok(removed)
    }
}

impl Tx<'_> {
    /// Removes some machines' messages stored before.
    fn expire_automated(&mut self, before: Timestamp) -> StoreResult<usize> {
        // What a person must know of stays until somebody has put it away.
        let alerts: BTreeSet<MessageKey> = self.alerts(usize::MAX)?.into_iter().map(|row| row.key).collect();
        let prefix = Key::of(Table::Automated);
        let old: Vec<AutomatedMessage> =
            self.rows_until(prefix.clone(), &prefix.time(before), AT_ONCE + alerts.len())?;
        let old: Vec<_> =
            old.into_iter().filter(|row| row.at < before && !alerts.contains(&row.key)).take(AT_ONCE).collect();
        for row in &old {
            self.erase_machines(row.key, &mut Erased::default())?;
            self.drop_automated(row.at, row.key)?;
        }
        Ok(old.len())
    }

    /// Nobody answers a mail that old.
    fn expire_person_wrote(&mut self, before: Timestamp) -> StoreResult<()> {
        let table = Key::of(Table::PersonWrote);
        let times: Vec<Timestamp> = self.rows(&table, Order::Rising, usize::MAX)?;
        for (key, _) in self.keys(&table, usize::MAX)?.into_iter().zip(times).filter(|(_, at)| *at < before) {
            self.delete_raw(key);
        }
        Ok(())
    }

    /// Erases some closed cases without a message since.
    fn expire_cases(&mut self, before: Timestamp, at: Timestamp) -> StoreResult<usize> {
        let prefix = Key::of(Table::CaseByNewest);
        let old: Vec<CaseId> = self.rows_until(prefix.clone(), &prefix.time(before), usize::MAX)?;
        let mut gone = 0;
        for id in old {
            let case = self.case(&id)?;
            let closed = matches!(case.state, CaseState::Closed(why) if why != Closed::Erased);
            if closed && case.last_message_at < before && self.kept_because(&case)?.is_none() {
                self.erase_case(case, "kept long enough", &mut Erased::default(), at)?;
                gone += 1;
            }
            if gone == AT_ONCE {
                break;
            }
        }
        Ok(gone)
    }
}

fn moved_aside(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(restore::BROKEN.as_bytes())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
