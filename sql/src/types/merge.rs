//! The one type that CASE, IF, COALESCE, IN lists, GREATEST and UNION columns take from several.

use super::{collation, promote};
use crate::error::SqlError;
use crate::expression::{Coercibility, Kind, Type};
use dag::decimal::MAX_DIGITS;

/// The type that holds values of all these types; nullable if any is. Errors: 1267 for collations that do not mix.
pub fn merge(types: &[Type]) -> Result<Type, SqlError> {
    let nullable = types.iter().any(|t| t.nullable || t.kind == Kind::Null);
    let mut known = types.iter().filter(|t| t.kind != Kind::Null);
    let Some(first) = known.next() else { return Ok(Type::null()) };
    let mut merged = first.clone();
    for next in known {
        merged = pair(&merged, next)?;
    }
    Ok(merged.nullable(nullable))
}

fn pair(left: &Type, right: &Type) -> Result<Type, SqlError> {
    if left.kind == right.kind && !left.is_text() {
        let length = left.length.max(right.length);
        return Ok(Type { length, timestamp: left.timestamp && right.timestamp, ..left.clone() });
    }
    if left.is_numeric() && right.is_numeric() {
        return Ok(numbers(left, right));
    }
    Ok(match (&left.kind, &right.kind) {
        (Kind::Time(a), Kind::Time(b)) => Type::time(*a.max(b)),
        (Kind::Date | Kind::DateTime(_) | Kind::Time(_), Kind::Date | Kind::DateTime(_) | Kind::Time(_)) => {
            Type::datetime(left.fsp().max(right.fsp()))
        }
        _ => text(left, right)?,
    })
}

fn numbers(left: &Type, right: &Type) -> Type {
    let length = left.length.max(right.length);
    match (&left.kind, &right.kind) {
        (Kind::Float, Kind::Float) => Type::float(),
        (Kind::Float | Kind::Double, _) | (_, Kind::Float | Kind::Double) => Type::double(),
        (Kind::Decimal { .. }, _) | (_, Kind::Decimal { .. }) => decimals(left, right),
        _ => integers(left, right, length),
    }
}

fn decimals(left: &Type, right: &Type) -> Type {
    let (p1, s1) = promote::decimal_shape(left).unwrap_or((20, 0));
    let (p2, s2) = promote::decimal_shape(right).unwrap_or((20, 0));
    let scale = s1.max(s2);
    Type::decimal(((p1 - s1).max(p2 - s2) + scale).min(MAX_DIGITS), scale)
}

fn integers(left: &Type, right: &Type, length: u32) -> Type {
    let width = |t: &Type| if let Kind::Integer { bytes, .. } = t.kind { bytes } else { 4 };
    let (a, b) = (promote::is_unsigned(left), promote::is_unsigned(right));
    let widest = width(left).max(width(right));
    if a == b {
        return Type { kind: Kind::Integer { bytes: widest, unsigned: a }, length, ..Type::bigint() };
    }
    let unsigned = if a { width(left) } else { width(right) };
    let signed = if a { width(right) } else { width(left) };
    // A signed type holds an unsigned one only if it is wider, by its sign at least; past BIGINT only DECIMAL does.
    let signed_length = |t: &Type| t.length + u32::from(promote::is_unsigned(t));
    let length = signed_length(left).max(signed_length(right));
    let next = [1, 2, 3, 4, 8].into_iter().find(|w| *w > unsigned).map(|w| w.max(signed));
    match next {
        Some(bytes) => Type { kind: Kind::Integer { bytes, unsigned: false }, length, ..Type::bigint() },
        None => Type::decimal(20, 0),
    }
}

fn text(left: &Type, right: &Type) -> Result<Type, SqlError> {
    let length = left.text_length().max(right.text_length());
    if left.kind == Kind::Binary || right.kind == Kind::Binary {
        return Ok(Type::binary(length));
    }
    let (collation, coercibility) = collation::aggregate(&[left, right], "UNION")?;
    let coercibility =
        if left.is_text() && right.is_text() { coercibility } else { coercibility.max(Coercibility::Implicit) };
    Ok(Type { collation, coercibility, ..Type::text(length) })
}
