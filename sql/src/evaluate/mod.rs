//! Evaluates bound expressions: three-valued logic, comparisons, casts and calls.
//!
//! Promises: no allocation for numbers; the same row, context and subquery answers give the same value. Reads no
//! tables: rows come in a [`RowStack`], subqueries are answered by the executor through [`Subqueries`].

use crate::error::SqlError;
use crate::function::Context;
use dag::value::Value;

/// The row at hand and the rows of the enclosing queries, innermost first.
#[derive(Clone, Copy)]
pub struct RowStack<'a> {
    /// The row at depth 0.
    pub row: &'a [Value],
    /// The enclosing query's rows.
    pub outer: Option<&'a RowStack<'a>>,
}

impl<'a> RowStack<'a> {
    /// No rows: constant expressions.
    pub const EMPTY: RowStack<'static> = RowStack { row: &[], outer: None };

    /// One row and nothing around it.
    pub fn of(row: &'a [Value]) -> Self {
        RowStack { row, outer: None }
    }

    /// A row inside these.
    pub fn push(&'a self, row: &'a [Value]) -> RowStack<'a> {
        RowStack { row, outer: Some(self) }
    }

    /// The cell `index` of the row `depth` queries out.
    pub fn cell(&self, depth: u16, index: u32) -> Option<&'a Value> {
        let mut at = *self;
        for _ in 0..depth {
            at = *at.outer?;
        }
        at.row.get(index as usize)
    }
}

/// Visits one row of a subquery; false stops.
pub type Visit<'v> = dyn FnMut(&[Value], &mut dyn Context) -> Result<bool, SqlError> + 'v;

/// The executor's side of subqueries.
pub trait Subqueries {
    /// Runs subquery `index` with these outer rows and shows its rows in order until `visit` says false. Answers of
    /// uncorrelated subqueries may be kept by the implementor.
    fn visit(
        &mut self,
        index: u32,
        outer: &RowStack<'_>,
        context: &mut dyn Context,
        visit: &mut Visit<'_>,
    ) -> Result<(), SqlError>;
}

/// A place without subqueries.
pub struct NoSubqueries;

impl Subqueries for NoSubqueries {
    fn visit(
        &mut self,
        _index: u32,
        _outer: &RowStack<'_>,
        _context: &mut dyn Context,
        _visit: &mut Visit<'_>,
    ) -> Result<(), SqlError> {
        Err(SqlError::unsupported("a subquery here"))
    }
}
