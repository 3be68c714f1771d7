//! Predicates: AND, OR, XOR, NOT, comparisons, IN, LIKE, IS, and CASE.

use super::compare::{compare_typed, holds, order_holds};
use super::{Scope, misbound, settle};
use crate::convert;
use crate::error::SqlError;
use crate::evaluate::like::like;
use crate::expression::{CompareAs, Comparison, Expression, Kind, Node, Type};
use crate::function::Context;
use crate::render;
use dag::value::Value;

/// The truth of a value without warnings; NULL is not true. For WHERE, HAVING and ON.
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Int(n) => *n != 0,
        Value::UInt(n) => *n != 0,
        Value::Null => false,
        other => convert::double(other, &super::natural_type(other), &mut super::Detached::default()) != 0.0,
    }
}

/// The truth of a value of a type; `None` for NULL.
pub fn truth(value: &Value, ty: &Type, context: &mut dyn Context) -> Option<bool> {
    Some(match value {
        Value::Null => return None,
        Value::Int(n) => *n != 0,
        Value::UInt(n) => *n != 0,
        Value::Double(d) => *d != 0.0,
        Value::Decimal(d) => !d.is_zero(),
        other => convert::double(other, ty, context) != 0.0,
    })
}

type Truth = Result<Option<bool>, SqlError>;

impl Scope<'_> {
    /// The truth of an expression.
    pub(crate) fn test(&mut self, expression: &Expression) -> Truth {
        match &expression.node {
            Node::And(left, right) => self.and(left, right),
            Node::Or(left, right) => self.or(left, right),
            Node::Xor(left, right) => {
                let (left, right) = (self.test(left)?, self.test(right)?);
                Ok(left.zip(right).map(|(a, b)| a != b))
            }
            Node::Not(operand) => Ok(self.test(operand)?.map(|t| !t)),
            Node::Compare { op, left, right, compare_as } => self.compare(*op, left, right, *compare_as),
            Node::CompareRows { op, parts } => self.compare_rows(*op, parts),
            Node::IsNull { operand, negated } => Ok(Some(self.operand(operand)?.is_null() != *negated)),
            Node::IsTruth { operand, truth, negated } => Ok(Some((self.test(operand)? == Some(*truth)) != *negated)),
            Node::InList { operand, list, negated } => Ok(self.in_list(operand, list)?.map(|found| found != *negated)),
            Node::Like { operand, pattern, escape, collation, negated } => {
                let (text, pattern_value) = (self.operand(operand)?, self.operand(pattern)?);
                let text = render::text(&text, &operand.ty);
                let pattern_text = render::text(&pattern_value, &pattern.ty);
                let matched = text.zip(pattern_text).map(|(t, p)| like(&t, &p, *escape, *collation));
                Ok(matched.map(|m| m != *negated))
            }
            _ => {
                let value = self.value(expression)?;
                Ok(truth(&value, &expression.ty, self.context))
            }
        }
    }

    fn and(&mut self, left: &Expression, right: &Expression) -> Truth {
        let first = self.test(left)?;
        if first == Some(false) {
            return Ok(first);
        }
        let second = self.test(right)?;
        Ok(if second == Some(false) { second } else { first.and(second) })
    }

    fn or(&mut self, left: &Expression, right: &Expression) -> Truth {
        let first = self.test(left)?;
        if first == Some(true) {
            return Ok(first);
        }
        let second = self.test(right)?;
        Ok(if second == Some(true) { second } else { first.and(second) })
    }

    fn compare(&mut self, op: Comparison, left: &Expression, right: &Expression, class: CompareAs) -> Truth {
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        if op == Comparison::NullSafeEqual && (a.is_null() || b.is_null()) {
            return Ok(Some(a.is_null() && b.is_null()));
        }
        let order = compare_typed(&a, &left.ty, &b, &right.ty, class, self.context)?;
        Ok(order.map(|o| order_holds(op, o)))
    }

    fn compare_rows(&mut self, op: Comparison, parts: &[(Expression, Expression, CompareAs)]) -> Truth {
        if op == Comparison::NullSafeEqual {
            for (left, right, class) in parts {
                if self.compare(op, left, right, *class)? != Some(true) {
                    return Ok(Some(false));
                }
            }
            return Ok(Some(true));
        }
        let mut orders = Vec::with_capacity(parts.len());
        for (left, right, class) in parts {
            let (a, b) = (self.operand(left)?, self.operand(right)?);
            orders.push(compare_typed(&a, &left.ty, &b, &right.ty, *class, self.context)?);
        }
        Ok(holds(op, &orders))
    }

    fn in_list(&mut self, operand: &Expression, list: &[(Expression, CompareAs)]) -> Truth {
        let value = self.operand(operand)?;
        if value.is_null() {
            return Ok(None);
        }
        let mut result = Some(false);
        for (item, class) in list {
            let other = self.operand(item)?;
            match compare_typed(&value, &operand.ty, &other, &item.ty, *class, self.context)? {
                Some(order) if order.is_eq() => return Ok(Some(true)),
                Some(_) => {}
                None => result = None,
            }
        }
        Ok(result)
    }

    pub(super) fn case(
        &mut self,
        branches: &[(Expression, Expression)],
        otherwise: Option<&Expression>,
        ty: &Type,
    ) -> Result<Value, SqlError> {
        for (condition, result) in branches {
            if self.test(condition)? == Some(true) {
                return self.settled(result, ty);
            }
        }
        otherwise.map_or(Ok(Value::Null), |result| self.settled(result, ty))
    }

    /// The value of one of several alternatives, in the type they have in common.
    pub(crate) fn settled(&mut self, expression: &Expression, ty: &Type) -> Result<Value, SqlError> {
        let value = self.value(expression)?;
        if matches!(ty.kind, Kind::Null) && !value.is_null() {
            return Err(misbound("a value where only NULL was expected"));
        }
        settle(value, &expression.ty, ty, self.context)
    }
}
