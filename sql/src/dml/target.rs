//! The table a statement writes: its definition, and how its rows are locked, read and written.

use crate::error::SqlError;
use crate::session::state::State;
use crate::session::stop::{Stop, unreadable};
use crate::transaction::lock::{LockKey, Mode};
use crate::transaction::overlay::Overlay;
use crate::transaction::write_set::{ColumnSet, RowWrite};
use dag::change::Marks;
use dag::id::EntityId;
use dag::row_key::Key;
use dag::schema::{Index, Table};
use dag::value::Value;
use linearizer::view::{Bytes, View};
use std::sync::Arc;

/// A stored table under a name.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub database: Arc<str>,
    pub table: Arc<Table>,
}

/// A row with its key and the entries it has in every index.
pub(crate) struct Placed {
    pub key: Key,
    pub values: Vec<Value>,
    pub entries: Vec<(EntityId, Key)>,
}

/// What a row would collide with.
pub(crate) struct Collision {
    /// Position among the secondary indexes; `None` is the primary key.
    pub index: Option<usize>,
    /// Primary key bytes of the row that is there.
    pub key: Key,
}

impl Target {
    /// The primary key bytes of a row's values. Error: 1105 where a key cannot be built (3072 bytes).
    pub fn key_of(&self, values: &[Value]) -> Result<Key, SqlError> {
        self.table.primary_key_of(values).map_err(|e| self.bad(&e))
    }

    /// A row with the entries it has.
    pub fn place(&self, key: Key, values: Vec<Value>) -> Result<Placed, SqlError> {
        let mut entries = Vec::with_capacity(self.table.indexes.len());
        for index in &self.table.indexes {
            let (entry, _) = index.entry_key(&self.table, &values, &key).map_err(|e| self.bad(&e))?;
            entries.push((index.id, entry));
        }
        Ok(Placed { key, values, entries })
    }

    /// A row's values from its bytes.
    pub fn read(&self, row: &[u8]) -> Result<Vec<Value>, SqlError> {
        self.table.read(row).map_err(unreadable)
    }

    fn bad(&self, error: &dag::error::Error) -> SqlError {
        SqlError::new(1105, format!("a row of {} cannot be stored: {error}", self.table.name))
    }

    /// Which entries are unique and without NULL, by position of the index.
    fn unique_entries<'a>(&'a self, placed: &'a Placed) -> impl Iterator<Item = (usize, &'a Index, Key)> {
        self.table.indexes.iter().enumerate().filter(|(_, index)| index.unique).filter_map(|(at, index)| {
            let (entry, single) = index.entry_key(&self.table, &placed.values, &placed.key).ok()?;
            single.then_some((at, index, entry))
        })
    }

    /// Locks the row's key and its UNIQUE entries (R35). True if any was not held before: what was read may be stale.
    pub fn lock(&self, state: &mut State, placed: &Placed) -> Result<bool, Stop> {
        let mut new = state.lock_row(LockKey::row(self.table.id, &placed.key.0), Mode::Exclusive)?;
        for (_, index, entry) in self.unique_entries(placed) {
            new |= state.lock_row(LockKey::row(index.id, &entry.0), Mode::Exclusive)?;
        }
        Ok(new)
    }

    /// Locks a row's key alone.
    pub fn lock_key(&self, state: &mut State, key: &Key) -> Result<bool, Stop> {
        state.lock_row(LockKey::row(self.table.id, &key.0), Mode::Exclusive)
    }

    /// What the row collides with in the newest state: the primary key first, then UNIQUE indexes in order. `own` is
    /// the key the row has now: it does not collide with itself.
    pub fn collision(&self, now: &Overlay, placed: &Placed, own: Option<&Key>) -> Result<Option<Collision>, SqlError> {
        if own != Some(&placed.key) && now.row(self.table.id, &placed.key.0).map_err(unreadable)?.is_some() {
            return Ok(Some(Collision { index: None, key: placed.key.clone() }));
        }
        for (at, index, entry) in self.unique_entries(placed) {
            let found = now.entry(self.table.id, index.id, &entry.0).map_err(unreadable)?;
            if let Some(row) = found.filter(|row| own.is_none_or(|own| own.0[..] != row[..])) {
                return Ok(Some(Collision { index: Some(at), key: Key(row) }));
            }
        }
        Ok(None)
    }

    /// Writes a row: `before` is what the newest committed state holds under the key.
    pub fn write(
        &self,
        state: &mut State,
        now: &Arc<dyn View>,
        placed: Placed,
        guards: &ColumnSet,
        marks: Marks,
    ) -> Result<(), SqlError> {
        let before = now.get(self.table.id, &placed.key.0).map_err(unreadable)?;
        let row = self.table.write(&placed.values).map_err(|e| self.bad(&e))?;
        let write = RowWrite::new(before, Some(row.0), marks).guarded(guards).entered(placed.entries);
        state.transaction().writes_mut().put(&self.table, placed.key, write);
        Ok(())
    }

    /// Removes a row.
    pub fn remove(
        &self,
        state: &mut State,
        now: &Arc<dyn View>,
        key: Key,
        guards: &ColumnSet,
        marks: Marks,
    ) -> Result<(), SqlError> {
        let before = now.get(self.table.id, &key.0).map_err(unreadable)?;
        let write = RowWrite::new(before, None, marks).guarded(guards);
        state.transaction().writes_mut().put(&self.table, key, write);
        Ok(())
    }

    /// 1062 in MySQL's words.
    pub fn duplicate(&self, placed: &Placed, index: Option<usize>) -> SqlError {
        let index = match index {
            None => self.table.primary.as_ref(),
            Some(at) => self.table.indexes.get(at),
        };
        let name = index.map_or("PRIMARY", |i| &i.name);
        let parts = index.map_or(&[][..], |i| &i.parts);
        let shown = parts.iter().filter_map(|part| {
            let (at, column) = self.table.column(part.column)?;
            crate::render::text(placed.values.get(at)?, &crate::types::of_column(column))
        });
        let entry = shown.collect::<Vec<_>>().join("-");
        SqlError::new(1062, format!("Duplicate entry '{entry}' for key '{}.{name}'", self.table.name))
    }
}

/// The marks of this session's changes (R11).
pub(crate) fn marks(state: &State) -> Marks {
    Marks {
        if_absent: false,
        unchecked_unique: !state.settings.unique_checks,
        unchecked_foreign: !state.settings.foreign_key_checks,
    }
}

/// The newest state with the transaction's own writes over it.
pub(crate) fn newest(state: &mut State) -> Result<Overlay, Stop> {
    let view = state.write_view()?;
    let writes = state.transaction().writes.clone();
    Ok(Overlay { view, writes: Some(writes) })
}

/// The bytes of a row as the transaction sees it now.
pub(crate) fn current(now: &Overlay, table: EntityId, key: &Key) -> Result<Option<Bytes>, SqlError> {
    now.row(table, &key.0).map_err(unreadable)
}
