//! What columns do to values, strict and not: the answers are MySQL 8.0's (MariaDB 10.11 agrees unless a line says so).

use super::store;
use crate::evaluate::{Detached, natural_type};
use crate::expression::Type;
use crate::render;
use crate::types;
use dag::collation::Collation;
use dag::id::EntityId;
use dag::schema::{Column, ColumnType};
use dag::value::Value;

fn column(kind: ColumnType) -> Column {
    Column {
        id: EntityId([0; 32]),
        name: "c".into(),
        kind,
        collation: Collation::Utf8mb4_0900AiCi,
        nullable: false,
        default: None,
        on_update: None,
        auto_increment: false,
        missing: Value::Null,
        comment: "".into(),
        policy: None,
    }
}

/// The stored text, or the error's code; after a slash the code of the warning, if there was one.
fn stored(value: &Value, kind: &ColumnType, strict: bool) -> String {
    let column = column(kind.clone());
    let mut context = Detached::default();
    context.facts.sql_mode.strict = strict;
    let from: Type = natural_type(value);
    let shown = match store(value, &from, &column, &mut context, strict) {
        Ok(stored) => render::text(&stored, &types::of_column(&column)).map_or("NULL".to_owned(), |t| t.into_owned()),
        Err(error) => return format!("E{}", error.code),
    };
    context.warnings.first().map_or(shown.clone(), |(code, _)| format!("{shown}/{code}"))
}

fn labels() -> std::sync::Arc<[std::sync::Arc<str>]> {
    ["red", "Green", "blue"].map(std::sync::Arc::from).into()
}

#[test]
fn values_are_stored_refused_or_clipped() {
    let int = |bytes, unsigned| ColumnType::Integer { bytes, unsigned, display_width: None };
    let decimal = ColumnType::Decimal { precision: 5, scale: 2, unsigned: false };
    let text = |t: &str| Value::text(t);
    for (value, kind, strict, lenient) in [
        (Value::Int(127), int(1, false), "127", "127"),
        (Value::Int(128), int(1, false), "E1264", "127/1264"),
        (Value::Int(-1), int(4, true), "E1264", "0/1264"),
        (Value::UInt(u64::MAX), int(8, true), "18446744073709551615", "18446744073709551615"),
        (Value::UInt(u64::MAX), int(8, false), "E1264", "9223372036854775807/1264"),
        (text("12"), int(4, false), "12", "12"),
        (text("12.7"), int(4, false), "13", "13"),
        (text("12abc"), int(4, false), "E1265", "12/1265"),
        (text("abc"), int(4, false), "E1366", "0/1366"),
        (text(""), int(4, false), "E1366", "0/1366"),
        (Value::Double(2.5), int(4, false), "2", "2"),
        (Value::Null, int(4, false), "E1048", "0/1048"),
        (text("1.005"), decimal.clone(), "1.01/1265", "1.01/1265"),
        (text("1000"), decimal.clone(), "E1264", "999.99/1264"),
        (Value::Int(-1000), decimal.clone(), "E1264", "-999.99/1264"),
        (text("x"), decimal, "E1366", "0.00/1366"),
        (text("1e400"), ColumnType::Double { unsigned: false }, "E1264", "1.7976931348623157e308/1264"),
        (text("0.1"), ColumnType::Float { unsigned: false }, "0.1", "0.1"),
        (Value::Double(-1.0), ColumnType::Double { unsigned: true }, "E1264", "0/1264"),
        (text("abc"), ColumnType::VarChar(3), "abc", "abc"),
        (text("abcd"), ColumnType::VarChar(3), "E1406", "abc/1265"),
        (text("abc  "), ColumnType::VarChar(3), "abc/1265", "abc/1265"),
        (text("ab   "), ColumnType::Char(3), "ab", "ab"),
        (text("ééé"), ColumnType::VarChar(3), "ééé", "ééé"),
        (Value::Int(1234), ColumnType::VarChar(3), "E1406", "123/1265"),
        (Value::bytes(&[0xff][..]), ColumnType::VarChar(3), "E1366", "/1366"),
        (text("ab"), ColumnType::Binary(3), "ab\0", "ab\0"),
        (text("abcd"), ColumnType::VarBinary(3), "E1406", "abc/1265"),
        (text("2024-01-15"), ColumnType::Date, "2024-01-15", "2024-01-15"),
        (text("2024-02-30"), ColumnType::Date, "E1292", "0000-00-00/1292"),
        (text("0000-00-00"), ColumnType::Date, "E1292", "0000-00-00/1292"),
        (text("x"), ColumnType::DateTime(0), "E1292", "0000-00-00 00:00:00/1292"),
        (Value::Int(20240115), ColumnType::Date, "2024-01-15", "2024-01-15"),
        (text("2024-01-15 10:20:30.6"), ColumnType::DateTime(0), "2024-01-15 10:20:31", "2024-01-15 10:20:31"),
        (text("2039-01-01"), ColumnType::Timestamp(0), "E1292", "1970-01-01 00:00:00/1292"),
        (text("900:00:00"), ColumnType::Time(0), "E1292", "838:59:59/1264"),
        (text("10:11"), ColumnType::Time(0), "10:11:00", "10:11:00"),
        (Value::Int(24), ColumnType::Year, "2024", "2024"),
        (Value::Int(1900), ColumnType::Year, "E1264", "0000/1264"),
        (text("GREEN"), ColumnType::Enum(labels()), "Green", "Green"),
        (Value::Int(1), ColumnType::Enum(labels()), "red", "red"),
        (text("pink"), ColumnType::Enum(labels()), "E1265", "/1265"),
        (text("blue,red"), ColumnType::Set(labels()), "red,blue", "red,blue"),
        (text("blue,pink"), ColumnType::Set(labels()), "E1265", "blue/1265"),
        (Value::Int(3), ColumnType::Set(labels()), "red,Green", "red,Green"),
        (text("{\"b\":1,\"a\":2}"), ColumnType::Json, "{\"a\": 2, \"b\": 1}", "{\"a\": 2, \"b\": 1}"),
        (text("{b}"), ColumnType::Json, "E3140", "E3140"),
    ] {
        assert_eq!(stored(&value, &kind, true), strict, "{value:?} into {kind:?}, strict");
        assert_eq!(stored(&value, &kind, false), lenient, "{value:?} into {kind:?}, not strict");
    }
}
