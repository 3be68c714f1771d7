//! The reference fold, for tests: sort everything, fold from empty, full scans, no clever structure (R28).
//!
//! Part of the crate under the feature `reference`: the simulator compares with it. Shares with the real fold only the vocabulary and dag's rows, keys and catalogue. Every check walks all rows.

#![allow(clippy::unwrap_used, reason = "a reference that stops at the first thing that is not as it should be")]

use crate::commit::Ordered;
use crate::guard::row_digest;
use crate::outcome::{Outcome, Reason};
use dag::catalogue::Catalogue;
use dag::change::{CellBefore, ReadGuard, TableChanges};
use dag::id::{CommitId, EntityId};
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::{MergePolicy, Table};
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
        let id = table.id;
        let layout = table.layouts.iter().find(|l| l.id == changes.layout);
        let layout = layout.ok_or(Reason::NoLayout(id, changes.layout))?;
        let column = |cell: u16| table.columns.iter().position(|c| c.id == layout.cells[usize::from(cell)].0);
        if table.policy == MergePolicy::AppendOnly
            && (changes.clear || !changes.updates.is_empty() || !changes.deletes.is_empty())
        {
            return Err(Reason::AppendOnly(id));
        }
        if changes.clear {
            for (key, _) in self.rows_of(table) {
                self.rows.remove(&(id, key.clone()));
                self.writers.insert((id, key), commit);
            }
            self.entries.retain(|(index, _), _| !table.indexes.iter().any(|i| i.id == *index));
        }
        let against = |naive: &Naive, key: &Key| naive.writers.get(&(id, key.clone())).copied();
        let agrees = |at: usize| table.columns[at].policy.unwrap_or(table.policy) == MergePolicy::Agree;
        let null =
            |key: &Key, row: &[Value]| match (0..row.len()).find(|&c| !table.columns[c].nullable && row[c].is_null()) {
                Some(c) => Err(Reason::Null { table: id, key: key.clone(), column: table.columns[c].id }),
                None => Ok(()),
            };
        let matches = |naive: &Naive, key: &Key, cells: &[CellBefore], row: &[Value]| {
            let broken =
                cells.iter().filter_map(|c| Some((column(c.column)?, c))).find(|(c, b)| !b.before.matches(&row[*c]));
            broken.map_or(Ok(()), |(c, _)| {
                Err(Reason::Changed {
                    table: id,
                    key: key.clone(),
                    column: table.columns[c].id,
                    against: against(naive, key),
                })
            })
        };
        for insert in &changes.inserts {
            let key = insert.key.clone();
            let values = table.read(&insert.row).unwrap();
            if let Some(present) = self.rows.get(&(id, key.clone())) {
                let agreed = table.policy == MergePolicy::Agree && table.read(present).unwrap() == values;
                if agreed || insert.marks.if_absent && !changes.clear {
                    continue;
                }
                return Err(Reason::Present { table: id, against: against(self, &key), key });
            }
            null(&key, &values)?;
            let taken = table.indexes.iter().filter(|i| i.unique).any(|i| {
                let (entry, unique) = i.entry_key(table, &values, &key).unwrap();
                unique && self.entries.contains_key(&(i.id, entry))
            });
            if !(insert.marks.if_absent && taken) {
                self.rows.insert((id, key.clone()), insert.row.clone());
                self.writers.insert((id, key), commit);
            }
        }
        for update in &changes.updates {
            let key = update.key.clone();
            let gone = || Reason::Gone { table: id, key: key.clone(), against: against(self, &key) };
            let mut row = table.read(self.rows.get(&(id, key.clone())).ok_or_else(gone)?).unwrap();
            let old = row.clone();
            for (at, cell) in update.cells.iter().filter_map(|c| Some((column(c.column)?, c))) {
                if !(agrees(at) && old[at] == cell.after) {
                    matches(self, &key, &[CellBefore { column: cell.column, before: cell.before.clone() }], &old)?;
                }
                row[at] = cell.after.clone();
            }
            matches(self, &key, &update.guards, &old)?;
            null(&key, &row)?;
            self.rows.insert((id, key.clone()), table.write(&row).unwrap());
            self.writers.insert((id, key), commit);
        }
        for delete in &changes.deletes {
            let key = delete.key.clone();
            match self.rows.get(&(id, key.clone())) {
                None if table.policy == MergePolicy::Agree => continue,
                None => return Err(Reason::Gone { table: id, against: against(self, &key), key }),
                Some(row) => matches(self, &key, &delete.before, &table.read(row).unwrap())?,
            }
            self.rows.remove(&(id, key.clone()));
            self.writers.insert((id, key), commit);
        }
        self.reindex(&self.catalogue.clone(), table, commit)
    }
}
