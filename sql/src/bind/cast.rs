//! CAST, CONVERT and COLLATE.

use super::Binder;
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Coercibility, Expression, Kind, Node, Type};
use crate::types;
use dag::collation::Collation;
use sqlparser::ast::{self, DataType, Expr};

impl Binder<'_> {
    pub(crate) fn cast(
        &mut self,
        scope: &Scope<'_>,
        expr: &Expr,
        data_type: &DataType,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = self.expression(scope, expr, clause)?;
        let target = self.target(data_type)?;
        Ok(self.cast_to(operand, &target))
    }

    pub(crate) fn convert(
        &mut self,
        scope: &Scope<'_>,
        expr: &Expr,
        data_type: Option<&DataType>,
        charset: Option<&ast::ObjectName>,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        match (data_type, charset) {
            (Some(data_type), None) => self.cast(scope, expr, data_type, clause),
            (None, Some(charset)) | (Some(_), Some(charset)) => {
                let data_type = match charset.to_string().to_ascii_lowercase().as_str() {
                    "utf8mb4" | "utf8" | "utf8mb3" => DataType::Char(None),
                    "binary" => DataType::Binary(None),
                    other => return Err(SqlError::new(1115, format!("Unknown character set: '{other}'"))),
                };
                self.cast(scope, expr, &data_type, clause)
            }
            (None, None) => Err(SqlError::unsupported("CONVERT without a type")),
        }
    }

    /// The operand converted to a type.
    pub(crate) fn cast_to(&mut self, operand: Expression, target: &Type) -> Expression {
        let ty = types::cast(&operand.ty, target);
        Expression { node: Node::Cast(Box::new(operand)), ty }
    }

    /// The type that CAST names.
    fn target(&self, data_type: &DataType) -> Result<Type, SqlError> {
        let fsp = |given: &Option<u64>| fraction(given.unwrap_or(0));
        Ok(match data_type {
            DataType::Signed | DataType::SignedInteger => Type::bigint(),
            DataType::Unsigned | DataType::UnsignedInteger => Type::unsigned(),
            DataType::Decimal(info) | DataType::Dec(info) | DataType::Numeric(info) => decimal(info)?,
            DataType::Char(length) | DataType::Character(length) | DataType::Nvarchar(length) => {
                Type { collation: self.env.collation, ..Type::text(characters(length.as_ref())?) }
            }
            DataType::Binary(length) => Type::binary(length.unwrap_or(0).min(u32::MAX.into()) as u32),
            DataType::Date => Type::date(),
            DataType::Time(digits, ast::TimezoneInfo::None) => Type::time(fsp(digits)?),
            DataType::Datetime(digits) => Type::datetime(fsp(digits)?),
            DataType::Double(_) | DataType::DoublePrecision | DataType::Real => Type::double(),
            DataType::Float(_) => Type::float(),
            DataType::JSON => Type::json(),
            DataType::Custom(name, _) if name.to_string().eq_ignore_ascii_case("YEAR") => Type::year(),
            other => return Err(SqlError::unsupported(format!("CAST to {other}"))),
        })
    }

    pub(crate) fn collate(
        &mut self,
        scope: &Scope<'_>,
        expr: &Expr,
        collation: &ast::ObjectName,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let operand = self.expression(scope, expr, clause)?;
        let name = collation.to_string().trim_matches('`').to_ascii_lowercase();
        let collation = known_collation(&name)?;
        let text = matches!(operand.ty.kind, Kind::Text | Kind::Enum(_) | Kind::Set(_) | Kind::Null);
        if operand.ty.kind == Kind::Binary && collation != Collation::Binary {
            return Err(SqlError::new(1253, format!("COLLATION '{name}' is not valid for CHARACTER SET 'binary'")));
        }
        let length = operand.ty.text_length();
        let base = if text { operand.ty.clone() } else { Type::text(length).nullable(operand.ty.nullable) };
        let kind = if collation == Collation::Binary { Kind::Binary } else { Kind::Text };
        let ty = Type { kind, collation, coercibility: Coercibility::Explicit, ..base };
        Ok(Expression { node: Node::Cast(Box::new(operand)), ty })
    }
}

/// The collation of that name. Errors: 1273.
pub(crate) fn known_collation(name: &str) -> Result<Collation, SqlError> {
    Collation::by_name(name).ok_or_else(|| {
        SqlError::new(
            1273,
            format!(
                "Unknown collation: '{name}'; there are utf8mb4_0900_ai_ci, utf8mb4_general_ci, utf8mb4_bin and binary"
            ),
        )
    })
}

fn fraction(digits: u64) -> Result<u8, SqlError> {
    match u8::try_from(digits) {
        Ok(digits @ 0..=6) => Ok(digits),
        _ => Err(SqlError::new(1426, format!("Too-big precision {digits} specified for 'CAST'. Maximum is 6."))),
    }
}

fn characters(length: Option<&ast::CharacterLength>) -> Result<u32, SqlError> {
    match length {
        None => Ok(0),
        Some(ast::CharacterLength::IntegerLength { length, unit: None }) => Ok((*length).min(u32::MAX.into()) as u32),
        Some(other) => Err(SqlError::unsupported(format!("length {other} in CAST"))),
    }
}

fn decimal(info: &ast::ExactNumberInfo) -> Result<Type, SqlError> {
    let (precision, scale) = match info {
        ast::ExactNumberInfo::None => (10, 0),
        ast::ExactNumberInfo::Precision(p) => (*p, 0),
        ast::ExactNumberInfo::PrecisionAndScale(p, s) => (*p, *s),
    };
    if precision > 65 {
        return Err(SqlError::new(1426, format!("Too-big precision {precision} specified for 'CAST'. Maximum is 65.")));
    }
    if !(0..=30).contains(&scale) || scale.unsigned_abs() > precision {
        return Err(SqlError::new(
            1427,
            "For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column 'CAST').",
        ));
    }
    Ok(Type::decimal(precision.max(1) as u8, scale as u8))
}
