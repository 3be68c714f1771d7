//! A transaction's writes as a change set: net effect per key, with what each change replaced (R10, R11).

use super::write_set::{RowWrite, TableWrites, WriteSet};
use crate::error::SqlError;
use dag::change::{Before, CellBefore, CellChange, ChangeSet, Delete, Insert, TableChanges, Update};
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::{MergePolicy, Table};
use dag::value::Value;

/// The net changes; tables without any are left out.
pub(crate) fn change_set(writes: WriteSet) -> Result<ChangeSet, SqlError> {
    let mut changes = ChangeSet::default();
    for table in writes.into_tables() {
        let built = table_changes(table)?;
        if !(built.inserts.is_empty() && built.updates.is_empty() && built.deletes.is_empty()) {
            changes.tables.push(built);
        }
    }
    Ok(changes)
}

fn table_changes(writes: TableWrites) -> Result<TableChanges, SqlError> {
    let table = &*writes.table;
    let positions = table.cell_positions();
    let mut out = TableChanges {
        table: table.id,
        layout: table.newest_layout().id,
        clear: false,
        inserts: Vec::new(),
        updates: Vec::new(),
        deletes: Vec::new(),
    };
    for (key, write) in writes.rows.into_ascending() {
        match (write.before(), &write.after) {
            (None, None) => {}
            (None, Some(row)) => out.inserts.push(Insert { key, row: Row(row.clone()), marks: write.marks }),
            (Some(before), None) => {
                let before = cells(table, &positions, before)?;
                out.deletes.push(Delete { key, before, marks: write.marks });
            }
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) => {
                let (before, after) = (read(table, before)?, read(table, after)?);
                out.updates.extend(update(table, &positions, key, &write, &before, &after));
            }
        }
    }
    Ok(out)
}

fn read(table: &Table, row: &[u8]) -> Result<Vec<Value>, SqlError> {
    table.read(row).map_err(|e| SqlError::new(1105, format!("cannot read a row of {}: {e}", table.name)))
}

/// Every cell of a row, in layout order.
fn cells(table: &Table, positions: &[usize], row: &[u8]) -> Result<Vec<CellBefore>, SqlError> {
    let values = read(table, row)?;
    let mut cells: Vec<CellBefore> = values
        .into_iter()
        .zip(positions)
        .map(|(value, position)| CellBefore { column: *position as u16, before: Before::of(&value) })
        .collect();
    cells.sort_by_key(|c| c.column);
    Ok(cells)
}

/// `None` if no cell changed.
fn update(
    table: &Table,
    positions: &[usize],
    key: Key,
    write: &RowWrite,
    before: &[Value],
    after: &[Value],
) -> Option<Update> {
    let mut cells = Vec::new();
    let mut guards = Vec::new();
    for (visible, position) in positions.iter().enumerate() {
        let column = *position as u16;
        let old = || Before::of(&before[visible]);
        if before[visible] != after[visible] {
            cells.push(CellChange { column, before: old(), after: after[visible].clone() });
        } else if write.guards(visible) && is_guarded(table, visible) {
            guards.push(CellBefore { column, before: old() });
        }
    }
    if cells.is_empty() {
        return None;
    }
    cells.sort_by_key(|c| c.column);
    guards.sort_by_key(|c| c.column);
    Some(Update { key, cells, guards, marks: write.marks })
}

/// Columns with a merge policy of their own are no guards (R11).
fn is_guarded(table: &Table, column: usize) -> bool {
    matches!(table.columns[column].policy, None | Some(MergePolicy::FirstWriteWins))
}
