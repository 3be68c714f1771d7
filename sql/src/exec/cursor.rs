//! The door of the executor: a plan that runs, row by row, and owns all it needs.

use super::budget::Budget;
use super::query::QueryRun;
use super::reader::TableReader;
use super::run::{Frame, Run};
use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries, Visit, evaluate};
use crate::expression::Expression;
use crate::function::Context;
use crate::plan::{Plan, Subplan};
use crate::response::Rows;
use dag::value::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A running plan. Holds its reader, so it may live across awaits; the context is lent to each call.
pub struct Cursor {
    query: QueryRun,
    run: Run,
    done: bool,
}

impl Cursor {
    /// Starts a plan; `cancelled` stops it with 1317.
    pub fn new(plan: &Plan, reader: Arc<dyn TableReader>, cancelled: Arc<AtomicBool>) -> Self {
        let run = Run::new(reader, Budget::new(cancelled), plan.subqueries.clone());
        Cursor { query: QueryRun::new(&plan.query), run, done: false }
    }

    /// The next row; `None` at the end.
    pub fn next(&mut self, context: &mut dyn Context) -> Result<Option<Vec<Value>>, SqlError> {
        if self.done {
            return Ok(None);
        }
        let mut frame = Frame { run: &mut self.run, outer: None, context };
        let row = self.query.next(&mut frame);
        self.done = !matches!(row, Ok(Some(_)));
        row
    }

    /// Appends up to `most` rows; false when there are no more.
    pub fn next_batch(
        &mut self,
        context: &mut dyn Context,
        most: usize,
        out: &mut Vec<Vec<Value>>,
    ) -> Result<bool, SqlError> {
        for _ in 0..most {
            match self.next(context)? {
                Some(row) => out.push(row),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// A cursor with a context of its own: the rows of a result set.
pub struct OwnedRows<C> {
    cursor: Cursor,
    context: C,
}

impl<C: Context + Send> OwnedRows<C> {
    /// The cursor's rows under this context.
    pub fn new(cursor: Cursor, context: C) -> Self {
        OwnedRows { cursor, context }
    }
}

impl<C: Context + Send> Rows for OwnedRows<C> {
    fn next_batch(&mut self, most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        self.cursor.next_batch(&mut self.context, most, out)
    }
}

/// Evaluates the expressions of DML, whose subqueries need rows.
pub struct Evaluator {
    run: Run,
}

impl Evaluator {
    /// For expressions bound together with these subqueries.
    pub fn new(subqueries: Arc<[Subplan]>, reader: Arc<dyn TableReader>, cancelled: Arc<AtomicBool>) -> Self {
        Evaluator { run: Run::new(reader, Budget::new(cancelled), subqueries) }
    }

    /// The value of an expression over a row.
    pub fn value(
        &mut self,
        expression: &Expression,
        row: &[Value],
        context: &mut dyn Context,
    ) -> Result<Value, SqlError> {
        evaluate(expression, &RowStack::of(row), context, &mut self.run)
    }

    /// Whether a condition is true for a row; no condition is.
    pub fn holds(
        &mut self,
        condition: Option<&Expression>,
        row: &[Value],
        context: &mut dyn Context,
    ) -> Result<bool, SqlError> {
        Frame { run: &mut self.run, outer: None, context }.holds(condition, row)
    }
}

impl Evaluator {
    /// Runs what needs an operator's surroundings.
    pub(crate) fn in_frame<T>(&mut self, context: &mut dyn Context, inner: impl FnOnce(&mut Frame<'_>) -> T) -> T {
        inner(&mut Frame { run: &mut self.run, outer: None, context })
    }
}

impl Subqueries for Evaluator {
    fn visit(
        &mut self,
        index: u32,
        outer: &RowStack<'_>,
        context: &mut dyn Context,
        visit: &mut Visit<'_>,
    ) -> Result<(), SqlError> {
        self.run.visit(index, outer, context, visit)
    }
}
