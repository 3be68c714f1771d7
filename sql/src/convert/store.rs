//! What a column does to a value it stores: conversion, range and length checks, by sql_mode (MySQL 8.0 manual, 7.1.11).
//!
//! Promises: in strict mode what does not fit is MySQL's error; otherwise it is a warning and the nearest value.

use super::cast::nines;
use super::prefix;
use crate::error::SqlError;
use crate::expression::{Kind, Type};
use crate::function::Context;
use crate::json;
use crate::render;
use crate::temporal::parse;
use dag::decimal::Decimal;
use dag::schema::{Column, ColumnType};
use dag::temporal::{Date, DateTime};
use dag::value::Value;

mod label;
mod number;
mod string;
mod temporal;
#[cfg(test)]
mod tests;

pub use number::year_number;

/// One value on its way into one column.
pub(super) struct Storing<'a> {
    value: &'a Value,
    from: &'a Type,
    column: &'a Column,
    context: &'a mut dyn Context,
    strict: bool,
}

impl Storing<'_> {
    /// An error in strict mode, a warning otherwise.
    fn complain(&mut self, code: u16, message: String) -> Result<(), SqlError> {
        if self.strict {
            return Err(SqlError::new(code, message));
        }
        self.context.warn(code, message);
        Ok(())
    }

    fn out_of_range(&mut self) -> Result<(), SqlError> {
        let message = format!("Out of range value for column '{}' at row 1", self.column.name);
        self.complain(1264, message)
    }

    fn incorrect(&mut self, kind: &str) -> Result<(), SqlError> {
        let shown = self.shown();
        let message = format!("Incorrect {kind} value: '{shown}' for column '{}' at row 1", self.column.name);
        // 1292 is for temporals, 1366 for everything else.
        let code = if matches!(kind, "date" | "datetime" | "time" | "timestamp") { 1292 } else { 1366 };
        self.complain(code, message)
    }

    fn truncated(&mut self) -> Result<(), SqlError> {
        let message = format!("Data truncated for column '{}' at row 1", self.column.name);
        self.complain(1265, message)
    }

    fn too_long(&mut self) -> Result<(), SqlError> {
        if self.strict {
            return Err(SqlError::new(1406, format!("Data too long for column '{}' at row 1", self.column.name)));
        }
        self.truncated()
    }

    fn shown(&self) -> String {
        render::text(self.value, self.from).unwrap_or_default().chars().take(128).collect()
    }
}

/// Converts a value to a column's type as INSERT and UPDATE do. `strict` is false for non-strict sql_mode and for
/// IGNORE. Errors: 1048, 1264, 1265, 1292, 1366, 1406, 3140; row numbers in messages are the caller's to mend.
pub fn store(
    value: &Value,
    from: &Type,
    column: &Column,
    context: &mut dyn Context,
    strict: bool,
) -> Result<Value, SqlError> {
    if value.is_null() {
        return null(column, context, strict);
    }
    let mut storing = Storing { value, from, column, context, strict };
    match &column.kind {
        ColumnType::Integer { bytes, unsigned, .. } => number::integer(&mut storing, *bytes, *unsigned),
        ColumnType::Decimal { precision, scale, unsigned } => {
            number::decimal(&mut storing, *precision, *scale, *unsigned)
        }
        ColumnType::Float { unsigned } => number::double(&mut storing, true, *unsigned),
        ColumnType::Double { unsigned } => number::double(&mut storing, false, *unsigned),
        ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_) => string::text(&mut storing),
        ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob(_) => string::bytes(&mut storing),
        ColumnType::Date => temporal::date(&mut storing),
        ColumnType::DateTime(fsp) => temporal::datetime(&mut storing, *fsp),
        ColumnType::Timestamp(fsp) => temporal::timestamp(&mut storing, *fsp),
        ColumnType::Time(fsp) => temporal::time(&mut storing, *fsp),
        ColumnType::Year => number::year(&mut storing),
        ColumnType::Enum(labels) => label::one(&mut storing, labels),
        ColumnType::Set(labels) => label::many(&mut storing, labels),
        ColumnType::Json => json_document(&mut storing),
    }
}

fn null(column: &Column, context: &mut dyn Context, strict: bool) -> Result<Value, SqlError> {
    if column.nullable {
        return Ok(Value::Null);
    }
    let message = format!("Column '{}' cannot be null", column.name);
    if strict {
        return Err(SqlError::new(1048, message));
    }
    context.warn(1048, message);
    Ok(zero(&column.kind))
}

/// The implicit default of a type: what a NOT NULL column without a default gets outside strict mode.
pub fn zero(kind: &ColumnType) -> Value {
    match kind {
        ColumnType::Integer { unsigned: true, .. } => Value::UInt(0),
        ColumnType::Integer { .. } | ColumnType::Year => Value::Int(0),
        ColumnType::Decimal { scale, .. } => Value::Decimal(Decimal { scale: *scale, ..Decimal::ZERO }),
        ColumnType::Float { .. } | ColumnType::Double { .. } => Value::Double(0.0),
        ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_) | ColumnType::Set(_) => Value::text(""),
        ColumnType::Binary(length) => Value::bytes(vec![0; *length as usize]),
        ColumnType::VarBinary(_) | ColumnType::Blob(_) => Value::bytes(Vec::new()),
        ColumnType::Date => Value::Date(Date(0)),
        ColumnType::DateTime(_) => Value::DateTime(DateTime(0)),
        ColumnType::Timestamp(_) => Value::Timestamp(0),
        ColumnType::Time(_) => Value::Time(dag::temporal::Time(0)),
        ColumnType::Enum(labels) => labels.first().map_or(Value::text(""), |l| Value::Text(l.clone())),
        ColumnType::Json => Value::Json("null".into()),
    }
}

fn json_document(storing: &mut Storing<'_>) -> Result<Value, SqlError> {
    if storing.from.kind == Kind::Binary {
        return Err(SqlError::new(
            3144,
            format!(
                "Cannot create a JSON value from a string with CHARACTER SET 'binary' for column '{}'.",
                storing.column.name
            ),
        ));
    }
    json::of_value(storing.value, storing.from, true).map_err(|error| {
        let message = error.message.replace(" in argument 1 to function cast_as_json", "");
        SqlError::new(
            3140,
            format!("{} in value for column '{}'.", message.trim_end_matches(['.', ' ']), storing.column.name),
        )
    })
}
