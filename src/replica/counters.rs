//! AUTO_INCREMENT counters of this replica (R38).
//!
//! Promises: while this replica owns every slot its counters behave as MySQL's; after the first hand-over it generates
//! only numbers of its own slots, above what its share's floors say, so that no two replicas generate one number, met
//! or not. A counter never goes back except by TRUNCATE, not by deletes and not over a restart: it starts from the
//! greatest of what was kept at the last checkpoint, what commits since then wrote, and, while there is one owner, what
//! stands in the table. Does not decide whose slots are whose: `dag::slots` does, from the control records.

use dag::catalogue::Catalogue;
use dag::change::ChangeSet;
use dag::id::EntityId;
use dag::row::Row;
use dag::row_key::{Key, KeyPart, encode_part};
use dag::schema::{Column, ColumnType, IndexPart, Table};
use dag::slots::{Mask, Share, block_size};
use dag::value::Value;
use linearizer::view::{Direction, KeyRange, View};
use serde::{Deserialize, Serialize};
use sql::error::SqlError;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counters.
pub struct Counters(Mutex<State>);

struct State {
    /// The next number of each table that has given one out since the replica opened.
    next: BTreeMap<EntityId, u64>,
    /// What was kept at the last checkpoint and raised by the commits since; consulted when a table is first used.
    kept: BTreeMap<EntityId, u64>,
    /// What this replica may generate.
    share: Share,
    /// Commits with control records that the share is made from.
    controls: usize,
}

/// What a checkpoint keeps of the counters.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept(Vec<(EntityId, u64)>);

