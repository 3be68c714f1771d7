//! One cell of a row: which values a column's type holds, and as which bytes.

use crate::decimal::Decimal;
use crate::encode::double_from_bits;
use crate::layout::decimal_width;
use crate::schema::ColumnType;
use crate::temporal::{Date, DateTime, Time};
use crate::value::Value;
use bnum::types::I256;
use std::sync::Arc;

/// Why a value or its bytes do not fit.
type Refusal = &'static str;

const WRONG_TYPE: Refusal = "it is of another type than the column";
const OUT_OF_RANGE: Refusal = "it is out of the column's range";
const TOO_LONG: Refusal = "it is longer than the column";
const NO_LABEL: Refusal = "it is not one of the column's labels";
const OTHER_FORM: Refusal = "its bytes are not in their one form";

/// The bytes of a fixed cell, to be cut to its width.
pub(crate) enum Bits {
    /// Up to 8 bytes, little-endian.
    Narrow(u64),
    /// A decimal's coefficient.
    Wide(I256),
}

/// The bytes of a value in a fixed cell.
pub(crate) fn fixed(kind: &ColumnType, value: &Value) -> Result<Bits, Refusal> {
    if let ColumnType::Decimal { precision, scale, unsigned } = kind {
        return decimal(*precision, *scale, *unsigned, value).map(|d| Bits::Wide(d.coefficient));
    }
    Ok(Bits::Narrow(match (kind, value) {
        (ColumnType::Integer { bytes, unsigned, .. }, _) => integer(*bytes, *unsigned, value)? as u64,
        (ColumnType::Year, _) => match integer(2, true, value)? {
            year @ (0 | 1901..=2155) => year as u64,
            _ => return Err(OUT_OF_RANGE),
        },
        (ColumnType::Float { unsigned }, Value::Double(v)) => {
            let single = *v as f32 + 0.0;
            let exact = f64::from(single) == *v && single.is_finite() && !(*unsigned && *v < 0.0);
            if exact { single.to_bits().into() } else { return Err(OUT_OF_RANGE) }
        }
        (ColumnType::Double { unsigned }, Value::Double(v)) => {
            if v.is_finite() && !(*unsigned && *v < 0.0) {
                (v + 0.0).to_bits()
            } else {
                return Err(OUT_OF_RANGE);
            }
        }
        (ColumnType::Date, Value::Date(v)) if v.is_storable() => v.0.into(),
        (ColumnType::DateTime(_), Value::DateTime(v)) if v.is_storable() => v.0,
        (ColumnType::Timestamp(_), Value::Timestamp(v)) => *v as u64,
        (ColumnType::Time(_), Value::Time(v)) if v.is_storable() => v.0 as u64,
        (ColumnType::Date, Value::Date(_)) => return Err(OUT_OF_RANGE),
        (ColumnType::DateTime(_), Value::DateTime(_)) => return Err(OUT_OF_RANGE),
        (ColumnType::Time(_), Value::Time(_)) => return Err(OUT_OF_RANGE),
        _ => return Err(WRONG_TYPE),
    }))
}

/// Any integer that a column so wide holds.
fn integer(bytes: u8, unsigned: bool, value: &Value) -> Result<i128, Refusal> {
    let number = match value {
        Value::Int(v) => i128::from(*v),
        Value::UInt(v) => i128::from(*v),
        _ => return Err(WRONG_TYPE),
    };
    let bits = 8 * u32::from(bytes);
    let range = if unsigned { 0..=(1i128 << bits) - 1 } else { -(1i128 << (bits - 1))..=(1i128 << (bits - 1)) - 1 };
    if range.contains(&number) { Ok(number) } else { Err(OUT_OF_RANGE) }
}

/// The decimal at the column's scale.
fn decimal(precision: u8, scale: u8, unsigned: bool, value: &Value) -> Result<Decimal, Refusal> {
    let Value::Decimal(value) = value else { return Err(WRONG_TYPE) };
    let scaled = value.rescale(scale).ok_or(OUT_OF_RANGE)?;
    let fits = scaled.digits() <= precision && !(unsigned && scaled.is_negative());
    if fits && scaled.compare(*value).is_eq() { Ok(scaled) } else { Err(OUT_OF_RANGE) }
}

/// Appends the bytes of a value in a variable cell.
pub(crate) fn variable(kind: &ColumnType, value: &Value, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match (kind, value) {
        (ColumnType::Char(_), Value::Text(text)) => {
            let text = text.trim_end_matches(' ');
            check_text(kind, text)?;
            out.extend_from_slice(text.as_bytes());
        }
        (ColumnType::Json, Value::Json(text)) => out.extend_from_slice(text.as_bytes()),
        (_, Value::Text(text)) => {
            check_text(kind, text)?;
            out.extend_from_slice(text.as_bytes());
        }
        (ColumnType::Binary(length), Value::Bytes(bytes)) => {
            let padding = (*length as usize).checked_sub(bytes.len()).ok_or(TOO_LONG)?;
            out.extend_from_slice(bytes);
            out.resize(out.len() + padding, 0);
        }
        (ColumnType::VarBinary(most) | ColumnType::Blob(most), Value::Bytes(bytes)) => {
            if bytes.len() > *most as usize {
                return Err(TOO_LONG);
            }
            out.extend_from_slice(bytes);
        }
        _ => return Err(WRONG_TYPE),
    }
    Ok(())
}

