//! The type that an expression naming a column has.

use crate::expression::{Coercibility, Kind, Type};
use dag::schema::{Column, ColumnType};

/// The type of a column of a table.
pub fn of_column(column: &Column) -> Type {
    let mut ty = of_kind(&column.kind);
    ty.nullable = column.nullable;
    ty.coercibility = Coercibility::Implicit;
    if ty.is_text() {
        ty.collation = column.collation;
    }
    ty
}

/// The type of values of a column type; nullable, of the default collation.
pub fn of_kind(kind: &ColumnType) -> Type {
    match kind {
        ColumnType::Integer { bytes, unsigned, display_width } => integer(*bytes, *unsigned, *display_width),
        ColumnType::Decimal { precision, scale, .. } => Type::decimal(*precision, *scale),
        ColumnType::Float { .. } => Type::float(),
        ColumnType::Double { .. } => Type { length: 22, ..Type::double() },
        ColumnType::Char(length) | ColumnType::VarChar(length) | ColumnType::Text(length) => Type::text(*length),
        ColumnType::Binary(length) | ColumnType::VarBinary(length) | ColumnType::Blob(length) => Type::binary(*length),
        ColumnType::Date => Type::date(),
        ColumnType::Time(fsp) => Type::time(*fsp),
        ColumnType::DateTime(fsp) => Type::datetime(*fsp),
        ColumnType::Timestamp(fsp) => Type { timestamp: true, ..Type::datetime(*fsp) },
        ColumnType::Year => Type::year(),
        ColumnType::Enum(labels) => {
            let longest = labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
            Type { kind: Kind::Enum(labels.clone()), ..Type::text(longest as u32) }
        }
        ColumnType::Set(labels) => {
            let letters: usize = labels.iter().map(|l| l.chars().count() + 1).sum();
            Type { kind: Kind::Set(labels.clone()), ..Type::text(letters.saturating_sub(1) as u32) }
        }
        ColumnType::Json => Type::json(),
    }
}

/// Display widths of MySQL 8.0 without ZEROFILL: digits of the widest value, and the sign.
fn integer(bytes: u8, unsigned: bool, width: Option<u8>) -> Type {
    let length = match (bytes, unsigned) {
        (1, false) => 4,
        (1, true) => 3,
        (2, false) => 6,
        (2, true) => 5,
        (3, false) => 9,
        (3, true) => 8,
        (4, false) => 11,
        (4, true) => 10,
        _ => 20,
    };
    let length = width.map_or(length, u32::from);
    Type { kind: Kind::Integer { bytes, unsigned }, length, ..Type::bigint() }
}
