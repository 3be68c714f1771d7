//! Subqueries in expressions: scalar, EXISTS, IN, ANY and ALL.

use super::Binder;
use super::expression::truth;
use super::operator::{comparison, tuple};
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{CompareAs, Comparison, Expression, Node, SubqueryTest, Type};
use crate::plan::Subplan;
use crate::types;
use sqlparser::ast::{BinaryOperator, Expr, Query};

impl Binder<'_> {
    /// Binds a query inside an expression and gives it a number.
    fn subplan(&mut self, scope: &Scope<'_>, query: &Query) -> Result<(u32, Vec<Type>), SqlError> {
        let bound = self.query(Some(scope), query)?;
        let types = bound.query.types.clone();
        self.subqueries.push(Subplan { query: bound.query, correlated: bound.reach > 0 });
        Ok(((self.subqueries.len() - 1) as u32, types))
    }

    pub(crate) fn scalar_subquery(&mut self, scope: &Scope<'_>, query: &Query) -> Result<Expression, SqlError> {
        let (index, types) = self.subplan(scope, query)?;
        let [ty] = &types[..] else { return Err(columns(1)) };
        Ok(Expression { node: Node::Subquery { index, test: SubqueryTest::Scalar }, ty: ty.clone().nullable(true) })
    }

    pub(crate) fn exists(&mut self, scope: &Scope<'_>, query: &Query, negated: bool) -> Result<Expression, SqlError> {
        let (index, _) = self.subplan(scope, query)?;
        Ok(truth(Node::Subquery { index, test: SubqueryTest::Exists { negated } }, false))
    }

    pub(crate) fn in_subquery(
        &mut self,
        scope: &Scope<'_>,
        operand: &Expr,
        query: &Query,
        negated: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let op = if negated { Comparison::NotEqual } else { Comparison::Equal };
        let operands = tuple(operand).map_or_else(|| vec![operand], |parts| parts.iter().collect());
        self.test(scope, &operands, op, negated, query, clause)
    }

    pub(crate) fn quantified(
        &mut self,
        scope: &Scope<'_>,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        all: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let (Some(op), Expr::Subquery(query)) = (comparison(op), right) else {
            return Err(SqlError::syntax("ANY and ALL take a comparison and a subquery"));
        };
        let operands = tuple(left).map_or_else(|| vec![left], |parts| parts.iter().collect());
        self.test(scope, &operands, op, all, query, clause)
    }

    /// `(a, b) = (SELECT ...)`: with at most one row, ANY says the same.
    pub(crate) fn compare_with_row(
        &mut self,
        scope: &Scope<'_>,
        lefts: &[Expr],
        op: Comparison,
        query: &Query,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if op != Comparison::Equal {
            return Err(SqlError::unsupported("row comparison other than = with a subquery"));
        }
        self.test(scope, &lefts.iter().collect::<Vec<_>>(), op, false, query, clause)
    }

    fn test(
        &mut self,
        scope: &Scope<'_>,
        operands: &[&Expr],
        op: Comparison,
        all: bool,
        query: &Query,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operands = operands.iter().map(|o| self.expression(scope, o, clause)).collect::<Result<Vec<_>, _>>()?;
        let (index, types) = self.subplan(scope, query)?;
        if types.len() != operands.len() {
            return Err(columns(operands.len()));
        }
        let paired = operands.into_iter().zip(&types);
        let operands = paired
            .map(|(operand, ty)| Ok((types::compare_class(&operand.ty, ty)?, operand)))
            .map(|pair: Result<(CompareAs, Expression), SqlError>| pair.map(|(class, operand)| (operand, class)))
            .collect::<Result<Vec<_>, _>>()?;
        let test = SubqueryTest::Quantified { op, all, operands };
        Ok(truth(Node::Subquery { index, test }, true))
    }
}

fn columns(count: usize) -> SqlError {
    SqlError::new(1241, format!("Operand should contain {count} column(s)"))
}
