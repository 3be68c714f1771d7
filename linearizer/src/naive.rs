//! The reference fold, for tests: sort everything, fold from empty, full scans, no clever structure (R28).
//!
//! Part of the crate under the feature `reference`: the simulator compares with it. Shares with the real fold only the
//! vocabulary, the digests of guards, and dag's rows, keys and catalogue.

#![allow(clippy::unwrap_used, reason = "a reference that stops at the first thing that is not as it should be")]

use crate::commit::Ordered;
use crate::guard::{RangeDigest, row_digest};
use crate::outcome::{Outcome, Reason};
use crate::state::Found;
use dag::catalogue::Catalogue;
use dag::change::{Before, ReadGuard, TableChanges};
use dag::id::{CommitId, EntityId};
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
    /// What is under each key (rows of tables; entries of indexes, with their row's key), and who put or removed it.
    cells: BTreeMap<(EntityId, Key), Found>,
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
        let judged = after.apply(commit).map_or_else(Outcome::Parked, |()| Outcome::Applied);
        let outcome = if void.contains(&commit.id) { Outcome::Void } else { judged };
        naive = if outcome.is_applied() { after } else { naive };
        naive.outcomes.insert(commit.id, outcome);
    }
    naive
}

impl Naive {
    /// The rows of a table or the entries of an index.
    pub fn space(&self, space: EntityId) -> impl Iterator<Item = (&Key, &Arc<[u8]>)> {
        self.cells.iter().filter(move |(at, _)| at.0 == space).filter_map(|(at, is)| Some((&at.1, is.value.as_ref()?)))
    }

    /// Parked and not settled.
    pub fn parked(&self) -> BTreeSet<CommitId> {
        let parked = self.outcomes.iter().filter(|(id, is)| is.reason().is_some() && !self.settled.contains_key(id));
        parked.map(|(id, _)| *id).collect()
    }

    fn find(&self, space: EntityId, key: &Key) -> Found {
        self.cells.get(&(space, key.clone())).cloned().unwrap_or_default()
    }

    fn apply(&mut self, commit: &Ordered) -> Result<(), Reason> {
        for &settled in &commit.settles {
            let by = self.settled.insert(settled, commit.id);
            let was_parked = self.outcomes.get(&settled).is_some_and(|outcome| !outcome.is_applied());
            ensure(was_parked && by.is_none(), Reason::Settled { commit: settled, by })?;
        }
        let mut schema = commit.changes.schema.iter();
        schema.try_for_each(|change| self.catalogue.apply(change)).map_err(|e| Reason::Schema(e.to_string().into()))?;
        self.catalogue.tables.clone().values().try_for_each(|table| self.reindex(table, commit.id))?;
        commit.changes.reads.iter().try_for_each(|read| self.reads_the_same(read))?;
        for changes in &commit.changes.tables {
            let table = self.catalogue.tables.get(&changes.table).cloned();
            ensure(table.is_some() || self.catalogue.dropped.contains(&changes.table), Reason::NoTable(changes.table))?;
            table.map_or(Ok(()), |table| self.table(&table, changes, commit.id))?;
        }
        Ok(())
    }

    fn reads_the_same(&self, read: &ReadGuard) -> Result<(), Reason> {
        let (ReadGuard::Row { table: space, .. } | ReadGuard::Range { space, .. }) = read;
        let same = match read {
            ReadGuard::Row { key, row, .. } => self.find(*space, key).value.map(|b| row_digest(&b)) == *row,
            ReadGuard::Range { from, to, count, digest, .. } => {
                let mut seen = RangeDigest::default();
                let inside = self.space(*space).filter(|(key, _)| *key >= from && (to.0.is_empty() || *key < to));
                inside.for_each(|(key, bytes)| seen.add(key.as_ref(), bytes));
                seen.finish() == (*count, *digest)
            }
        };
        ensure(same && self.catalogue.has_space(*space), Reason::Read(*space))
    }

