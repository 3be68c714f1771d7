//! The reference fold, for tests: sort everything, fold from empty, full scans, no clever structure (R28).
//!
//! Part of the crate under the feature `reference`: the simulator compares with it. Shares with the real fold only the
//! vocabulary, the digests of guards, and dag's rows, keys and catalogue. Every check walks all rows.

#![allow(clippy::unwrap_used, reason = "a reference that stops at the first thing that is not as it should be")]

use crate::commit::Ordered;
use crate::guard::{RangeDigest, row_digest};
use crate::outcome::{Outcome, Reason};
use dag::catalogue::Catalogue;
use dag::change::{Before, ReadGuard, TableChanges};
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
    /// Rows by table and key; entries by index and entry key, each with its row's key.
    state: BTreeMap<(EntityId, Key), Arc<[u8]>>,
    /// Who wrote there last, also where nothing is any more.
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
    /// The rows of a table or the entries of an index.
    pub fn space(&self, space: EntityId) -> impl Iterator<Item = (&Key, &[u8])> {
        self.state.iter().filter(move |((id, _), _)| *id == space).map(|((_, key), bytes)| (key, &**bytes))
    }

    fn apply(&mut self, commit: &Ordered) -> Result<(), Reason> {
        for settled in &commit.settles {
            let open = self.parked.remove(settled) || self.outcomes.get(settled) == Some(&Outcome::Void);
            match self.settled.insert(*settled, commit.id) {
                None if open => {}
                by => return Err(Reason::Settled { commit: *settled, by }),
            }
        }
        for change in &commit.changes.schema {
            self.catalogue.apply(change).map_err(|e| Reason::Schema(e.to_string().into()))?;
        }
        if !commit.changes.schema.is_empty() {
            self.catalogue.tables.clone().values().try_for_each(|table| self.reindex(table, commit.id))?;
        }
        commit.changes.reads.iter().try_for_each(|read| self.reads_the_same(read))?;
        for changes in &commit.changes.tables {
            match self.catalogue.tables.get(&changes.table).cloned() {
                Some(table) => self.table(&table, changes, commit.id)?,
                None if self.catalogue.dropped.contains(&changes.table) => {}
                None => return Err(Reason::NoTable(changes.table)),
            }
        }
        Ok(())
    }

    fn reads_the_same(&self, read: &ReadGuard) -> Result<(), Reason> {
        let (ReadGuard::Row { table: space, .. } | ReadGuard::Range { space, .. }) = read;
        let live = |table: &Arc<Table>| table.id == *space || table.indexes.iter().any(|index| index.id == *space);
        let same = match read {
            ReadGuard::Row { table, key, row } => {
                self.state.get(&(*table, key.clone())).map(|bytes| row_digest(bytes)) == *row
            }
            ReadGuard::Range { space, from, to, count, digest } => {
                let mut seen = RangeDigest::default();
                let inside = |key: &Key| key >= from && (to.0.is_empty() || key < to);
                self.space(*space).filter(|(k, _)| inside(k)).for_each(|(k, bytes)| seen.add(k.as_ref(), bytes));
                seen.finish() == (*count, *digest)
            }
        };
        if same && self.catalogue.tables.values().any(live) { Ok(()) } else { Err(Reason::Read(*space)) }
    }

    fn put(&mut self, at: (EntityId, Key), bytes: Option<Arc<[u8]>>, commit: CommitId) {
        self.writers.insert(at.clone(), commit);
        match bytes {
            Some(bytes) => self.state.insert(at, bytes),
            None => self.state.remove(&at),
        };
    }

    /// All entries of a table's indexes from all its rows; an entry that was there for the same row keeps its writer.
    fn reindex(&mut self, table: &Table, commit: CommitId) -> Result<(), Reason> {
        for index in &table.indexes {
            let (mut made, mut twice) = (BTreeMap::new(), BTreeSet::new());
            for (key, bytes) in self.space(table.id) {
                let (entry, _) = index.entry_key(table, &table.read(&Row(bytes.into())).unwrap(), key).unwrap();
                twice.extend(made.insert(entry.clone(), key.clone()).map(|_| entry));
            }
            if let Some(key) = twice.pop_first() {
                let at = (index.id, key.clone());
                let against = self.state.get(&at).map(|_| self.writers[&at]);
                return Err(Reason::Duplicate { table: table.id, index: index.id, key, against });
            }
            self.state.retain(|(id, key), row| *id != index.id || made.get(key).is_some_and(|k| *k.0 == **row));
            made.retain(|key, _| !self.state.contains_key(&(index.id, key.clone())));
            made.into_iter().for_each(|(key, row)| self.put((index.id, key), Some(row.as_ref().into()), commit));
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
            let spaces = table.indexes.iter().map(|index| index.id).chain([table.id]);
            let gone: Vec<_> = spaces.flat_map(|id| self.space(id).map(move |(key, _)| (id, key.clone()))).collect();
            gone.into_iter().for_each(|at| self.put(at, None, commit));
        }
        let agree = table.policy == MergePolicy::Agree;
        let mut writes = Vec::new();
        for change in &changes.inserts {
            let (values, id, key) = (table.read(&change.row).unwrap(), table.id, &change.key);
            if let (Some(present), against) = self.find(table, key) {
                if !(change.marks.if_absent || agree && present == values) {
                    return Err(Reason::Present { table: id, key: key.clone(), against });
                }
                continue;
            }
            not_null(table, key, &values)?;
            let taken = table.indexes.iter().filter(|index| index.unique).any(|index| {
                let (entry, unique) = index.entry_key(table, &values, key).unwrap();
                unique && self.state.contains_key(&(index.id, entry))
            });
            if !(change.marks.if_absent && taken) {
                writes.push((key, Some(change.row.0.clone())));
            }
        }
        for change in &changes.updates {
            let cells = change.cells.iter().map(|c| (c.column, &c.before, Some(&c.after)));
            let guards = change.guards.iter().map(|g| (g.column, &g.before, None));
            let mut row = self.expect(table, layout, &change.key, cells.chain(guards))?;
            for cell in &change.cells {
                column(table, layout, cell.column).into_iter().for_each(|at| row[at] = cell.after.clone());
            }
            not_null(table, &change.key, &row)?;
            writes.push((&change.key, Some(table.write(&row).unwrap().0)));
        }
        for change in changes.deletes.iter().filter(|d| !agree || self.find(table, &d.key).0.is_some()) {
            let cells = change.before.iter().map(|g| (g.column, &g.before, None));
            self.expect(table, layout, &change.key, cells)?;
            writes.push((&change.key, None));
        }
        writes.into_iter().for_each(|(key, row)| self.put((table.id, key.clone()), row, commit));
        self.reindex(table, commit)
    }

    /// The row, if it is as these cells say; a cell that agrees may also hold what the change writes.
    fn expect<'c>(
        &self,
        t: &Table,
        layout: &Layout,
        key: &Key,
        cells: impl Iterator<Item = (u16, &'c Before, Option<&'c Value>)>,
    ) -> Result<Vec<Value>, Reason> {
        let (Some(row), against) = self.find(t, key) else {
            return Err(Reason::Gone { table: t.id, against: self.find(t, key).1, key: key.clone() });
        };
        let agrees = |at: usize| t.columns[at].policy.unwrap_or(t.policy) == MergePolicy::Agree;
        for (at, before, after) in cells.filter_map(|(c, before, after)| Some((column(t, layout, c)?, before, after))) {
            if !(before.matches(&row[at]) || agrees(at) && after == Some(&row[at])) {
                return Err(Reason::Changed { table: t.id, key: key.clone(), column: t.columns[at].id, against });
            }
        }
        Ok(row)
    }

    fn find(&self, table: &Table, key: &Key) -> (Option<Vec<Value>>, Option<CommitId>) {
        let at = (table.id, key.clone());
        let row = self.state.get(&at).map(|bytes| table.read(&Row(bytes.clone())).unwrap());
        (row, self.writers.get(&at).copied())
    }
}

fn column(table: &Table, layout: &Layout, cell: u16) -> Option<usize> {
    table.columns.iter().position(|c| c.id == layout.cells[usize::from(cell)].0)
}

fn not_null(table: &Table, key: &Key, row: &[Value]) -> Result<(), Reason> {
    let broken = table.columns.iter().zip(row).find(|(column, value)| !column.nullable && value.is_null());
    broken.map_or(Ok(()), |(c, _)| Err(Reason::Null { table: table.id, key: key.clone(), column: c.id }))
}
