//! One part of a key: a value of a column as bytes that order as the column does.

use crate::collation::{Collation, sort_key_of_bytes};
use crate::row::{Bits, fixed, set_bits};
use crate::schema::{Column, ColumnType, IndexPart};
use crate::value::Value;
use bnum::types::I256;

/// What a part's bytes depend on.
#[derive(Clone, Copy, Debug)]
pub struct KeyPart<'a> {
    /// The column's type.
    pub kind: &'a ColumnType,
    /// The column's collation.
    pub collation: Collation,
    /// Whether the column may hold NULL: decides the byte in front.
    pub nullable: bool,
    /// Only so many characters (bytes for binary).
    pub prefix: Option<u32>,
    /// Inverted.
    pub descending: bool,
}

impl<'a> KeyPart<'a> {
    /// The part of an index over a column.
    pub fn of(column: &'a Column, part: &IndexPart) -> Self {
        KeyPart {
            kind: &column.kind,
            collation: column.collation,
            nullable: column.nullable,
            prefix: part.prefix,
            descending: part.descending,
        }
    }
}

/// Before a value of a nullable column; NULL is below it.
const PRESENT: u8 = 1;
const NULL: u8 = 0;

/// Appends the part's bytes. The value must have the column's type, as in a row; `Err` says what does not fit.
pub fn encode_part(part: KeyPart<'_>, value: &Value, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let start = out.len();
    match (part.nullable, value.is_null()) {
        (true, true) => out.push(NULL),
        (false, true) => return Err("it is NULL in a NOT NULL column"),
        (nullable, false) => {
            if nullable {
                out.push(PRESENT);
            }
            append(part, value, out)?;
        }
    }
    if part.descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(())
}

/// Appends bytes with which the parts of all texts begin that begin with `text` as LIKE compares; `None` if the part is
/// not over text, or nothing can be said.
pub fn encode_start(part: KeyPart<'_>, text: &str, out: &mut Vec<u8>) -> Option<()> {
    if !matches!(part.kind, ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_)) {
        return None;
    }
    let start = out.len();
    if part.nullable {
        out.push(PRESENT);
    }
    let weights = out.len();
    part.collation.start_key(cut_text(text, part.prefix), out);
    if out.len() == weights {
        return None;
    }
    if part.descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    Some(())
}

fn append(part: KeyPart<'_>, value: &Value, out: &mut Vec<u8>) -> Result<(), &'static str> {
    match (part.kind, value) {
        (ColumnType::Integer { bytes: 8, unsigned: false, .. }, Value::Int(v)) => {
            out.extend_from_slice(&(*v as u64 ^ 1 << 63).to_be_bytes());
        }
        (ColumnType::Enum(labels), Value::Text(text)) => {
            let number = labels.iter().position(|label| label == text).map_or(0, |position| position + 1);
            if number == 0 && !text.is_empty() {
                return Err("it is not one of the column's labels");
            }
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        (ColumnType::Set(labels), Value::Text(text)) => {
            let bits = set_bits(labels, text).ok_or("it is not made of the column's labels")?;
            out.extend_from_slice(&bits.to_be_bytes());
        }
        (ColumnType::Json, _) => return Err("a JSON column has no order of keys"),
        (ColumnType::Char(_), Value::Text(text)) => text_part(part, text.trim_end_matches(' '), out),
        (_, Value::Text(text)) => text_part(part, text, out),
        (ColumnType::Binary(length), Value::Bytes(bytes)) => {
            let mut padded = bytes.to_vec();
            padded.resize(bytes.len().max(*length as usize), 0);
            sort_key_of_bytes(cut_bytes(&padded, part.prefix), out);
        }
        (_, Value::Bytes(bytes)) => sort_key_of_bytes(cut_bytes(bytes, part.prefix), out),
        (kind, value) => number(kind, fixed(kind, value)?, out),
    }
    Ok(())
}

fn text_part(part: KeyPart<'_>, text: &str, out: &mut Vec<u8>) {
    part.collation.sort_key(cut_text(text, part.prefix), out);
}

fn cut_text(text: &str, prefix: Option<u32>) -> &str {
    let cut = prefix.and_then(|most| text.char_indices().nth(most as usize));
    cut.map_or(text, |(at, _)| &text[..at])
}

fn cut_bytes(bytes: &[u8], prefix: Option<u32>) -> &[u8] {
    prefix.and_then(|most| bytes.get(..most as usize)).unwrap_or(bytes)
}

/// A fixed cell, highest byte first, so that unsigned byte order is the numbers' order.
fn number(kind: &ColumnType, bits: Bits, out: &mut Vec<u8>) {
    let (width, signed) = match kind {
        ColumnType::Integer { bytes, unsigned, .. } => (usize::from(*bytes), !unsigned),
        ColumnType::Decimal { precision, .. } => (crate::layout::decimal_width(*precision), true),
        ColumnType::Float { .. } => return out.extend_from_slice(&flip_float(bits, 4)[4..]),
        ColumnType::Double { .. } => return out.extend_from_slice(&flip_float(bits, 8)),
        ColumnType::Date => (4, false),
        ColumnType::Year => (2, false),
        ColumnType::DateTime(_) => (8, false),
        _ => (8, true),
    };
    let start = out.len();
    match bits {
        Bits::Narrow(bits) => out.extend_from_slice(&bits.to_be_bytes()[8 - width..]),
        Bits::Wide(coefficient) => out.extend_from_slice(&I256::to_be_bytes(coefficient)[32 - width..]),
    }
    if signed {
        out[start] ^= 0x80;
    }
}

/// IEEE 754 bits ordered as the numbers: negative ones inverted, others with the sign bit set.
fn flip_float(bits: Bits, width: u32) -> [u8; 8] {
    let Bits::Narrow(bits) = bits else { return [0; 8] };
    let unused = 64 - 8 * width;
    let aligned = bits << unused;
    let flipped = if aligned >> 63 == 1 { !aligned } else { aligned | 1 << 63 };
    (flipped >> unused).to_be_bytes()
}
