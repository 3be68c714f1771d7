//! The reference fold, for tests: sort everything, fold from empty, full scans, no clever structure (R28).
//!
//! Part of the crate under the feature `reference`: the simulator compares with it. Shares with the real fold only the
//! vocabulary, the digests of guards, and dag's rows, keys and catalogue.

#![allow(clippy::unwrap_used, reason = "a reference that stops at the first thing that is not as it should be")]

use crate::commit::Ordered;
use crate::guard::{RangeDigest, row_digest};
use crate::outcome::{Outcome, Reason};
use crate::view::Bytes;
use dag::catalogue::Catalogue;
use dag::change::{ReadGuard, TableChanges};
use dag::id::{CommitId, EntityId};
use dag::row_key::Key;
use dag::schema::{Index, MergePolicy, Table};
use dag::value::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state after all commits, and what became of each.
#[derive(Clone, Default)]
pub struct Naive {
    /// The schema.
    pub catalogue: Catalogue,
    /// What is under each key (rows of tables; entries of indexes, with their row's key), and who put or removed it.
    cells: BTreeMap<(EntityId, Key), (Option<Bytes>, CommitId)>,
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
        let mut after = naive.clone();
        let outcome = match after.apply(commit) {
            _ if void.contains(&commit.id) => Outcome::Void,
            Ok(()) => Outcome::Applied,
            Err(reason) => Outcome::Parked(reason),
        };
        if outcome.is_applied() {
            naive = after;
        }
        naive.outcomes.insert(commit.id, outcome);
    }
    naive
}

impl Naive {
    /// The rows of a table or the entries of an index.
    pub fn space(&self, space: EntityId) -> impl Iterator<Item = (&Key, &Bytes)> {
        let there = self.cells.iter().filter(move |((id, _), _)| *id == space);
        there.filter_map(|((_, key), (bytes, _))| Some((key, bytes.as_ref()?)))
    }

    /// Parked and not settled.
    pub fn parked(&self) -> BTreeSet<CommitId> {
        let parked = self.outcomes.iter().filter(|(_, outcome)| outcome.reason().is_some()).map(|(id, _)| *id);
        parked.filter(|id| !self.settled.contains_key(id)).collect()
    }

    fn find(&self, space: EntityId, key: &Key) -> (Option<Bytes>, Option<CommitId>) {
        self.cells.get(&(space, key.clone())).cloned().map_or((None, None), |(bytes, by)| (bytes, Some(by)))
    }

