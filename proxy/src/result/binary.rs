//! Rows of the binary protocol: a null bitmap, then each value in the form of its column's wire type.
//!
//! Promises: a row always matches its column definitions, even if a value is of another form than its type says (it is
//! converted, as MySQL's own fields do).

use super::text;
use crate::packet::outbound::Payload;
use dag::temporal::{DAY_MICROS, Date, DateTime, Time};
use dag::value::Value;
use sql::expression::Kind;
use sql::response::ColumnDefinition;

/// The null bitmap of a row begins at its third bit.
const BITMAP_OFFSET: usize = 2;

/// Writes one row.
pub(crate) fn row(p: &mut Payload<'_>, values: &[Value], columns: &[ColumnDefinition]) {
    p.u8(0);
    let bitmap = p.0.len();
    p.0.resize(bitmap + (columns.len() + BITMAP_OFFSET).div_ceil(8), 0);
    for (index, (value, column)) in values.iter().zip(columns).enumerate() {
        let kind = &column.ty.kind;
        if value.is_null() || *kind == Kind::Null {
            let bit = index + BITMAP_OFFSET;
            p.0[bitmap + bit / 8] |= 1 << (bit % 8);
        } else {
            cell(p, value, kind);
        }
    }
}

fn cell(p: &mut Payload<'_>, value: &Value, kind: &Kind) {
    match kind {
        Kind::Integer { bytes, .. } => {
            // INT24 travels as four bytes.
            let width = if *bytes == 3 { 4 } else { usize::from(*bytes).clamp(1, 8) };
            p.bytes(&integer(value).to_le_bytes()[..width]);
        }
        Kind::Year => p.u16(integer(value) as u16),
        Kind::Float => p.bytes(&(real(value) as f32).to_le_bytes()),
        Kind::Double => p.bytes(&real(value).to_le_bytes()),
        Kind::Date | Kind::DateTime(_) => match value {
            Value::DateTime(at) => date_time(p, *at),
            Value::Date(date) => date_time(p, DateTime::new(*date, 0)),
            _ => date_time(p, DateTime::new(Date::new(0, 0, 0), 0)),
        },
        Kind::Time(_) => time(p, if let Value::Time(time) = value { *time } else { Time(0) }),
        _ => counted(p, value, kind),
    }
}

fn counted(p: &mut Payload<'_>, value: &Value, kind: &Kind) {
    match value {
        Value::Text(text) | Value::Json(text) => p.counted(text.as_bytes()),
        Value::Bytes(bytes) => p.counted(bytes),
        short => p.counted_short(|out| text::print(out, short, kind)),
    }
}

/// The bits of an integer, of whichever sign.
fn integer(value: &Value) -> u64 {
    match value {
        Value::Int(value) => *value as u64,
        Value::UInt(value) => *value,
        Value::Decimal(value) => value.to_i64().map_or_else(|| value.to_u64().unwrap_or(u64::MAX), |v| v as u64),
        Value::Double(value) => *value as i64 as u64,
        other => real(other) as i64 as u64,
    }
}

