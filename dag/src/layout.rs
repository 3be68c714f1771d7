//! Where the cells of a row lie in its bytes (R40).
//!
//! Promises: a layout is a function of its cells, and its id their hash; offsets are computed once. Does not read or
//! write rows: that is `row`.

use crate::encode::{Domain, to_bytes};
use crate::id::{EntityId, LayoutId};
use crate::schema::ColumnType;

/// Bytes of a row before the null bitmap: the layout id.
pub(crate) const ID_BYTES: usize = 8;

/// The order and types of the cells in a row's bytes. A table keeps every layout it ever had.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Identity: a hash over the columns' ids and types.
    pub id: LayoutId,
    /// Column ids and storage types, in cell order. Change sets name columns by this position.
    pub cells: Vec<(EntityId, ColumnType)>,
    slots: Vec<Slot>,
    ends_at: usize,
    variable: usize,
}

/// Where one cell lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    /// At this offset, so many bytes wide.
    Fixed { offset: usize, width: usize },
    /// The n-th of the variable cells.
    Variable(usize),
}

impl Layout {
    /// The layout of these columns.
    pub fn new(cells: Vec<(EntityId, ColumnType)>) -> Self {
        let hash = Domain::LAYOUT.hash(&to_bytes(&cells));
        let id = LayoutId(hash.first_chunk().map_or(0, |first| u64::from_le_bytes(*first)));
        let mut offset = ID_BYTES + cells.len().div_ceil(8);
        let mut variable = 0;
        let mut slot = |kind: &ColumnType| match fixed_width(kind) {
            Some(width) => {
                offset += width;
                Slot::Fixed { offset: offset - width, width }
            }
            None => {
                variable += 1;
                Slot::Variable(variable - 1)
            }
        };
        let slots = cells.iter().map(|(_, kind)| slot(kind)).collect();
        Layout { id, cells, slots, ends_at: offset, variable }
    }

    /// The cell of a column, if the layout has it.
    pub fn position(&self, column: EntityId) -> Option<usize> {
        self.cells.iter().position(|(id, _)| *id == column)
    }

    pub(crate) fn slot(&self, position: usize) -> Option<Slot> {
        self.slots.get(position).copied()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Where the end offsets of the variable cells begin.
    pub(crate) fn ends_at(&self) -> usize {
        self.ends_at
    }

    /// How many variable cells there are.
    pub(crate) fn variable(&self) -> usize {
        self.variable
    }
}

/// Bytes of a cell whose width does not depend on the value; `None` for text, bytes, labels and JSON.
fn fixed_width(kind: &ColumnType) -> Option<usize> {
    Some(match kind {
        ColumnType::Integer { bytes, .. } => usize::from(*bytes),
        ColumnType::Decimal { precision, .. } => decimal_width(*precision),
        ColumnType::Float { .. } | ColumnType::Date => 4,
        ColumnType::Double { .. } | ColumnType::Time(_) | ColumnType::DateTime(_) | ColumnType::Timestamp(_) => 8,
        ColumnType::Year => 2,
        _ => return None,
    })
}

/// Bytes of a two's complement that holds every number of so many digits: a digit is 3.3220 bits, and one for the sign.
pub(crate) fn decimal_width(precision: u8) -> usize {
    (usize::from(precision) * 3322 / 1000 + 2).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_fits_its_width_and_no_byte_is_lost() {
        for precision in 1..=crate::decimal::MAX_DIGITS {
            let bits = f64::from(precision) * 10f64.log2();
            let width = decimal_width(precision) * 8;
            assert!(width as f64 >= bits.ceil() + 1.0, "{precision} digits need {bits} bits and a sign");
            assert!(width as f64 - bits < 10.0, "{precision} digits have {width} bits");
        }
    }

    #[test]
    fn the_id_depends_on_every_column_and_its_type() {
        let layout = |kinds: &[(u8, ColumnType)]| {
            Layout::new(kinds.iter().map(|(id, kind)| (EntityId([*id; 32]), kind.clone())).collect()).id
        };
        let one = layout(&[(1, ColumnType::Date), (2, ColumnType::Json)]);
        assert_eq!(one, layout(&[(1, ColumnType::Date), (2, ColumnType::Json)]));
        for other in [
            layout(&[(2, ColumnType::Json), (1, ColumnType::Date)]),
            layout(&[(1, ColumnType::Date), (2, ColumnType::Text(255))]),
            layout(&[(1, ColumnType::Date)]),
        ] {
            assert_ne!(one, other);
        }
    }
}