impl Counters {
    /// For a replica with this share, by so many commits with control records.
    pub fn new(share: Share) -> Self {
        Counters(Mutex::new(State { next: BTreeMap::new(), kept: BTreeMap::new(), share, controls: 0 }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `count` consecutive numbers and gives the first. Error: 1467 when there are none.
    pub fn reserve(&self, table: EntityId, first: u64, count: u64, newest: &dyn View) -> Result<u64, SqlError> {
        let mut state = self.state();
        let given = state.find(table, first, count, newest).ok_or_else(|| state.exhausted(table, count, newest))?;
        let next = given.checked_add(count).ok_or_else(|| state.exhausted(table, count, newest))?;
        state.next.insert(table, next);
        Ok(given)
    }

    /// The number `reserve` would give for one row; 0 if there is none.
    pub fn peek(&self, table: EntityId, first: u64, newest: &dyn View) -> u64 {
        self.state().find(table, first, 1, newest).unwrap_or(0)
    }

    /// An explicit number was written here.
    pub fn raise(&self, table: EntityId, used: u64) {
        let mut state = self.state();
        let past = used.saturating_add(1);
        if let Some(next) = state.next.get_mut(&table) {
            *next = (*next).max(past);
        }
        let kept = state.kept.entry(table).or_insert(past);
        *kept = (*kept).max(past);
    }

    /// TRUNCATE.
    pub fn reset(&self, table: EntityId, first: u64) {
        let mut state = self.state();
        state.kept.remove(&table);
        state.next.insert(table, first.max(1));
    }

    /// What to write at a checkpoint.
    pub fn keep(&self) -> Kept {
        let state = self.state();
        let mut all = state.kept.clone();
        all.extend(state.next.iter().map(|(table, next)| (*table, *next)));
        Kept(all.into_iter().collect())
    }

    /// What a checkpoint kept.
    pub fn restore(&self, kept: Kept) {
        self.state().kept.extend(kept.0);
    }

    /// An own commit after the checkpoint, at opening: its numbers count as used.
    pub fn replay(&self, changes: &ChangeSet, catalogue: &Catalogue) {
        for part in &changes.tables {
            let Some(table) = catalogue.tables.get(&part.table) else { continue };
            if part.clear {
                self.state().kept.remove(&part.table);
            }
            let Some((column, _)) = automatic(table) else { continue };
            let greatest = part.inserts.iter().filter_map(|insert| number(table, &insert.row, column)).max();
            if let Some(used) = greatest {
                self.raise(part.table, used);
            }
        }
    }

    /// The share by this many commits with control records.
    pub fn govern(&self, share: Share, controls: usize) {
        let mut state = self.state();
        (state.share, state.controls) = (share, controls);
    }

    /// Whether the share is not made from this many commits with control records.
    pub fn is_outdated(&self, controls: usize) -> bool {
        self.state().controls != controls
    }

    /// Gives up half of the slots at once, for a record that hands them over: which, and above what their new owner may
    /// generate. `None`: there is no slot to spare. If the record is not written, `govern` brings them back.
    pub fn halve(&self, newest: &dyn View) -> Option<(Mask, Vec<(EntityId, u64)>)> {
        let mut state = self.state();
        let half = state.share.mask.half();
        if half.is_empty() {
            return None;
        }
        let tables = newest.catalogue().tables.values().filter(|table| automatic(table).is_some());
        let mut floors = Vec::new();
        for table in tables {
            // Started now, so that it does not start lower later, when the table holds others' numbers.
            let next = state.start(table.id, table.first_auto_increment, newest);
            state.next.insert(table.id, next);
            if next > 1 {
                floors.push((table.id, next - 1));
            }
        }
        state.share.mask.remove(&half);
        // The share is not what the records say until the next commit is in.
        state.controls = usize::MAX;
        Some((half, floors))
    }
}

impl State {
    /// The first of `count` consecutive numbers that are ours and that no row has.
    fn find(&self, id: EntityId, first: u64, count: u64, newest: &dyn View) -> Option<u64> {
        let mut from = self.start(id, first, newest);
        let table = newest.catalogue().tables.get(&id);
        let block = table.and_then(|t| automatic(t)).map_or(u64::MAX, |(_, column)| block_size(&column.kind));
        loop {
            let found = self.share.next(from, count, block)?;
            if self.controls == 0 {
                return Some(found);
            }
            // Others may have written such a number explicitly; a row that is here must not become a 1062.
            let last = found.checked_add(count - 1)?;
            let taken = table.and_then(|table| greatest(table, newest, Some((found, last))));
            match taken.filter(|taken| (found..=last).contains(taken)) {
                None => return Some(found),
                Some(taken) => from = taken.checked_add(1)?,
            }
        }
    }

    fn start(&self, id: EntityId, first: u64, newest: &dyn View) -> u64 {
        let above_floor = self.share.floor(id).saturating_add(1);
        let least = first.max(1).max(above_floor);
        if let Some(next) = self.next.get(&id) {
            return least.max(*next);
        }
        let kept = self.kept.get(&id).copied().unwrap_or(0);
        let table = newest.catalogue().tables.get(&id).filter(|_| self.share.is_whole());
        let used = table.and_then(|t| greatest(t, newest, None)).unwrap_or(0);
        least.max(kept).max(used.saturating_add(1))
    }

    fn exhausted(&self, id: EntityId, count: u64, newest: &dyn View) -> SqlError {
        let table = newest.catalogue().tables.get(&id);
        let block = table.and_then(|t| automatic(t)).map_or(u64::MAX, |(_, column)| block_size(&column.kind));
        let why = if self.share.mask.is_empty() {
            "this replica owns no AUTO_INCREMENT slots: give explicit values, or ask an administrator who has slots to run CALL headwaters.hand_over_slots('member')".to_owned()
        } else if count > block && !self.share.is_whole() {
            format!(
                "{count} consecutive numbers are more than the {block} of a block of this column's type: insert fewer rows at a time, or use BIGINT"
            )
        } else {
            "the numbers are used up".to_owned()
        };
        SqlError::new(1467, format!("Failed to read auto-increment value from storage engine: {why}"))
    }
}

/// The AUTO_INCREMENT column and its position.
fn automatic(table: &Table) -> Option<(usize, &Column)> {
    table.columns.iter().enumerate().find(|(_, column)| column.auto_increment)
}

fn number(table: &Table, row: &Row, column: usize) -> Option<u64> {
    match table.read_column(row, column).ok()? {
        Value::Int(n) => u64::try_from(n).ok(),
        Value::UInt(n) => Some(n),
        Value::Double(x) if x >= 0.0 => Some(x as u64),
        _ => None,
    }
}

/// The greatest number in the table, or the greatest within bounds, from the index that the column leads (one must
/// exist: 1075).
fn greatest(table: &Table, view: &dyn View, within: Option<(u64, u64)>) -> Option<u64> {
    let (position, column) = automatic(table)?;
    let leading = |parts: &[IndexPart]| parts.first().filter(|part| part.column == column.id).cloned();
    let mut found = None;
    if let Some(part) = table.primary.as_ref().and_then(|primary| leading(&primary.parts)) {
        let mut take = |_: &Key, row: &linearizer::view::Bytes| {
            found = number(table, &Row(row.clone()), position);
            ControlFlow::Break(())
        };
        view.range(table.id, &range(column, &part, within)?, upwards(&part), &mut take).ok()?;
        return found;
    }
    let (index, part) = table.indexes.iter().find_map(|index| Some((index, leading(&index.parts)?)))?;
    let mut primary = None;
    let mut take = |_: &Key, key: &linearizer::view::Bytes| {
        primary = Some(key.clone());
        ControlFlow::Break(())
    };
    view.range(index.id, &range(column, &part, within)?, upwards(&part), &mut take).ok()?;
    let row = view.get(table.id, &primary?).ok()??;
    number(table, &Row(row), position)
}

/// The way that gives the greatest number first.
fn upwards(part: &IndexPart) -> Direction {
    if part.descending { Direction::Forward } else { Direction::Backward }
}

/// The entries with a number within the bounds; all without bounds. `None`: the column cannot hold the lower bound.
fn range(column: &Column, part: &IndexPart, within: Option<(u64, u64)>) -> Option<KeyRange> {
    let Some((least, most)) = within else {
        return Some(KeyRange { from: Bound::Unbounded, to: Bound::Unbounded });
    };
    let bytes = |number: u64| {
        let value = match column.kind {
            ColumnType::Integer { unsigned: true, .. } => Value::UInt(number),
            ColumnType::Integer { .. } => Value::Int(i64::try_from(number).ok()?),
            _ => Value::Double(number as f64),
        };
        let mut bytes = Vec::new();
        encode_part(KeyPart::of(column, part), &value, &mut bytes).ok()?;
        Some(bytes)
    };
    let low = bytes(least)?;
    let high = bytes(most);
    let (from, to) = if part.descending { (high, Some(low)) } else { (Some(low), high) };
    let from = from.map_or(Bound::Unbounded, |from| Bound::Included(from.into()));
    let to = to.and_then(|to| Key::after_prefix(&to)).map_or(Bound::Unbounded, Bound::Excluded);
    Some(KeyRange { from, to })
}
