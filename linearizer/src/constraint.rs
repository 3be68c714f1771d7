//! Constraints on the result of a change: keys that fit their rows, NOT NULL, UNIQUE (R23).
//!
//! Unique entries are compared as key bytes, so equal under the index's collation is equal here. `unique_checks=0` does
//! not loosen anything: MySQL allows an engine to check nevertheless, and a state without duplicates needs no repair.

use crate::fold::{At, SpaceWrites, Stop};
use crate::footprint::Use;
use crate::outcome::Reason;
use crate::table_fold::malformed;
use crate::view::Bytes;
use dag::row_key::Key;
use dag::schema::{Index, Table};
use dag::value::Value;

/// Parks a row under a key that its values do not make.
pub(crate) fn key_is_its_rows(table: &Table, key: &Key, values: &[Value]) -> Result<(), Stop> {
    if table.primary.is_none() {
        return Ok(());
    }
    match table.primary_key_of(values) {
        Ok(made) if made == *key => Ok(()),
        Ok(_) => Err(malformed(table, "a row under a key that its values do not make")),
        Err(error) => Err(malformed(table, error)),
    }
}

/// Parks a row with NULL where none may be.
pub(crate) fn not_null(table: &Table, key: &Key, values: &[Value]) -> Result<(), Stop> {
    let broken = table.columns.iter().zip(values).find(|(column, value)| !column.nullable && value.is_null());
    match broken {
        Some((column, _)) => Err(Stop::Park(Reason::Null { table: table.id, key: key.clone(), column: column.id })),
        None => Ok(()),
    }
}

/// The entries that a commit takes out of one index and puts in.
pub(crate) struct IndexEdits<'c> {
    index: &'c Index,
    left: Vec<Key>,
    entered: Vec<Entry>,
}

/// An entry to put in.
struct Entry {
    key: Key,
    /// The row's primary key.
    row: Key,
    /// Whether no other row may have it.
    unique: bool,
}

impl<'c> IndexEdits<'c> {
    pub(crate) fn new(index: &'c Index) -> Self {
        IndexEdits { index, left: Vec::new(), entered: Vec::new() }
    }

    fn entry(&self, table: &Table, key: &Key, values: &[Value]) -> Result<(Key, bool), Stop> {
        self.index.entry_key(table, values, key).map_err(|e| malformed(table, e))
    }

    /// A row leaves.
    pub(crate) fn leave(&mut self, table: &Table, key: &Key, values: &[Value]) -> Result<(), Stop> {
        let (entry, _) = self.entry(table, key, values)?;
        self.left.push(entry);
        Ok(())
    }

    /// An entry leaves, whatever its row.
    pub(crate) fn forget(&mut self, entry: &Key) {
        self.left.push(entry.clone());
    }

    /// A row comes.
    pub(crate) fn enter(&mut self, table: &Table, key: &Key, values: &[Value]) -> Result<(), Stop> {
        let (entry, unique) = self.entry(table, key, values)?;
        self.entered.push(Entry { key: entry, row: key.clone(), unique });
        Ok(())
    }

    /// A row changes; an equal entry stays where it is.
    pub(crate) fn replace(&mut self, table: &Table, key: &Key, old: &[Value], new: &[Value]) -> Result<(), Stop> {
        let (from, _) = self.entry(table, key, old)?;
        let (to, unique) = self.entry(table, key, new)?;
        if from != to {
            self.left.push(from);
            self.entered.push(Entry { key: to, row: key.clone(), unique });
        }
        Ok(())
    }

    /// UNIQUE: no entry twice among the new ones, none that is there and does not leave.
    pub(crate) fn check(&mut self, table: &Table, at: At<'_>) -> Result<(), Stop> {
        self.left.sort_unstable();
        self.entered.sort_by(|a, b| a.key.cmp(&b.key));
        for (position, entry) in self.entered.iter().enumerate().filter(|(_, e)| e.unique) {
            let twice = position > 0 && self.entered[position - 1].key == entry.key;
            let found = at.find(self.index.id, entry.key.as_ref())?;
            if twice || found.value.is_some() && self.left.binary_search(&entry.key).is_err() {
                let (index, key) = (self.index.id, entry.key.clone());
                let against = found.value.and(found.writer);
                return Err(Stop::Park(Reason::Duplicate { table: table.id, index, key, against }));
            }
        }
        Ok(())
    }

    /// What was or would have been read, had the commit not been parked.
    pub(crate) fn entered_uses(&self) -> impl Iterator<Item = Use> {
        self.entered.iter().filter(|e| e.unique).map(|e| Use::Key(self.index.id, e.key.clone()))
    }

    /// The edits as writes; `None` if there are none. Call after [`Self::check`], which sorts.
    pub(crate) fn into_writes(mut self) -> Option<SpaceWrites> {
        let entered = &self.entered;
        self.left.retain(|key| entered.binary_search_by(|e| e.key.cmp(key)).is_err());
        let left = self.left.into_iter().map(|key| (key, None));
        let entries: Vec<(Key, Option<Bytes>)> =
            left.chain(self.entered.into_iter().map(|e| (e.key, Some(e.row.0)))).collect();
        (!entries.is_empty()).then_some(SpaceWrites { space: self.index.id, entries })
    }
}