fn check_text(kind: &ColumnType, text: &str) -> Result<(), Refusal> {
    let fits = match kind {
        ColumnType::Char(most) | ColumnType::VarChar(most) => {
            text.len() <= *most as usize || text.chars().count() <= *most as usize
        }
        ColumnType::Text(most) => text.len() <= *most as usize,
        // The empty label is what MySQL stores for a value that is none.
        ColumnType::Enum(labels) => {
            return if text.is_empty() || labels.iter().any(|l| **l == *text) { Ok(()) } else { Err(NO_LABEL) };
        }
        ColumnType::Set(labels) => return set_bits(labels, text).map(|_| ()).ok_or(NO_LABEL),
        _ => return Err(WRONG_TYPE),
    };
    if fits { Ok(()) } else { Err(TOO_LONG) }
}

/// The bits of a SET value's labels; `None` if one is unknown, or they are not in the definition's order.
pub(crate) fn set_bits(labels: &[Arc<str>], text: &str) -> Option<u64> {
    let mut bits = 0u64;
    let mut above = 0;
    for name in text.split(',').filter(|_| !text.is_empty()) {
        let bit = above + labels.get(above..)?.iter().position(|label| **label == *name)?;
        bits |= 1u64.checked_shl(bit as u32)?;
        above = bit + 1;
    }
    Some(bits)
}

/// The value in a cell's bytes.
pub(super) fn read(kind: &ColumnType, bytes: &[u8]) -> Result<Value, Refusal> {
    let text = || std::str::from_utf8(bytes).map_err(|_| OTHER_FORM);
    Ok(match kind {
        ColumnType::Integer { unsigned: false, .. } => Value::Int(signed(bytes)),
        ColumnType::Integer { .. } => Value::UInt(unsigned(bytes)),
        ColumnType::Year => Value::Int(unsigned(bytes) as i64),
        ColumnType::Decimal { scale, .. } => {
            let mut wide = [if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 }; 32];
            wide.get_mut(..bytes.len()).ok_or(OTHER_FORM)?.copy_from_slice(bytes);
            Value::Decimal(Decimal::new(I256::from_le_bytes(wide), *scale).ok_or(OTHER_FORM)?)
        }
        ColumnType::Float { .. } => {
            let single = f32::from_bits(unsigned(bytes) as u32);
            Value::Double(double_from_bits(f64::from(single).to_bits()).ok_or(OTHER_FORM)?)
        }
        ColumnType::Double { .. } => Value::Double(double_from_bits(unsigned(bytes)).ok_or(OTHER_FORM)?),
        ColumnType::Date => Value::Date(Date(unsigned(bytes) as u32)),
        ColumnType::DateTime(_) => Value::DateTime(DateTime(unsigned(bytes))),
        ColumnType::Timestamp(_) => Value::Timestamp(signed(bytes)),
        ColumnType::Time(_) => Value::Time(Time(signed(bytes))),
        ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob(_) => Value::bytes(bytes),
        ColumnType::Json => Value::Json(text()?.into()),
        _ => Value::text(text()?),
    })
}

/// As [`read`], refusing what writing would not give.
pub(super) fn read_strict(kind: &ColumnType, bytes: &[u8]) -> Result<Value, Refusal> {
    let value = read(kind, bytes)?;
    match kind {
        ColumnType::Char(_) if bytes.last() == Some(&b' ') => return Err(OTHER_FORM),
        ColumnType::Binary(length) if bytes.len() != *length as usize => return Err(OTHER_FORM),
        ColumnType::Decimal { precision, .. } => {
            debug_assert_eq!(bytes.len(), decimal_width(*precision));
            fixed(kind, &value).map(drop)?;
        }
        _ if matches!(value, Value::Text(_) | Value::Bytes(_) | Value::Json(_)) => check_bytes(kind, &value, bytes)?,
        _ => fixed(kind, &value).map(drop)?,
    }
    Ok(value)
}

fn check_bytes(kind: &ColumnType, value: &Value, bytes: &[u8]) -> Result<(), Refusal> {
    match (kind, value) {
        (ColumnType::VarBinary(most) | ColumnType::Blob(most), _) if bytes.len() > *most as usize => Err(TOO_LONG),
        (_, Value::Text(text)) => check_text(kind, text),
        _ => Ok(()),
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    let mut wide = [0; 8];
    let length = bytes.len().min(8);
    wide[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(wide)
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    ((unsigned(bytes) << unused) as i64) >> unused
}

/// The value MySQL calls the type's zero: what rows hold in a NOT NULL column added without default.
pub fn zero_of(kind: &ColumnType) -> Value {
    match kind {
        ColumnType::Integer { unsigned: true, .. } => Value::UInt(0),
        ColumnType::Integer { .. } | ColumnType::Year => Value::Int(0),
        ColumnType::Decimal { scale, .. } => Value::Decimal(Decimal::from_i128(0, *scale)),
        ColumnType::Float { .. } | ColumnType::Double { .. } => Value::Double(0.0),
        ColumnType::Binary(length) => Value::bytes(vec![0; *length as usize]),
        ColumnType::VarBinary(_) | ColumnType::Blob(_) => Value::bytes([].as_slice()),
        ColumnType::Date => Value::Date(Date(0)),
        ColumnType::DateTime(_) => Value::DateTime(DateTime(0)),
        ColumnType::Timestamp(_) => Value::Timestamp(0),
        ColumnType::Time(_) => Value::Time(Time(0)),
        ColumnType::Enum(labels) => Value::Text(labels.first().cloned().unwrap_or_default()),
        ColumnType::Json => Value::Json("null".into()),
        _ => Value::text(""),
    }
}
