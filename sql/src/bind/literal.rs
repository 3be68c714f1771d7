//! Literals: what a number, text, hex or typed literal is worth and of what type.

use super::Binder;
use crate::error::SqlError;
use crate::expression::{Coercibility, Expression, Node, Type};
use bnum::types::I256;
use dag::collation::Collation;
use dag::decimal::{Decimal, MAX_DIGITS, MAX_SCALE};
use dag::value::Value;
use sqlparser::ast;

/// A constant.
pub(crate) fn constant(value: Value, ty: Type) -> Expression {
    let nullable = value.is_null();
    Expression { node: Node::Constant(value), ty: ty.nullable(nullable) }
}

/// An integer constant.
pub(crate) fn integer(value: i64) -> Expression {
    constant(Value::Int(value), Type::integer(value.unsigned_abs().to_string().len() as u32 + 1))
}

/// A text constant in the connection's collation.
pub(crate) fn text(value: &str, collation: Collation) -> Expression {
    let ty = Type { collation, ..Type::text(value.chars().count() as u32) };
    constant(Value::text(value), ty)
}

/// Bytes written as digits: they are a number where a number is wanted.
fn bytes(value: Vec<u8>) -> Expression {
    let ty = Type { coercibility: Coercibility::Literal, ..Type::binary(value.len() as u32) };
    constant(Value::bytes(value), ty)
}

/// A number as written: BIGINT, BIGINT UNSIGNED, DECIMAL or, with an exponent, DOUBLE.
pub(crate) fn number(digits: &str) -> Result<Expression, SqlError> {
    if digits.contains(['e', 'E']) {
        return match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(constant(Value::Double(value + 0.0), Type::double())),
            _ => Err(SqlError::new(1367, format!("Illegal double '{digits}' value found during parsing"))),
        };
    }
    if !digits.contains('.') {
        // The sign counts, as MySQL 8.0 has it.
        let length = digits.len() as u32 + 1;
        if let Ok(value) = digits.parse::<i64>() {
            return Ok(constant(Value::Int(value), Type::integer(length)));
        }
        if let Ok(value) = digits.parse::<u64>() {
            return Ok(constant(Value::UInt(value), Type { length, ..Type::unsigned() }));
        }
    }
    decimal(digits).ok_or_else(|| SqlError::syntax(format!("'{digits}' is no number")))
}

fn decimal(digits: &str) -> Option<Expression> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = &fraction[..fraction.len().min(MAX_SCALE.into())];
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0').len();
    if significant > MAX_DIGITS.into() {
        let value: f64 = digits.parse().ok()?;
        return Some(constant(Value::Double(value), Type::double()));
    }
    let coefficient = I256::from_str_radix(if all.is_empty() { "0" } else { &all }, 10).ok()?;
    let scale = fraction.len() as u8;
    let precision = (significant as u8).max(scale).max(1);
    Some(constant(Value::Decimal(Decimal { coefficient, scale }), Type::decimal(precision, scale)))
}

fn hex(digits: &str) -> Result<Expression, SqlError> {
    let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(even.as_bytes());
    decoded.map(bytes).map_err(|_| SqlError::syntax(format!("'{digits}' is no hexadecimal literal")))
}

fn bits(digits: &str) -> Result<Expression, SqlError> {
    let padded = format!("{}{digits}", "0".repeat((8 - digits.len() % 8) % 8));
    let read = |byte: &[u8]| std::str::from_utf8(byte).ok().and_then(|b| u8::from_str_radix(b, 2).ok());
    match padded.as_bytes().chunks(8).map(read).collect::<Option<Vec<u8>>>() {
        Some(value) => Ok(bytes(value)),
        None => Err(SqlError::syntax(format!("'{digits}' is no bit literal"))),
    }
}

impl Binder<'_> {
    /// A literal or a `?`.
    pub(crate) fn value(&mut self, value: &ast::Value) -> Result<Expression, SqlError> {
        match value {
            ast::Value::Number(digits, _) => number(digits),
            ast::Value::SingleQuotedString(s)
            | ast::Value::DoubleQuotedString(s)
            | ast::Value::NationalStringLiteral(s) => Ok(text(s, self.env.collation)),
            ast::Value::HexStringLiteral(digits) => hex(digits),
            ast::Value::SingleQuotedByteStringLiteral(digits) => bits(digits),
            ast::Value::Boolean(truth) => Ok(constant(Value::Int((*truth).into()), Type::boolean())),
            ast::Value::Null => Ok(constant(Value::Null, Type::null())),
            ast::Value::Placeholder(name) => self.parameter(name),
            other => Err(SqlError::unsupported(format!("literal {other}"))),
        }
    }

    fn parameter(&mut self, name: &str) -> Result<Expression, SqlError> {
        let index: u32 = match name.strip_prefix('?').and_then(|n| n.parse().ok()) {
            Some(index) => index,
            None => return Err(SqlError::syntax(format!("near '{name}'"))),
        };
        self.parameters = self.parameters.max(index + 1);
        let mut ty = self.env.parameter_types.get(index as usize).cloned().unwrap_or_else(|| Type::text(65_535));
        if ty.is_text() {
            ty.collation = self.env.collation;
        }
        Ok(Expression { node: Node::Parameter(index), ty: ty.nullable(true) })
    }

    /// `DATE '2024-01-01'` and its kin.
    pub(crate) fn typed_text(&mut self, typed: &ast::TypedString) -> Result<Expression, SqlError> {
        let ast::TypedString { data_type, value, uses_odbc_syntax: _ } = typed;
        let inner = self.value(&value.value)?;
        let digits = match &inner.node {
            Node::Constant(Value::Text(text)) => text.rsplit_once('.').map_or(0, |(_, f)| f.len().min(6)) as u8,
            _ => 0,
        };
        let target = match data_type {
            ast::DataType::Date => Type::date(),
            ast::DataType::Time(..) => Type::time(digits),
            ast::DataType::Timestamp(..) | ast::DataType::Datetime(_) => Type::datetime(digits),
            other => return Err(SqlError::unsupported(format!("literal of type {other}"))),
        };
        Ok(self.cast_to(inner, &target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_mysql_types() {
        let table =
            [("7", "Int(7)"), ("18446744073709551615", "UInt(18446744073709551615)"), ("1e3", "Double(1000.0)")];
        for (digits, expected) in table {
            let Node::Constant(value) = number(digits).unwrap().node else { panic!() };
            assert_eq!(format!("{value:?}"), expected);
        }
        for (digits, precision, scale) in
            [("1.50", 3, 2), (".5", 1, 1), ("0.05", 2, 2), ("18446744073709551616", 20, 0)]
        {
            assert_eq!(
                number(digits).unwrap().ty.kind,
                crate::expression::Kind::Decimal { precision, scale },
                "{digits}"
            );
        }
    }
}
