//! JSON documents: canonical text in values, a tree while functions work on them (MySQL 8.0 manual, 13.5).
//!
//! Promises: printing is canonical: keys sorted by length and then bytes, later duplicates win, integers, unsigned
//! integers and doubles are kept apart. DECIMAL and temporal scalars become doubles and strings once printed.

mod document;
mod parse;
pub mod path;
mod print;

pub use document::{Document, MAX_DEPTH};
pub use parse::{ParseError, parse};
pub use print::quote;

use crate::error::SqlError;
use crate::expression::{Coercibility, Kind, Type};
use crate::render;
use dag::value::Value;

/// 3141 for text that is not JSON, naming the argument and the function.
pub fn invalid(argument: usize, function: &str, error: &ParseError) -> SqlError {
    if error.too_deep {
        return SqlError::new(3157, "The JSON document exceeds the maximum depth.");
    }
    SqlError::new(
        3141,
        format!(
            "Invalid JSON text in argument {argument} to function {function}: \"{}\" at position {}.",
            error.message, error.position
        ),
    )
}

/// A value as a document. Text is parsed if `parsing`, otherwise it becomes a JSON string. Errors: 3141.
pub fn document(value: &Value, ty: &Type, parsing: bool) -> Result<Document, SqlError> {
    Ok(match value {
        Value::Null => Document::Null,
        Value::Json(text) => parse(text).map_err(|e| invalid(1, "json", &e))?,
        Value::Text(text) if parsing => parse(text).map_err(|e| invalid(1, "cast_as_json", &e))?,
        Value::Int(n) if is_truth(ty) => Document::Bool(*n != 0),
        Value::Int(n) => Document::Int(*n),
        Value::UInt(n) => Document::UInt(*n),
        Value::Double(d) => Document::Double(*d),
        Value::Decimal(d) => Document::Decimal(*d),
        Value::DateTime(d) => Document::String(crate::temporal::format::datetime(*d, 6)),
        Value::Time(t) => Document::String(crate::temporal::format::time(*t, 6)),
        Value::Bytes(bytes) => Document::String(opaque(bytes)),
        other => Document::String(render::text(other, ty).unwrap_or_default().into_owned()),
    })
}

/// TRUE, FALSE and comparisons have length 1, which no other integer expression has; a column (BIGINT(1)) is no truth.
fn is_truth(ty: &Type) -> bool {
    ty.length == 1 && ty.coercibility == Coercibility::Numeric && ty.kind == Kind::Integer { bytes: 8, unsigned: false }
}

/// Bytes in JSON are opaque strings in base64 (manual, 13.5).
fn opaque(bytes: &[u8]) -> String {
    format!("base64:type15:{}", data_encoding::BASE64.encode(bytes))
}

/// A value as a JSON value; see [`document`].
pub fn of_value(value: &Value, ty: &Type, parsing: bool) -> Result<Value, SqlError> {
    match value {
        Value::Json(_) => Ok(value.clone()),
        Value::Null => Ok(Value::Null),
        _ => Ok(document(value, ty, parsing)?.into_value()),
    }
}
