//! DISTINCT: which rows were seen before.

use super::budget::Budget;
use super::key;
use crate::error::SqlError;
use crate::expression::Type;
use dag::value::Value;
use std::collections::HashSet;

/// Rows seen so far, by their keys.
#[derive(Default)]
pub(crate) struct Seen {
    keys: HashSet<Vec<u8>>,
    key: Vec<u8>,
}

impl Seen {
    /// Whether this is the first row with these values.
    pub(crate) fn first<'t>(
        &mut self,
        row: &[Value],
        types: impl IntoIterator<Item = &'t Type>,
        budget: &mut Budget,
    ) -> Result<bool, SqlError> {
        self.key.clear();
        key::append(row, types, &mut self.key);
        if self.keys.contains(&self.key) {
            return Ok(false);
        }
        budget.take(self.key.len() + key::OVERHEAD)?;
        self.keys.insert(self.key.clone());
        Ok(true)
    }
}
