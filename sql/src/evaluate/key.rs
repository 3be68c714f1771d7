//! Values as bytes that are equal where SQL says equal: GROUP BY, DISTINCT, UNION and hash joins.

use super::compare::compare_values;
use crate::expression::{CompareAs, Kind, Type};
use dag::collation::Collation;
use dag::value::Value;
use std::cmp::Ordering;

/// Appends bytes that are equal for two values of this type exactly if SQL groups them together. NULLs are equal.
/// Numbers of different kinds but equal value give equal bytes, so that join sides may differ in type.
pub fn group_key(value: &Value, ty: &Type, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Int(n) => integer(i128::from(*n), out),
        Value::UInt(n) => integer(i128::from(*n), out),
        Value::Double(d) if d.fract() == 0.0 && d.abs() < 1e30 => integer(*d as i128, out),
        Value::Double(d) => fixed(2, &d.to_bits().to_be_bytes(), out),
        Value::Decimal(d) => decimal(*d, out),
        Value::Text(text) => {
            out.push(4);
            let collation = if ty.collation == Collation::Binary { Collation::Utf8mb4Bin } else { ty.collation };
            collation.sort_key(text, out);
        }
        Value::Bytes(bytes) => sized(5, bytes, out),
        Value::Date(d) => fixed(6, &(u64::from(d.0) << 37).to_be_bytes(), out),
        Value::DateTime(d) => fixed(6, &d.0.to_be_bytes(), out),
        Value::Timestamp(micros) => fixed(7, &micros.to_be_bytes(), out),
        Value::Time(t) => fixed(8, &t.0.to_be_bytes(), out),
        Value::Json(text) => sized(9, text.as_bytes(), out),
    }
}

fn integer(value: i128, out: &mut Vec<u8>) {
    fixed(1, &value.to_be_bytes(), out);
}

/// Trailing zeros do not count; a whole number is an integer.
fn decimal(value: dag::decimal::Decimal, out: &mut Vec<u8>) {
    let whole = value.truncate(0);
    if whole.compare(value).is_eq()
        && let Ok(n) = i128::try_from(whole.coefficient)
    {
        return integer(n, out);
    }
    let text = value.to_string();
    let shortest = if value.scale > 0 { text.trim_end_matches('0') } else { &text };
    sized(3, shortest.as_bytes(), out);
}

fn fixed(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn sized(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The order of ORDER BY ascending: NULL first, ENUM and SET by their numbers.
pub fn sort_order(left: &Value, right: &Value, ty: &Type) -> Ordering {
    if left.is_null() || right.is_null() {
        return right.is_null().cmp(&left.is_null());
    }
    if let (Kind::Enum(_) | Kind::Set(_), Value::Text(a), Value::Text(b)) = (&ty.kind, left, right) {
        let number = |t: &str| crate::convert::label_number(t, ty);
        return number(a).cmp(&number(b));
    }
    compare_values(left, right, sort_class(ty))
}

fn sort_class(ty: &Type) -> CompareAs {
    match ty.kind {
        Kind::Integer { .. } | Kind::Year | Kind::Null => CompareAs::Integer,
        Kind::Decimal { .. } => CompareAs::Decimal,
        Kind::Float | Kind::Double => CompareAs::Double,
        Kind::Text | Kind::Enum(_) | Kind::Set(_) => match ty.collation {
            Collation::Binary => CompareAs::Bytes,
            collation => CompareAs::Text(collation),
        },
        Kind::Binary => CompareAs::Bytes,
        Kind::Date | Kind::DateTime(_) => CompareAs::DateTime,
        Kind::Time(_) => CompareAs::Time,
        Kind::Json => CompareAs::Json,
    }
}
