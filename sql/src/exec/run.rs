//! What the operators of one statement share: reader, budget, subquery answers, rounds of recursive CTEs.

use super::budget::Budget;
use super::membership::{self, Members};
use super::query::QueryRun;
use super::reader::TableReader;
use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries, Visit, evaluate};
use crate::expression::{Expression, Node, Type};
use crate::function::Context;
use crate::plan::Subplan;
use dag::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows kept in memory.
pub(crate) type Kept = Arc<Vec<Vec<Value>>>;

/// The state of one statement.
pub(crate) struct Run {
    pub reader: Arc<dyn TableReader>,
    pub budget: Budget,
    subplans: Arc<[Subplan]>,
    /// Answers of uncorrelated subqueries.
    answers: Vec<Option<Kept>>,
    /// The same as sets, for IN.
    pub members: HashMap<u32, Arc<Members>>,
    /// The last round of each recursive CTE that runs.
    pub rounds: HashMap<u32, Kept>,
}

/// An operator's surroundings: the statement, the rows around the query, the session.
pub(crate) struct Frame<'f> {
    pub run: &'f mut Run,
    pub outer: Option<&'f RowStack<'f>>,
    pub context: &'f mut dyn Context,
}

impl Frame<'_> {
    /// The value of an expression over a row of this query.
    pub(crate) fn value(&mut self, expression: &Expression, row: &[Value]) -> Result<Value, SqlError> {
        let rows = RowStack { row, outer: self.outer };
        evaluate(expression, &rows, self.context, self.run)
    }

    /// Whether a condition is true for a row; no condition is.
    pub(crate) fn holds(&mut self, condition: Option<&Expression>, row: &[Value]) -> Result<bool, SqlError> {
        let Some(condition) = condition else { return Ok(true) };
        if let Node::And(left, right) = &condition.node {
            return Ok(self.holds(Some(left), row)? && self.holds(Some(right), row)?);
        }
        if let Some(holds) = membership::holds(condition, row, self)? {
            return Ok(holds);
        }
        let value = self.value(condition, row)?;
        Ok(crate::evaluate::truth(&value, &condition.ty, self.context) == Some(true))
    }
}

impl Run {
    pub(crate) fn new(reader: Arc<dyn TableReader>, budget: Budget, subplans: Arc<[Subplan]>) -> Self {
        let answers = vec![None; subplans.len()];
        Run { reader, budget, subplans, answers, members: HashMap::new(), rounds: HashMap::new() }
    }

    /// The column types of a subquery that is the same for every row.
    pub(crate) fn constant_types(&self, index: u32) -> Option<Vec<Type>> {
        let subplan = self.subplans.get(index as usize)?;
        (!subplan.correlated).then(|| subplan.query.types.clone())
    }

    pub(crate) fn answer(&mut self, index: usize, context: &mut dyn Context) -> Result<Kept, SqlError> {
        if let Some(kept) = &self.answers[index] {
            return Ok(kept.clone());
        }
        let subplans = self.subplans.clone();
        let mut query = QueryRun::new(&subplans[index].query);
        let mut frame = Frame { run: self, outer: None, context };
        let kept: Kept = Arc::new(query.all(&mut frame)?);
        self.answers[index] = Some(kept.clone());
        Ok(kept)
    }
}

impl Subqueries for Run {
    fn visit(
        &mut self,
        index: u32,
        outer: &RowStack<'_>,
        context: &mut dyn Context,
        visit: &mut Visit<'_>,
    ) -> Result<(), SqlError> {
        let subplans = self.subplans.clone();
        let Some(subplan) = subplans.get(index as usize) else {
            return Err(SqlError::new(1105, format!("subquery {index} is not part of this plan")));
        };
        if !subplan.correlated {
            let kept = self.answer(index as usize, context)?;
            for row in kept.iter() {
                if !visit(row, context)? {
                    break;
                }
            }
            return Ok(());
        }
        let mut query = QueryRun::new(&subplan.query);
        loop {
            let mut frame = Frame { run: self, outer: Some(outer), context };
            let Some(row) = query.next(&mut frame)? else { return Ok(()) };
            if !visit(&row, context)? {
                return Ok(());
            }
        }
    }
}
