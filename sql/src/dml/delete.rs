//! DELETE from one table.

use super::matching::Matching;
use super::target::{Target, marks, newest};
use crate::bind::{Binder, TableScope};
use crate::error::SqlError;
use crate::exec::Evaluator;
use crate::response::Summary;
use crate::session::query::{Resolver, refuse, single_table};
use crate::session::scene::StatementContext;
use crate::session::state::State;
use crate::session::stop::Stop;
use sqlparser::ast::{Delete, FromTable};

/// A bound DELETE.
#[derive(Debug)]
pub(crate) struct DeletePlan {
    pub target: Target,
    matching: Matching,
}

/// Binds a DELETE. Several tables are refused.
pub(crate) fn bind(resolver: &Resolver<'_>, binder: &mut Binder<'_>, delete: &Delete) -> Result<DeletePlan, SqlError> {
    refuse(&[
        (!delete.tables.is_empty(), "DELETE of several tables"),
        (delete.using.is_some(), "DELETE ... USING"),
        (delete.returning.is_some(), "RETURNING"),
        (delete.output.is_some(), "OUTPUT"),
    ])?;
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let (target, alias) = single_table(resolver, from, "DELETE of several tables")?;
    let scope = TableScope::new(&target.database, &target.table, alias.as_deref());
    let selection = delete.selection.as_ref();
    let matching = Matching::bind(binder, &scope, &target, selection, &delete.order_by, delete.limit.as_ref())?;
    Ok(DeletePlan { target, matching })
}

/// Runs it.
pub(crate) fn run(
    state: &mut State,
    plan: &DeletePlan,
    context: &mut StatementContext,
    evaluator: &mut Evaluator,
) -> Result<Summary, Stop> {
    let rows = plan.matching.rows(state, &plan.target, context, evaluator)?;
    let affected = rows.len() as u64;
    let marks = marks(state);
    for row in rows {
        // The UNIQUE entries that become free are locked: a twin INSERT waits for what becomes of them (R35).
        let placed = plan.target.place(row.key, row.values)?;
        plan.target.lock(state, &placed)?;
        let view = newest(state)?.view;
        plan.target.remove(state, &view, placed.key, &plan.matching.guards, marks)?;
    }
    Ok(Summary { affected, ..Summary::default() })
}
