//! How far folders have been read, and messages given up on.

use std::collections::BTreeSet;

use super::key::{Key, Table};
use super::rows::Counted;
use super::tx::{Order, Tx};
use crate::domain::{Folder, Position};
use crate::ports::store::{Quarantine, Quarantined, StoreResult};

impl Tx<'_> {
    /// The position of a folder.
    pub(super) fn position(&self, folder: &Folder) -> StoreResult<Option<Position>> {
        let Some(mark) = self.get(Key::of(Table::Mark).folder(folder))? else { return Ok(None) };
        let seen: Vec<String> = self.rows(&Key::of(Table::Seen).folder(folder), Order::Rising, usize::MAX)?;
        Ok(Some(Position { mark, seen: seen.into_iter().collect(), forgotten: BTreeSet::new() }))
    }

    /// Replaces mark and all names.
    pub(super) fn set_position(&mut self, folder: &Folder, position: &Position) -> StoreResult<()> {
        for key in self.keys(&Key::of(Table::Seen).folder(folder), usize::MAX)? {
            self.delete_raw(key);
        }
        self.advance(folder, position)
    }

    /// Replaces the mark, adds and drops names.
    pub(super) fn advance(&mut self, folder: &Folder, position: &Position) -> StoreResult<()> {
        self.put(Key::of(Table::Mark).folder(folder), &position.mark)?;
        for name in &position.forgotten {
            self.delete(Key::of(Table::Seen).folder(folder).text(name));
        }
        for name in &position.seen {
            self.put(Key::of(Table::Seen).folder(folder).text(name), name)?;
        }
        Ok(())
    }

    /// A message could not be fetched.
    pub(super) fn pass_over(&mut self, quarantine: &Quarantine) -> StoreResult<()> {
        let Quarantine { location, position, why, given_up, at } = quarantine;
        self.advance(&location.folder, position)?;
        if *given_up {
            let row = Quarantined { location: location.clone(), why: why.clone(), at: *at };
            let key = Key::of(Table::Quarantined).time(*at).folder(&location.folder).text(&location.name);
            if !self.has(key.clone())? {
                self.count(Counted::Quarantined, "", 1)?;
            }
            self.put(key, &row)?;
        }
        Ok(())
    }
}
