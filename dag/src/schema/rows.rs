//! Rows of a table by its visible columns: written in the newest layout, read from any it ever had (R25).

use super::{Layout, Table};
use crate::error::{Error, Result};
use crate::row::{self, Row};
use crate::value::Value;

impl Table {
    /// The layout new rows are written in.
    pub fn newest_layout(&self) -> &Layout {
        self.layouts.last().expect("a table is made with a layout and only ever gains more")
    }

    /// The layout of a row's bytes.
    pub fn layout_of(&self, row: &[u8]) -> Result<&Layout> {
        let id = row::layout_id(row).ok_or_else(|| Error::malformed("row", "too short"))?;
        self.layouts.iter().rev().find(|layout| layout.id == id).map(|l| &**l).ok_or(Error::UnknownLayout(id))
    }

    /// The values of a row's bytes in visible column order; columns it was written without hold their `missing`.
    pub fn read(&self, row: &(impl AsRef<[u8]> + ?Sized)) -> Result<Vec<Value>> {
        let row = row.as_ref();
        let layout = self.layout_of(row)?;
        let mut values = Vec::with_capacity(self.columns.len());
        for column in 0..self.columns.len() {
            values.push(self.cell_in(layout, row, column)?);
        }
        Ok(values)
    }

    /// One value of a row's bytes by its visible column.
    pub fn read_column(&self, row: &(impl AsRef<[u8]> + ?Sized), column: usize) -> Result<Value> {
        let row = row.as_ref();
        self.cell_in(self.layout_of(row)?, row, column)
    }

    fn cell_in(&self, layout: &Layout, row: &[u8], column: usize) -> Result<Value> {
        let arity = || Error::Arity { expected: self.columns.len(), found: column + 1 };
        let wanted = self.columns.get(column).ok_or_else(arity)?;
        match cell_position(layout, wanted.id, column) {
            Some(position) => row::read_cell(row, layout, position),
            None => Ok(wanted.missing.clone()),
        }
    }

    /// The row of these values, in visible column order, in the newest layout.
    pub fn write(&self, values: &[Value]) -> Result<Row> {
        if values.len() != self.columns.len() {
            return Err(Error::Arity { expected: self.columns.len(), found: values.len() });
        }
        let layout = self.newest_layout();
        if layout.cells.iter().zip(&self.columns).all(|(cell, column)| cell.0 == column.id) {
            return Row::encode(layout, values);
        }
        let in_layout = |cell: &(crate::id::EntityId, _)| {
            let position = self.columns.iter().position(|column| column.id == cell.0);
            position.map_or(Value::Null, |position| values[position].clone())
        };
        Row::encode(layout, &layout.cells.iter().map(in_layout).collect::<Vec<_>>())
    }

    /// For each visible column its cell in the newest layout: how change sets name it.
    pub fn cell_positions(&self) -> Vec<usize> {
        let layout = self.newest_layout();
        let position = |(at, column): (usize, &super::Column)| cell_position(layout, column.id, at);
        self.columns.iter().enumerate().filter_map(position).collect()
    }
}

/// Columns are mostly in cell order, so the same place is looked at first.
fn cell_position(layout: &Layout, column: crate::id::EntityId, guess: usize) -> Option<usize> {
    match layout.cells.get(guess) {
        Some((id, _)) if *id == column => Some(guess),
        _ => layout.position(column),
    }
}
