//! Constructors of types, with the display lengths that MySQL reports.

use super::DOUBLE_LENGTH;
use crate::expression::{Coercibility, Kind, Type};
use dag::collation::Collation;

/// The collation of the connection, and so of literals and of numbers turned into text.
const CONNECTION: Collation = Collation::Utf8mb4_0900AiCi;

impl Type {
    fn plain(kind: Kind, length: u32) -> Type {
        Type {
            kind,
            nullable: true,
            length,
            collation: Collation::Binary,
            coercibility: Coercibility::Numeric,
            timestamp: false,
        }
    }

    /// The NULL literal.
    pub fn null() -> Type {
        Type { coercibility: Coercibility::Ignorable, ..Type::plain(Kind::Null, 0) }
    }

    /// BIGINT.
    pub fn bigint() -> Type {
        Type::plain(Kind::Integer { bytes: 8, unsigned: false }, 21)
    }

    /// BIGINT UNSIGNED.
    pub fn unsigned() -> Type {
        Type::plain(Kind::Integer { bytes: 8, unsigned: true }, 21)
    }

    /// A truth value: BIGINT of length 1.
    pub fn boolean() -> Type {
        Type::plain(Kind::Integer { bytes: 8, unsigned: false }, 1)
    }

    /// An integer result of at most `digits` digits and a sign. Only truth values have length 1.
    pub fn integer(digits: u32) -> Type {
        Type::plain(Kind::Integer { bytes: 8, unsigned: false }, digits + 1)
    }

    /// DECIMAL; the length counts the sign and the point.
    pub fn decimal(precision: u8, scale: u8) -> Type {
        let point = u32::from(scale > 0);
        Type::plain(Kind::Decimal { precision, scale }, u32::from(precision) + point + 1)
    }

    /// DOUBLE.
    pub fn double() -> Type {
        Type::plain(Kind::Double, DOUBLE_LENGTH)
    }

    /// FLOAT.
    pub fn float() -> Type {
        Type::plain(Kind::Float, 12)
    }

    /// Text of the connection's collation, at most `length` characters.
    pub fn text(length: u32) -> Type {
        Type { collation: CONNECTION, coercibility: Coercibility::Literal, ..Type::plain(Kind::Text, length) }
    }

    /// A system constant such as USER().
    pub fn system_text(length: u32) -> Type {
        Type { coercibility: Coercibility::System, ..Type::text(length) }
    }

    /// Bytes, at most `length`.
    pub fn binary(length: u32) -> Type {
        Type { coercibility: Coercibility::Implicit, ..Type::plain(Kind::Binary, length) }
    }

    /// DATE.
    pub fn date() -> Type {
        Type::plain(Kind::Date, 10)
    }

    /// TIME(fsp).
    pub fn time(fsp: u8) -> Type {
        Type::plain(Kind::Time(fsp), 10 + fraction_length(fsp))
    }

    /// DATETIME(fsp).
    pub fn datetime(fsp: u8) -> Type {
        Type::plain(Kind::DateTime(fsp), 19 + fraction_length(fsp))
    }

    /// YEAR.
    pub fn year() -> Type {
        Type::plain(Kind::Year, 4)
    }

    /// JSON; as text it compares as utf8mb4_bin.
    pub fn json() -> Type {
        Type {
            collation: Collation::Utf8mb4Bin,
            coercibility: Coercibility::Implicit,
            ..Type::plain(Kind::Json, super::MAX_LENGTH)
        }
    }

    /// The same type, nullable or not.
    pub fn nullable(mut self, nullable: bool) -> Type {
        self.nullable = nullable;
        self
    }

    /// Whether values of this type are numbers without conversion.
    pub fn is_numeric(&self) -> bool {
        matches!(self.kind, Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Float | Kind::Double | Kind::Year)
    }

    /// Whether values are dates, times or both.
    pub fn is_temporal(&self) -> bool {
        matches!(self.kind, Kind::Date | Kind::Time(_) | Kind::DateTime(_))
    }

    /// Whether values compare as text of a character set.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Enum(_) | Kind::Set(_))
    }

    /// Whether this is a hexadecimal or bit literal, which is a number where a number is wanted (manual, 11.1.4).
    pub fn is_hex_literal(&self) -> bool {
        self.kind == Kind::Binary && self.coercibility == Coercibility::Literal
    }

    /// Digits of the fraction of seconds, for temporal types and the text and numbers that become them.
    pub fn fsp(&self) -> u8 {
        match self.kind {
            Kind::Time(fsp) | Kind::DateTime(fsp) => fsp,
            Kind::Decimal { scale, .. } => scale.min(6),
            Kind::Text | Kind::Binary | Kind::Double | Kind::Float => 6,
            _ => 0,
        }
    }

    /// Characters of the value's text form.
    pub fn text_length(&self) -> u32 {
        match &self.kind {
            Kind::Binary | Kind::Text => self.length,
            Kind::Time(fsp) => 10 + fraction_length(*fsp),
            // The 0 before the point is not one of its digits.
            Kind::Decimal { precision, scale } if precision <= scale => self.length + 1,
            Kind::Float | Kind::Double => self.length.max(DOUBLE_TEXT),
            _ => self.length,
        }
    }
}

/// -0.0000000000000012345678901234567: below 1e-15 an exponent takes the zeros' place.
const DOUBLE_TEXT: u32 = 35;

fn fraction_length(fsp: u8) -> u32 {
    if fsp == 0 { 0 } else { u32::from(fsp) + 1 }
}
