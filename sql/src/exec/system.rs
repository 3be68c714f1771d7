//! Reads a system table: its rows are made when the scan starts.

use super::run::Frame;
use crate::error::SqlError;
use crate::plan::SystemSource;
use dag::value::Value;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Most rows of a system table that one statement reads: they are made before the first is filtered.
const MAX_ROWS: usize = 1_000_000;

/// A scan of a system table.
pub(crate) struct SystemRun {
    source: Arc<SystemSource>,
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl SystemRun {
    pub(crate) fn new(source: Arc<SystemSource>) -> Self {
        SystemRun { source, rows: Vec::new().into_iter() }
    }

    pub(crate) fn start(&mut self) -> Result<(), SqlError> {
        let mut rows = Vec::new();
        self.source.table.scan(&mut |row| {
            rows.push(row);
            if rows.len() > MAX_ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if rows.len() > MAX_ROWS {
            return Err(SqlError::new(
                1114,
                format!("The table '{}' is full: over {MAX_ROWS} rows", self.source.alias),
            ));
        }
        self.rows = rows.into_iter();
        Ok(())
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        for made in self.rows.by_ref() {
            frame.run.budget.tick()?;
            for (slot, value) in row[self.source.offset..].iter_mut().zip(made) {
                *slot = value;
            }
            if frame.holds(self.source.filter.as_ref(), row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
