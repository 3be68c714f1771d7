//! Which collation holds where several meet (MySQL 8.0 manual, 10.8.4): the lower coercibility wins, ties follow rules.

use crate::error::SqlError;
use crate::expression::{Coercibility, Kind, Type};
use dag::collation::Collation;

fn strength(coercibility: Coercibility) -> &'static str {
    match coercibility {
        Coercibility::Explicit => "EXPLICIT",
        Coercibility::Implicit => "IMPLICIT",
        Coercibility::System => "SYSCONST",
        Coercibility::Literal => "COERCIBLE",
        Coercibility::Numeric => "NUMERIC",
        Coercibility::Ignorable => "IGNORABLE",
    }
}

/// The collation under which these operands meet. Numbers and NULL take part as the connection's collation does.
/// Errors: 1267 when two of equal strength disagree and neither is binary.
pub fn aggregate(types: &[&Type], operation: &str) -> Result<(Collation, Coercibility), SqlError> {
    let mut best: Option<(Collation, Coercibility)> = None;
    for ty in types {
        if !(ty.is_text() || matches!(ty.kind, Kind::Binary | Kind::Json)) {
            continue;
        }
        let next = (ty.collation, ty.coercibility);
        best = Some(match best {
            None => next,
            Some(at) => stronger(at, next, operation)?,
        });
    }
    Ok(best.unwrap_or((Type::text(0).collation, Coercibility::Literal)))
}

type Held = (Collation, Coercibility);

fn stronger(left: Held, right: Held, operation: &str) -> Result<Held, SqlError> {
    if left.0 == right.0 {
        return Ok((left.0, left.1.min(right.1)));
    }
    match left.1.cmp(&right.1) {
        std::cmp::Ordering::Less => Ok(left),
        std::cmp::Ordering::Greater => Ok(right),
        // A binary string, or the _bin collation of the same character set, wins over its equal (manual, 10.8.4).
        _ if left.0 == Collation::Binary || right.0 == Collation::Binary => Ok((Collation::Binary, left.1)),
        // Function results without text arguments have the default collation until the session's own turns up: of two
        // constants that differ the one with another collation is the session's.
        _ if left.1 >= Coercibility::System => Ok(if left.0 == Type::text(0).collation { right } else { left }),
        _ if left.1 != Coercibility::Explicit && left.0 == Collation::Utf8mb4Bin => Ok(left),
        _ if left.1 != Coercibility::Explicit && right.0 == Collation::Utf8mb4Bin => Ok(right),
        _ => Err(SqlError::new(
            1267,
            format!(
                "Illegal mix of collations ({},{}) and ({},{}) for operation '{operation}'",
                left.0.name(),
                strength(left.1),
                right.0.name(),
                strength(right.1)
            ),
        )),
    }
}

/// The type of a text result made of these operands: binary if one of them is, else text under their collation.
pub fn text_result(operands: &[&Type], length: u32, operation: &str) -> Result<Type, SqlError> {
    let (collation, coercibility) = aggregate(operands, operation)?;
    let binary = operands.iter().any(|t| t.kind == Kind::Binary);
    Ok(if binary {
        Type { length, ..Type::binary(length) }
    } else {
        Type { collation, coercibility, ..Type::text(length) }
    })
}
