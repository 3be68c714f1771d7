//! The changes of one table, folded: each row against what is there, then the unique entries (R21, R23).
//!
//! Promises: rows are decoded one at a time and dropped, so that a transaction of a million rows costs its keys and
//! bytes, not its values.

use crate::constraint::{self, IndexEdits};
use crate::fold::{Fold, SpaceWrites, Stop};
use crate::footprint::Use;
use crate::outcome::Reason;
use crate::policy;
use crate::state::Found;
use crate::view::Bytes;
use dag::change::{CellBefore, Delete, Insert, TableChanges, Update};
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::{Layout, MergePolicy, Table};
use dag::value::Value;
use std::collections::BTreeSet;
use std::ops::Bound;

/// One table's changes on their way into the state.
pub(crate) struct TableFold<'f, 'a, 'c> {
    fold: &'f mut Fold<'a>,
    table: &'c Table,
    changes: &'c TableChanges,
    layout: &'c Layout,
    /// For each cell of the change set's layout, the visible column; `None` if it was dropped.
    columns: Vec<Option<usize>>,
    rows: Vec<(Key, Option<Bytes>)>,
    indexes: Vec<IndexEdits<'c>>,
}

/// A refusal that blames the author's software.
pub(crate) fn malformed(table: &Table, why: impl std::fmt::Display) -> Stop {
    Stop::Park(Reason::Malformed(table.id, why.to_string().into()))
}

impl<'f, 'a, 'c> TableFold<'f, 'a, 'c> {
    /// Begins; parks what names a layout that the table never had (R25).
    pub(crate) fn new(fold: &'f mut Fold<'a>, table: &'c Table, changes: &'c TableChanges) -> Result<Self, Stop> {
        let Some(layout) = table.layouts.iter().rev().find(|l| l.id == changes.layout) else {
            return Err(Stop::Park(Reason::NoLayout(table.id, changes.layout)));
        };
        let column = |id| table.columns.iter().position(|c| c.id == id);
        let columns = layout.cells.iter().map(|(id, _)| column(*id)).collect();
        let indexes = table.indexes.iter().map(IndexEdits::new).collect();
        Ok(TableFold { fold, table, changes, layout, columns, rows: Vec::new(), indexes })
    }

    /// Folds all of it and adds the writes to the fold, or parks.
    pub(crate) fn run(mut self) -> Result<(), Stop> {
        let result = self.rows().and_then(|()| {
            let at = self.fold.at;
            self.indexes.iter_mut().try_for_each(|edits| edits.check(self.table, at))
        });
        if result.is_err() {
            let entries = self.indexes.iter().flat_map(IndexEdits::entered_uses);
            self.fold.uses.extend(entries);
        }
        result?;
        self.fold.writes.push(SpaceWrites { space: self.table.id, entries: self.rows });
        self.fold.writes.extend(self.indexes.into_iter().filter_map(IndexEdits::into_writes));
        Ok(())
    }

    fn rows(&mut self) -> Result<(), Stop> {
        let changes = self.changes;
        let only_inserts = !changes.clear && changes.updates.is_empty() && changes.deletes.is_empty();
        if self.table.policy == MergePolicy::AppendOnly && !only_inserts {
            return Err(Stop::Park(Reason::AppendOnly(self.table.id)));
        }
        if changes.clear {
            self.clear()?;
        }
        self.rows.reserve_exact(changes.inserts.len() + changes.updates.len() + changes.deletes.len());
        changes.inserts.iter().try_for_each(|c| self.insert(c))?;
        changes.updates.iter().try_for_each(|c| self.update(c))?;
        changes.deletes.iter().try_for_each(|c| self.delete(c))
    }

    /// TRUNCATE: every row before this place leaves, unless the commit inserts its key anew.
    fn clear(&mut self) -> Result<(), Stop> {
        self.fold.uses.push(Use::all(self.table.id));
        let again: BTreeSet<&Key> = self.changes.inserts.iter().map(|i| &i.key).collect();
        let (table, rows, indexes) = (self.table, &mut self.rows, &mut self.indexes);
        self.fold.at.scan(table.id, Bound::Unbounded, Bound::Unbounded, |key, bytes| {
            if !again.contains(key) {
                rows.push((key.clone(), None));
            }
            let values = table.read(bytes).map_err(|e| malformed(table, e))?;
            indexes.iter_mut().try_for_each(|edits| edits.leave(table, key, &values))
        })
    }

    /// What is under a key; nothing behind a TRUNCATE.
    fn find(&mut self, key: &Key) -> Result<Found, Stop> {
        if self.changes.clear {
            return Ok(Found::default());
        }
        Ok(self.fold.at.find(self.table.id, key.as_ref())?)
    }

    fn read(&self, row: &Bytes) -> Result<Vec<Value>, Stop> {
        self.table.read(row).map_err(|e| malformed(self.table, e))
    }

    /// The values of a row that came with the change set, which nobody has looked into before.
    fn decode(&self, row: &Row) -> Result<Vec<Value>, Stop> {
        let cells = row.decode(self.layout).map_err(|e| malformed(self.table, e))?;
        let straight = self.columns.iter().enumerate().all(|(cell, column)| *column == Some(cell));
        if straight && self.columns.len() == self.table.columns.len() {
            return Ok(cells);
        }
        let mut values: Vec<Value> = self.table.columns.iter().map(|c| c.missing.clone()).collect();
        for (cell, column) in cells.into_iter().zip(&self.columns) {
            if let Some(column) = column {
                values[*column] = cell;
            }
        }
        Ok(values)
    }

