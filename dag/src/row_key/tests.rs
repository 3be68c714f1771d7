//! Keys: golden bytes, and byte order against the order of values.

use super::*;
use crate::collation::Collation;
use crate::decimal::Decimal;
use crate::error::Error;
use crate::schema::fixture::{BIGINT, column, index, part, table};
use crate::schema::{ColumnType, IndexPart};
use crate::temporal::{Date, DateTime, Time};
use crate::value::Value;
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use std::cmp::Ordering;

fn key(kind: &ColumnType, collation: Collation, value: &Value) -> Vec<u8> {
    let part = KeyPart { kind, collation, nullable: true, prefix: None, descending: false };
    let mut out = Vec::new();
    encode_part(part, value, &mut out).expect("fits");
    out
}

fn decimal(text: &str) -> Value {
    Value::Decimal(Decimal::parse(text).expect(text))
}

fn labels(names: &[&str]) -> Arc<[Arc<str>]> {
    names.iter().map(|&n| n.into()).collect()
}

/// Values of every type that a key may have, each list in ascending order.
fn ascending() -> Vec<(ColumnType, Vec<Value>)> {
    let int = |bytes, unsigned| ColumnType::Integer { bytes, unsigned, display_width: None };
    let ints = |values: &[i64]| values.iter().map(|&v| Value::Int(v)).collect::<Vec<_>>();
    let texts = |values: &[&str]| values.iter().map(|&v| Value::text(v)).collect::<Vec<_>>();
    vec![
        (int(1, false), ints(&[-128, -1, 0, 1, 127])),
        (int(3, false), ints(&[-8_388_608, -256, -1, 0, 255, 256, 8_388_607])),
        (BIGINT, ints(&[i64::MIN, -1, 0, 1, i64::MAX])),
        (int(8, true), vec![Value::UInt(0), Value::Int(1), Value::UInt(u64::MAX)]),
        (
            ColumnType::Decimal { precision: 20, scale: 3, unsigned: false },
            ["-12345678901234567.891", "-1.001", "-1", "0", "0.001", "1", "99999999999999999.999"].map(decimal).into(),
        ),
        (ColumnType::Float { unsigned: false }, [-1.5, -0.5, 0.0, 0.25, 3e38f32.into()].map(Value::Double).into()),
        (ColumnType::Double { unsigned: false }, [f64::MIN, -0.1, 0.0, 5e-324, f64::MAX].map(Value::Double).into()),
        (ColumnType::Date, [0, Date::new(2024, 1, 31).0, Date::new(2024, 2, 1).0].map(|d| Value::Date(Date(d))).into()),
        (
            ColumnType::DateTime(6),
            [0, 1, DateTime::new(Date::new(1, 1, 1), 0).0].map(|d| Value::DateTime(DateTime(d))).into(),
        ),
        (ColumnType::Timestamp(6), [i64::MIN, -1, 0, i64::MAX].map(Value::Timestamp).into()),
        (ColumnType::Time(6), [-3_020_399_000_000, -1, 0, 1].map(|t| Value::Time(Time(t))).into()),
        (ColumnType::Year, ints(&[0, 1901, 2155])),
        (ColumnType::Enum(labels(&["z", "a"])), texts(&["", "z", "a"])),
        (ColumnType::Set(labels(&["z", "a"])), texts(&["", "z", "a", "z,a"])),
        (ColumnType::VarChar(99), texts(&["", "\u{9}", "a", "b", "é!"])),
        (
            ColumnType::VarBinary(99),
            [&[][..], &[0], &[0, 0], &[0, 1], &[0, 255], &[1], &[255]].map(Value::bytes).into(),
        ),
        (ColumnType::Binary(2), [&[0][..], &[0, 1], &[1]].map(Value::bytes).into()),
    ]
}

#[test]
fn byte_order_is_the_order_of_values_and_descending_is_its_inverse() {
    for (kind, values) in ascending() {
        let values: Vec<Value> = std::iter::once(Value::Null).chain(values).collect();
        for descending in [false, true] {
            let encode = |value: &Value| {
                let part =
                    KeyPart { kind: &kind, collation: Collation::Utf8mb4Bin, nullable: true, prefix: None, descending };
                let mut out = Vec::new();
                encode_part(part, value, &mut out).expect("fits");
                out.push(7);
                out
            };
            for pair in values.windows(2) {
                // "\t" is below "" under PAD SPACE.
                let padded = pair[0] == Value::text("") && pair[1] == Value::text("\u{9}");
                let expected = if descending != padded { Ordering::Greater } else { Ordering::Less };
                assert_eq!(encode(&pair[0]).cmp(&encode(&pair[1])), expected, "{pair:?} {kind:?} {descending}");
            }
        }
    }
}

