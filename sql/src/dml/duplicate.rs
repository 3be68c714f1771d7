//! ON DUPLICATE KEY UPDATE: what happens to the row that is there.

use super::row::{Cell, Storing, cell_value, touch};
use super::target::{Placed, Target, current, newest};
use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries};
use crate::session::scene::StatementContext;
use crate::session::state::State;
use crate::session::stop::Stop;
use crate::transaction::write_set::ColumnSet;
use dag::change::Marks;
use dag::row_key::Key;
use dag::value::Value;

/// The assignments, over the row that is there and, behind it, the row that would have been inserted.
#[derive(Clone, Debug)]
pub(crate) struct OnDuplicate {
    pub assignments: Vec<(usize, Cell)>,
    /// Columns that the assignments read.
    pub guards: ColumnSet,
    /// The new row has an alias of its own beside VALUES().
    pub aliased: bool,
}

/// What became of the row that was there.
pub(crate) struct Updated {
    pub changed: bool,
    /// Its AUTO_INCREMENT value.
    pub id: Option<u64>,
}

/// What the assignments of ON DUPLICATE KEY UPDATE are computed with.
pub(super) struct Computing<'a> {
    pub context: &'a mut StatementContext,
    pub subqueries: &'a mut dyn Subqueries,
    pub storing: Storing,
}

/// Updates the row under `key` with what `new` would have inserted.
pub(super) fn update_present(
    state: &mut State,
    target: &Target,
    plan: &OnDuplicate,
    key: &Key,
    new: &[Value],
    marks: Marks,
    with: Computing<'_>,
) -> Result<Updated, Stop> {
    let Computing { context, subqueries, storing } = with;
    target.lock_key(state, key)?;
    let now = newest(state)?;
    let Some(bytes) = current(&now, target.table.id, key)? else {
        // It went away between the check and the lock: the statement looks again.
        return Err(SqlError::new(1213, "Deadlock found when trying to get lock; try restarting transaction").into());
    };
    let old = target.read(&bytes)?;
    let columns = &target.table.columns;
    let alias = if plan.aliased { new } else { &[] };
    let mut row: Vec<Value> = old.iter().chain(new).chain(alias).cloned().collect();
    for (at, cell) in &plan.assignments {
        row[*at] = cell_value(cell, &columns[*at], &RowStack::of(&row), context, subqueries, storing)?;
    }
    row.truncate(columns.len());
    let automatic = columns.iter().position(|c| c.auto_increment);
    let id = automatic.and_then(|at| number(&row[at]));
    if row == old {
        return Ok(Updated { changed: false, id });
    }
    let assigned: Vec<usize> = plan.assignments.iter().map(|(at, _)| *at).collect();
    touch(columns, &assigned, &mut row, context);
    replace_row(state, target, key, row, &plan.guards, marks)?;
    Ok(Updated { changed: true, id })
}

/// An AUTO_INCREMENT value.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) => u64::try_from(*n).ok(),
        Value::UInt(n) => Some(*n),
        _ => None,
    }
}

/// Writes new values over the row under `key`, which is locked; its key may change. Error: 1062.
pub(super) fn replace_row(
    state: &mut State,
    target: &Target,
    key: &Key,
    values: Vec<Value>,
    guards: &ColumnSet,
    marks: Marks,
) -> Result<(), Stop> {
    let new_key = match &target.table.primary {
        Some(_) => target.key_of(&values)?,
        None => key.clone(),
    };
    let placed: Placed = target.place(new_key, values)?;
    if target.table.indexes.iter().any(|index| index.unique) {
        // The entries it leaves: a twin INSERT waits for what becomes of them (R35).
        let now = newest(state)?;
        if let Some(bytes) = current(&now, target.table.id, key)? {
            let left = target.place(key.clone(), target.read(&bytes)?)?;
            drop(now);
            target.lock(state, &left)?;
        }
    }
    target.lock(state, &placed)?;
    let now = newest(state)?;
    if let Some(collision) = target.collision(&now, &placed, Some(key))? {
        return Err(target.duplicate(&placed, collision.index).into());
    }
    let view = now.view.clone();
    drop(now);
    if placed.key != *key {
        target.remove(state, &view, key.clone(), guards, marks)?;
    }
    Ok(target.write(state, &view, placed, guards, marks)?)
}
