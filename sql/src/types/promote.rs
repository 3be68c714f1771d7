//! Result types of `+ - * / DIV %` (MySQL 8.0 manual, 14.6.1 and 14.24.2): which kind of arithmetic, and DECIMAL's shape.

use crate::expression::{Kind, Type};
use dag::decimal::{MAX_DIGITS, MAX_SCALE};

/// div_precision_increment: digits that `/` adds after the point. MySQL's default, and not settable here.
pub const DIVISION_INCREMENT: u8 = 4;

/// Which arithmetic an operand asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Integer,
    Decimal,
    Double,
}

fn rank(ty: &Type) -> Rank {
    match ty.kind {
        Kind::Integer { .. } | Kind::Year | Kind::Date | Kind::Time(0) | Kind::DateTime(0) => Rank::Integer,
        Kind::Decimal { .. } | Kind::Time(_) | Kind::DateTime(_) => Rank::Decimal,
        Kind::Binary if ty.is_hex_literal() => Rank::Integer,
        _ => Rank::Double,
    }
}

/// Precision and scale of an exact operand as DECIMAL; `None` when it computes as DOUBLE.
pub fn decimal_shape(ty: &Type) -> Option<(u8, u8)> {
    match ty.kind {
        Kind::Decimal { precision, scale } => Some((precision, scale)),
        Kind::Time(fsp) => Some((7 + fsp, fsp)),
        Kind::DateTime(fsp) => Some((14 + fsp, fsp)),
        Kind::Date => Some((8, 0)),
        Kind::Year => Some((4, 0)),
        Kind::Integer { unsigned: true, bytes: 8 } => Some((20, 0)),
        // One of the characters is the sign.
        Kind::Integer { unsigned: false, .. } => Some(((ty.length.clamp(2, 21) - 1) as u8, 0)),
        Kind::Integer { .. } => Some((ty.length.clamp(1, 20) as u8, 0)),
        Kind::Binary if ty.is_hex_literal() => Some((20, 0)),
        _ => None,
    }
}

/// Whether integer arithmetic on this operand is unsigned.
pub fn is_unsigned(ty: &Type) -> bool {
    matches!(ty.kind, Kind::Integer { unsigned: true, .. } | Kind::Year) || ty.is_hex_literal()
}

fn pair(left: &Type, right: &Type) -> Rank {
    rank(left).max(rank(right))
}

fn shapes(left: &Type, right: &Type) -> ((u8, u8), (u8, u8)) {
    (decimal_shape(left).unwrap_or((20, 0)), decimal_shape(right).unwrap_or((20, 0)))
}

fn integer(left: &Type, right: &Type) -> Type {
    if is_unsigned(left) || is_unsigned(right) { Type::unsigned() } else { Type::bigint() }
}

/// The type of `left op right` for `+`, `-` and `*`.
pub fn arithmetic(op: char, left: &Type, right: &Type) -> Type {
    let nullable = left.nullable || right.nullable;
    let ty = match pair(left, right) {
        Rank::Double => Type::double(),
        Rank::Integer => integer(left, right),
        Rank::Decimal => {
            let ((p1, s1), (p2, s2)) = shapes(left, right);
            if op == '*' {
                Type::decimal((p1 + p2).min(MAX_DIGITS), (s1 + s2).min(MAX_SCALE))
            } else {
                let scale = s1.max(s2);
                Type::decimal(((p1 - s1).max(p2 - s2) + scale + 1).min(MAX_DIGITS), scale)
            }
        }
    };
    ty.nullable(nullable)
}

/// The type of `left / right`: never an integer.
pub fn quotient(left: &Type, right: &Type) -> Type {
    if pair(left, right) == Rank::Double {
        return Type::double();
    }
    let ((p1, s1), (_, s2)) = shapes(left, right);
    let scale = (s1 + DIVISION_INCREMENT).min(MAX_SCALE);
    Type::decimal((p1 + s2 + DIVISION_INCREMENT).min(MAX_DIGITS).max(scale), scale)
}

/// The type of `left DIV right`.
pub fn integer_division(left: &Type, right: &Type) -> Type {
    integer(left, right).nullable(true)
}

/// The type of `left % right`: the sign and, for integers, the signedness are the left side's.
pub fn remainder(left: &Type, right: &Type) -> Type {
    match pair(left, right) {
        Rank::Double => Type::double(),
        Rank::Integer if is_unsigned(left) => Type::unsigned(),
        Rank::Integer => Type::bigint(),
        Rank::Decimal => {
            let ((p1, s1), (p2, s2)) = shapes(left, right);
            Type::decimal(p1.max(p2), s1.max(s2))
        }
    }
}
