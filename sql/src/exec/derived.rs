//! Reads a derived table by running its query.

use super::query::QueryRun;
use super::run::Frame;
use crate::error::SqlError;
use crate::plan::DerivedSource;
use dag::value::Value;
use std::sync::Arc;

/// A derived table that is running.
pub(crate) struct DerivedRun {
    source: Arc<DerivedSource>,
    query: QueryRun,
}

impl DerivedRun {
    pub(crate) fn new(source: Arc<DerivedSource>) -> Self {
        let query = QueryRun::new(&source.query);
        DerivedRun { source, query }
    }

    pub(crate) fn start(&mut self) -> Result<(), SqlError> {
        self.query = QueryRun::new(&self.source.query);
        Ok(())
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        while let Some(made) = self.query.next(frame)? {
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