    fn table(&mut self, t: &Table, changes: &TableChanges, by: CommitId) -> Result<(), Reason> {
        let layout = t.layouts.iter().find(|l| l.id == changes.layout).ok_or(Reason::NoLayout(t.id, changes.layout))?;
        let agree = t.policy == MergePolicy::Agree;
        let removes = changes.clear || !changes.updates.is_empty() || !changes.deletes.is_empty();
        ensure(t.policy != MergePolicy::AppendOnly || !removes, Reason::AppendOnly(t.id))?;
        if changes.clear {
            let rows: Vec<Key> = self.space(t.id).map(|(key, _)| key.clone()).collect();
            self.cells.extend(rows.into_iter().map(|key| ((t.id, key), Found { value: None, writer: Some(by) })));
            self.reindex(t, by)?;
        }
        for new in &changes.inserts {
            let (row, key) = (t.read(&new.row).unwrap(), new.key.clone());
            let Found { value, writer: against } = self.find(t.id, &key);
            let mut entries = t.indexes.iter().map(|i| (i.id, i.entry_key(t, &row, &key).unwrap().0));
            match value {
                Some(_) if new.marks.if_absent => continue,
                Some(there) if agree && t.read(&there).unwrap() == row => continue,
                Some(_) => return Err(Reason::Present { table: t.id, key, against }),
                None => not_null(t, &key, &row)?,
            }
            if new.marks.if_absent && entries.any(|(index, entry)| self.find(index, &entry).value.is_some()) {
                continue;
            }
            self.cells.insert((t.id, key), Found { value: Some(new.row.0.clone()), writer: Some(by) });
        }
        let updates = changes.updates.iter().map(|u| (&u.key, &u.cells[..], &u.guards[..], false));
        let deletes = changes.deletes.iter().map(|d| (&d.key, &[][..], &d.before[..], true));
        for (key, cells, guards, delete) in updates.chain(deletes) {
            let Found { value, writer: against } = self.find(t.id, key);
            let row = match value {
                Some(row) => t.read(&row).unwrap(),
                None if delete && agree => continue,
                None => return Err(Reason::Gone { table: t.id, key: key.clone(), against }),
            };
            // Column, what the author saw there, and what it wrote. Who deletes has seen no more than it knew of.
            let column = |cell: u16| layout.cells[usize::from(cell)].0;
            let written = cells.iter().map(|c| (column(c.column), c.before.clone(), Some(&c.after)));
            let seen = guards.iter().map(|g| (column(g.column), g.before.clone(), None));
            let new_to_it = t.columns.iter().filter(|c| delete && layout.cells.iter().all(|(id, _)| *id != c.id));
            let unseen = new_to_it.map(|c| (c.id, Before::of(&c.missing), None));
            let mut new = row.clone();
            for (column, before, after) in written.chain(seen).chain(unseen) {
                let Some(at) = t.columns.iter().position(|c| c.id == column) else { continue };
                let agree = t.columns[at].policy.unwrap_or(t.policy) == MergePolicy::Agree;
                let fits = before.matches(&row[at]) || agree && after == Some(&row[at]);
                ensure(fits, Reason::Changed { table: t.id, key: key.clone(), column, against })?;
                new[at] = after.unwrap_or(&row[at]).clone();
            }
            not_null(t, key, &new)?;
            let value = (!delete).then(|| t.write(&new).unwrap().0);
            self.cells.insert((t.id, key.clone()), Found { value, writer: Some(by) });
        }
        self.reindex(t, by)
    }

    /// Makes a table's indexes hold the entries of its rows; an entry that was there for the same row keeps its writer.
    fn reindex(&mut self, t: &Table, by: CommitId) -> Result<(), Reason> {
        for index in &t.indexes {
            let entry = |(key, row)| (index.entry_key(t, &t.read(row).unwrap(), key).unwrap().0, key.0.clone());
            let made: BTreeSet<(Key, Arc<[u8]>)> = self.space(t.id).map(entry).collect();
            if let Some(((key, _), _)) = made.iter().zip(made.iter().skip(1)).find(|(one, next)| one.0 == next.0) {
                let (key, against) = (key.clone(), self.find(index.id, key).writer);
                return Err(Reason::Duplicate { table: t.id, index: index.id, key, against });
            }
            let stays = |key: &Key, found: &Found| made.contains(&(key.clone(), found.value.clone().unwrap()));
            self.cells.retain(|(space, key), found| *space != index.id || stays(key, found));
            let entries = made.into_iter().map(|(key, row)| (key, Found { value: Some(row), writer: Some(by) }));
            entries.for_each(|(key, found)| _ = self.cells.entry((index.id, key)).or_insert(found));
        }
        Ok(())
    }
}

fn ensure(holds: bool, otherwise: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn not_null(table: &Table, key: &Key, row: &[Value]) -> Result<(), Reason> {
    let broken = table.columns.iter().zip(row).find(|(column, value)| !column.nullable && value.is_null());
    broken.map_or(Ok(()), |(c, _)| Err(Reason::Null { table: table.id, key: key.clone(), column: c.id }))
}
