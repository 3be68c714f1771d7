//! The reference fold, for tests: sort everything, fold from empty, full scans, no clever structure (R28).
//!
//! Part of the crate under the feature `reference`: the simulator compares with it. Shares with the real fold only the vocabulary and dag's rows, keys and catalogue. Every check walks all rows.

#![allow(clippy::unwrap_used, reason = "a reference that stops at the first thing that is not as it should be")]

use crate::commit::Ordered;
use crate::guard::row_digest;
use crate::outcome::{Outcome, Reason};
use dag::catalogue::Catalogue;
use dag::change::{CellBefore, Delete, Insert, ReadGuard, TableChanges, Update};
use dag::id::{CommitId, EntityId};
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::{Layout, MergePolicy, Table};
use dag::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state after all commits, and what became of each.
#[derive(Clone, Default)]
pub struct Naive {
    /// The schema.
    pub catalogue: Catalogue,
    /// Rows by table and key.
    pub rows: BTreeMap<(EntityId, Key), Row>,
    /// Index entries with their row and who entered them, worked out anew from all rows after each commit.
    pub entries: BTreeMap<(EntityId, Key), (Key, CommitId)>,
    writers: BTreeMap<(EntityId, Key), CommitId>,
    /// Parked and not settled.
    pub parked: BTreeSet<CommitId>,
    settled: BTreeMap<CommitId, CommitId>,
    /// What became of each commit.
    pub outcomes: BTreeMap<CommitId, Outcome>,
}

/// Folds these commits, whatever order they come in; those in `void` have no effect.
pub fn fold(commits: &[Arc<Ordered>], void: &BTreeSet<CommitId>) -> Naive {
    let mut sorted = commits.to_vec();
    sorted.sort_by_key(|c| (c.hlc, c.author, c.run, c.id));
    let mut naive = Naive::default();
    for commit in &sorted {
        let before = naive.clone();
        let outcome = match naive.apply(commit) {
            _ if void.contains(&commit.id) => Outcome::Void,
            Ok(()) => Outcome::Applied,
            Err(reason) => Outcome::Parked(reason),
        };
        if outcome != Outcome::Applied {
            naive = before;
        }
        if matches!(outcome, Outcome::Parked(_)) {
            naive.parked.insert(commit.id);
        }
        naive.outcomes.insert(commit.id, outcome);
    }
    naive
}

impl Naive {
    fn apply(&mut self, commit: &Ordered) -> Result<(), Reason> {
        for settled in &commit.settles {
            let open = self.parked.remove(settled) || self.outcomes.get(settled) == Some(&Outcome::Void);
            match self.settled.insert(*settled, commit.id) {
                None if open => {}
                by => return Err(Reason::Settled { commit: *settled, by }),
            }
        }
        let before = self.catalogue.clone();
        for change in &commit.changes.schema {
            self.catalogue.apply(change).map_err(|e| Reason::Schema(e.to_string().into()))?;
        }
        if before != self.catalogue {
            self.catalogue.tables.clone().values().try_for_each(|table| self.reindex(&before, table, commit.id))?;
        }
        for read in &commit.changes.reads {
            if let ReadGuard::Row { table, key, row } = read
                && (self.rows.get(&(*table, key.clone())).map(|r| row_digest(r.as_ref())) != *row
                    || !self.catalogue.tables.contains_key(table))
            {
                return Err(Reason::Read(*table));
            }
        }
        for changes in &commit.changes.tables {
            match self.catalogue.tables.get(&changes.table).cloned() {
                Some(table) => self.table(&table, changes, commit.id)?,
                None if self.catalogue.dropped.contains(&changes.table) => {}
                None => return Err(Reason::NoTable(changes.table)),
            }
        }
        Ok(())
    }

    fn rows_of(&self, table: &Table) -> Vec<(Key, Vec<Value>)> {
        let rows = self.rows.iter().filter(|((id, _), _)| *id == table.id);
        rows.map(|((_, key), row)| (key.clone(), table.read(row).unwrap())).collect()
    }

