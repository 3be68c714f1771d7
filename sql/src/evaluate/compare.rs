//! Comparisons of two values under a class, and of rows of them.

use super::Detached;
use crate::convert;
use crate::error::SqlError;
use crate::expression::{CompareAs, Comparison, Kind, Type};
use crate::function::Context;
use crate::json;
use crate::render;
use dag::temporal::DateTime;
use dag::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What is no date-time compares, with its warning, as the zero date-time: below every day there is.
const NO_MOMENT: DateTime = DateTime(0);

/// The order of two values of types, brought together by `class`; `None` if either is NULL or cannot be converted to a
/// date or time. Errors: JSON that does not parse.
pub fn compare_typed(
    left: &Value,
    left_type: &Type,
    right: &Value,
    right_type: &Type,
    class: CompareAs,
    context: &mut dyn Context,
) -> Result<Option<Ordering>, SqlError> {
    if let Some(order) = quick(left, right, class) {
        return Ok(Some(order));
    }
    if left.is_null() || right.is_null() {
        return Ok(None);
    }
    Ok(Some(match class {
        CompareAs::Text(collation) => text(left, left_type, right, right_type, collation),
        CompareAs::Bytes => bytes(left, left_type).cmp(&bytes(right, right_type)),
        CompareAs::Integer => {
            convert::integer(left, left_type, context).cmp(&convert::integer(right, right_type, context))
        }
        CompareAs::Decimal => {
            let left = convert::decimal(left, left_type, context);
            left.compare(convert::decimal(right, right_type, context))
        }
        CompareAs::Double => {
            let left = convert::double(left, left_type, context);
            left.total_cmp(&convert::double(right, right_type, context))
        }
        CompareAs::DateTime => {
            let left = convert::datetime(left, left_type, context).unwrap_or(NO_MOMENT);
            left.cmp(&convert::datetime(right, right_type, context).unwrap_or(NO_MOMENT))
        }
        CompareAs::Time => {
            let left = convert::time(left, left_type, context);
            let right = convert::time(right, right_type, context);
            let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
            left.cmp(&right)
        }
        CompareAs::Json => {
            let left = json::document(left, left_type, false)?;
            left.compare(&json::document(right, right_type, false)?)
        }
    }))
}

/// Pairs that need no conversion.
fn quick(left: &Value, right: &Value, class: CompareAs) -> Option<Ordering> {
    Some(match (left, right, class) {
        (Value::Int(a), Value::Int(b), CompareAs::Integer | CompareAs::Decimal) => a.cmp(b),
        (Value::UInt(a), Value::UInt(b), CompareAs::Integer | CompareAs::Decimal) => a.cmp(b),
        (Value::Int(a), Value::UInt(b), CompareAs::Integer) => i128::from(*a).cmp(&i128::from(*b)),
        (Value::UInt(a), Value::Int(b), CompareAs::Integer) => i128::from(*a).cmp(&i128::from(*b)),
        (Value::Double(a), Value::Double(b), CompareAs::Double) => a.total_cmp(b),
        (Value::Decimal(a), Value::Decimal(b), CompareAs::Decimal) => a.compare(*b),
        (Value::Text(a), Value::Text(b), CompareAs::Text(collation)) => collation.compare(a, b),
        (Value::Bytes(a), Value::Bytes(b), CompareAs::Bytes) => a.cmp(b),
        (Value::Date(a), Value::Date(b), CompareAs::DateTime) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b), CompareAs::DateTime) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b), CompareAs::DateTime) => a.cmp(b),
        (Value::Time(a), Value::Time(b), CompareAs::Time) => a.cmp(b),
        _ => return None,
    })
}

fn text(left: &Value, lt: &Type, right: &Value, rt: &Type, collation: dag::collation::Collation) -> Ordering {
    let left = render::text(left, lt).unwrap_or_default();
    let right = render::text(right, rt).unwrap_or_default();
    collation.compare(&left, &right)
}

fn bytes<'v>(value: &'v Value, ty: &Type) -> Cow<'v, [u8]> {
    render::bytes(value, ty).unwrap_or_default()
}

/// The order of two values that are not NULL and are what `class` asks for; other values are converted as far as that
/// goes without a session. NULL sorts first.
pub fn compare_values(left: &Value, right: &Value, class: CompareAs) -> Ordering {
    if let Some(order) = quick(left, right, class) {
        return order;
    }
    if left.is_null() || right.is_null() {
        return right.is_null().cmp(&left.is_null());
    }
    let mut context = Detached::default();
    let order = compare_typed(left, &natural_type(left), right, &natural_type(right), class, &mut context);
    order.ok().flatten().unwrap_or(Ordering::Equal)
}

/// A type that says how the value itself is read, for places that have no type at hand.
pub fn natural_type(value: &Value) -> Type {
    match value {
        Value::Null => Type::null(),
        Value::Int(_) => Type::bigint(),
        Value::UInt(_) => Type::unsigned(),
        Value::Double(_) => Type::double(),
        Value::Decimal(d) => Type::decimal(dag::decimal::MAX_DIGITS, d.scale),
        Value::Text(t) => Type::text(t.len() as u32),
        Value::Bytes(b) => Type::binary(b.len() as u32),
        Value::Date(_) => Type::date(),
        Value::DateTime(_) | Value::Timestamp(_) => Type::datetime(6),
        Value::Time(_) => Type::time(6),
        Value::Json(_) => Type { kind: Kind::Json, ..Type::json() },
    }
}

/// Whether `op` holds of row constructors whose parts compare so; a part that is `None` is NULL somewhere (R21 of SQL:
/// UNKNOWN unless an earlier part decides). `<=>` must be answered by the caller, who knows both NULLs.
pub fn holds(op: Comparison, parts: &[Option<Ordering>]) -> Option<bool> {
    match op {
        Comparison::Equal | Comparison::NullSafeEqual => all_equal(parts),
        Comparison::NotEqual => all_equal(parts).map(|equal| !equal),
        _ => {
            let decisive = parts.iter().find(|p| **p != Some(Ordering::Equal)).copied();
            Some(order_holds(op, decisive.unwrap_or(Some(Ordering::Equal))?))
        }
    }
}

fn all_equal(parts: &[Option<Ordering>]) -> Option<bool> {
    if parts.iter().any(|p| p.is_some_and(Ordering::is_ne)) {
        return Some(false);
    }
    if parts.iter().any(Option::is_none) { None } else { Some(true) }
}

/// Whether an operator holds of an order.
pub(super) fn order_holds(op: Comparison, order: Ordering) -> bool {
    match op {
        Comparison::Equal | Comparison::NullSafeEqual => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
