//! Rows of the text protocol: every value as a length-encoded string, NULL as one byte.

use super::number;
use crate::packet::outbound::Payload;
use dag::decimal::Decimal;
use dag::value::Value;
use sql::expression::Kind;
use sql::response::ColumnDefinition;
use std::io::Write;

/// What a NULL is in a text row.
const NULL: u8 = 0xfb;

/// Writes one row.
pub(crate) fn row(p: &mut Payload<'_>, values: &[Value], columns: &[ColumnDefinition]) {
    for (value, column) in values.iter().zip(columns) {
        match value {
            Value::Null => p.u8(NULL),
            Value::Text(text) | Value::Json(text) => p.counted(text.as_bytes()),
            Value::Bytes(bytes) => p.counted(bytes),
            short => p.counted_short(|out| print(out, short, &column.ty.kind)),
        }
    }
}

/// The text of a value; numbers and temporals of at most 70 bytes, everything else as it is.
pub(crate) fn print(out: &mut Vec<u8>, value: &Value, kind: &Kind) {
    match value {
        Value::Null => {}
        Value::Int(value) if *kind == Kind::Year => year(out, *value),
        Value::Int(value) => number::signed(out, *value),
        Value::UInt(value) => number::unsigned(out, *value),
        Value::Double(value) if *kind == Kind::Float => number::float(out, *value),
        Value::Double(value) => number::double(out, *value),
        Value::Decimal(value) => decimal(out, *value, kind),
        Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Date(value) => number::date(out, *value),
        Value::DateTime(value) => number::date_time(out, *value, decimals(kind)),
        Value::Time(value) => number::time(out, *value, decimals(kind)),
        // Expressions never hold one (dag's contract): shown as the number it is, not hidden.
        Value::Timestamp(micros) => number::signed(out, *micros),
    }
}

/// Results of `/` carry more digits than their type shows: rounded here, as MySQL does when it sends them.
fn decimal(out: &mut Vec<u8>, value: Decimal, kind: &Kind) {
    let shown = match kind {
        Kind::Decimal { scale, .. } if *scale != value.scale => value.rescale(*scale).unwrap_or(value),
        _ => value,
    };
    // Writing to a Vec does not fail.
    drop(write!(out, "{shown}"));
}

fn year(out: &mut Vec<u8>, value: i64) {
    drop(write!(out, "{value:04}"));
}

/// Digits after the second that the column shows.
pub(crate) fn decimals(kind: &Kind) -> u8 {
    match kind {
        Kind::Time(fsp) | Kind::DateTime(fsp) => *fsp,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::definition::tests::column;

    #[test]
    fn a_row_of_everything() {
        let values = [
            (Value::Null, Kind::Null, "\u{fb}"),
            (Value::Int(-7), Kind::Integer { bytes: 8, unsigned: false }, "\u{2}-7"),
            (Value::Decimal(Decimal::from_i128(-105, 2)), Kind::Decimal { precision: 5, scale: 2 }, "\u{5}-1.05"),
            (
                Value::Decimal(Decimal::from_i128(2_333_333_335, 9)),
                Kind::Decimal { precision: 5, scale: 4 },
                "\u{6}2.3333",
            ),
            (Value::text("grün"), Kind::Text, "\u{5}grün"),
            (Value::Int(0), Kind::Year, "\u{4}0000"),
        ];
        for (value, kind, expected) in values {
            let mut out = Vec::new();
            row(&mut Payload(&mut out), &[value], &[column(kind, 0)]);
            let expected: Vec<u8> = if expected == "\u{fb}" { vec![0xfb] } else { expected.bytes().collect() };
            assert_eq!(out, expected);
        }
    }
}
