//! Rows: golden bytes, round trips, hostile bytes.

use super::*;
use crate::id::EntityId;
use crate::schema::ColumnType::{self, *};
use crate::temporal::{Date as Day, DateTime as Moment, Time as Span};
use data_encoding::HEXLOWER;
use proptest::prelude::*;

fn layout(kinds: &[ColumnType]) -> Layout {
    Layout::new(kinds.iter().enumerate().map(|(i, kind)| (EntityId([i as u8; 32]), kind.clone())).collect())
}

fn labels(names: &[&str]) -> Arc<[Arc<str>]> {
    names.iter().map(|&n| n.into()).collect()
}

fn decimal(text: &str) -> Value {
    Value::Decimal(crate::decimal::Decimal::parse(text).expect(text))
}

fn int(bytes: u8, unsigned: bool) -> ColumnType {
    Integer { bytes, unsigned, display_width: None }
}

/// Every type with its least, greatest and a plain value.
fn every_type() -> Vec<(ColumnType, Vec<Value>)> {
    let dec = Decimal { precision: 5, scale: 2, unsigned: false };
    vec![
        (int(1, false), vec![Value::Int(-128), Value::Int(127)]),
        (int(3, false), vec![Value::Int(-8_388_608), Value::Int(8_388_607)]),
        (int(8, false), vec![Value::Int(i64::MIN), Value::Int(i64::MAX)]),
        (int(4, true), vec![Value::UInt(0), Value::UInt(u32::MAX.into())]),
        (int(8, true), vec![Value::UInt(u64::MAX)]),
        (dec, vec![decimal("-999.99"), decimal("0.01")]),
        (
            Decimal { precision: 65, scale: 30, unsigned: false },
            vec![decimal(&format!("-{}.{}", "9".repeat(35), "9".repeat(30)))],
        ),
        (Float { unsigned: false }, vec![Value::Double(-1.5), Value::Double(f32::MAX.into())]),
        (Double { unsigned: false }, vec![Value::Double(0.1), Value::Double(f64::MIN)]),
        (Char(3), vec![Value::text("äöü"), Value::text("")]),
        (VarChar(3), vec![Value::text("a  ")]),
        (Text(255), vec![Value::text("x".repeat(255))]),
        (Binary(2), vec![Value::bytes([1u8, 0].as_slice())]),
        (VarBinary(2), vec![Value::bytes([0u8].as_slice())]),
        (Blob(65_535), vec![Value::bytes(vec![7u8; 65_535])]),
        (Date, vec![Value::Date(Day(0)), Value::Date(Day::new(9999, 12, 31))]),
        (Time(6), vec![Value::Time(Span(-3_020_399_000_000))]),
        (DateTime(6), vec![Value::DateTime(Moment::new(Day::new(2024, 0, 0), 1))]),
        (Timestamp(0), vec![Value::Timestamp(-1)]),
        (Year, vec![Value::Int(0), Value::Int(2155)]),
        (Enum(labels(&["a", "b"])), vec![Value::text("b"), Value::text("")]),
        (Set(labels(&["a", "b", "c"])), vec![Value::text("a,c"), Value::text("")]),
        (Json, vec![Value::Json("[1, 2]".into())]),
    ]
}

#[test]
fn every_type_reads_back_whole_and_cell_by_cell() {
    for (kind, values) in every_type() {
        for value in values.into_iter().chain([Value::Null]) {
            let layout = layout(&[int(2, false), kind.clone(), VarChar(9)]);
            let row = vec![Value::Int(-2), value, Value::text("end")];
            let encoded = Row::encode(&layout, &row).expect("fits");
            assert_eq!(encoded.decode(&layout).expect("decodes"), row);
            for (position, value) in row.iter().enumerate() {
                assert_eq!(encoded.cell(&layout, position).expect("reads"), *value, "{kind:?}");
            }
        }
    }
}

#[test]
fn golden_row() {
    let layout =
        layout(&[int(4, false), VarChar(10), Date, Text(255), Decimal { precision: 4, scale: 2, unsigned: false }]);
    let values = [Value::Int(-2), Value::text("ab"), Value::Null, Value::text("é"), decimal("-1.5")];
    let row = Row::encode(&layout, &values).expect("fits");
    assert_eq!(
        HEXLOWER.encode(&row.0),
        concat!("d71ea98be39a02ab", "04", "feffffff", "00000000", "6aff", "0200", "0400", "6162", "c3a9")
    );
}

#[test]
fn what_a_type_cannot_hold_is_refused() {
    for (kind, value) in [
        (int(1, false), Value::Int(128)),
        (int(1, true), Value::Int(-1)),
        (int(4, false), Value::text("1")),
        (Decimal { precision: 3, scale: 1, unsigned: false }, decimal("100")),
        (Decimal { precision: 3, scale: 1, unsigned: false }, decimal("0.05")),
        (Decimal { precision: 3, scale: 1, unsigned: true }, decimal("-0.1")),
        (Float { unsigned: false }, Value::Double(0.1)),
        (Double { unsigned: false }, Value::Double(f64::NAN)),
        (VarChar(2), Value::text("äöü")),
        (Text(255), Value::text("é".repeat(128))),
        (Binary(1), Value::bytes([1u8, 2].as_slice())),
        (Date, Value::Date(Day(u32::MAX))),
        (Time(0), Value::Time(Span(i64::MIN))),
        (Year, Value::Int(1900)),
        (Enum(labels(&["a"])), Value::text("c")),
        (Set(labels(&["a", "b"])), Value::text("b,a")),
        (Json, Value::text("{}")),
    ] {
        assert!(Row::encode(&layout(std::slice::from_ref(&kind)), &[value]).is_err(), "{kind:?}");
    }
}

#[test]
fn char_loses_its_trailing_spaces_and_binary_is_padded() {
    let layout = layout(&[Char(5), Binary(3)]);
    let row = Row::encode(&layout, &[Value::text("a  "), Value::bytes([1u8].as_slice())]).expect("fits");
    assert_eq!(row.decode(&layout).expect("decodes"), [Value::text("a"), Value::bytes([1u8, 0, 0].as_slice())]);
}

#[test]
fn long_rows_have_wide_offsets() {
    let layout = layout(&[Text(u32::MAX), Text(u32::MAX)]);
    for length in [65_521, 65_522, 65_523, 65_524, 65_525, 70_000] {
        let values = [Value::text("x".repeat(length)), Value::text("y")];
        let row = Row::encode(&layout, &values).expect("fits");
        assert_eq!(row.decode(&layout).expect("decodes"), values, "{length}");
    }
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic_and_only_one_form_decodes(
        bytes in prop::collection::vec(any::<u8>(), 0..40), flip in any::<(u16, u8)>(), kinds in prop::collection::vec(0usize..23, 1..5)
    ) {
        let every = every_type();
        let layout = layout(&kinds.iter().map(|&k| every[k].0.clone()).collect::<Vec<_>>());
        let values: Vec<Value> = kinds.iter().map(|&k| every[k].1[0].clone()).collect();
        let mut near = Row::encode(&layout, &values).expect("fits").0.to_vec();
        let at = usize::from(flip.0) % near.len();
        near[at] ^= flip.1;
        let mut far = layout.id.0.to_le_bytes().to_vec();
        far.extend(bytes);
        for hostile in [near, far] {
            let row = Row(hostile.into());
            (0..kinds.len()).for_each(|i| drop(row.cell(&layout, i)));
            if let Ok(values) = row.decode(&layout) {
                prop_assert_eq!(Row::encode(&layout, &values).expect("what decodes encodes"), row);
            }
        }
    }
}
