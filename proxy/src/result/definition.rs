//! Column definitions: what a driver decides its own types by.

use crate::handshake::UTF8MB4;
use crate::packet::outbound::Payload;
use dag::collation::Collation;
use mysql_common::constants::{ColumnFlags as Flags, ColumnType as Wire};
use sql::expression::{Kind, Type};
use sql::response::ColumnDefinition;

/// Collation id of everything that is not text.
const BINARY: u16 = 63;
/// "As many decimals as it has": doubles and computed strings.
const NOT_FIXED: u8 = 31;
/// Greatest length of a utf8mb4 character.
const BYTES_A_CHARACTER: u32 = 4;

/// The wire type of a column.
pub(crate) fn wire_type(column: &ColumnDefinition) -> Wire {
    match &column.ty.kind {
        Kind::Null => Wire::MYSQL_TYPE_NULL,
        Kind::Integer { bytes, .. } => match bytes {
            1 => Wire::MYSQL_TYPE_TINY,
            2 => Wire::MYSQL_TYPE_SHORT,
            3 => Wire::MYSQL_TYPE_INT24,
            4 => Wire::MYSQL_TYPE_LONG,
            _ => Wire::MYSQL_TYPE_LONGLONG,
        },
        Kind::Decimal { .. } => Wire::MYSQL_TYPE_NEWDECIMAL,
        Kind::Float => Wire::MYSQL_TYPE_FLOAT,
        Kind::Double => Wire::MYSQL_TYPE_DOUBLE,
        Kind::Text | Kind::Binary if column.flags.blob => Wire::MYSQL_TYPE_BLOB,
        Kind::Text | Kind::Binary if column.flags.fixed_length => Wire::MYSQL_TYPE_STRING,
        Kind::Text | Kind::Binary => Wire::MYSQL_TYPE_VAR_STRING,
        Kind::Date => Wire::MYSQL_TYPE_DATE,
        Kind::Time(_) => Wire::MYSQL_TYPE_TIME,
        Kind::DateTime(_) if column.ty.timestamp => Wire::MYSQL_TYPE_TIMESTAMP,
        Kind::DateTime(_) => Wire::MYSQL_TYPE_DATETIME,
        Kind::Year => Wire::MYSQL_TYPE_YEAR,
        Kind::Enum(_) | Kind::Set(_) => Wire::MYSQL_TYPE_STRING,
        Kind::Json => Wire::MYSQL_TYPE_JSON,
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty.kind, Kind::Text | Kind::Enum(_) | Kind::Set(_)) && ty.collation != Collation::Binary
}

/// Display length in bytes.
fn length(ty: &Type) -> u32 {
    let after_point = |fsp: u8| if fsp > 0 { u32::from(fsp) + 1 } else { 0 };
    match ty.kind {
        Kind::Date => 10,
        Kind::Time(fsp) => 10 + after_point(fsp),
        Kind::DateTime(fsp) => 19 + after_point(fsp),
        Kind::Year => 4,
        Kind::Json => u32::MAX,
        _ if is_text(ty) => ty.length.saturating_mul(BYTES_A_CHARACTER),
        _ => ty.length,
    }
}

fn decimals(column: &ColumnDefinition) -> u8 {
    match column.ty.kind {
        Kind::Float | Kind::Double => NOT_FIXED,
        Kind::Decimal { scale, .. } => scale,
        Kind::Time(fsp) | Kind::DateTime(fsp) => fsp,
        Kind::Text if column.org_table.is_empty() => NOT_FIXED,
        _ => 0,
    }
}