    fn insert(&mut self, insert: &Insert) -> Result<(), Stop> {
        let found = self.find(&insert.key)?;
        let values = self.decode(&insert.row)?;
        if let Some(present) = found.value {
            let ignored = insert.marks.if_absent;
            let agreed = self.table.policy == MergePolicy::Agree && self.read(&present)? == values;
            if ignored || agreed {
                self.fold.uses.push(Use::Key(self.table.id, insert.key.clone()));
                return Ok(());
            }
            let (table, key) = (self.table.id, insert.key.clone());
            return Err(Stop::Park(Reason::Present { table, key, against: found.writer }));
        }
        constraint::key_is_its_rows(self.table, &insert.key, &values)?;
        constraint::not_null(self.table, &insert.key, &values)?;
        if insert.marks.if_absent && self.entry_is_taken(&insert.key, &values)? {
            return Ok(());
        }
        self.indexes.iter_mut().try_for_each(|edits| edits.enter(self.table, &insert.key, &values))?;
        self.rows.push((insert.key.clone(), Some(insert.row.0.clone())));
        Ok(())
    }

    /// INSERT IGNORE: a row whose unique entry is taken is nothing to do either.
    fn entry_is_taken(&mut self, key: &Key, values: &[Value]) -> Result<bool, Stop> {
        if self.changes.clear {
            return Ok(false);
        }
        let mut taken = false;
        for index in self.table.indexes.iter().filter(|i| i.unique) {
            let (entry, checked) = index.entry_key(self.table, values, key).map_err(|e| malformed(self.table, e))?;
            taken |= checked && self.fold.at.find(index.id, entry.as_ref())?.value.is_some();
            self.fold.uses.push(Use::Key(index.id, entry));
        }
        if taken {
            self.fold.uses.push(Use::Key(self.table.id, key.clone()));
        }
        Ok(taken)
    }

    fn update(&mut self, update: &Update) -> Result<(), Stop> {
        let found = self.find(&update.key)?;
        let Some(present) = &found.value else { return Err(self.gone(&update.key, found)) };
        let old = self.read(present)?;
        let mut new = old.clone();
        for cell in &update.cells {
            let Some(column) = self.column(cell.column)? else { continue };
            if !policy::cell_applies(self.table, column, cell, &old[column]) {
                return Err(self.changed(&update.key, column, found));
            }
            new[column] = cell.after.clone();
        }
        self.check_cells(&update.key, policy::guards(&update.guards), &old, &found)?;
        constraint::key_is_its_rows(self.table, &update.key, &new)?;
        constraint::not_null(self.table, &update.key, &new)?;
        for edits in &mut self.indexes {
            edits.replace(self.table, &update.key, &old, &new)?;
        }
        let row = self.table.write(&new).map_err(|e| malformed(self.table, e))?;
        self.rows.push((update.key.clone(), Some(row.0)));
        Ok(())
    }

    fn delete(&mut self, delete: &Delete) -> Result<(), Stop> {
        let found = self.find(&delete.key)?;
        let Some(present) = &found.value else {
            if self.table.policy == MergePolicy::Agree {
                self.fold.uses.push(Use::Key(self.table.id, delete.key.clone()));
                return Ok(());
            }
            return Err(self.gone(&delete.key, found));
        };
        let old = self.read(present)?;
        self.check_cells(&delete.key, &delete.before, &old, &found)?;
        self.check_unseen(delete, &old, &found)?;
        self.indexes.iter_mut().try_for_each(|edits| edits.leave(self.table, &delete.key, &old))?;
        self.rows.push((delete.key.clone(), None));
        Ok(())
    }

    fn check_cells(&self, key: &Key, cells: &[CellBefore], old: &[Value], found: &Found) -> Result<(), Stop> {
        for cell in cells {
            let Some(column) = self.column(cell.column)? else { continue };
            if !cell.before.matches(&old[column]) {
                return Err(self.changed(key, column, found.clone()));
            }
        }
        Ok(())
    }

    /// A column that the author of a delete did not know of must hold what rows written before it hold.
    fn check_unseen(&self, delete: &Delete, old: &[Value], found: &Found) -> Result<(), Stop> {
        let unseen = |column: &usize| !self.columns.contains(&Some(*column));
        let differs = |column: &usize| old[*column] != self.table.columns[*column].missing;
        match (0..old.len()).filter(unseen).find(differs) {
            Some(column) => Err(self.changed(&delete.key, column, found.clone())),
            None => Ok(()),
        }
    }

    /// The visible column of a cell of the change set's layout; `None` if it was dropped.
    fn column(&self, cell: u16) -> Result<Option<usize>, Stop> {
        let column = self.columns.get(usize::from(cell));
        column.copied().ok_or_else(|| malformed(self.table, "a cell outside the layout"))
    }

    fn changed(&self, key: &Key, column: usize, found: Found) -> Stop {
        let column = self.table.columns[column].id;
        Stop::Park(Reason::Changed { table: self.table.id, key: key.clone(), column, against: found.writer })
    }

    fn gone(&self, key: &Key, found: Found) -> Stop {
        Stop::Park(Reason::Gone { table: self.table.id, key: key.clone(), against: found.writer })
    }
}
