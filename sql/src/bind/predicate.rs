//! Predicates: IS, IN, BETWEEN, LIKE, REGEXP, CASE.

use super::Binder;
use super::expression::{always, truth};
use super::operator::{and, compare, not, tuple};
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Comparison, Expression, Node, Type};
use crate::types;
use dag::collation::Collation;
use sqlparser::ast::{self, Expr};

impl Binder<'_> {
    pub(crate) fn is_null(
        &mut self,
        scope: &Scope<'_>,
        operand: &Expr,
        negated: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = Box::new(self.expression(scope, operand, clause)?);
        Ok(truth(Node::IsNull { operand, negated }, false))
    }

    pub(crate) fn is_truth(
        &mut self,
        scope: &Scope<'_>,
        operand: &Expr,
        wanted: bool,
        negated: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = Box::new(self.expression(scope, operand, clause)?);
        Ok(truth(Node::IsTruth { operand, truth: wanted, negated }, false))
    }

    pub(crate) fn in_list(
        &mut self,
        scope: &Scope<'_>,
        operand: &Expr,
        list: &[Expr],
        negated: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if let Some(lefts) = tuple(operand) {
            return self.rows_in_list(scope, lefts, list, negated, clause);
        }
        let operand = self.expression(scope, operand, clause)?;
        let mut nullable = operand.ty.nullable;
        let mut bound = Vec::with_capacity(list.len());
        for item in list {
            let item = self.expression(scope, item, clause)?;
            nullable |= item.ty.nullable;
            let class = types::compare_class(&operand.ty, &item.ty)?;
            bound.push((item, class));
        }
        Ok(truth(Node::InList { operand: Box::new(operand), list: bound, negated }, nullable))
    }

    fn rows_in_list(
        &mut self,
        scope: &Scope<'_>,
        lefts: &[Expr],
        list: &[Expr],
        negated: bool,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let mut any = None;
        for item in list {
            let Some(rights) = tuple(item) else {
                return Err(SqlError::new(1241, format!("Operand should contain {} column(s)", lefts.len())));
            };
            let equal = self.compare_rows(scope, lefts, Comparison::Equal, rights, clause)?;
            any = Some(match any {
                None => equal,
                Some(before) => either(before, equal),
            });
        }
        let any = any.unwrap_or_else(|| always(false));
        Ok(if negated { not(any) } else { any })
    }

    pub(crate) fn between(
        &mut self,
        scope: &Scope<'_>,
        operand: &Expr,
        negated: bool,
        bounds: [&Expr; 2],
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = self.expression(scope, operand, clause)?;
        let low = self.expression(scope, bounds[0], clause)?;
        let high = self.expression(scope, bounds[1], clause)?;
        let from = compare(operand.clone(), Comparison::GreaterOrEqual, low)?;
        let to = compare(operand, Comparison::LessOrEqual, high)?;
        let both = and(from, to);
        Ok(if negated { not(both) } else { both })
    }

    pub(crate) fn like(
        &mut self,
        scope: &Scope<'_>,
        negated: bool,
        sides: [&Expr; 2],
        escape: Option<&ast::ValueWithSpan>,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = self.expression(scope, sides[0], clause)?;
        let pattern = self.expression(scope, sides[1], clause)?;
        let escape = match escape {
            None if self.env.mode.no_backslash_escapes => None,
            None => Some('\\'),
            Some(value) => escape_character(&value.value)?,
        };
        let collation = like_collation(&operand.ty, &pattern.ty)?;
        let nullable = operand.ty.nullable || pattern.ty.nullable;
        let node = Node::Like { operand: Box::new(operand), pattern: Box::new(pattern), escape, collation, negated };
        Ok(truth(node, nullable))
    }

    pub(crate) fn regexp(
        &mut self,
        scope: &Scope<'_>,
        negated: bool,
        operand: &Expr,
        pattern: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let call = self.call_of(scope, "REGEXP_LIKE", [operand, pattern], clause)?;
        Ok(if negated { not(call) } else { call })
    }

    pub(crate) fn case(
        &mut self,
        scope: &Scope<'_>,
        operand: Option<&Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = operand.map(|o| self.expression(scope, o, clause)).transpose()?;
        let mut branches = Vec::with_capacity(conditions.len());
        for ast::CaseWhen { condition, result } in conditions {
            let condition = self.expression(scope, condition, clause)?;
            let condition = match &operand {
                None => condition,
                Some(operand) => compare(operand.clone(), Comparison::Equal, condition)?,
            };
            branches.push((condition, self.expression(scope, result, clause)?));
        }
        let otherwise = otherwise.map(|e| self.expression(scope, e, clause)).transpose()?;
        let mut results: Vec<Type> = branches.iter().map(|(_, r)| r.ty.clone()).collect();
        results.push(otherwise.as_ref().map_or_else(Type::null, |e| e.ty.clone()));
        let ty = types::merge(&results)?;
        Ok(Expression { node: Node::Case { branches, otherwise: otherwise.map(Box::new) }, ty })
    }
}

/// Both, joined by OR.
fn either(left: Expression, right: Expression) -> Expression {
    let nullable = left.ty.nullable || right.ty.nullable;
    truth(Node::Or(Box::new(left), Box::new(right)), nullable)
}

/// Numbers and temporals compare by their text in the other side's collation.
fn like_collation(operand: &Type, pattern: &Type) -> Result<Collation, SqlError> {
    let binary = |t: &Type| t.kind == crate::expression::Kind::Binary;
    if binary(operand) || binary(pattern) {
        return Ok(Collation::Binary);
    }
    Ok(types::collation::aggregate(&[operand, pattern], "like")?.0)
}

fn escape_character(value: &ast::Value) -> Result<Option<char>, SqlError> {
    let (ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text)) = value else {
        return Err(SqlError::new(1210, "Incorrect arguments to ESCAPE"));
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (first, None) => Ok(first),
        _ => Err(SqlError::new(1210, "Incorrect arguments to ESCAPE")),
    }
}
