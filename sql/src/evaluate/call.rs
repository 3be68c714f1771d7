//! Calls of the function library, and values brought to the type that alternatives have in common.

use super::Scope;
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::function::{Call, Context, Eval, Function, LazyCall};
use crate::render;
use dag::value::Value;

impl Scope<'_> {
    pub(super) fn call(
        &mut self,
        function: &'static Function,
        expressions: &[Expression],
        result: &Type,
    ) -> Result<Value, SqlError> {
        let eval = match function.eval {
            Eval::Values(eval) => eval,
            Eval::Lazy(eval) => {
                return eval(&mut LazyCall {
                    arguments: expressions,
                    result,
                    rows: self.rows,
                    context: self.context,
                    subqueries: self.subqueries,
                });
            }
        };
        // The common arities need no allocation.
        match expressions {
            [] => self.with(eval, &[], expressions, result),
            [a] => {
                let values = [self.value(a)?];
                self.with(eval, &values, expressions, result)
            }
            [a, b] => {
                let values = [self.value(a)?, self.value(b)?];
                self.with(eval, &values, expressions, result)
            }
            _ => {
                let values = expressions.iter().map(|e| self.value(e)).collect::<Result<Vec<_>, _>>()?;
                self.with(eval, &values, expressions, result)
            }
        }
    }

    fn with(
        &mut self,
        eval: fn(&mut Call<'_>) -> Result<Value, SqlError>,
        arguments: &[Value],
        expressions: &[Expression],
        result: &Type,
    ) -> Result<Value, SqlError> {
        eval(&mut Call { arguments, expressions, result, context: self.context })
    }
}

impl LazyCall<'_> {
    fn scope(&mut self) -> Scope<'_> {
        Scope { rows: self.rows, context: self.context, subqueries: self.subqueries }
    }

    /// The value of one argument.
    pub fn value(&mut self, index: usize) -> Result<Value, SqlError> {
        let argument = &self.arguments[index];
        self.scope().value(argument)
    }

    /// The truth of one argument.
    pub fn test(&mut self, index: usize) -> Result<Option<bool>, SqlError> {
        let argument = &self.arguments[index];
        self.scope().test(argument)
    }

    /// The value of one argument in the result's type.
    pub fn settled(&mut self, index: usize) -> Result<Value, SqlError> {
        let (argument, result) = (&self.arguments[index], self.result);
        self.scope().settled(argument, result)
    }
}

/// A value of one alternative in the merged type of all (CASE, IF, UNION). Text is never cut here.
pub fn settle(value: Value, from: &Type, to: &Type, context: &mut dyn Context) -> Result<Value, SqlError> {
    if value.is_null() || fits(&value, &to.kind) {
        return Ok(value);
    }
    match &to.kind {
        Kind::Text | Kind::Enum(_) | Kind::Set(_) => {
            Ok(render::text(&value, from).map_or(Value::Null, |t| Value::text(t.as_ref())))
        }
        Kind::Binary => Ok(render::bytes(&value, from).map_or(Value::Null, |b| Value::bytes(b.as_ref()))),
        Kind::Null => Ok(value),
        _ => convert::cast(&value, from, to, context),
    }
}

/// Whether the value already is one of the kind.
fn fits(value: &Value, kind: &Kind) -> bool {
    match kind {
        Kind::Integer { unsigned, .. } => match value {
            Value::Int(n) => !unsigned || *n >= 0,
            Value::UInt(_) => *unsigned,
            _ => false,
        },
        Kind::Year => matches!(value, Value::Int(_)),
        Kind::Decimal { scale, .. } => matches!(value, Value::Decimal(d) if d.scale == *scale),
        Kind::Float | Kind::Double => matches!(value, Value::Double(_)),
        Kind::Text | Kind::Enum(_) | Kind::Set(_) => matches!(value, Value::Text(_)),
        Kind::Binary => matches!(value, Value::Bytes(_)),
        Kind::Date => matches!(value, Value::Date(_)),
        Kind::Time(_) => matches!(value, Value::Time(_)),
        Kind::DateTime(_) => matches!(value, Value::DateTime(_)),
        Kind::Json => matches!(value, Value::Json(_)),
        Kind::Null => false,
    }
}
