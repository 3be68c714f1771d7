//! The rows that column references see.

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
        let mut at = self;
        for _ in 0..depth {
            at = at.outer?;
        }
        at.row.get(index as usize)
    }
}
