//! Runs a query body: a block, a set operation, a recursive CTE.

use super::block::BlockRun;
use super::recursive::RecursiveRun;
use super::run::{Frame, Kept};
use super::set::SetRun;
use crate::error::SqlError;
use crate::plan::{Body, Query};
use dag::value::Value;

/// A query that is running.
pub(crate) enum QueryRun {
    Block(Box<BlockRun>),
    Set(Box<SetRun>),
    Recursive(Box<RecursiveRun>),
    LastRound { number: u32, rows: Option<Kept>, at: usize },
}

impl QueryRun {
    pub(crate) fn new(query: &Query) -> Self {
        match &query.body {
            Body::Block(block) => QueryRun::Block(Box::new(BlockRun::new(block.clone()))),
            Body::Set(set) => QueryRun::Set(Box::new(SetRun::new(set.clone(), query.types.clone()))),
            Body::Recursive(recursive) => {
                QueryRun::Recursive(Box::new(RecursiveRun::new(recursive.clone(), query.types.clone())))
            }
            Body::LastRound(number) => QueryRun::LastRound { number: *number, rows: None, at: 0 },
        }
    }

    /// The next row: its visible columns.
    pub(crate) fn next(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        match self {
            QueryRun::Block(block) => block.next(frame),
            QueryRun::Set(set) => set.next(frame),
            QueryRun::Recursive(recursive) => recursive.next(frame),
            QueryRun::LastRound { number, rows, at } => {
                let rows = rows.get_or_insert_with(|| frame.run.rounds.get(number).cloned().unwrap_or_default());
                let row = rows.get(*at).cloned();
                *at += 1;
                Ok(row)
            }
        }
    }

    /// All rows, kept within the budget.
    pub(crate) fn all(&mut self, frame: &mut Frame<'_>) -> Result<Vec<Vec<Value>>, SqlError> {
        let mut rows = Vec::new();
        while let Some(row) = self.next(frame)? {
            frame.run.budget.take_row(&row)?;
            rows.push(row);
        }
        Ok(rows)
    }
}