/// The flags of a column.
fn flags(column: &ColumnDefinition) -> Flags {
    let ty = &column.ty;
    let known = column.flags;
    let unsigned = matches!(ty.kind, Kind::Integer { unsigned: true, .. } | Kind::Year);
    let year = ty.kind == Kind::Year;
    let blob = known.blob && matches!(ty.kind, Kind::Text | Kind::Binary) || ty.kind == Kind::Json;
    let on_update = known.on_update_now;
    [
        (!ty.nullable, Flags::NOT_NULL_FLAG),
        (known.primary_key, Flags::PRI_KEY_FLAG),
        (known.unique_key, Flags::UNIQUE_KEY_FLAG),
        (known.multiple_key, Flags::MULTIPLE_KEY_FLAG),
        (blob, Flags::BLOB_FLAG),
        (unsigned, Flags::UNSIGNED_FLAG),
        (year, Flags::ZEROFILL_FLAG),
        (!is_text(ty) || ty.collation == Collation::Utf8mb4Bin, Flags::BINARY_FLAG),
        (matches!(ty.kind, Kind::Enum(_)), Flags::ENUM_FLAG),
        (matches!(ty.kind, Kind::Set(_)), Flags::SET_FLAG),
        (known.auto_increment, Flags::AUTO_INCREMENT_FLAG),
        (ty.timestamp && on_update, Flags::TIMESTAMP_FLAG),
        (known.no_default, Flags::NO_DEFAULT_VALUE_FLAG),
        (on_update, Flags::ON_UPDATE_NOW_FLAG),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(Flags::empty(), |all, (_, flag)| all | flag)
}

/// Writes a definition. `default` is COM_FIELD_LIST's extra field, which is always NULL here.
pub(crate) fn write(p: &mut Payload<'_>, column: &ColumnDefinition, with_default: bool) {
    p.counted(b"def");
    for name in [&column.schema, &column.table, &column.org_table, &column.name, &column.org_name] {
        p.counted(name.as_bytes());
    }
    p.u8(0x0c);
    p.u16(if is_text(&column.ty) { UTF8MB4.into() } else { BINARY });
    p.u32(length(&column.ty));
    p.u8(wire_type(column) as u8);
    p.u16(flags(column).bits());
    p.u8(decimals(column));
    p.u16(0);
    if with_default {
        p.u8(0xfb);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use mysql_common::io::ParseBuf;
    use mysql_common::packets::Column;
    use mysql_common::proto::MyDeserialize;
    use sql::expression::Coercibility;
    use sql::response::ColumnFlags;

    pub fn column(kind: Kind, length: u32) -> ColumnDefinition {
        let collation = if kind == Kind::Text { Collation::Utf8mb4_0900AiCi } else { Collation::Binary };
        let coercibility = Coercibility::Implicit;
        let ty = Type { kind, nullable: true, length, collation, coercibility, timestamp: false };
        let [schema, table, org_table, name, org_name] = ["shop", "o", "orders", "n", "number"].map(Into::into);
        ColumnDefinition { schema, table, org_table, name, org_name, ty, flags: ColumnFlags::default() }
    }

    #[test]
    fn a_client_library_reads_what_is_written() {
        let mut written = column(Kind::Integer { bytes: 4, unsigned: true }, 10);
        written.ty.nullable = false;
        written.flags = ColumnFlags { primary_key: true, auto_increment: true, ..ColumnFlags::default() };
        let mut bytes = Vec::new();
        write(&mut Payload(&mut bytes), &written, false);
        let read = Column::deserialize((), &mut ParseBuf(&bytes)).unwrap();
        assert_eq!(
            (read.schema_str(), read.table_str(), read.org_table_str()),
            ("shop".into(), "o".into(), "orders".into())
        );
        assert_eq!((read.name_str(), read.org_name_str()), ("n".into(), "number".into()));
        assert_eq!((read.column_type(), read.column_length(), read.character_set()), (Wire::MYSQL_TYPE_LONG, 10, 63));
        let expected = Flags::NOT_NULL_FLAG | Flags::PRI_KEY_FLAG | Flags::UNSIGNED_FLAG;
        assert_eq!(read.flags(), expected | Flags::BINARY_FLAG | Flags::AUTO_INCREMENT_FLAG);
    }

    #[test]
    fn type_length_decimals_and_flags_by_kind() {
        let cases = [
            (Kind::Null, 0, Wire::MYSQL_TYPE_NULL, 0, 0),
            (Kind::Integer { bytes: 1, unsigned: false }, 4, Wire::MYSQL_TYPE_TINY, 4, 0),
            (Kind::Decimal { precision: 10, scale: 2 }, 12, Wire::MYSQL_TYPE_NEWDECIMAL, 12, 2),
            (Kind::Double, 22, Wire::MYSQL_TYPE_DOUBLE, 22, 31),
            (Kind::Text, 20, Wire::MYSQL_TYPE_VAR_STRING, 80, 0),
            (Kind::Text, u32::MAX, Wire::MYSQL_TYPE_VAR_STRING, u32::MAX, 0),
            (Kind::Binary, 20, Wire::MYSQL_TYPE_VAR_STRING, 20, 0),
            (Kind::Date, 10, Wire::MYSQL_TYPE_DATE, 10, 0),
            (Kind::DateTime(6), 26, Wire::MYSQL_TYPE_DATETIME, 26, 6),
            (Kind::Time(3), 14, Wire::MYSQL_TYPE_TIME, 14, 3),
            (Kind::Json, 0, Wire::MYSQL_TYPE_JSON, u32::MAX, 0),
        ];
        for (kind, given, wire, bytes, places) in cases {
            let column = column(kind, given);
            assert_eq!(
                (wire_type(&column), length(&column.ty), decimals(&column)),
                (wire, bytes, places),
                "{column:?}"
            );
        }
    }

    #[test]
    fn text_and_blob_differ_by_their_character_set_only() {
        for (kind, character_set) in [(Kind::Text, 255), (Kind::Binary, 63)] {
            let mut column = column(kind, 100);
            column.flags.blob = true;
            let mut bytes = Vec::new();
            write(&mut Payload(&mut bytes), &column, false);
            let read = Column::deserialize((), &mut ParseBuf(&bytes)).unwrap();
            assert_eq!((read.column_type(), read.character_set()), (Wire::MYSQL_TYPE_BLOB, character_set));
            assert_eq!(read.flags().contains(Flags::BINARY_FLAG), character_set == 63);
        }
    }
}
