//! Values as text: what the text protocol sends and what CONCAT and comparisons see.
//!
//! Promises: the layout is MySQL's to the character. Knows no packets.

mod double;

pub use double::{double, float};

use crate::expression::{Kind, Type};
use crate::temporal::format;
use dag::value::Value;
use std::borrow::Cow;

/// The text form of a value under its type; `None` for NULL. Bytes that are not UTF-8 are replaced: use [`bytes`] for
/// the wire.
pub fn text<'a>(value: &'a Value, ty: &Type) -> Option<Cow<'a, str>> {
    Some(match value {
        Value::Null => return None,
        Value::Int(n) => integer(*n, ty),
        Value::UInt(n) => Cow::Owned(n.to_string()),
        Value::Double(d) if ty.kind == Kind::Float => Cow::Owned(float(*d as f32)),
        Value::Double(d) => Cow::Owned(double(*d)),
        Value::Decimal(d) => Cow::Owned(decimal(*d, ty)),
        Value::Text(t) | Value::Json(t) => Cow::Borrowed(t),
        Value::Bytes(b) => String::from_utf8_lossy(b),
        Value::Date(d) => Cow::Owned(format::date(*d)),
        Value::DateTime(d) => Cow::Owned(format::datetime(*d, ty.temporal_digits())),
        Value::Time(t) => Cow::Owned(format::time(*t, ty.temporal_digits())),
        Value::Timestamp(micros) => Cow::Owned(timestamp(*micros, ty)),
    })
}

/// The bytes of the text form; `None` for NULL.
pub fn bytes<'a>(value: &'a Value, ty: &Type) -> Option<Cow<'a, [u8]>> {
    match value {
        Value::Bytes(b) => Some(Cow::Borrowed(b)),
        _ => text(value, ty).map(|text| match text {
            Cow::Borrowed(t) => Cow::Borrowed(t.as_bytes()),
            Cow::Owned(t) => Cow::Owned(t.into_bytes()),
        }),
    }
}

/// YEAR has four digits, 0000 included.
fn integer(value: i64, ty: &Type) -> Cow<'static, str> {
    Cow::Owned(if ty.kind == Kind::Year { format!("{value:04}") } else { value.to_string() })
}

/// Results of `/` carry more digits than their type shows (see `function::arithmetic`); they are rounded here.
fn decimal(value: dag::decimal::Decimal, ty: &Type) -> String {
    match ty.kind {
        Kind::Decimal { scale, .. } if scale != value.scale => value.rescale(scale).unwrap_or(value).to_string(),
        _ => value.to_string(),
    }
}

/// A stored instant that no session has put into its zone: UTC.
fn timestamp(micros: i64, ty: &Type) -> String {
    dag::temporal::DateTime::from_unix_micros(micros)
        .map_or_else(|| "0000-00-00 00:00:00".to_owned(), |d| format::datetime(d, ty.temporal_digits()))
}

impl Type {
    /// Fraction digits to show for a temporal value of this type; six where the type is not temporal.
    fn temporal_digits(&self) -> u8 {
        match self.kind {
            Kind::Time(fsp) | Kind::DateTime(fsp) => fsp,
            Kind::Date => 0,
            _ => 6,
        }
    }
}
