//! Rows as bytes (R40): layout id, null bitmap, fixed cells at fixed offsets, end offsets, variable cells.
//!
//! ```text
//! layout id      8 bytes, little-endian
//! null bitmap    one bit a cell, lowest first; unused bits are zero
//! fixed cells    in layout order, little-endian; zero bytes for NULL
//! end offsets    one for each variable cell, from the start of the first; 2 bytes each if the row then has at most
//!                65,535 bytes, 4 otherwise
//! variable cells in layout order; none for NULL
//! ```
//!
//! Promises: one encoding for a layout and its values; one cell is read without decoding the others; no bytes make a
//! reader panic, and [`Row::decode`] accepts only what [`Row::encode`] gives.

mod cell;
mod write;

use crate::error::{Error, Result};
use crate::id::LayoutId;
use crate::layout::{ID_BYTES, Layout, Slot};
use crate::value::Value;
use std::borrow::Cow;
use std::sync::Arc;

pub use cell::zero_of;
pub(crate) use cell::{Bits, fixed, set_bits};

/// Longest row whose end offsets have two bytes.
const NARROW: usize = u16::MAX as usize;

/// An encoded row, shared. The first 8 bytes name its [`LayoutId`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row(pub Arc<[u8]>);

impl Row {
    /// The row of these values, one for each cell of the layout. A value must already have the column's type; what
    /// the type cannot hold is an error. CHAR loses trailing spaces, BINARY is padded.
    pub fn encode(layout: &Layout, values: &[Value]) -> Result<Row> {
        write::encode(layout, values)
    }

    /// All values; refuses bytes that [`Row::encode`] would not give.
    pub fn decode(&self, layout: &Layout) -> Result<Vec<Value>> {
        decode(&self.0, layout)
    }

    /// One value, without looking at the others. For rows that have been decoded once: checks only what keeps it from
    /// reading outside.
    pub fn cell(&self, layout: &Layout, position: usize) -> Result<Value> {
        read_cell(&self.0, layout, position)
    }

    /// Which layout it is in; `None` if the bytes are too short for any row.
    pub fn layout_id(&self) -> Option<LayoutId> {
        layout_id(&self.0)
    }
}

impl AsRef<[u8]> for Row {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Arc<[u8]>> for Row {
    fn from(bytes: Arc<[u8]>) -> Self {
        Row(bytes)
    }
}

/// Which layout the row's bytes are in; `None` if they are too short for any row.
pub fn layout_id(row: &[u8]) -> Option<LayoutId> {
    row.first_chunk().map(|id| LayoutId(u64::from_le_bytes(*id)))
}

/// As [`Row::decode`], on borrowed bytes.
pub fn decode(row: &[u8], layout: &Layout) -> Result<Vec<Value>> {
    check_frame(row, layout)?;
    let mut values = Vec::with_capacity(layout.cells.len());
    for position in 0..layout.cells.len() {
        let value = match slice(row, layout, position).ok_or_else(|| bad("a cell outside the row"))? {
            None => Value::Null,
            Some(bytes) => cell::read_strict(&layout.cells[position].1, bytes).map_err(|e| at(position, e))?,
        };
        values.push(value);
    }
    Ok(values)
}

/// As [`Row::cell`], on borrowed bytes.
pub fn read_cell(row: &[u8], layout: &Layout, position: usize) -> Result<Value> {
    match slice(row, layout, position).ok_or_else(|| bad("a cell outside the row"))? {
        None => Ok(Value::Null),
        Some(bytes) => cell::read(&layout.cells[position].1, bytes).map_err(|e| at(position, e)),
    }
}

fn bad(reason: &'static str) -> Error {
    Error::malformed("row", reason)
}

fn at(column: usize, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::Value { column, reason: reason.into() }
}

fn is_null(row: &[u8], position: usize) -> bool {
    row.get(ID_BYTES + position / 8).is_some_and(|bits| bits >> (position % 8) & 1 == 1)
}

/// The bytes of a cell; `Some(None)` is NULL, `None` a row too short.
fn slice<'a>(row: &'a [u8], layout: &Layout, position: usize) -> Option<Option<&'a [u8]>> {
    let slot = layout.slot(position)?;
    if is_null(row, position) {
        return Some(None);
    }
    let (from, to) = match slot {
        Slot::Fixed { offset, width } => (offset, offset + width),
        Slot::Variable(index) => {
            let base = layout.ends_at() + layout.variable() * offset_width(row);
            let from = if index == 0 { 0 } else { end_of(row, layout, index - 1)? };
            (base + from, base + end_of(row, layout, index)?)
        }
    };
    row.get(from..to).map(Some)
}

fn offset_width(row: &[u8]) -> usize {
    if row.len() > NARROW { 4 } else { 2 }
}

fn end_of(row: &[u8], layout: &Layout, index: usize) -> Option<usize> {
    let ends = row.get(layout.ends_at()..)?;
    if row.len() > NARROW {
        let bytes = ends.get(index * 4..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    } else {
        Some(u16::from_le_bytes(*ends.get(index * 2..)?.first_chunk()?).into())
    }
}

/// Everything that is not a cell: id, unused bits, the fixed bytes of NULLs, offsets that rise to the end.
fn check_frame(row: &[u8], layout: &Layout) -> Result<()> {
    if layout_id(row) != Some(layout.id) {
        return Err(bad("not in the layout it was read with"));
    }
    let cells = layout.cells.len();
    if !cells.is_multiple_of(8) && row.get(ID_BYTES + cells / 8).is_none_or(|bits| bits >> (cells % 8) != 0) {
        return Err(bad("unused bits are set"));
    }
    let mut last = 0;
    for (position, slot) in layout.slots().iter().enumerate() {
        match *slot {
            Slot::Fixed { offset, width } => {
                let bytes = row.get(offset..offset + width).ok_or_else(|| bad("too short"))?;
                if is_null(row, position) && bytes.iter().any(|&b| b != 0) {
                    return Err(bad("a NULL with bytes"));
                }
            }
            Slot::Variable(index) => {
                let end = end_of(row, layout, index).ok_or_else(|| bad("too short"))?;
                if end < last || is_null(row, position) && end != last {
                    return Err(bad("end offsets do not rise"));
                }
                last = end;
            }
        }
    }
    let wide = layout.variable() > 0 && row.len() > NARROW;
    let length = layout.ends_at() + layout.variable() * offset_width(row) + last;
    let narrow_length = layout.ends_at() + layout.variable() * 2 + last;
    if length != row.len() || wide && narrow_length <= NARROW {
        return Err(bad("of the wrong length"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
