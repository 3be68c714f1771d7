//! Any value as a number, with MySQL's warnings.

use super::prefix::{decimal_prefix, double_prefix, integer_prefix};
use crate::expression::{Kind, Type};
use crate::function::Context;
use crate::render;
use crate::temporal::number;
use dag::decimal::Decimal;
use dag::value::Value;
use std::sync::Arc;

/// Longest text shown in a warning, as MySQL cuts it.
const SHOWN: usize = 128;

fn warn(context: &mut dyn Context, kind: &str, text: &str) {
    let shown: String = text.chars().take(SHOWN).collect();
    context.warn(1292, format!("Truncated incorrect {kind} value: '{shown}'"));
}

/// The number of a label: 1-based for ENUM, bits for SET; 0 for what is not a label.
pub fn label_number(text: &str, ty: &Type) -> Option<u64> {
    match &ty.kind {
        Kind::Enum(labels) => Some(labels.iter().position(|l| **l == *text).map_or(0, |i| i as u64 + 1)),
        Kind::Set(labels) => Some(set_bits(text, labels)),
        _ => None,
    }
}

fn set_bits(text: &str, labels: &[Arc<str>]) -> u64 {
    let bit = |part: &str| labels.iter().position(|l| **l == *part).map_or(0, |i| 1u64 << i);
    if text.is_empty() { 0 } else { text.split(',').map(bit).fold(0, |all, b| all | b) }
}

/// A hexadecimal literal as the big-endian number it stands for; its last eight bytes count.
fn literal_number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b))
}

/// The text of a JSON scalar without quotes, for conversion.
fn json_text(json: &str) -> &str {
    match json {
        "true" => "1",
        "false" => "0",
        _ => json.strip_prefix('"').and_then(|j| j.strip_suffix('"')).unwrap_or(json),
    }
}

/// As DOUBLE; NULL is 0.
pub fn double(value: &Value, ty: &Type, context: &mut dyn Context) -> f64 {
    match value {
        Value::Double(d) => *d,
        Value::Int(n) => *n as f64,
        Value::UInt(n) => *n as f64,
        Value::Decimal(d) => d.to_f64(),
        Value::Text(t) => match label_number(t, ty) {
            Some(n) => n as f64,
            None => double_text(t, context),
        },
        Value::Json(j) => double_text(json_text(j), context),
        Value::Bytes(b) if ty.is_hex_literal() => literal_number(b) as f64,
        Value::Bytes(b) => double_text(&String::from_utf8_lossy(b), context),
        Value::Null => 0.0,
        temporal => exact_temporal(temporal).to_f64(),
    }
}

fn double_text(text: &str, context: &mut dyn Context) -> f64 {
    let (value, truncated) = double_prefix(text);
    if truncated {
        warn(context, "DOUBLE", text);
    }
    value
}

/// As DECIMAL; NULL is 0.
pub fn decimal(value: &Value, ty: &Type, context: &mut dyn Context) -> Decimal {
    match value {
        Value::Decimal(d) => *d,
        Value::Int(n) => (*n).into(),
        Value::UInt(n) => (*n).into(),
        Value::Double(d) => decimal_of_double(*d),
        Value::Text(t) => match label_number(t, ty) {
            Some(n) => n.into(),
            None => decimal_text(t, context),
        },
        Value::Json(j) => decimal_text(json_text(j), context),
        Value::Bytes(b) if ty.is_hex_literal() => literal_number(b).into(),
        Value::Bytes(b) => decimal_text(&String::from_utf8_lossy(b), context),
        Value::Null => Decimal::ZERO,
        temporal => {
            let exact = exact_temporal(temporal);
            exact.rescale(ty.fsp()).unwrap_or(exact)
        }
    }
}

/// The decimal of the text a double prints as.
fn decimal_of_double(value: f64) -> Decimal {
    decimal_prefix(&render::double(value)).0
}

fn decimal_text(text: &str, context: &mut dyn Context) -> Decimal {
    let (value, truncated) = decimal_prefix(text);
    if truncated {
        warn(context, "DECIMAL", text);
    }
    value
}

/// As an integer, rounded; wider than any integer type, so that the caller checks the range it needs. NULL is 0.
pub fn integer(value: &Value, ty: &Type, context: &mut dyn Context) -> i128 {
    match value {
        Value::Int(n) => i128::from(*n),
        Value::UInt(n) => i128::from(*n),
        // Halves go to the even neighbour, as C's rint (manual, 14.24.4).
        Value::Double(d) => d.round_ties_even() as i128,
        Value::Decimal(d) => decimal_integer(*d),
        Value::Text(t) => match label_number(t, ty) {
            Some(n) => i128::from(n),
            None => integer_text(t, context),
        },
        Value::Json(j) => double_text(json_text(j), context).round_ties_even() as i128,
        Value::Bytes(b) if ty.is_hex_literal() => i128::from(literal_number(b)),
        Value::Bytes(b) => integer_text(&String::from_utf8_lossy(b), context),
        Value::Null => 0,
        temporal => decimal_integer(exact_temporal(temporal)),
    }
}

fn decimal_integer(value: Decimal) -> i128 {
    let rounded = value.rescale(0).unwrap_or(value.truncate(0));
    let limit = if value.is_negative() { i128::MIN } else { i128::MAX };
    i128::try_from(rounded.coefficient).unwrap_or(limit)
}

fn integer_text(text: &str, context: &mut dyn Context) -> i128 {
    let (value, truncated) = integer_prefix(text);
    if truncated {
        warn(context, "INTEGER", text);
    }
    value
}

fn exact_temporal(value: &Value) -> Decimal {
    match value {
        Value::Date(d) => number::of_date(*d).into(),
        Value::DateTime(d) => number::exact_datetime(*d),
        Value::Time(t) => number::exact_time(*t),
        Value::Timestamp(micros) => {
            dag::temporal::DateTime::from_unix_micros(*micros).map_or(Decimal::ZERO, number::exact_datetime)
        }
        _ => Decimal::ZERO,
    }
}
