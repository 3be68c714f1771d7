//! One value as bytes that say what they are: a tag, then the payload to the end.
//!
//! Used for before and after cells. Strict: decoding accepts only what encoding gives.

use crate::decimal::{Decimal, MAX_SCALE};
use crate::error::{Error, Result};
use crate::temporal::{Date, DateTime, Time};
use crate::value::Value;
use bnum::types::I256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NULL: u8 = 0;
const INT: u8 = 1;
const UINT: u8 = 2;
const DOUBLE: u8 = 3;
const DECIMAL: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;
const DATE: u8 = 7;
const DATE_TIME: u8 = 8;
const TIMESTAMP: u8 = 9;
const TIME: u8 = 10;
const JSON: u8 = 11;

/// Appends the canonical bytes of a value. Doubles must be finite ([`Value`]'s promise).
pub fn encode_cell(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Int(v) => signed(INT, *v, out),
        Value::UInt(v) => unsigned(UINT, *v, out),
        Value::Double(v) => payload(DOUBLE, &(v + 0.0).to_le_bytes(), out),
        Value::Decimal(v) => {
            out.extend([DECIMAL, v.scale]);
            out.extend_from_slice(minimal(&v.coefficient.to_le_bytes()));
        }
        Value::Text(v) => payload(TEXT, v.as_bytes(), out),
        Value::Bytes(v) => payload(BYTES, v, out),
        Value::Date(v) => unsigned(DATE, v.0.into(), out),
        Value::DateTime(v) => unsigned(DATE_TIME, v.0, out),
        Value::Timestamp(v) => signed(TIMESTAMP, *v, out),
        Value::Time(v) => signed(TIME, v.0, out),
        Value::Json(v) => payload(JSON, v.as_bytes(), out),
    }
}

/// Reads the canonical bytes of a value.
pub fn decode_cell(bytes: &[u8]) -> Result<Value> {
    let (&tag, rest) = bytes.split_first().ok_or_else(|| bad("empty"))?;
    let text = || std::str::from_utf8(rest).map_err(|_| bad("not UTF-8"));
    Ok(match tag {
        NULL if rest.is_empty() => Value::Null,
        INT => Value::Int(read_signed(rest)?),
        UINT => Value::UInt(read_unsigned(rest)?),
        DOUBLE => Value::Double(read_double(rest)?),
        DECIMAL => Value::Decimal(read_decimal(rest)?),
        TEXT => Value::text(text()?),
        BYTES => Value::bytes(rest),
        DATE => {
            let packed = u32::try_from(read_unsigned(rest)?).map_err(|_| bad("a date out of range"))?;
            Value::Date(Some(Date(packed)).filter(|d| d.is_storable()).ok_or_else(|| bad("a date out of range"))?)
        }
        DATE_TIME => {
            let value = Some(DateTime(read_unsigned(rest)?)).filter(|d| d.is_storable());
            Value::DateTime(value.ok_or_else(|| bad("a date and time out of range"))?)
        }
        TIMESTAMP => Value::Timestamp(read_signed(rest)?),
        TIME => {
            let value = Some(Time(read_signed(rest)?)).filter(|t| t.is_storable());
            Value::Time(value.ok_or_else(|| bad("a time out of range"))?)
        }
        JSON => Value::Json(text()?.into()),
        _ => return Err(bad("unknown tag")),
    })
}

fn bad(reason: &'static str) -> Error {
    Error::malformed("cell", reason)
}

fn payload(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 1);
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn unsigned(tag: u8, value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_le_bytes();
    payload(tag, &bytes[..8 - value.leading_zeros() as usize / 8], out);
}

fn signed(tag: u8, value: i64, out: &mut Vec<u8>) {
    payload(tag, minimal(&value.to_le_bytes()), out);
}

/// The shortest little-endian two's complement of the same number; 0 is empty.
fn minimal(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [head @ .., last] = bytes {
        let sign = if head.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        if *last != sign {
            break;
        }
        bytes = head;
    }
    bytes
}

/// Undoes [`minimal`]; `None` if there was a shorter form.
fn widen<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; N];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    (minimal(&wide) == bytes).then_some(wide)
}