    fn apply(&mut self, commit: &Ordered) -> Result<(), Reason> {
        for &settled in &commit.settles {
            let by = self.settled.insert(settled, commit.id);
            if by.is_some() || self.outcomes.get(&settled).is_none_or(Outcome::is_applied) {
                return Err(Reason::Settled { commit: settled, by });
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
        let (space, same) = match read {
            ReadGuard::Row { table, key, row } => (*table, self.find(*table, key).0.map(|b| row_digest(&b)) == *row),
            ReadGuard::Range { space, from, to, count, digest } => {
                let mut seen = RangeDigest::default();
                let inside = self.space(*space).filter(|(key, _)| *key >= from && (to.0.is_empty() || *key < to));
                inside.for_each(|(key, bytes)| seen.add(key.as_ref(), bytes));
                (*space, seen.finish() == (*count, *digest))
            }
        };
        let live = self.catalogue.tables.values().any(|table| has(table, space));
        if same && live { Ok(()) } else { Err(Reason::Read(space)) }
    }

    fn table(&mut self, t: &Table, changes: &TableChanges, by: CommitId) -> Result<(), Reason> {
        let layout = t.layouts.iter().find(|l| l.id == changes.layout).ok_or(Reason::NoLayout(t.id, changes.layout))?;
        let column = |cell: u16| t.columns.iter().position(|c| c.id == layout.cells[usize::from(cell)].0);
        let agree = t.policy == MergePolicy::Agree;
        let only_inserts = !changes.clear && changes.updates.is_empty() && changes.deletes.is_empty();
        if t.policy == MergePolicy::AppendOnly && !only_inserts {
            return Err(Reason::AppendOnly(t.id));
        }
        if changes.clear {
            let there = self.cells.iter_mut().filter(|((space, _), (bytes, _))| has(t, *space) && bytes.is_some());
            there.for_each(|(_, cell)| *cell = (None, by));
        }
        for change in &changes.inserts {
            let (row, key) = (t.read(&change.row).unwrap(), change.key.clone());
            match self.find(t.id, &key) {
                (Some(_), _) if change.marks.if_absent => continue,
                (Some(there), _) if agree && t.read(&there).unwrap() == row => continue,
                (Some(_), against) => return Err(Reason::Present { table: t.id, key, against }),
                (None, _) => not_null(t, &key, &row)?,
            }
            let taken = |i: &Index| self.find(i.id, &i.entry_key(t, &row, &key).unwrap().0).0.is_some();
            if !(change.marks.if_absent && t.indexes.iter().any(taken)) {
                self.cells.insert((t.id, key), (Some(change.row.0.clone()), by));
            }
        }
        let updates = changes.updates.iter().map(|u| (&u.key, &u.cells[..], &u.guards[..], false));
        let deletes = changes.deletes.iter().map(|d| (&d.key, &[][..], &d.before[..], true));
        for (key, cells, guards, delete) in updates.chain(deletes) {
            let (row, against) = match self.find(t.id, key) {
                (Some(row), against) => (t.read(&row).unwrap(), against),
                (None, _) if delete && agree => continue,
                (None, against) => return Err(Reason::Gone { table: t.id, key: key.clone(), against }),
            };
            let mut new = row.clone();
            let cells = cells.iter().map(|c| (c.column, &c.before, Some(&c.after)));
            for (cell, before, after) in cells.chain(guards.iter().map(|g| (g.column, &g.before, None))) {
                let Some(at) = column(cell) else { continue };
                let agrees = t.columns[at].policy.unwrap_or(t.policy) == MergePolicy::Agree && after == Some(&row[at]);
                if !before.matches(&row[at]) && !agrees {
                    return Err(Reason::Changed { table: t.id, key: key.clone(), column: t.columns[at].id, against });
                }
                new[at] = after.unwrap_or(&row[at]).clone();
            }
            not_null(t, key, &new)?;
            self.cells.insert((t.id, key.clone()), ((!delete).then(|| t.write(&new).unwrap().0), by));
        }
        self.reindex(t, by)
    }

    /// Makes a table's indexes hold the entries of its rows; an entry that was there for the same row keeps its writer.
    fn reindex(&mut self, t: &Table, by: CommitId) -> Result<(), Reason> {
        for index in &t.indexes {
            let entry = |(key, row)| (index.entry_key(t, &t.read(row).unwrap(), key).unwrap().0, key.0.clone());
            let mut made: Vec<(Key, Bytes)> = self.space(t.id).map(entry).collect();
            made.sort();
            if let Some(twins) = made.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                let (key, found) = (twins[0].0.clone(), self.find(index.id, &twins[0].0));
                return Err(Reason::Duplicate { table: t.id, index: index.id, key, against: found.0.and(found.1) });
            }
            let old: BTreeMap<Key, Bytes> = self.space(index.id).map(|(k, v)| (k.clone(), v.clone())).collect();
            let new: BTreeMap<Key, Bytes> = made.into_iter().collect();
            for key in old.keys().chain(new.keys()).filter(|key| old.get(*key) != new.get(*key)) {
                self.cells.insert((index.id, key.clone()), (new.get(key).cloned(), by));
            }
        }
        Ok(())
    }
}

fn has(table: &Table, space: EntityId) -> bool {
    table.id == space || table.indexes.iter().any(|index| index.id == space)
}

fn not_null(table: &Table, key: &Key, row: &[Value]) -> Result<(), Reason> {
    let broken = table.columns.iter().zip(row).find(|(column, value)| !column.nullable && value.is_null());
    broken.map_or(Ok(()), |(c, _)| Err(Reason::Null { table: table.id, key: key.clone(), column: c.id }))
}
