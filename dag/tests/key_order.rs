//! Key bytes order as MariaDB's ORDER BY: the order was read from it once (`key_order.py`).

use dag::collation::Collation;
use dag::decimal::Decimal;
use dag::row_key::{KeyPart, encode_part};
use dag::schema::ColumnType;
use dag::temporal::{Date, Time};
use dag::value::Value;

fn column(kind: &str) -> (ColumnType, Collation) {
    match kind {
        "INT" => (ColumnType::Integer { bytes: 4, unsigned: false, display_width: None }, Collation::Binary),
        "DECIMAL(20,3)" => (ColumnType::Decimal { precision: 20, scale: 3, unsigned: false }, Collation::Binary),
        "DOUBLE" => (ColumnType::Double { unsigned: false }, Collation::Binary),
        "DATE" => (ColumnType::Date, Collation::Binary),
        "TIME" => (ColumnType::Time(0), Collation::Binary),
        text => (ColumnType::VarChar(9), Collation::by_name(text).expect("a collation")),
    }
}

fn value(kind: &ColumnType, text: &str) -> Value {
    let fields = |separator| -> Vec<i64> {
        text.trim_start_matches('-').split(separator).map(|field| field.parse().expect("a number")).collect()
    };
    match kind {
        ColumnType::Integer { .. } => Value::Int(text.parse().expect("an integer")),
        ColumnType::Decimal { .. } => Value::Decimal(Decimal::parse(text).expect("a decimal")),
        ColumnType::Double { .. } => Value::Double(text.parse().expect("a double")),
        ColumnType::Date => {
            let [year, month, day] = fields('-').try_into().expect("three fields");
            Value::Date(Date::new(year as u32, month as u32, day as u32))
        }
        ColumnType::Time(_) => {
            let seconds = fields(':').into_iter().fold(0, |sum, field| sum * 60 + field);
            Value::Time(Time(seconds * if text.starts_with('-') { -1_000_000 } else { 1_000_000 }))
        }
        _ => Value::text(text),
    }
}

#[test]
fn keys_order_as_the_values_of_mariadb() {
    let mut before: Option<(&str, u64, Vec<u8>)> = None;
    let mut lines = 0;
    for line in include_str!("key_order.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, rank, hex] = fields[..] else { panic!("three fields in {line}") };
        let text = data_encoding::HEXUPPER.decode(hex.as_bytes()).expect("hex");
        let (column, collation) = column(kind);
        let part = KeyPart { kind: &column, collation, nullable: true, prefix: None, descending: false };
        let mut key = Vec::new();
        let text = std::str::from_utf8(&text).expect("UTF-8");
        encode_part(part, &value(&column, text), &mut key).expect("fits");
        let rank: u64 = rank.parse().expect("a number");
        if let Some((kind_before, rank_before, key_before)) = &before
            && *kind_before == kind
        {
            assert_eq!(key.cmp(key_before), rank.cmp(rank_before), "{line} ({text:?})");
        }
        before = Some((kind, rank, key));
        lines += 1;
    }
    assert!(lines > 900, "the file has {lines} lines");
}
