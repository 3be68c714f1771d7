//! What expressions ask of subqueries: one value, existence, IN and quantified comparisons.

use super::compare::{compare_typed, holds, natural_type};
use super::{RowStack, Scope, from_truth, misbound};
use crate::error::SqlError;
use crate::expression::{CompareAs, Comparison, Expression, SubqueryTest, Type};
use crate::function::Context;
use dag::value::Value;

/// Visits one row of a subquery; false stops.
pub type Visit<'v> = dyn FnMut(&[Value], &mut dyn Context) -> Result<bool, SqlError> + 'v;

/// The executor's side of subqueries.
pub trait Subqueries {
    /// Runs subquery `index` with these outer rows and shows its rows in order until `visit` says false. Answers of
    /// uncorrelated subqueries may be kept by the implementor.
    fn visit(
        &mut self,
        index: u32,
        outer: &RowStack<'_>,
        context: &mut dyn Context,
        visit: &mut Visit<'_>,
    ) -> Result<(), SqlError>;
}

/// A place without subqueries.
pub struct NoSubqueries;

impl Subqueries for NoSubqueries {
    fn visit(
        &mut self,
        _index: u32,
        _outer: &RowStack<'_>,
        _context: &mut dyn Context,
        _visit: &mut Visit<'_>,
    ) -> Result<(), SqlError> {
        Err(SqlError::unsupported("a subquery here"))
    }
}

/// Left operand of a quantified comparison.
struct Operand<'e> {
    value: Value,
    ty: &'e Type,
    class: CompareAs,
}

impl Scope<'_> {
    pub(super) fn subquery(&mut self, index: u32, test: &SubqueryTest) -> Result<Value, SqlError> {
        match test {
            SubqueryTest::Scalar => self.scalar(index),
            SubqueryTest::Exists { negated } => {
                let mut found = false;
                self.subqueries.visit(index, self.rows, self.context, &mut |_, _| {
                    found = true;
                    Ok(false)
                })?;
                Ok(from_truth(Some(found != *negated)))
            }
            SubqueryTest::Quantified { op, all, operands } => self.quantified(index, *op, *all, operands),
        }
    }

    fn scalar(&mut self, index: u32) -> Result<Value, SqlError> {
        let mut answer = None;
        self.subqueries.visit(index, self.rows, self.context, &mut |row, _| {
            if answer.is_some() {
                return Err(SqlError::new(1242, "Subquery returns more than 1 row"));
            }
            answer = Some(row.first().cloned().ok_or_else(|| misbound("a scalar subquery has no column"))?);
            Ok(true)
        })?;
        Ok(answer.unwrap_or(Value::Null))
    }

    /// ANY is the OR of the comparisons with each row, ALL their AND.
    fn quantified(
        &mut self,
        index: u32,
        op: Comparison,
        all: bool,
        operands: &[(Expression, CompareAs)],
    ) -> Result<Value, SqlError> {
        let mut left = Vec::with_capacity(operands.len());
        for (expression, class) in operands {
            left.push(Operand { value: self.value(expression)?, ty: &expression.ty, class: *class });
        }
        let decisive = !all;
        let mut result = Some(all);
        self.subqueries.visit(index, self.rows, self.context, &mut |row, context| {
            match rows_hold(op, &left, row, context)? {
                Some(truth) if truth == decisive => {
                    result = Some(decisive);
                    return Ok(false);
                }
                Some(_) => {}
                None => result = None,
            }
            Ok(true)
        })?;
        Ok(from_truth(result))
    }
}

fn rows_hold(
    op: Comparison,
    left: &[Operand<'_>],
    row: &[Value],
    context: &mut dyn Context,
) -> Result<Option<bool>, SqlError> {
    let mut pairs = Vec::with_capacity(left.len());
    for (operand, right) in left.iter().zip(row) {
        pairs.push(compare_typed(&operand.value, operand.ty, right, &natural_type(right), operand.class, context)?);
    }
    Ok(holds(op, &pairs))
}
