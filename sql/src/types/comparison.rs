//! How two operands of a comparison are brought together (MySQL 8.0 manual, 14.3, "Type conversion in expressions").

use super::collation;
use crate::error::SqlError;
use crate::expression::{CompareAs, Kind, Type};

/// The class under which two types compare. Errors: 1267 for collations that do not mix.
pub fn compare_class(left: &Type, right: &Type) -> Result<CompareAs, SqlError> {
    if let Some(class) = temporal(left, right).or_else(|| temporal(right, left)) {
        return Ok(class);
    }
    if matches!(left.kind, Kind::Json) || matches!(right.kind, Kind::Json) {
        return Ok(CompareAs::Json);
    }
    let stringly = |t: &Type| !t.is_numeric() && !t.is_hex_literal() && t.kind != Kind::Null;
    if left.is_numeric() || right.is_numeric() {
        let labels = |t: &Type| matches!(t.kind, Kind::Enum(_) | Kind::Set(_));
        return Ok(match (number_class(left), number_class(right)) {
            _ if labels(left) || labels(right) => CompareAs::Double,
            _ if stringly(left) || stringly(right) => CompareAs::Double,
            (CompareAs::Integer, CompareAs::Integer) => CompareAs::Integer,
            (CompareAs::Double, _) | (_, CompareAs::Double) => CompareAs::Double,
            _ => CompareAs::Decimal,
        });
    }
    text(left, right)
}

fn number_class(ty: &Type) -> CompareAs {
    match ty.kind {
        Kind::Decimal { .. } => CompareAs::Decimal,
        Kind::Float | Kind::Double => CompareAs::Double,
        _ => CompareAs::Integer,
    }
}

fn text(left: &Type, right: &Type) -> Result<CompareAs, SqlError> {
    if left.kind == Kind::Binary || right.kind == Kind::Binary {
        return Ok(CompareAs::Bytes);
    }
    let (collation, _) = collation::aggregate(&[left, right], "=")?;
    Ok(match collation {
        dag::collation::Collation::Binary => CompareAs::Bytes,
        collation => CompareAs::Text(collation),
    })
}

/// The class when `left` is temporal: dates take the other side with them, TIME only constants and other TIMEs.
fn temporal(left: &Type, right: &Type) -> Option<CompareAs> {
    match (&left.kind, &right.kind) {
        (Kind::Date | Kind::DateTime(_), Kind::Json | Kind::Double | Kind::Float) => None,
        (Kind::Date | Kind::DateTime(_), _) => Some(CompareAs::DateTime),
        (Kind::Time(_), Kind::Time(_) | Kind::Text | Kind::Null) => Some(CompareAs::Time),
        (Kind::Time(fsp), Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Year) => {
            Some(if *fsp == 0 && !matches!(right.kind, Kind::Decimal { .. }) {
                CompareAs::Integer
            } else {
                CompareAs::Decimal
            })
        }
        (Kind::Time(_), Kind::Double | Kind::Float) => Some(CompareAs::Double),
        _ => None,
    }
}
