//! Queries and DML: bound against the catalogue, run, and bound again when it changes.

use super::prepared::PreparedStatement;
use super::scene::Scene;
use super::state::State;
use super::stop::Stop;
use crate::error::SqlError;
use crate::expression::Type;
use crate::response::Response;
use dag::value::Value;
use sqlparser::ast::Expr;

/// A bound statement.
pub(crate) struct Bound;

/// The value of an expression without rows: SET, DO, KILL.
pub(crate) fn constant(_state: &mut State, expr: &Expr) -> Result<Value, Stop> {
    match expr {
        Expr::Value(value) => match &value.value {
            sqlparser::ast::Value::Number(digits, _) => {
                Ok(digits.parse().map_or(Value::text(digits.as_str()), Value::Int))
            }
            sqlparser::ast::Value::SingleQuotedString(text) => Ok(Value::text(text.as_str())),
            _ => Err(SqlError::unsupported(expr).into()),
        },
        _ => Err(SqlError::unsupported(expr).into()),
    }
}

/// The value of a user variable as a parameter.
pub(crate) fn user_parameter(state: &State, name: &str) -> (Value, Type) {
    let value = state.shared().user_variables.get(&name.to_lowercase()).cloned().unwrap_or(Value::Null);
    let ty = crate::evaluate::natural_type(&value);
    (value, ty)
}

/// Fills in parameters and columns.
pub(crate) fn describe(_state: &mut State, _statement: &mut PreparedStatement) -> Result<(), SqlError> {
    Err(SqlError::unsupported("PREPARE"))
}

/// Runs a query or DML statement.
pub(crate) fn run(_state: &mut State, _scene: &mut Scene, statement: &PreparedStatement) -> Result<Response, Stop> {
    Err(SqlError::unsupported(&statement.text).into())
}
