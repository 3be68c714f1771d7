//! Numbers into columns.

use super::{Storing, nines, prefix};
use crate::convert::numeric;
use crate::error::SqlError;
use crate::expression::Kind;
use dag::decimal::Decimal;
use dag::value::Value;

/// The text of a value that is text, unless it is a label with a number of its own.
fn as_text(storing: &Storing<'_>) -> Option<String> {
    if matches!(storing.from.kind, Kind::Enum(_) | Kind::Set(_)) || storing.from.is_hex_literal() {
        return None;
    }
    match storing.value {
        Value::Text(t) => Some(t.to_string()),
        Value::Bytes(b) => Some(String::from_utf8_lossy(b).into_owned()),
        Value::Json(j) => Some(j.trim_matches('"').to_owned()),
        _ => None,
    }
}

/// The exact number in a text; complains when there is none (1366) or something follows it (1265).
fn exact(storing: &mut Storing<'_>, kind: &str) -> Result<Decimal, SqlError> {
    let Some(text) = as_text(storing) else {
        return Ok(numeric::decimal(storing.value, storing.from, storing.context));
    };
    let (value, truncated) = prefix::decimal_prefix(&text);
    if truncated {
        let starts =
            text.trim_ascii_start().trim_start_matches(['-', '+', '.']).starts_with(|c: char| c.is_ascii_digit());
        let out_of_room = starts && prefix::double_prefix(&text).0.abs() >= 1e65;
        if out_of_room {
            storing.out_of_range()?;
        } else if starts {
            storing.truncated()?;
        } else {
            storing.incorrect(kind)?;
        }
    }
    Ok(value)
}

pub(super) fn integer(storing: &mut Storing<'_>, bytes: u8, unsigned: bool) -> Result<Value, SqlError> {
    let wide = match storing.value {
        Value::Int(n) => i128::from(*n),
        Value::UInt(n) => i128::from(*n),
        Value::Double(d) => d.round_ties_even() as i128,
        _ => rounded(exact(storing, "integer")?),
    };
    let bits = u32::from(bytes) * 8;
    let (least, most) =
        if unsigned { (0, (1i128 << bits) - 1) } else { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) };
    let clipped = wide.clamp(least, most);
    if clipped != wide {
        storing.out_of_range()?;
    }
    Ok(if unsigned { Value::UInt(clipped as u64) } else { Value::Int(clipped as i64) })
}

fn rounded(value: Decimal) -> i128 {
    let limit = if value.is_negative() { i128::MIN } else { i128::MAX };
    value.rescale(0).and_then(|d| i128::try_from(d.coefficient).ok()).unwrap_or(limit)
}

pub(super) fn decimal(storing: &mut Storing<'_>, precision: u8, scale: u8, unsigned: bool) -> Result<Value, SqlError> {
    let value = exact(storing, "decimal")?;
    if unsigned && value.is_negative() {
        storing.out_of_range()?;
        return Ok(Value::Decimal(Decimal { scale, ..Decimal::ZERO }));
    }
    let fitting = value.rescale(scale).filter(|d| d.integer_digits() <= precision - scale);
    let Some(stored) = fitting else {
        storing.out_of_range()?;
        return Ok(Value::Decimal(nines(precision, scale, value.is_negative())));
    };
    // Digits lost after the point are a note, never an error (manual, 14.24.4).
    if stored.compare(value).is_ne() {
        let message = format!("Data truncated for column '{}' at row 1", storing.column.name);
        storing.context.warn(1265, message);
    }
    Ok(Value::Decimal(stored))
}

pub(super) fn double(storing: &mut Storing<'_>, single: bool, unsigned: bool) -> Result<Value, SqlError> {
    let value = match as_text(storing) {
        None => numeric::double(storing.value, storing.from, storing.context),
        Some(text) => {
            let (value, truncated) = prefix::double_prefix(&text);
            if truncated && value.abs() < f64::MAX {
                storing.truncated()?;
            } else if truncated {
                storing.out_of_range()?;
            }
            value
        }
    };
    if unsigned && value < 0.0 {
        storing.out_of_range()?;
        return Ok(Value::Double(0.0));
    }
    if !single {
        return Ok(Value::Double(value + 0.0));
    }
    let narrow = value as f32;
    if narrow.is_infinite() {
        storing.out_of_range()?;
        return Ok(Value::Double(f64::from(f32::MAX.copysign(narrow))));
    }
    Ok(Value::Double(f64::from(narrow) + 0.0))
}

/// A YEAR from a number: 0, 1901 to 2155, and two digits; 0 as text is 2000.
pub fn year_number(number: i128, numeric: bool) -> Option<i64> {
    match number {
        0 if numeric => Some(0),
        0..=69 => Some(2000 + number as i64),
        70..=99 => Some(1900 + number as i64),
        1901..=2155 => Some(number as i64),
        _ => None,
    }
}

pub(super) fn year(storing: &mut Storing<'_>) -> Result<Value, SqlError> {
    let number = match storing.value {
        Value::Date(d) => i128::from(d.year()),
        Value::DateTime(d) => i128::from(d.date().year()),
        Value::Text(t) if &**t == "0000" => return Ok(Value::Int(0)),
        // No digits are 0000; "0" and "00" are 2000 (manual, 13.2.4).
        Value::Text(t) if !t.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') => {
            storing.incorrect("year")?;
            return Ok(Value::Int(0));
        }
        _ => rounded(exact(storing, "year")?),
    };
    let numeric = as_text(storing).is_none();
    match year_number(number, numeric) {
        Some(year) => Ok(Value::Int(year)),
        None => {
            storing.out_of_range()?;
            Ok(Value::Int(0))
        }
    }
}
