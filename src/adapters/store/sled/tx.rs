//! One step under way: reads see its own writes, nothing is applied before the end.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files::{Raw, Texts};
use super::key::Key;
use crate::ports::Ids;
use crate::ports::store::{StoreError, StoreResult};

/// Which end of a range to begin at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Rising,
    Falling,
}

/// A row, or why its text cannot be read.
pub(super) type OrDamage<T> = Result<T, String>;

/// Sets a damaged text apart from everything else that may go wrong.
pub(super) fn or_damage<T>(read: StoreResult<T>) -> StoreResult<OrDamage<T>> {
    match read {
        Ok(row) => Ok(Ok(row)),
        Err(StoreError::Damaged(why)) => Ok(Err(why)),
        Err(error) => Err(error),
    }
}

/// A step under way.
pub(super) struct Tx<'a> {
    tree: &'a sled::Tree,
    texts: &'a Texts,
    ids: &'a dyn Ids,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(tree: &'a sled::Tree, texts: &'a Texts, ids: &'a dyn Ids) -> Self {
        Self { tree, texts, ids, writes: BTreeMap::new() }
    }

    /// What is to be applied; `None` when the step changes nothing.
    pub(super) fn into_batch(self) -> Option<sled::Batch> {
        if self.writes.is_empty() {
            return None;
        }
        let mut batch = sled::Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Some(batch)
    }

    /// Files that rows name now, and those rows no longer once the step is applied. Another row may name them still.
    pub(super) fn released(&self) -> StoreResult<HashSet<String>> {
        let mut files = HashSet::new();
        for (key, value) in &self.writes {
            let Some(before) = self.tree.get(key).map_err(database_error)? else { continue };
            files.extend(Texts::named_by(&before));
            if value.is_none() {
                files.extend(Raw::named_by(key));
            }
        }
        Ok(files)
    }

    /// 32 random hexadecimal digits.
    pub(super) fn salt(&self) -> String {
        self.ids.salt()
    }

    fn value(&self, key: &[u8]) -> StoreResult<Option<Vec<u8>>> {
        if let Some(written) = self.writes.get(key) {
            return Ok(written.clone());
        }
        Ok(self.tree.get(key).map_err(database_error)?.map(|value| value.to_vec()))
    }

    /// The bytes of a row.
    pub(super) fn bytes(&self, key: Key) -> StoreResult<Option<Vec<u8>>> {
        self.value(&key.bytes())?.map(|value| self.texts.decode(&value)).transpose()
    }

    /// A row.
    pub(super) fn get<T: DeserializeOwned>(&self, key: Key) -> StoreResult<Option<T>> {
        self.bytes(key)?.map(|bytes| parse(&bytes)).transpose()
    }

    /// Whether a row is there.
    pub(super) fn has(&self, key: Key) -> StoreResult<bool> {
        Ok(self.value(&key.bytes())?.is_some())
    }

    /// Writes a row.
    pub(super) fn put<T: Serialize>(&mut self, key: Key, row: &T) -> StoreResult<()> {
        let bytes =
            serde_json::to_vec(row).map_err(|error| StoreError::Permanent(format!("cannot write a row: {error}")))?;
        self.put_bytes(key, &bytes)
    }

    /// Writes a row of bytes.
    pub(super) fn put_bytes(&mut self, key: Key, bytes: &[u8]) -> StoreResult<()> {
        let value = self.texts.encode(bytes)?;
        self.writes.insert(key.bytes(), Some(value));
        Ok(())
    }

    /// Writes a row that was encoded before.
    pub(super) fn put_value(&mut self, key: Key, value: Vec<u8>) {
        self.writes.insert(key.bytes(), Some(value));
    }

    /// Removes a row.
    pub(super) fn delete(&mut self, key: Key) {
        self.writes.insert(key.bytes(), None);
    }

    /// Removes a row by its finished key.
    pub(super) fn delete_raw(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Keys and values from `from` up to before `to`, the step's own writes included.
    fn range(&self, from: &[u8], to: &[u8], order: Order, limit: usize) -> StoreResult<Vec<(Vec<u8>, Vec<u8>)>> {
        if limit == 0 || from >= to {
            return Ok(Vec::new());
        }
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut stored = self.tree.range(from..to);
        while found.len() < limit {
            let next = if order == Order::Rising { stored.next() } else { stored.next_back() };
            let Some(next) = next else { break };
            let (key, value) = next.map_err(database_error)?;
            if !self.writes.contains_key(key.as_ref()) {
                found.push((key.to_vec(), value.to_vec()));
            }
        }
        let own = self.writes.range(from.to_vec()..to.to_vec());
        found.extend(own.filter_map(|(key, value)| Some((key.clone(), value.clone()?))));
        found.sort_by(|a, b| if order == Order::Rising { a.0.cmp(&b.0) } else { b.0.cmp(&a.0) });
        found.truncate(limit);
        Ok(found)
    }

    /// Keys of rows that begin with `prefix`.
    pub(super) fn keys(&self, prefix: &Key, limit: usize) -> StoreResult<Vec<Vec<u8>>> {
        let from = prefix.clone().bytes();
        Ok(self.range(&from, &prefix.end(), Order::Rising, limit)?.into_iter().map(|(key, _)| key).collect())
    }

    /// Keys of rows from `from` up to before `to`.
    pub(super) fn keys_between(&self, from: Key, to: &[u8], limit: usize) -> StoreResult<Vec<Vec<u8>>> {
        Ok(self.range(&from.bytes(), to, Order::Rising, limit)?.into_iter().map(|(key, _)| key).collect())
    }

    /// Rows that begin with `prefix`.
    pub(super) fn rows<T: DeserializeOwned>(&self, prefix: &Key, order: Order, limit: usize) -> StoreResult<Vec<T>> {
        let from = prefix.clone().bytes();
        self.parsed(self.range(&from, &prefix.end(), order, limit)?)
    }

    /// Rows from `from` up to before `to`.
    pub(super) fn rows_between<T: DeserializeOwned>(&self, from: Key, to: &[u8], limit: usize) -> StoreResult<Vec<T>> {
        self.parsed(self.range(&from.bytes(), to, Order::Rising, limit)?)
    }

    /// Rows that begin with `prefix`, from its beginning up to and with the part that `last` adds.
    pub(super) fn rows_until<T: DeserializeOwned>(&self, prefix: Key, last: &Key, limit: usize) -> StoreResult<Vec<T>> {
        self.parsed(self.range(&prefix.bytes(), &last.end(), Order::Rising, limit)?)
    }

    /// Rows that begin with `prefix`, with their keys; why one whose text is damaged cannot be read.
    pub(super) fn rows_or_damage<T: DeserializeOwned>(&self, prefix: &Key) -> StoreResult<Vec<(Vec<u8>, OrDamage<T>)>> {
        let found = self.range(&prefix.clone().bytes(), &prefix.end(), Order::Rising, usize::MAX)?;
        let read = |value: &[u8]| or_damage(self.texts.decode(value).and_then(|bytes| parse(&bytes)));
        found.into_iter().map(|(key, value)| Ok((key, read(&value)?))).collect()
    }

    fn parsed<T: DeserializeOwned>(&self, found: Vec<(Vec<u8>, Vec<u8>)>) -> StoreResult<Vec<T>> {
        found.iter().map(|(_, value)| parse(&self.texts.decode(value)?)).collect()
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> StoreResult<T> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Permanent(format!("a stored row is damaged: {error}")))
}

/// What sled says, for people.
pub(super) fn database_error(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => StoreError::Temporary(format!("the database cannot be read or written: {error}")),
        other => StoreError::Permanent(format!("the database is damaged: {other}")),
    }
}