fn read_signed(bytes: &[u8]) -> Result<i64> {
    widen(bytes).map(i64::from_le_bytes).ok_or_else(|| bad("a number not in its shortest form"))
}

fn read_unsigned(bytes: &[u8]) -> Result<u64> {
    let mut wide = [0; 8];
    match (wide.get_mut(..bytes.len()), bytes.last()) {
        (Some(low), last) if last != Some(&0) => low.copy_from_slice(bytes),
        _ => return Err(bad("a number not in its shortest form")),
    }
    Ok(u64::from_le_bytes(wide))
}

fn read_double(bytes: &[u8]) -> Result<f64> {
    let bytes = bytes.try_into().map_err(|_| bad("a double of the wrong length"))?;
    double_from_bits(u64::from_le_bytes(bytes)).ok_or_else(|| bad("not a finite double in its one form"))
}

/// The double with these bits, if it has a place in a cell: finite, and zero without sign.
pub(crate) fn double_from_bits(bits: u64) -> Option<f64> {
    let value = f64::from_bits(bits);
    (value.is_finite() && (value != 0.0 || bits == 0)).then_some(value)
}

fn read_decimal(bytes: &[u8]) -> Result<Decimal> {
    let (&scale, rest) = bytes.split_first().ok_or_else(|| bad("a decimal without scale"))?;
    if scale > MAX_SCALE {
        return Err(bad("a decimal with too many digits"));
    }
    let coefficient = widen(rest).map(I256::from_le_bytes).ok_or_else(|| bad("a decimal not in its shortest form"))?;
    Decimal::new(coefficient, scale).ok_or_else(|| bad("a decimal with too many digits"))
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(16);
        encode_cell(self, &mut bytes);
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let bytes: &[u8] = Deserialize::deserialize(deserializer)?;
        decode_cell(bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    fn hex(value: &Value) -> String {
        let mut out = Vec::new();
        encode_cell(value, &mut out);
        HEXLOWER.encode(&out)
    }

    #[test]
    fn golden_cells() {
        let decimal = |text: &str| Value::Decimal(Decimal::parse(text).expect("a decimal"));
        for (value, bytes) in [
            (Value::Null, "00"),
            (Value::Int(0), "01"),
            (Value::Int(-1), "01ff"),
            (Value::Int(128), "018000"),
            (Value::Int(i64::MIN), "010000000000000080"),
            (Value::UInt(0), "02"),
            (Value::UInt(u64::MAX), "02ffffffffffffffff"),
            (Value::Double(-0.0), "030000000000000000"),
            (Value::Double(1.5), "03000000000000f83f"),
            (decimal("-1.50"), "04026aff"),
            (Value::text("é"), "05c3a9"),
            (Value::bytes([0u8, 1].as_slice()), "060001"),
            (Value::Date(Date::new(2024, 2, 29)), "075dd00f"),
            (Value::DateTime(DateTime::new(Date::new(2024, 2, 29), 1)), "0801000000a00bfa01"),
            (Value::Timestamp(-2), "09fe"),
            (Value::Time(Time(-1)), "0aff"),
            (Value::Json("{}".into()), "0b7b7d"),
        ] {
            assert_eq!(hex(&value), bytes, "{value:?}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for bytes in [
            "",
            "0000",
            "0100",
            "01ffff",
            "0200",
            "030000000000000080",
            "03000000000000f07f",
            "0300",
            "04",
            "041f01",
            "040200",
            "05ff",
            "07ffffffffff",
            "08ffffffffffffffff",
            "0a0000000000000001",
            "63",
        ] {
            let raw = HEXLOWER.decode(bytes.as_bytes()).expect("hex");
            assert!(decode_cell(&raw).is_err(), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic_and_only_one_form_decodes(bytes in prop::collection::vec(any::<u8>(), 0..24), tag in 0u8..12) {
            let bytes: Vec<u8> = std::iter::once(tag).chain(bytes).collect();
            if let Ok(value) = decode_cell(&bytes) {
                let mut again = Vec::new();
                encode_cell(&value, &mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
