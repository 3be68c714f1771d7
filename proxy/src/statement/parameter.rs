//! COM_STMT_EXECUTE's parameters: null bitmap, types, values. Total: any bytes give values or an error.

use crate::packet::cursor::{Cursor, Malformed};
use dag::collation::Collation;
use dag::decimal::Decimal;
use dag::temporal::{DAY_MICROS, Date, DateTime, MAX_TIME, Time};
use dag::value::Value;
use mysql_common::constants::ColumnType as Wire;
use sql::expression::{Coercibility, Kind, Type};
use std::collections::BTreeMap;

/// Why parameters cannot be bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unbindable {
    Malformed(Malformed),
    /// A number or temporal out of its range.
    Value(&'static str),
    /// A wire type that no client sends as a parameter.
    Type(u8),
}

impl From<Malformed> for Unbindable {
    fn from(malformed: Malformed) -> Self {
        Unbindable::Malformed(malformed)
    }
}

/// The wire type a client has bound to a parameter; it holds until the client binds anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    wire: Wire,
    unsigned: bool,
}

/// What is known before the packet is read.
pub(crate) struct Bound<'a> {
    pub count: usize,
    pub long_data: &'a BTreeMap<u16, Vec<u8>>,
}

impl Bound<'_> {
    /// Reads all values; `types` keeps what the client bound for executes that do not bind anew.
    pub fn read(&self, packet: &[u8], types: &mut Vec<Wanted>) -> Result<Vec<(Value, Type)>, Unbindable> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        let mut cursor = Cursor::new(packet);
        let nulls = cursor.bytes(self.count.div_ceil(8))?;
        if cursor.u8()? == 1 {
            *types = (0..self.count).map(|_| wanted(&mut cursor)).collect::<Result<_, _>>()?;
        }
        if types.len() != self.count {
            return Err(Malformed("no types were bound").into());
        }
        (0u16..)
            .zip(types.iter())
            .map(|(index, wanted)| {
                let at = usize::from(index);
                match self.long_data.get(&index) {
                    Some(data) => Ok(long(data, wanted.wire)),
                    None if nulls[at / 8] & 1 << (at % 8) != 0 => Ok((Value::Null, plain(Kind::Null, 0))),
                    None => value(&mut cursor, *wanted),
                }
            })
            .collect()
    }
}

fn wanted(cursor: &mut Cursor<'_>) -> Result<Wanted, Unbindable> {
    let [code, flags] = cursor.array()?;
    let wire = Wire::try_from(code).map_err(|_| Unbindable::Type(code))?;
    Ok(Wanted { wire, unsigned: flags & 0x80 != 0 })
}

fn plain(kind: Kind, length: u32) -> Type {
    let collation = Collation::Binary;
    Type { kind, nullable: true, length, collation, coercibility: Coercibility::Numeric, timestamp: false }
}

fn is_blob(wire: Wire) -> bool {
    use Wire::*;
    matches!(
        wire,
        MYSQL_TYPE_TINY_BLOB | MYSQL_TYPE_MEDIUM_BLOB | MYSQL_TYPE_LONG_BLOB | MYSQL_TYPE_BLOB | MYSQL_TYPE_BIT
    )
}

/// Long data and strings: text if the client said text and it is, bytes otherwise (drivers send bytes as VAR_STRING).
fn long(data: &[u8], wire: Wire) -> (Value, Type) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let literal = |kind, collation| Type { collation, coercibility: Coercibility::Literal, ..plain(kind, length) };
    match std::str::from_utf8(data) {
        Ok(text) if !is_blob(wire) => (Value::text(text), literal(Kind::Text, Collation::Utf8mb4_0900AiCi)),
        _ => (Value::bytes(data), literal(Kind::Binary, Collation::Binary)),
    }
}

