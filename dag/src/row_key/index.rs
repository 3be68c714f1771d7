//! Keys of rows and entries of indexes: which values of a row make them.

use super::part::{KeyPart, encode_part, encode_start};
use super::{Key, MAX_KEY};
use crate::error::{Error, Result};
use crate::id::EntityId;
use crate::schema::{Column, Index, Table};
use crate::value::Value;

impl Table {
    /// The primary key of a row, given by its values in visible column order.
    pub fn primary_key_of(&self, values: &[Value]) -> Result<Key> {
        let primary = self.primary.as_ref().ok_or(Error::HiddenKey)?;
        Ok(primary.parts_of(self, values)?.0.into())
    }

    /// A visible column by id, with its position.
    pub fn column(&self, id: EntityId) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| column.id == id)
    }
}

impl Index {
    /// The entry of a row in this secondary index, given by its values in visible column order and its primary key;
    /// and whether the entry is one that UNIQUE allows only once. Unique entries without NULL are the parts alone, all
    /// others are followed by the primary key.
    pub fn entry_key(&self, table: &Table, values: &[Value], primary: &Key) -> Result<(Key, bool)> {
        let (mut bytes, null) = self.parts_of(table, values)?;
        let unique = self.unique && !null;
        if !unique {
            bytes.extend_from_slice(&primary.0);
        }
        // The bound holds for the parts; the primary key behind them has its own.
        Ok((Key::from(bytes), unique))
    }

    /// The bytes of the first parts for these values, in the order of the parts: where a point or range access of
    /// the index begins. At most as many values as parts; text under a prefix part is cut.
    pub fn seek_key(&self, table: &Table, values: &[Value]) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(16);
        for (part, value) in self.parts.iter().zip(values) {
            let (position, column) = table.column(part.column).ok_or(Error::NotAKey(part.column))?;
            encode_part(KeyPart::of(column, part), value, &mut bytes).map_err(|reason| refused(position, reason))?;
        }
        Ok(bytes)
    }

    /// As [`Index::seek_key`], with the beginning of all texts behind it that begin with `start` as LIKE compares;
    /// `None` if there is nothing to say.
    pub fn start_key(&self, table: &Table, values: &[Value], start: &str) -> Option<Vec<u8>> {
        let mut bytes = self.seek_key(table, values).ok()?;
        let part = self.parts.get(values.len())?;
        let (_, column) = table.column(part.column)?;
        encode_start(KeyPart::of(column, part), start, &mut bytes)?;
        Some(bytes)
    }

    /// The bytes of all parts, and whether one was NULL.
    fn parts_of(&self, table: &Table, values: &[Value]) -> Result<(Vec<u8>, bool)> {
        let mut bytes = Vec::with_capacity(32);
        let mut null = false;
        for part in &self.parts {
            let (position, column) = table.column(part.column).ok_or(Error::NotAKey(part.column))?;
            let arity = || Error::Arity { expected: table.columns.len(), found: values.len() };
            let value = values.get(position).ok_or_else(arity)?;
            null |= value.is_null();
            encode_part(KeyPart::of(column, part), value, &mut bytes).map_err(|reason| refused(position, reason))?;
        }
        if bytes.len() > MAX_KEY { Err(Error::KeyTooLong(bytes.len())) } else { Ok((bytes, null)) }
    }
}

fn refused(column: usize, reason: &'static str) -> Error {
    Error::Value { column, reason: reason.into() }
}
