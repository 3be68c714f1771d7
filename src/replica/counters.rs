//! AUTO_INCREMENT counters of this replica (R38) while the database has one writer.
//!
//! Promises: a counter never goes back except by TRUNCATE, not by deletes and not over a restart: it starts from the
//! greatest of what was kept at the last checkpoint, what commits since then wrote, and what stands in the table.
//! Does not hand out slots between replicas: that comes with the first invite.

use dag::catalogue::Catalogue;
use dag::change::ChangeSet;
use dag::id::EntityId;
use dag::row::Row;
use dag::schema::Table;
use dag::value::Value;
use linearizer::view::{Direction, KeyRange, View};
use serde::{Deserialize, Serialize};
use sql::error::SqlError;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The next number of each table that has given one out since the replica opened, or kept one before.
#[derive(Default)]
pub struct Counters {
    next: Mutex<BTreeMap<EntityId, u64>>,
    /// What was kept at the last checkpoint and raised by the commits since; consulted when a table is first used.
    kept: Mutex<BTreeMap<EntityId, u64>>,
}

/// What a checkpoint keeps of the counters.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept(Vec<(EntityId, u64)>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counters {
    /// Takes `count` consecutive numbers and gives the first. Error: 1467 when the numbers are used up.
    pub fn reserve(&self, table: EntityId, first: u64, count: u64, newest: &dyn View) -> Result<u64, SqlError> {
        let mut next = lock(&self.next);
        let entry = next.entry(table).or_insert_with(|| self.start(table, first, newest));
        let given = *entry;
        let exhausted =
            || SqlError::new(1467, "Failed to read auto-increment value from storage engine: the numbers are used up");
        *entry = given.checked_add(count).ok_or_else(exhausted)?;
        Ok(given)
    }

    /// The number `reserve` would give.
    pub fn peek(&self, table: EntityId, first: u64, newest: &dyn View) -> u64 {
        *lock(&self.next).entry(table).or_insert_with(|| self.start(table, first, newest))
    }

    /// An explicit number was written.
    pub fn raise(&self, table: EntityId, used: u64) {
        for counters in [&self.next, &self.kept] {
            if let Some(entry) = lock(counters).get_mut(&table) {
                *entry = (*entry).max(used.saturating_add(1));
            }
        }
        lock(&self.kept).entry(table).or_insert(used.saturating_add(1));
    }

    /// TRUNCATE.
    pub fn reset(&self, table: EntityId, first: u64) {
        lock(&self.kept).remove(&table);
        lock(&self.next).insert(table, first.max(1));
    }

    /// What to write at a checkpoint.
    pub fn keep(&self) -> Kept {
        let mut all = lock(&self.kept).clone();
        all.extend(lock(&self.next).iter().map(|(table, next)| (*table, *next)));
        Kept(all.into_iter().collect())
    }

    /// What a checkpoint kept.
    pub fn restore(&self, kept: Kept) {
        lock(&self.kept).extend(kept.0);
    }

    /// A commit after the checkpoint, at opening: its numbers count as used.
    pub fn replay(&self, changes: &ChangeSet, catalogue: &Catalogue) {
        for part in &changes.tables {
            let Some(table) = catalogue.tables.get(&part.table) else { continue };
            if part.clear {
                lock(&self.kept).remove(&part.table);
            }
            let Some(column) = table.columns.iter().position(|c| c.auto_increment) else { continue };
            let greatest = part.inserts.iter().filter_map(|insert| number(table, &insert.row, column)).max();
            if let Some(used) = greatest {
                self.raise(part.table, used);
            }
        }
    }

    fn start(&self, table: EntityId, first: u64, newest: &dyn View) -> u64 {
        let kept = lock(&self.kept).get(&table).copied().unwrap_or(0);
        let used = newest.catalogue().tables.get(&table).and_then(|t| greatest(t, newest)).unwrap_or(0);
        first.max(1).max(kept).max(used.saturating_add(1))
    }
}

fn number(table: &Table, row: &Row, column: usize) -> Option<u64> {
    match table.read_column(row, column).ok()? {
        Value::Int(n) => u64::try_from(n).ok(),
        Value::UInt(n) => Some(n),
        Value::Double(x) if x >= 0.0 => Some(x as u64),
        _ => None,
    }
}

/// The greatest number in the table, from the end of the index that the column leads (one must exist: 1075).
fn greatest(table: &Table, view: &dyn View) -> Option<u64> {
    let column = table.columns.iter().position(|c| c.auto_increment)?;
    let id = table.columns[column].id;
    let leads = |parts: &[dag::schema::IndexPart]| parts.first().is_some_and(|p| p.column == id);
    let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
    let mut found = None;
    if table.primary.as_ref().is_some_and(|p| leads(&p.parts)) {
        let mut take = |_: &dag::row_key::Key, row: &linearizer::view::Bytes| {
            found = number(table, &Row(row.clone()), column);
            ControlFlow::Break(())
        };
        view.range(table.id, &all, Direction::Backward, &mut take).ok()?;
        return found;
    }
    let index = table.indexes.iter().find(|i| leads(&i.parts))?;
    let mut primary = None;
    let mut take = |_: &dag::row_key::Key, key: &linearizer::view::Bytes| {
        primary = Some(key.clone());
        ControlFlow::Break(())
    };
    view.range(index.id, &all, Direction::Backward, &mut take).ok()?;
    let row = view.get(table.id, &primary?).ok()??;
    number(table, &Row(row), column)
}
