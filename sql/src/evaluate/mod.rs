//! Evaluates bound expressions: three-valued logic, comparisons, casts and calls.
//!
//! Promises: no allocation for numbers; the same row, context and subquery answers give the same value. Reads no
//! tables: rows come in a [`RowStack`], subqueries are answered by the executor through [`Subqueries`].

mod call;
mod compare;
mod detached;
mod key;
mod like;
mod logic;
#[cfg(test)]
mod oracle;
mod rows;
mod subquery;

pub use call::settle;
pub use compare::{compare_typed, compare_values, holds, natural_type};
pub use detached::Detached;
pub use key::{group_key, sort_order};
pub use like::like;
pub use logic::{is_true, truth};
pub use rows::RowStack;
pub use subquery::{NoSubqueries, Subqueries, Visit};

use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Node};
use crate::function::Context;
use dag::value::Value;
use std::borrow::Cow;

/// Where an expression is evaluated.
pub(crate) struct Scope<'s> {
    pub(crate) rows: &'s RowStack<'s>,
    pub(crate) context: &'s mut dyn Context,
    pub(crate) subqueries: &'s mut dyn Subqueries,
}

/// The value of an expression. Errors: what functions and subqueries raise (1690, 1242, 3141 ...).
pub fn evaluate(
    expression: &Expression,
    rows: &RowStack<'_>,
    context: &mut dyn Context,
    subqueries: &mut dyn Subqueries,
) -> Result<Value, SqlError> {
    Scope { rows, context, subqueries }.value(expression)
}

/// The value of an expression without rows and subqueries: defaults, LIMIT, constants to fold.
pub fn constant(expression: &Expression, context: &mut dyn Context) -> Result<Value, SqlError> {
    evaluate(expression, &RowStack::EMPTY, context, &mut NoSubqueries)
}

/// What is wrong when a plan and its rows do not fit together: a defect, told instead of a panic.
fn misbound(what: &str) -> SqlError {
    SqlError::new(1105, format!("Internal error: {what}; please report the statement"))
}

impl<'s> Scope<'s> {
    pub(crate) fn value(&mut self, expression: &Expression) -> Result<Value, SqlError> {
        match &expression.node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Column { depth, index } => self.column(*depth, *index),
            Node::Call { function, arguments } => self.call(function, arguments, &expression.ty),
            Node::Cast(operand) => {
                let value = self.operand(operand)?;
                convert::cast(&value, &operand.ty, &expression.ty, self.context)
            }
            Node::Parameter(index) => Ok(self.context.parameter(*index)),
            Node::UserVariable(name) => Ok(self.context.user_variable(name)),
            Node::AssignUserVariable(name, operand) => {
                let value = self.value(operand)?;
                self.context.assign_user_variable(name, value.clone())?;
                Ok(value)
            }
            Node::SystemVariable { name, global } => self.context.system_variable(name, *global),
            Node::Case { branches, otherwise } => self.case(branches, otherwise.as_deref(), &expression.ty),
            Node::Subquery { index, test } => self.subquery(*index, test),
            _ => Ok(from_truth(self.test(expression)?)),
        }
    }

    /// The value, borrowed where it lies in a row or in the plan.
    pub(crate) fn operand<'v>(&mut self, expression: &'v Expression) -> Result<Cow<'v, Value>, SqlError>
    where
        's: 'v,
    {
        match &expression.node {
            Node::Constant(value) => Ok(Cow::Borrowed(value)),
            Node::Column { depth, index } => match self.rows.cell(*depth, *index) {
                Some(Value::Timestamp(micros)) => Ok(Cow::Owned(self.local(*micros))),
                Some(value) => Ok(Cow::Borrowed(value)),
                None => Err(misbound("a column is not in its row")),
            },
            _ => self.value(expression).map(Cow::Owned),
        }
    }

    fn column(&mut self, depth: u16, index: u32) -> Result<Value, SqlError> {
        match self.rows.cell(depth, index) {
            Some(Value::Timestamp(micros)) => Ok(self.local(*micros)),
            Some(value) => Ok(value.clone()),
            None => Err(misbound("a column is not in its row")),
        }
    }

    /// Expressions see TIMESTAMP cells in the session's zone; the instant 0 is the zero date-time.
    fn local(&self, micros: i64) -> Value {
        Value::DateTime(if micros == 0 { Default::default() } else { convert::local_of_instant(micros, self.context) })
    }
}

/// TRUE is 1, FALSE is 0, UNKNOWN is NULL.
pub(crate) fn from_truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, |t| Value::Int(i64::from(t)))
}
