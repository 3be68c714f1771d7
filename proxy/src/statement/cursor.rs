//! Cursors of prepared statements: rows that the client fetches bit by bit.

use crate::limits::ROWS_AT_A_TIME;
use dag::value::Value;
use sql::error::SqlError;
use sql::response::{ColumnDefinition, ResultSet, Rows};
use std::collections::VecDeque;
use std::sync::Arc;

/// An open cursor. Its rows own their snapshot, so the session can go on meanwhile.
pub(crate) struct OpenCursor {
    pub columns: Arc<[ColumnDefinition]>,
    rows: Box<dyn Rows>,
    /// Asked of the executor and not sent yet; at most [`ROWS_AT_A_TIME`].
    ahead: VecDeque<Vec<Value>>,
    finished: bool,
}

impl OpenCursor {
    pub fn new(set: ResultSet) -> Self {
        OpenCursor { columns: set.columns, rows: set.rows, ahead: VecDeque::new(), finished: false }
    }

    /// The next row; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Vec<Value>>, SqlError> {
        while self.ahead.is_empty() && !self.finished {
            let mut batch = Vec::new();
            self.finished = !self.rows.next_batch(ROWS_AT_A_TIME, &mut batch)?;
            self.ahead.extend(batch);
        }
        Ok(self.ahead.pop_front())
    }
}
