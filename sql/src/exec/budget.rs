//! The memory one statement may hold in sorts, groups, joins and buffers, and the flag that stops it.

use crate::error::SqlError;
pub use crate::limits::MAX_BYTES;
use crate::limits::ROWS_PER_LOOK;
use dag::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a statement has taken.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    rows: u32,
    cancelled: Arc<AtomicBool>,
}

impl Budget {
    pub(crate) fn new(cancelled: Arc<AtomicBool>) -> Self {
        Budget { left: MAX_BYTES, rows: 0, cancelled }
    }

    /// Takes bytes. Errors: 1038.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), SqlError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(SqlError::new(
                1038,
                format!(
                    "Out of sort memory: the statement would keep more than {} MiB of rows; narrow it by WHERE, LIMIT or an index",
                    MAX_BYTES >> 20
                ),
            )),
        }
    }

    /// Takes what a kept row needs.
    pub(crate) fn take_row(&mut self, row: &[Value]) -> Result<(), SqlError> {
        self.take(row_bytes(row))
    }

    /// Gives bytes back.
    pub(crate) fn give(&mut self, bytes: usize) {
        self.left = (self.left + bytes).min(MAX_BYTES);
    }

    /// Called once a row. Errors: 1317 if the statement was killed.
    pub(crate) fn tick(&mut self) -> Result<(), SqlError> {
        self.rows = self.rows.wrapping_add(1);
        if self.rows.is_multiple_of(ROWS_PER_LOOK) && self.cancelled.load(Ordering::Relaxed) {
            return Err(SqlError::new(1317, "Query execution was interrupted"));
        }
        Ok(())
    }
}

/// Bytes of a row in memory: its slots, and what stands behind them.
pub(crate) fn row_bytes(row: &[Value]) -> usize {
    let behind = |value: &Value| match value {
        Value::Text(text) | Value::Json(text) => text.len() + 16,
        Value::Bytes(bytes) => bytes.len() + 16,
        _ => 0,
    };
    size_of::<Vec<Value>>() + size_of_val(row) + row.iter().map(behind).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_may_be_taken_and_not_one_more() {
        let mut budget = Budget::new(Arc::default());
        let mut take = |bytes| budget.take(bytes).map_err(|error| error.code);
        assert_eq!([take(MAX_BYTES + 1), take(MAX_BYTES), take(1)], [Err(1038), Ok(()), Err(1038)]);
        budget.give(1);
        assert_eq!([1, 1].map(|bytes| budget.take(bytes).is_ok()), [true, false], "only what was given back");
    }
}
