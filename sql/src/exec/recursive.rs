//! WITH RECURSIVE: the seed, then the step over the last round until a round is empty.

use super::distinct::Seen;
use super::query::QueryRun;
use super::run::Frame;
use crate::error::SqlError;
use crate::expression::Type;
use crate::limits::MAX_ROUNDS;
use crate::plan::Recursive;
use dag::value::Value;
use std::sync::Arc;

/// A recursive CTE that is running.
pub(crate) struct RecursiveRun {
    plan: Arc<Recursive>,
    types: Vec<Type>,
    seen: Option<Seen>,
    round: std::vec::IntoIter<Vec<Value>>,
    rounds: u32,
    last: Arc<Vec<Vec<Value>>>,
}

impl RecursiveRun {
    pub(crate) fn new(plan: Arc<Recursive>, types: Vec<Type>) -> Self {
        let seen = (!plan.all).then(Seen::default);
        RecursiveRun { plan, types, seen, round: Vec::new().into_iter(), rounds: 0, last: Arc::default() }
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        loop {
            if let Some(row) = self.round.next() {
                return Ok(Some(row));
            }
            if self.rounds > 0 && self.last.is_empty() {
                return Ok(None);
            }
            let rows = self.run_round(frame)?;
            self.last = Arc::new(rows.clone());
            self.round = rows.into_iter();
            self.rounds += 1;
        }
    }

    fn run_round(&mut self, frame: &mut Frame<'_>) -> Result<Vec<Vec<Value>>, SqlError> {
        if self.rounds > MAX_ROUNDS {
            return Err(SqlError::new(
                3636,
                format!(
                    "Recursive query aborted after {} iterations. Try increasing @@cte_max_recursion_depth to a larger value.",
                    MAX_ROUNDS + 1
                ),
            ));
        }
        let first = self.rounds == 0;
        let mut query = QueryRun::new(if first { &self.plan.seed } else { &self.plan.step });
        // A recursion inside this one has its own number, so rounds never mix.
        let before = frame.run.rounds.insert(self.plan.number, self.last.clone());
        let mut rows = Vec::new();
        while let Some(row) = query.next(frame)? {
            let row = if first { row } else { self.converted(&row, frame)? };
            let new = match &mut self.seen {
                Some(seen) => seen.first(&row, &self.types, &mut frame.run.budget)?,
                None => true,
            };
            if new {
                frame.run.budget.take_row(&row)?;
                rows.push(row);
            }
        }
        if let Some(before) = before {
            frame.run.rounds.insert(self.plan.number, before);
        }
        Ok(rows)
    }

    fn converted(&mut self, row: &[Value], frame: &mut Frame<'_>) -> Result<Vec<Value>, SqlError> {
        let plan = self.plan.clone();
        plan.casts.iter().map(|cast| frame.value(cast, row)).collect()
    }
}
