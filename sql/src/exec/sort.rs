//! ORDER BY: a full sort, or the first few rows only where LIMIT says so.

use super::budget::{Budget, row_bytes};
use crate::error::SqlError;
use crate::evaluate::sort_order;
use crate::expression::Type;
use crate::limits::MAX_TOP;
use crate::plan::SortKey;
use dag::value::Value;
use std::cmp::Ordering;

/// Rows on their way into order. Equal rows keep the order they came in.
pub(crate) struct Sorter<'o> {
    order: &'o [SortKey],
    types: &'o [Type],
    rows: Vec<Vec<Value>>,
    /// Keep only so many.
    top: Option<usize>,
}

impl<'o> Sorter<'o> {
    pub(crate) fn new(order: &'o [SortKey], types: &'o [Type], needed: Option<usize>) -> Self {
        Sorter { order, types, rows: Vec::new(), top: needed.filter(|n| *n <= MAX_TOP) }
    }

    pub(crate) fn add(&mut self, row: Vec<Value>, budget: &mut Budget) -> Result<(), SqlError> {
        budget.take(row_bytes(&row))?;
        self.rows.push(row);
        if let Some(top) = self.top
            && self.rows.len() >= 2 * top + 64
        {
            self.sort();
            let dropped: usize = self.rows.drain(top..).map(|row| row_bytes(&row)).sum();
            budget.give(dropped);
        }
        Ok(())
    }

    fn sort(&mut self) {
        let (order, types) = (self.order, self.types);
        self.rows.sort_by(|a, b| compare(order, types, a, b));
    }

    pub(crate) fn sorted(mut self) -> Vec<Vec<Value>> {
        self.sort();
        self.rows
    }
}

fn compare(order: &[SortKey], types: &[Type], a: &[Value], b: &[Value]) -> Ordering {
    for key in order {
        let ordering = sort_order(&a[key.column], &b[key.column], &types[key.column]);
        let ordering = if key.descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}
