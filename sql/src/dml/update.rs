//! UPDATE of one table.

use super::duplicate::replace_row;
use super::insert_bind::{assigned, cell};
use super::matching::{Matched, Matching, used};
use super::row::{Cell, Storing, cell_value, touch};
use super::target::{Target, marks};
use crate::bind::{Binder, TableScope};
use crate::error::SqlError;
use crate::evaluate::RowStack;
use crate::exec::Evaluator;
use crate::response::Summary;
use crate::session::query::{Resolver, refuse, single_table};
use crate::session::scene::StatementContext;
use crate::session::state::State;
use crate::session::stop::Stop;
use crate::transaction::write_set::ColumnSet;
use sqlparser::ast::{SqliteOnConflict, Update};

/// A bound UPDATE.
#[derive(Debug)]
pub(crate) struct UpdatePlan {
    pub target: Target,
    matching: Matching,
    assignments: Vec<(usize, Cell)>,
    /// Columns that WHERE and SET read (R11).
    guards: ColumnSet,
    ignore: bool,
}

/// Binds an UPDATE. Several tables are refused.
pub(crate) fn bind(resolver: &Resolver<'_>, binder: &mut Binder<'_>, update: &Update) -> Result<UpdatePlan, SqlError> {
    refuse(&[
        (update.from.is_some(), "UPDATE ... FROM"),
        (update.returning.is_some(), "RETURNING"),
        (update.output.is_some(), "OUTPUT"),
        (matches!(update.or, Some(ref or) if !matches!(or, SqliteOnConflict::Ignore)), "UPDATE OR"),
    ])?;
    let (target, alias) = single_table(resolver, std::slice::from_ref(&update.table), "UPDATE of several tables")?;
    let scope = TableScope::new(&target.database, &target.table, alias.as_deref());
    let name = alias.as_deref().unwrap_or(&target.table.name);
    let limit = update.limit.as_ref();
    let selection = update.selection.as_ref();
    let matching = Matching::bind(binder, &scope, &target, selection, &update.order_by, limit)?;
    let mut assignments = Vec::new();
    for assignment in &update.assignments {
        let at = assigned(&target.table, name, &assignment.target)?;
        assignments.push((at, cell(binder, &scope, &assignment.value)?));
    }
    let guards = used(&scope, &target);
    Ok(UpdatePlan { target, matching, assignments, guards, ignore: update.or.is_some() })
}

/// Runs it.
pub(crate) fn run(
    state: &mut State,
    plan: &UpdatePlan,
    context: &mut StatementContext,
    evaluator: &mut Evaluator,
) -> Result<Summary, Stop> {
    let rows = plan.matching.rows(state, &plan.target, context, evaluator)?;
    let matched = rows.len() as u64;
    let mut changed = 0;
    for (row, number) in rows.into_iter().zip(1..) {
        changed += u64::from(one(state, plan, row, number, context, evaluator)?);
    }
    let warnings = state.shared().warning_count();
    let affected = if state.login.found_rows { matched } else { changed };
    let info = format!("Rows matched: {matched}  Changed: {changed}  Warnings: {warnings}");
    Ok(Summary { affected, last_insert_id: 0, info })
}

/// Whether the row changed. Assignments see what those before them assigned, as in MySQL.
fn one(
    state: &mut State,
    plan: &UpdatePlan,
    row: Matched,
    number: u64,
    context: &mut StatementContext,
    evaluator: &mut Evaluator,
) -> Result<bool, Stop> {
    let columns = &plan.target.table.columns;
    let storing = Storing { strict: state.settings.sql_mode.strict && !plan.ignore, row: number };
    let mut values = row.values.clone();
    for (at, cell) in &plan.assignments {
        values[*at] = cell_value(cell, &columns[*at], &RowStack::of(&values), context, evaluator, storing)?;
    }
    if values == row.values {
        return Ok(false);
    }
    let assigned: Vec<usize> = plan.assignments.iter().map(|(at, _)| *at).collect();
    touch(columns, &assigned, &mut values, context);
    let marks = marks(state);
    match replace_row(state, &plan.target, &row.key, values, &plan.guards, marks) {
        Err(Stop::Error(error)) if plan.ignore && error.code == 1062 => {
            state.warn(error.code, error.message);
            Ok(false)
        }
        other => other.map(|()| true),
    }
}
