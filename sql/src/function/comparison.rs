//! Functions that compare: GREATEST, LEAST, INTERVAL, ISNULL, STRCMP, FIELD (MySQL 8.0 manual, 14.4.2 and 14.8).

use super::result::{Typed, nullable, types_of};
use super::{Call, Function, MANY};
use crate::error::SqlError;
use crate::evaluate::{compare_typed, settle};
use crate::expression::{CompareAs, Expression, Kind, Type};
use crate::types;
use dag::value::Value;
use std::cmp::Ordering;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("GREATEST", (2, MANY), extreme_type, |c| extreme(c, Ordering::Greater)),
    Function::new("LEAST", (2, MANY), extreme_type, |c| extreme(c, Ordering::Less)),
    Function::new("INTERVAL", (2, MANY), |_| Ok(Type::integer(10).nullable(false)), interval),
    Function::new(
        "ISNULL",
        (1, 1),
        |_| Ok(Type::boolean().nullable(false)),
        |c| Ok(Value::Int(c.arguments[0].is_null().into())),
    ),
    // Two characters wide: -1.
    Function::new("STRCMP", (2, 2), |a| Ok(Type::integer(2).nullable(nullable(a))), strcmp),
    Function::new("FIELD", (2, MANY), |_| Ok(Type::integer(10).nullable(false)), field),
    Function::new("ANY_VALUE", (1, 1), |a| Ok(a[0].ty.clone()), |c| Ok(c.arguments[0].clone())),
];

fn extreme_type(arguments: &[Expression]) -> Typed {
    Ok(types::merge(&types_of(arguments))?.nullable(nullable(arguments)))
}

/// How the arguments compare when all take part: as the merged type does, dates as dates.
fn common_class(merged: &Type) -> CompareAs {
    types::compare_class(merged, merged).unwrap_or(CompareAs::Bytes)
}

fn extreme(call: &mut Call<'_>, wanted: Ordering) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    let class = common_class(call.result);
    let mut best = 0;
    for index in 1..call.count() {
        let (value, at) = (&call.arguments[index], &call.arguments[best]);
        let (vt, at_type) = (&call.expressions[index].ty, &call.expressions[best].ty);
        if compare_typed(value, vt, at, at_type, class, call.context)? == Some(wanted) {
            best = index;
        }
    }
    settle(call.arguments[best].clone(), &call.expressions[best].ty, call.result, call.context)
}

/// How many of the sorted arguments after the first are not above it; -1 for NULL.
fn interval(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(number) = call.double(0) else { return Ok(Value::Int(-1)) };
    let mut count = 0;
    for index in 1..call.count() {
        if call.double(index).is_some_and(|bound| number < bound) {
            break;
        }
        count += 1;
    }
    Ok(Value::Int(count))
}

fn strcmp(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    let binary = call.expressions.iter().any(|e| e.ty.kind == Kind::Binary);
    let (collation, _) = types::aggregate_collation(&[call.ty(0), call.ty(1)], "strcmp")?;
    let class = if binary { CompareAs::Bytes } else { CompareAs::Text(collation) };
    let [left, right] = call.arguments else { return Ok(Value::Null) };
    let order = compare_typed(left, call.ty(0), right, call.ty(1), class, call.context)?;
    Ok(order.map_or(Value::Null, |o| Value::Int(o as i64)))
}

/// The position of the first argument among the others; as text if all are, as integers if all are, else as doubles.
fn field(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.arguments[0].is_null() {
        return Ok(Value::Int(0));
    }
    let all = |test: fn(&Type) -> bool| call.expressions.iter().all(|e| test(&e.ty) || e.ty.kind == Kind::Null);
    let texts = all(|t| t.is_text() || t.kind == Kind::Binary);
    let integers = all(|t| matches!(t.kind, Kind::Integer { .. } | Kind::Year));
    for index in 1..call.count() {
        let (first, other) = (&call.expressions[0].ty, &call.expressions[index].ty);
        let class = match (texts, integers) {
            (true, _) => types::compare_class(first, other)?,
            (_, true) => CompareAs::Integer,
            _ => CompareAs::Double,
        };
        let order = compare_typed(&call.arguments[0], first, &call.arguments[index], other, class, call.context)?;
        if order == Some(Ordering::Equal) {
            return Ok(Value::Int(index as i64));
        }
    }
    Ok(Value::Int(0))
}