fn value(cursor: &mut Cursor<'_>, wanted: Wanted) -> Result<(Value, Type), Unbindable> {
    use Wire::*;
    Ok(match wanted.wire {
        MYSQL_TYPE_NULL => (Value::Null, plain(Kind::Null, 0)),
        MYSQL_TYPE_TINY => integer(cursor.array::<1>()?, wanted),
        MYSQL_TYPE_SHORT | MYSQL_TYPE_YEAR => integer(cursor.array::<2>()?, wanted),
        MYSQL_TYPE_LONG | MYSQL_TYPE_INT24 => integer(cursor.array::<4>()?, wanted),
        MYSQL_TYPE_LONGLONG => integer(cursor.array::<8>()?, wanted),
        MYSQL_TYPE_FLOAT => (real(f32::from_le_bytes(cursor.array()?).into())?, plain(Kind::Float, 12)),
        MYSQL_TYPE_DOUBLE => (real(f64::from_le_bytes(cursor.array()?))?, plain(Kind::Double, 22)),
        MYSQL_TYPE_DECIMAL | MYSQL_TYPE_NEWDECIMAL => decimal(cursor.counted()?)?,
        MYSQL_TYPE_DATE | MYSQL_TYPE_NEWDATE => (Value::Date(date_time(cursor)?.date()), plain(Kind::Date, 10)),
        MYSQL_TYPE_DATETIME | MYSQL_TYPE_TIMESTAMP => {
            (Value::DateTime(date_time(cursor)?), plain(Kind::DateTime(6), 26))
        }
        MYSQL_TYPE_TIME => (Value::Time(time(cursor)?), plain(Kind::Time(6), 17)),
        MYSQL_TYPE_VARCHAR
        | MYSQL_TYPE_VAR_STRING
        | MYSQL_TYPE_STRING
        | MYSQL_TYPE_ENUM
        | MYSQL_TYPE_SET
        | MYSQL_TYPE_JSON => long(cursor.counted()?, wanted.wire),
        blob if is_blob(blob) => long(cursor.counted()?, blob),
        other => return Err(Unbindable::Type(other as u8)),
    })
}

/// Digits and sign of the widest integer of so many bytes.
fn digits(bytes: usize) -> u32 {
    [4, 6, 11, 20][bytes.trailing_zeros().min(3) as usize]
}

fn integer<const N: usize>(bytes: [u8; N], wanted: Wanted) -> (Value, Type) {
    let negative = !wanted.unsigned && bytes[N - 1] & 0x80 != 0;
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..N].copy_from_slice(&bytes);
    let kind = Kind::Integer { bytes: N as u8, unsigned: wanted.unsigned };
    let value =
        if wanted.unsigned { Value::UInt(u64::from_le_bytes(wide)) } else { Value::Int(i64::from_le_bytes(wide)) };
    (value, plain(kind, digits(N)))
}

fn real(value: f64) -> Result<Value, Unbindable> {
    // -0.0 has one form only (dag's contract).
    if value.is_finite() { Ok(Value::Double(value + 0.0)) } else { Err(Unbindable::Value("DOUBLE")) }
}

fn decimal(text: &[u8]) -> Result<(Value, Type), Unbindable> {
    let parsed = std::str::from_utf8(text).ok().and_then(Decimal::parse).ok_or(Unbindable::Value("DECIMAL"))?;
    let precision = parsed.digits().max(parsed.scale).max(1);
    let kind = Kind::Decimal { precision, scale: parsed.scale };
    Ok((Value::Decimal(parsed), plain(kind, u32::from(precision) + 2)))
}

fn seconds(cursor: &mut Cursor<'_>, what: &'static str) -> Result<u64, Unbindable> {
    let [hour, minute, second] = cursor.array()?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Unbindable::Value(what));
    }
    Ok(u64::from(hour) * 3600 + u64::from(minute) * 60 + u64::from(second))
}

fn fraction(cursor: &mut Cursor<'_>, what: &'static str) -> Result<u64, Unbindable> {
    let micros = cursor.u32()?;
    if micros > 999_999 { Err(Unbindable::Value(what)) } else { Ok(micros.into()) }
}

fn date_time(cursor: &mut Cursor<'_>) -> Result<DateTime, Unbindable> {
    const WHAT: &str = "DATETIME";
    let length = cursor.u8()?;
    if !matches!(length, 0 | 4 | 7 | 11) {
        return Err(Malformed("a date has an impossible length").into());
    }
    let mut date = Date::new(0, 0, 0);
    if length >= 4 {
        let year = cursor.u16()?;
        let [month, day] = cursor.array()?;
        if year > 9999 || month > 12 || day > 31 {
            return Err(Unbindable::Value(WHAT));
        }
        date = Date::new(year.into(), month.into(), day.into());
    }
    let seconds = if length >= 7 { seconds(cursor, WHAT)? } else { 0 };
    let micros = if length == 11 { fraction(cursor, WHAT)? } else { 0 };
    Ok(DateTime::new(date, seconds * 1_000_000 + micros))
}

