//! MIN and MAX.

use super::{Accumulator, Settings};
use crate::error::SqlError;
use crate::evaluate::compare_values;
use crate::expression::{CompareAs, Type};
use crate::function::Context;
use crate::types;
use dag::value::Value;
use std::cmp::Ordering;

/// The first of the values that no other is beyond.
pub(super) struct Extreme {
    class: CompareAs,
    wanted: Ordering,
    best: Value,
}

impl Extreme {
    pub(super) fn new(settings: &Settings, wanted: Ordering) -> Extreme {
        let ty: &Type = &settings.result;
        let class = types::compare_class(ty, ty).unwrap_or(CompareAs::Bytes);
        Extreme { class, wanted, best: Value::Null }
    }
}

impl Accumulator for Extreme {
    fn add(&mut self, values: &[Value], _context: &mut dyn Context) -> Result<(), SqlError> {
        let Some(value) = values.first().filter(|v| !v.is_null()) else { return Ok(()) };
        if self.best.is_null() || compare_values(value, &self.best, self.class) == self.wanted {
            self.best = value.clone();
        }
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        Ok(self.best.clone())
    }
}