    /// All entries of a table's indexes from all its rows; an entry that was there for the same row keeps its writer.
    fn reindex(&mut self, before: &Catalogue, table: &Table, commit: CommitId) -> Result<(), Reason> {
        for index in &table.indexes {
            let known = before.tables.get(&table.id).is_some_and(|t| t.indexes.contains(index));
            let mut made: BTreeMap<(EntityId, Key), (Key, CommitId)> = BTreeMap::new();
            let mut twice = BTreeSet::new();
            for (key, values) in self.rows_of(table) {
                let (entry, _) = index.entry_key(table, &values, &key).unwrap();
                let old = self.entries.get(&(index.id, entry.clone())).filter(|(row, _)| known && *row == key);
                if made.insert((index.id, entry.clone()), old.cloned().unwrap_or((key, commit))).is_some() {
                    twice.insert(entry);
                }
            }
            if let Some(key) = twice.pop_first() {
                let against = self.entries.get(&(index.id, key.clone())).map(|(_, writer)| *writer);
                return Err(Reason::Duplicate { table: table.id, index: index.id, key, against });
            }
            self.entries.retain(|(id, _), _| *id != index.id);
            self.entries.extend(made);
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, changes: &TableChanges, commit: CommitId) -> Result<(), Reason> {
        let layout = table.layouts.iter().find(|l| l.id == changes.layout);
        let layout = layout.ok_or(Reason::NoLayout(table.id, changes.layout))?;
        let only_inserts = !changes.clear && changes.updates.is_empty() && changes.deletes.is_empty();
        if table.policy == MergePolicy::AppendOnly && !only_inserts {
            return Err(Reason::AppendOnly(table.id));
        }
        if changes.clear {
            let rows = self.rows_of(table).into_iter().map(|(key, _)| (key, None)).collect();
            self.write(table, rows, commit);
            self.entries.retain(|(index, _), _| !table.indexes.iter().any(|i| i.id == *index));
        }
        let mut writes: Vec<(Key, Option<Row>)> = Vec::new();
        for change in &changes.inserts {
            writes.extend(self.insert(table, change)?.then(|| (change.key.clone(), Some(change.row.clone()))));
        }
        for change in &changes.updates {
            writes.push((change.key.clone(), Some(self.update(table, layout, change)?)));
        }
        for change in &changes.deletes {
            writes.extend(self.delete(table, layout, change)?.then(|| (change.key.clone(), None)));
        }
        self.write(table, writes, commit);
        self.reindex(&self.catalogue.clone(), table, commit)
    }

    fn write(&mut self, table: &Table, rows: Vec<(Key, Option<Row>)>, commit: CommitId) {
        for (key, row) in rows {
            self.writers.insert((table.id, key.clone()), commit);
            match row {
                Some(row) => self.rows.insert((table.id, key), row),
                None => self.rows.remove(&(table.id, key)),
            };
        }
    }

    fn find(&self, table: &Table, key: &Key) -> (Option<Vec<Value>>, Option<CommitId>) {
        let at = (table.id, key.clone());
        (self.rows.get(&at).map(|row| table.read(row).unwrap()), self.writers.get(&at).copied())
    }

    fn insert(&self, table: &Table, change: &Insert) -> Result<bool, Reason> {
        let values = table.read(&change.row).unwrap();
        let (id, key) = (table.id, change.key.clone());
        if let (Some(present), against) = self.find(table, &key) {
            let fine = change.marks.if_absent || table.policy == MergePolicy::Agree && present == values;
            return if fine { Ok(false) } else { Err(Reason::Present { table: id, key, against }) };
        }
        not_null(table, &key, &values)?;
        let taken = table.indexes.iter().filter(|i| i.unique).any(|i| {
            let (entry, unique) = i.entry_key(table, &values, &key).unwrap();
            unique && self.entries.contains_key(&(i.id, entry))
        });
        Ok(!(change.marks.if_absent && taken))
    }

    fn update(&self, table: &Table, layout: &Layout, change: &Update) -> Result<Row, Reason> {
        let (id, key) = (table.id, change.key.clone());
        let (Some(old), against) = self.find(table, &key) else {
            return Err(Reason::Gone { table: id, against: self.find(table, &key).1, key });
        };
        let mut new = old.clone();
        for cell in &change.cells {
            let Some(at) = column(table, layout, cell.column) else { continue };
            let agree = table.columns[at].policy.unwrap_or(table.policy) == MergePolicy::Agree;
            if !(cell.before.matches(&old[at]) || agree && old[at] == cell.after) {
                return Err(Reason::Changed { table: id, key, column: table.columns[at].id, against });
            }
            new[at] = cell.after.clone();
        }
        same(table, layout, &key, &change.guards, &old, against)?;
        not_null(table, &key, &new)?;
        Ok(table.write(&new).unwrap())
    }

    fn delete(&self, table: &Table, layout: &Layout, change: &Delete) -> Result<bool, Reason> {
        match self.find(table, &change.key) {
            (None, _) if table.policy == MergePolicy::Agree => Ok(false),
            (None, against) => Err(Reason::Gone { table: table.id, key: change.key.clone(), against }),
            (Some(old), against) => same(table, layout, &change.key, &change.before, &old, against).map(|()| true),
        }
    }
}

fn column(table: &Table, layout: &Layout, cell: u16) -> Option<usize> {
    table.columns.iter().position(|c| c.id == layout.cells[usize::from(cell)].0)
}

fn not_null(table: &Table, key: &Key, row: &[Value]) -> Result<(), Reason> {
    let broken = table.columns.iter().zip(row).find(|(column, value)| !column.nullable && value.is_null());
    broken.map_or(Ok(()), |(c, _)| Err(Reason::Null { table: table.id, key: key.clone(), column: c.id }))
}

type Writer = Option<CommitId>;

fn same(t: &Table, layout: &Layout, key: &Key, cells: &[CellBefore], row: &[Value], by: Writer) -> Result<(), Reason> {
    let mut seen = cells.iter().filter_map(|c| Some((column(t, layout, c.column)?, &c.before)));
    let broken = seen.find(|(at, before)| !before.matches(&row[*at])).map(|(at, _)| t.columns[at].id);
    let changed = |column| Reason::Changed { table: t.id, key: key.clone(), column, against: by };
    broken.map_or(Ok(()), |column| Err(changed(column)))
}
