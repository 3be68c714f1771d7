//! Values on their way into columns: defaults, conversions, the columns that fill themselves.

use crate::convert;
use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries, evaluate};
use crate::expression::{Expression, Type};
use crate::function::Context;
use dag::schema::{Column, ColumnDefault, ColumnType};
use dag::value::Value;

/// What a statement gives a column.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// DEFAULT.
    Default,
    /// An expression.
    Expression(Expression),
}

/// How values are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storing {
    /// Strict sql_mode, and not IGNORE.
    pub strict: bool,
    /// Number of the row in the statement, for messages.
    pub row: u64,
}

/// Converts a value to its column's type. Errors: those of `convert::store`, naming the row.
pub(crate) fn store(
    value: &Value,
    from: &Type,
    column: &Column,
    context: &mut dyn Context,
    storing: Storing,
) -> Result<Value, SqlError> {
    // The common case without a call: an integer that a BIGINT takes as it is.
    if let (Value::Int(_), ColumnType::Integer { bytes: 8, unsigned: false, .. }) = (value, &column.kind) {
        return Ok(value.clone());
    }
    convert::store(value, from, column, context, storing.strict).map_err(|error| at_row(error, storing.row))
}

/// Puts the row's number into a message.
fn at_row(error: SqlError, row: u64) -> SqlError {
    if row <= 1 || !error.message.ends_with("at row 1") {
        return error;
    }
    let start = error.message.len() - "at row 1".len();
    SqlError::new(error.code, format!("{}at row {row}", &error.message[..start]))
}

/// The current time as a column of that many digits stores it.
pub(crate) fn current_timestamp(kind: &ColumnType, fsp: u8, context: &dyn Context) -> Value {
    let now = context.now_micros();
    let unit = 10_i64.pow(6 - u32::from(fsp.min(6)));
    let cut = now - now.rem_euclid(unit);
    match kind {
        ColumnType::Timestamp(_) => Value::Timestamp(cut),
        _ => Value::DateTime(convert::local_of_instant(cut, context)),
    }
}

/// What a column holds that a statement does not name. Error: 1364.
pub(crate) fn default_of(column: &Column, context: &mut dyn Context, strict: bool) -> Result<Value, SqlError> {
    match &column.default {
        Some(ColumnDefault::Constant(value)) => Ok(value.clone()),
        Some(ColumnDefault::CurrentTimestamp(fsp)) => Ok(current_timestamp(&column.kind, *fsp, context)),
        None if column.auto_increment => Ok(Value::Null),
        None => match &column.kind {
            // MySQL: an ENUM that must not be NULL takes its first label.
            ColumnType::Enum(_) => Ok(dag::row::zero_of(&column.kind)),
            kind => {
                let message = format!("Field '{}' doesn't have a default value", column.name);
                if strict {
                    return Err(SqlError::new(1364, message));
                }
                context.warn(1364, message);
                Ok(dag::row::zero_of(kind))
            }
        },
    }
}

/// The stored value of a cell, over the rows in sight.
pub(crate) fn cell_value(
    cell: &Cell,
    column: &Column,
    rows: &RowStack<'_>,
    context: &mut dyn Context,
    subqueries: &mut dyn Subqueries,
    storing: Storing,
) -> Result<Value, SqlError> {
    match cell {
        Cell::Default => default_of(column, context, storing.strict),
        Cell::Expression(expression) => {
            let value = evaluate(expression, rows, context, subqueries)?;
            if value.is_null() && column.auto_increment {
                return Ok(Value::Null);
            }
            store(&value, &expression.ty, column, context, storing)
        }
    }
}

/// The columns with ON UPDATE CURRENT_TIMESTAMP that were not assigned.
pub(crate) fn touch(columns: &[Column], assigned: &[usize], values: &mut [Value], context: &dyn Context) {
    for (at, column) in columns.iter().enumerate() {
        if let Some(fsp) = column.on_update
            && !assigned.contains(&at)
        {
            values[at] = current_timestamp(&column.kind, fsp, context);
        }
    }
}
