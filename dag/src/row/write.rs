//! Writing a row.

use super::cell::{self, Bits};
use super::{ID_BYTES, NARROW, Row, at};
use crate::error::{Error, Result};
use crate::layout::{Layout, Slot};
use crate::value::Value;

pub(super) fn encode(layout: &Layout, values: &[Value]) -> Result<Row> {
    if values.len() != layout.cells.len() {
        return Err(Error::Arity { expected: layout.cells.len(), found: values.len() });
    }
    let mut row = vec![0; layout.ends_at()];
    row[..ID_BYTES].copy_from_slice(&layout.id.0.to_le_bytes());
    let mut tail = Vec::new();
    let mut ends = Vec::with_capacity(layout.variable());
    for (position, (value, slot)) in values.iter().zip(layout.slots()).enumerate() {
        let kind = &layout.cells[position].1;
        match *slot {
            _ if value.is_null() => {
                row[ID_BYTES + position / 8] |= 1 << (position % 8);
                if let Slot::Variable(_) = slot {
                    ends.push(tail.len());
                }
            }
            Slot::Fixed { offset, width } => {
                let bits = cell::fixed(kind, value).map_err(|e| at(position, e))?;
                put(&mut row[offset..offset + width], bits);
            }
            Slot::Variable(_) => {
                cell::variable(kind, value, &mut tail).map_err(|e| at(position, e))?;
                ends.push(tail.len());
            }
        }
    }
    append_variable(&mut row, &ends, &tail)?;
    Ok(Row(row.into()))
}

fn put(slot: &mut [u8], bits: Bits) {
    match bits {
        Bits::Narrow(bits) => {
            let bytes = bits.to_le_bytes();
            slot.copy_from_slice(&bytes[..slot.len()]);
        }
        Bits::Wide(coefficient) => {
            let bytes = coefficient.to_le_bytes();
            slot.copy_from_slice(&bytes[..slot.len()]);
        }
    }
}

fn append_variable(row: &mut Vec<u8>, ends: &[usize], tail: &[u8]) -> Result<()> {
    row.reserve(4 * ends.len() + tail.len());
    if row.len() + 2 * ends.len() + tail.len() <= NARROW {
        ends.iter().for_each(|&end| row.extend((end as u16).to_le_bytes()));
    } else {
        for &end in ends {
            let end = u32::try_from(end).map_err(|_| Error::malformed("row", "longer than 4 GiB"))?;
            row.extend(end.to_le_bytes());
        }
    }
    row.extend_from_slice(tail);
    Ok(())
}