#[test]
fn golden_keys() {
    let text = ColumnType::VarChar(99);
    let dec = ColumnType::Decimal { precision: 5, scale: 2, unsigned: false };
    for (kind, collation, value, bytes) in [
        (&BIGINT, Collation::Binary, Value::Int(-2), "017ffffffffffffffe"),
        (&BIGINT, Collation::Binary, Value::Null, "00"),
        (&dec, Collation::Binary, decimal("-1.5"), "017fff6a"),
        (&ColumnType::Double { unsigned: false }, Collation::Binary, Value::Double(-1.5), "014007ffffffffffff"),
        (&ColumnType::Float { unsigned: false }, Collation::Binary, Value::Double(1.5), "01bfc00000"),
        (&text, Collation::Utf8mb4Bin, Value::text("a b"), "01612003622002"),
        (&text, Collation::Utf8mb4GeneralCi, Value::text("É "), "01452002"),
        (&text, Collation::Utf8mb4_0900AiCi, Value::text("aß"), "011c471e711e710000"),
        (&ColumnType::VarBinary(9), Collation::Binary, Value::bytes([0u8, 1].as_slice()), "0100ff010000"),
        (&ColumnType::Date, Collation::Binary, Value::Date(Date::new(2024, 2, 29)), "01000fd05d"),
        (&ColumnType::Time(0), Collation::Binary, Value::Time(Time(-1)), "017fffffffffffffff"),
    ] {
        assert_eq!(HEXLOWER.encode(&key(kind, collation, &value)), bytes, "{value:?}");
    }
}

#[test]
fn a_single_bigint_is_eight_bytes_and_entries_carry_the_primary_key_where_they_must() {
    let table = table(vec![column(0, BIGINT, false), column(1, BIGINT, true)]);
    let unique = index(1, true, vec![part(1)]);
    let plain = index(2, false, vec![part(1)]);
    let primary = table.primary_key_of(&[Value::Int(1), Value::Int(5)]).expect("a key");
    assert_eq!(HEXLOWER.encode(&primary.0), "8000000000000001");
    for (index, value, expected, is_unique) in [
        (&unique, Value::Int(5), "018000000000000005", true),
        (&unique, Value::Null, "008000000000000001", false),
        (&plain, Value::Int(5), "0180000000000000058000000000000001", false),
    ] {
        let (entry, checked) = index.entry_key(&table, &[Value::Int(1), value], &primary).expect("an entry");
        assert_eq!((HEXLOWER.encode(&entry.0).as_str(), checked), (expected, is_unique));
    }
    assert_eq!(HEXLOWER.encode(&plain.seek_key(&table, &[Value::Int(5)]).expect("a seek")), "018000000000000005");
}

#[test]
fn a_prefix_part_sees_only_its_characters() {
    let table = table(vec![column(0, BIGINT, false), column(1, ColumnType::VarChar(9), false)]);
    let short = index(1, true, vec![IndexPart { prefix: Some(2), ..part(1) }]);
    let entry =
        |text: &str| short.entry_key(&table, &[Value::Int(1), Value::text(text)], &Key::from(vec![])).expect("fits");
    assert_eq!(entry("éa1"), entry("EAb"));
    assert_ne!(entry("ab1"), entry("ac1"));
}

#[test]
fn what_makes_no_key_is_refused() {
    let mut table = table(vec![column(0, ColumnType::Text(65_535), false), column(1, ColumnType::Json, true)]);
    let json = index(1, false, vec![part(1)]);
    let long = Value::text("x".repeat(2000));
    assert!(matches!(table.primary_key_of(&[long, Value::Null]), Err(Error::KeyTooLong(4002))));
    assert!(matches!(table.primary_key_of(&[Value::Null, Value::Null]), Err(Error::Value { column: 0, .. })));
    let row = [Value::text("a"), Value::Json("1".into())];
    assert!(json.entry_key(&table, &row, &Key::from(vec![])).is_err());
    table.primary = None;
    assert!(matches!(table.primary_key_of(&row), Err(Error::HiddenKey)));
    // Bytes are keys as they are, and a terminator of two.
    let table = crate::schema::fixture::table(vec![column(0, ColumnType::VarBinary(9_999), false)]);
    let key = |bytes: usize| table.primary_key_of(&[Value::bytes(vec![7; bytes - 2])]).map(|key| key.0.len());
    assert_eq!(key(MAX_KEY).expect("at the limit"), MAX_KEY);
    assert!(matches!(key(MAX_KEY + 1), Err(Error::KeyTooLong(3073))));
}

#[test]
fn the_key_after_a_prefix_is_greater_than_all_that_begin_with_it() {
    assert_eq!(Key::after_prefix(&[1, 2]), Some(Key::from(vec![1, 3])));
    assert_eq!(Key::after_prefix(&[1, 255]), Some(Key::from(vec![2])));
    assert_eq!(Key::after_prefix(&[255, 255]), None);
}

proptest! {
    #[test]
    fn random_numbers_order_as_their_keys(a in any::<i64>(), b in any::<i64>(), x in -1e300f64..1e300, y in -1e300f64..1e300) {
        let dec = ColumnType::Decimal { precision: 25, scale: 4, unsigned: false };
        let double = ColumnType::Double { unsigned: false };
        for (kind, first, second, order) in [
            (&BIGINT, Value::Int(a), Value::Int(b), a.cmp(&b)),
            (&ColumnType::Timestamp(6), Value::Timestamp(a), Value::Timestamp(b), a.cmp(&b)),
            (&dec, Value::Decimal(Decimal::from_i128(a.into(), 4)), Value::Decimal(Decimal::from_i128(b.into(), 4)), a.cmp(&b)),
            (&double, Value::Double(x), Value::Double(y), x.total_cmp(&y)),
        ] {
            prop_assert_eq!(key(kind, Collation::Binary, &first).cmp(&key(kind, Collation::Binary, &second)), order);
        }
    }
}
