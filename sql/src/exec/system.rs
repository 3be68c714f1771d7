//! Reads a system table, row by row: what it gives when the scan starts.

use super::run::Frame;
use crate::engine::system_table::Rows;
use crate::error::SqlError;
use crate::plan::SystemSource;
use dag::value::Value;
use std::sync::Arc;

/// A scan of a system table.
pub(crate) struct SystemRun {
    source: Arc<SystemSource>,
    rows: Rows,
}

impl SystemRun {
    pub(crate) fn new(source: Arc<SystemSource>) -> Self {
        SystemRun { source, rows: Box::new(std::iter::empty()) }
    }

    pub(crate) fn start(&mut self) -> Result<(), SqlError> {
        self.rows = self.source.table.rows()?;
        Ok(())
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        for made in self.rows.by_ref() {
            frame.run.budget.tick()?;
            for (slot, value) in row[self.source.offset..].iter_mut().zip(made?) {
                *slot = value;
            }
            if frame.holds(self.source.filter.as_ref(), row)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
