//! Operators: logic, comparisons, arithmetic, bits, JSON paths, assignment.

use super::Binder;
use super::expression::truth;
use super::literal::text;
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Comparison, Expression, Kind, Node, Type};
use crate::types;
use dag::value::Value;
use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

impl Binder<'_> {
    pub(crate) fn binary(
        &mut self,
        scope: &Scope<'_>,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if let Some(op) = comparison(op) {
            return self.comparison(scope, left, op, right, clause);
        }
        match op {
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor => {
                let left = self.expression(scope, left, clause)?;
                let right = self.expression(scope, right, clause)?;
                let nullable = left.ty.nullable || right.ty.nullable;
                let (left, right) = (Box::new(left), Box::new(right));
                Ok(truth(
                    match op {
                        BinaryOperator::And => Node::And(left, right),
                        BinaryOperator::Or => Node::Or(left, right),
                        _ => Node::Xor(left, right),
                    },
                    nullable,
                ))
            }
            BinaryOperator::Plus | BinaryOperator::Minus if matches!(right, Expr::Interval(_)) => {
                let name = if *op == BinaryOperator::Plus { "DATE_ADD" } else { "DATE_SUB" };
                self.call_of(scope, name, [left, right], clause)
            }
            BinaryOperator::Plus if matches!(left, Expr::Interval(_)) => {
                self.call_of(scope, "DATE_ADD", [right, left], clause)
            }
            BinaryOperator::Assignment => self.assignment(scope, left, right, clause),
            BinaryOperator::LongArrow => {
                let inner = self.call_of(scope, "JSON_EXTRACT", [left, right], clause)?;
                self.call("JSON_UNQUOTE", vec![inner])
            }
            _ => match operator_name(op) {
                Some(name) => {
                    let mut bound = self.call_of(scope, name, [left, right], clause)?;
                    if let ("-", Kind::Integer { unsigned: true, .. }) = (name, &bound.ty.kind)
                        && self.env.mode.no_unsigned_subtraction
                    {
                        bound.ty = Type::bigint().nullable(bound.ty.nullable);
                    }
                    Ok(bound)
                }
                None => Err(SqlError::unsupported(format!("operator {op}"))),
            },
        }
    }

    /// A comparison of values, or part by part of row constructors.
    fn comparison(
        &mut self,
        scope: &Scope<'_>,
        left: &Expr,
        op: Comparison,
        right: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if let (Some(lefts), Some(rights)) = (tuple(left), tuple(right)) {
            return self.compare_rows(scope, lefts, op, rights, clause);
        }
        if let (Some(lefts), Some(query)) = (tuple(left), subquery(right)) {
            return self.compare_with_row(scope, lefts, op, query, clause);
        }
        let left = self.expression(scope, left, clause)?;
        let right = self.expression(scope, right, clause)?;
        compare(left, op, right)
    }

    pub(crate) fn compare_rows(
        &mut self,
        scope: &Scope<'_>,
        lefts: &[Expr],
        op: Comparison,
        rights: &[Expr],
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if lefts.len() != rights.len() {
            return Err(SqlError::new(1241, format!("Operand should contain {} column(s)", lefts.len())));
        }
        let mut parts = Vec::with_capacity(lefts.len());
        let mut nullable = false;
        for (left, right) in lefts.iter().zip(rights) {
            let left = self.expression(scope, left, clause)?;
            let right = self.expression(scope, right, clause)?;
            nullable |= left.ty.nullable || right.ty.nullable;
            let class = types::compare_class(&left.ty, &right.ty)?;
            parts.push((left, right, class));
        }
        Ok(truth(Node::CompareRows { op, parts }, nullable && op != Comparison::NullSafeEqual))
    }

    fn assignment(
        &mut self,
        scope: &Scope<'_>,
        left: &Expr,
        right: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let name = match left {
            Expr::Identifier(ident) if ident.value.starts_with('@') && !ident.value.starts_with("@@") => {
                ident.value[1..].to_ascii_lowercase()
            }
            _ => return Err(SqlError::syntax(format!("':=' assigns to user variables, not to '{left}'"))),
        };
        let value = self.expression(scope, right, clause)?;
        let ty = value.ty.clone();
        Ok(Expression { node: Node::AssignUserVariable(name.into(), Box::new(value)), ty })
    }

    pub(crate) fn unary(
        &mut self,
        scope: &Scope<'_>,
        op: UnaryOperator,
        operand: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if let (UnaryOperator::Minus, Expr::Value(value)) = (op, operand)
            && value.value.to_string() == "9223372036854775808"
        {
            return Ok(super::literal::integer(i64::MIN));
        }
        let operand = self.expression(scope, operand, clause)?;
        match op {
            UnaryOperator::Plus => Ok(operand),
            UnaryOperator::Not | UnaryOperator::BangNot => Ok(not(operand)),
            UnaryOperator::Minus => match operand.node {
                Node::Constant(Value::Int(value)) if value != i64::MIN => Ok(super::literal::integer(-value)),
                _ => self.call("-", vec![operand]),
            },
            UnaryOperator::BitwiseNot => self.call("~", vec![operand]),
            other => Err(SqlError::unsupported(format!("operator {other}"))),
        }
    }

    pub(crate) fn unit(&self, unit: &str) -> Expression {
        text(unit, self.env.collation)
    }
}

/// NOT.
pub(crate) fn not(operand: Expression) -> Expression {
    let nullable = operand.ty.nullable;
    truth(Node::Not(Box::new(operand)), nullable)
}

/// A comparison of two bound values.
pub(crate) fn compare(left: Expression, op: Comparison, right: Expression) -> Result<Expression, SqlError> {
    let compare_as = types::compare_class(&left.ty, &right.ty)?;
    let nullable = op != Comparison::NullSafeEqual && (left.ty.nullable || right.ty.nullable);
    Ok(truth(Node::Compare { op, left: Box::new(left), right: Box::new(right), compare_as }, nullable))
}

/// Both, joined by AND.
pub(crate) fn and(left: Expression, right: Expression) -> Expression {
    let nullable = left.ty.nullable || right.ty.nullable;
    truth(Node::And(Box::new(left), Box::new(right)), nullable)
}

/// The parts of a row constructor of two or more.
pub(crate) fn tuple(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(parts) => Some(parts),
        Expr::Nested(inner) => tuple(inner),
        _ => None,
    }
}

fn subquery(expr: &Expr) -> Option<&sqlparser::ast::Query> {
    match expr {
        Expr::Subquery(query) => Some(query),
        Expr::Nested(inner) => subquery(inner),
        _ => None,
    }
}

/// The comparison a syntax operator stands for.
pub(crate) fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        BinaryOperator::Spaceship => Comparison::NullSafeEqual,
        _ => return None,
    })
}

fn operator_name(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::MyIntegerDivide => "DIV",
        BinaryOperator::Modulo => "%",
        BinaryOperator::StringConcat => "CONCAT",
        BinaryOperator::BitwiseOr => "|",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::BitwiseXor => "^",
        BinaryOperator::PGBitwiseShiftLeft => "<<",
        BinaryOperator::PGBitwiseShiftRight => ">>",
        BinaryOperator::Arrow => "JSON_EXTRACT",
        _ => return None,
    })
}