fn time(cursor: &mut Cursor<'_>) -> Result<Time, Unbindable> {
    const WHAT: &str = "TIME";
    let length = cursor.u8()?;
    if length == 0 {
        return Ok(Time(0));
    }
    if !matches!(length, 8 | 12) {
        return Err(Malformed("a time has an impossible length").into());
    }
    let negative = cursor.u8()? != 0;
    let days = cursor.u32()?;
    let seconds = seconds(cursor, WHAT)?;
    let micros = if length == 12 { fraction(cursor, WHAT)? } else { 0 };
    let total = u64::from(days).saturating_mul(DAY_MICROS).saturating_add(seconds * 1_000_000 + micros);
    match i64::try_from(total) {
        Ok(total) if total <= MAX_TIME.0 => Ok(Time(if negative { -total } else { total })),
        _ => Err(Unbindable::Value(WHAT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(count: usize, packet: &[u8]) -> Result<Vec<Value>, Unbindable> {
        let long_data = BTreeMap::new();
        let read = Bound { count, long_data: &long_data }.read(packet, &mut Vec::new());
        Ok(read?.into_iter().map(|(value, _)| value).collect())
    }

    #[test]
    fn each_wire_type_gives_its_value() {
        let noon = DateTime::new(Date::new(2026, 11, 21), 43_200_000_000);
        let cases: [(&[u8], Value); 14] = [
            (&[1, 0, 0xfe], Value::Int(-2)),
            (&[1, 0x80, 0xfe], Value::UInt(254)),
            (&[2, 0, 0xff, 0xff], Value::Int(-1)),
            (&[3, 0x80, 0xff, 0xff, 0xff, 0xff], Value::UInt(u32::MAX.into())),
            (&[8, 0, 0, 0, 0, 0, 0, 0, 0, 0x80], Value::Int(i64::MIN)),
            (&[8, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Value::UInt(u64::MAX)),
            (&[5, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f], Value::Double(1.5)),
            (&[246, 0, 5, b'-', b'1', b'.', b'5', b'0'], Value::Decimal(Decimal::from_i128(-150, 2))),
            (&[253, 0, 2, b'h', b'i'], Value::text("hi")),
            (&[253, 0, 1, 0xff], Value::bytes(&[0xff][..])),
            (&[252, 0, 2, b'h', b'i'], Value::bytes(&b"hi"[..])),
            (&[12, 0, 7, 0xea, 7, 11, 21, 12, 0, 0], Value::DateTime(noon)),
            (&[10, 0, 4, 0xea, 7, 11, 21], Value::Date(noon.date())),
            (&[11, 0, 8, 1, 1, 0, 0, 0, 1, 0, 0], Value::Time(Time(-90_000_000_000))),
        ];
        for (bytes, expected) in cases {
            let packet = [&[0, 1][..], bytes].concat();
            assert_eq!(read(1, &packet), Ok(vec![expected]), "{bytes:?}");
            for end in 0..packet.len() {
                assert!(read(1, &packet[..end]).is_err(), "cut at {end}: {bytes:?}");
            }
        }
    }

    #[test]
    fn impossible_values_and_types_are_refused() {
        let cases: [&[u8]; 7] = [
            &[12, 0, 4, 0xff, 0xff, 1, 1],
            &[12, 0, 5, 0, 0, 0, 0, 0],
            &[11, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0],
            &[5, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
            &[246, 0, 3, b'a', b'b', b'c'],
            &[255, 0, 0],
            &[20, 0, 0],
        ];
        for bytes in cases {
            assert!(read(1, &[&[0, 1][..], bytes].concat()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn nulls_and_types_bound_before() {
        let (long_data, mut types) = (BTreeMap::new(), Vec::new());
        let bound = Bound { count: 2, long_data: &long_data };
        assert!(bound.read(&[0, 0, 1, 2], &mut types).is_err());
        let first = bound.read(&[0b10, 1, 1, 0, 1, 0, 7], &mut types).unwrap();
        assert_eq!((&first[0].0, &first[1].0), (&Value::Int(7), &Value::Null));
        let second = bound.read(&[0, 0, 8, 9], &mut types).unwrap();
        assert_eq!((&second[0].0, &second[1].0), (&Value::Int(8), &Value::Int(9)));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(count in 0usize..20, packet in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _any = read(count, &packet);
        }

        #[test]
        fn hostile_values_of_real_types_never_panic(
            kinds in proptest::collection::vec(prop_oneof![0u8..17, 242u8..=255], 1..8),
            values in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut packet = vec![0; kinds.len().div_ceil(8)];
            packet.push(1);
            kinds.iter().for_each(|kind| packet.extend([*kind, 0]));
            packet.extend(values);
            let _any = read(kinds.len(), &packet);
        }
    }
}