fn real(value: &Value) -> f64 {
    match value {
        Value::Int(value) => *value as f64,
        Value::UInt(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Decimal(value) => value.to_f64(),
        Value::Text(text) => text.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// 0, 4, 7 or 11 bytes after the length, as much as is not zero.
fn date_time(p: &mut Payload<'_>, value: DateTime) {
    let (date, micros) = (value.date(), value.micros());
    let (seconds, fraction) = (micros / 1_000_000, (micros % 1_000_000) as u32);
    let length = match (date.0, seconds, fraction) {
        (0, 0, 0) => 0,
        (_, 0, 0) => 4,
        (_, _, 0) => 7,
        _ => 11,
    };
    p.u8(length);
    if length >= 4 {
        p.u16(date.year() as u16);
        p.bytes(&[date.month() as u8, date.day() as u8]);
    }
    if length >= 7 {
        p.bytes(&clock(seconds));
    }
    if length == 11 {
        p.u32(fraction);
    }
}

/// 0, 8 or 12 bytes after the length.
fn time(p: &mut Payload<'_>, value: Time) {
    let micros = value.0.unsigned_abs();
    let fraction = (micros % 1_000_000) as u32;
    let length = match (micros, fraction) {
        (0, _) => 0,
        (_, 0) => 8,
        _ => 12,
    };
    p.u8(length);
    if length > 0 {
        p.u8((value.0 < 0).into());
        p.u32((micros / DAY_MICROS) as u32);
        p.bytes(&clock(micros % DAY_MICROS / 1_000_000));
    }
    if length == 12 {
        p.u32(fraction);
    }
}

fn clock(seconds: u64) -> [u8; 3] {
    [(seconds / 3600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::definition::tests::column;
    use mysql_common::constants::ColumnType as Wire;
    use mysql_common::io::ParseBuf;
    use mysql_common::packets::Column;
    use mysql_common::proto::{Binary, MyDeserialize};
    use mysql_common::row::RowDeserializer;
    use mysql_common::value::{ServerSide, Value as Read};
    use std::sync::Arc;

    /// What a client library reads from a row of one value.
    fn read(value: Value, kind: Kind, wire: Wire) -> Read {
        let mut bytes = Vec::new();
        row(&mut Payload(&mut bytes), &[value], &[column(kind, 0)]);
        let columns: Arc<[Column]> = vec![Column::new(wire)].into();
        let row = RowDeserializer::<ServerSide, Binary>::deserialize(columns, &mut ParseBuf(&bytes)).unwrap();
        row.into_inner().unwrap().remove(0)
    }

    #[test]
    fn a_client_library_reads_every_type() {
        let at = DateTime::new(Date::new(2026, 11, 21), 4 * 3_600_000_000 + 5);
        let long = Kind::Integer { bytes: 3, unsigned: false };
        let cases = [
            (Value::Null, Kind::Double, Wire::MYSQL_TYPE_DOUBLE, Read::NULL),
            (Value::Int(-5), long, Wire::MYSQL_TYPE_INT24, Read::Int(-5)),
            (Value::Double(1.5), Kind::Double, Wire::MYSQL_TYPE_DOUBLE, Read::Double(1.5)),
            (Value::Double(1.5), Kind::Float, Wire::MYSQL_TYPE_FLOAT, Read::Float(1.5)),
            (Value::Int(2026), Kind::Year, Wire::MYSQL_TYPE_YEAR, Read::Int(2026)),
            (Value::text("x"), Kind::Text, Wire::MYSQL_TYPE_VAR_STRING, Read::Bytes(b"x".to_vec())),
            (Value::Int(12), Kind::Text, Wire::MYSQL_TYPE_VAR_STRING, Read::Bytes(b"12".to_vec())),
            (Value::DateTime(at), Kind::DateTime(6), Wire::MYSQL_TYPE_DATETIME, Read::Date(2026, 11, 21, 4, 0, 0, 5)),
            (Value::Date(at.date()), Kind::Date, Wire::MYSQL_TYPE_DATE, Read::Date(2026, 11, 21, 0, 0, 0, 0)),
            (
                Value::Time(Time(-90_000_000_000 - 1)),
                Kind::Time(6),
                Wire::MYSQL_TYPE_TIME,
                Read::Time(true, 1, 1, 0, 0, 1),
            ),
        ];
        for (value, kind, wire, expected) in cases {
            assert_eq!(read(value, kind, wire), expected);
        }
    }

    #[test]
    fn the_bitmap_reaches_past_a_byte() {
        let mut bytes = Vec::new();
        row(&mut Payload(&mut bytes), &vec![Value::Null; 7], &vec![column(Kind::Text, 0); 7]);
        assert_eq!(bytes, [0, 0b1111_1100, 0b1]);
    }
}
