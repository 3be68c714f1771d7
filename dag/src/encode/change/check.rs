//! What a change set promises beside its encoding: sorted runs, one change a key, bounds.

use super::TableRuns;
use crate::change::{
    Before, CellBefore, CellChange, ChangeSet, INLINE_BEFORE, MAX_READS, MAX_SCHEMA_CHANGES, MAX_TABLES, ReadGuard,
    TableChanges,
};
use crate::encode::encode_cell;
use crate::error::{Error, Result};
use crate::id::NodeId;
use crate::row_key::{Key, MAX_KEY};
use crate::schema::SchemaChange;

fn bad(reason: &'static str) -> Error {
    Error::malformed("change set", reason)
}

fn ascending<T: Ord>(items: impl Iterator<Item = T>, reason: &'static str) -> Result<()> {
    if items.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(bad(reason)) }
}

pub(super) fn changes(changes: &ChangeSet) -> Result<()> {
    schema(&changes.schema)?;
    Error::limit("tables of a commit", changes.tables.len(), MAX_TABLES)?;
    ascending(changes.tables.iter().map(|t| t.table), "tables are not sorted")?;
    changes.tables.iter().try_for_each(table)
}

fn schema(changes: &[SchemaChange]) -> Result<()> {
    Error::limit("schema changes of a commit", changes.len(), MAX_SCHEMA_CHANGES)
}

pub(super) fn reads(guards: &[ReadGuard]) -> Result<()> {
    Error::limit("guards of a read set", guards.len(), MAX_READS)
}

fn table(table: &TableChanges) -> Result<()> {
    let count = table.inserts.len() + table.updates.len() + table.deletes.len();
    if count == 0 && !table.clear {
        return Err(bad("a table without changes"));
    }
    ascending(table.inserts.iter().map(|i| &i.key), "inserts are not sorted by key")?;
    ascending(table.updates.iter().map(|u| &u.key), "updates are not sorted by key")?;
    ascending(table.deletes.iter().map(|d| &d.key), "deletes are not sorted by key")?;
    one_change_a_key(table, count)?;
    for update in &table.updates {
        if update.cells.is_empty() {
            return Err(bad("an update that changes nothing"));
        }
        cells(&update.cells, &update.guards)?;
    }
    table.deletes.iter().try_for_each(|delete| cells(&[], &delete.before))
}

fn one_change_a_key(table: &TableChanges, count: usize) -> Result<()> {
    let inserts = table.inserts.iter().map(|i| &i.key);
    let updates = table.updates.iter().map(|u| &u.key);
    let deletes = table.deletes.iter().map(|d| &d.key);
    let mut keys: Vec<&Key> = Vec::with_capacity(count);
    keys.extend(inserts.chain(updates).chain(deletes));
    if keys.iter().any(|key| key.0.len() > MAX_KEY) {
        return Err(bad("a key is too long"));
    }
    let mixed = keys.len() > table.inserts.len().max(table.updates.len()).max(table.deletes.len());
    if mixed {
        keys.sort_unstable();
        ascending(keys.into_iter(), "a key is changed twice")?;
    }
    Ok(())
}

fn cells(changed: &[CellChange], seen: &[CellBefore]) -> Result<()> {
    ascending(changed.iter().map(|c| c.column), "cells are not sorted")?;
    ascending(seen.iter().map(|c| c.column), "guards are not sorted")?;
    if seen.iter().any(|guard| changed.binary_search_by_key(&guard.column, |c| c.column).is_ok()) {
        return Err(bad("a changed cell is a guard too"));
    }
    let mut befores = changed.iter().map(|c| &c.before).chain(seen.iter().map(|c| &c.before));
    if befores.all(one_form) { Ok(()) } else { Err(bad("a before-value is not in its one form")) }
}

fn one_form(before: &Before) -> bool {
    match before {
        Before::Value(value) => {
            let mut bytes = Vec::with_capacity(INLINE_BEFORE + 1);
            encode_cell(value, &mut bytes);
            bytes.len() <= INLINE_BEFORE
        }
        Before::Hash(_, length) => *length as usize > INLINE_BEFORE,
    }
}

pub(super) fn trees(changes: &[SchemaChange], tables: &[TableRuns]) -> Result<()> {
    schema(changes)?;
    Error::limit("tables of a commit", tables.len(), MAX_TABLES)?;
    ascending(tables.iter().map(|t| t.table), "tables are not sorted")?;
    let empty = |run: &super::Run| run.count == 0;
    for table in tables {
        let runs = [&table.inserts, &table.updates, &table.deletes];
        if !table.clear && runs.into_iter().all(empty) {
            return Err(bad("a table without changes"));
        }
        if runs.into_iter().any(|run| empty(run) != (run.root == NodeId::ZERO) || empty(run) && run.bytes != 0) {
            return Err(bad("an empty run with a root, or a root without changes"));
        }
    }
    Ok(())
}
