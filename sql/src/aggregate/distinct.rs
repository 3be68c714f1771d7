//! DISTINCT in front of any accumulator.

use super::{Accumulator, Settings};
use crate::error::SqlError;
use crate::evaluate::group_key;
use crate::expression::Type;
use crate::function::Context;
use dag::value::Value;
use std::collections::HashSet;

/// Shows each combination of arguments once.
pub(super) struct Distinct {
    types: Vec<Type>,
    seen: HashSet<Vec<u8>>,
    inner: Box<dyn Accumulator>,
}

impl Distinct {
    pub(super) fn new(settings: &Settings, inner: Box<dyn Accumulator>) -> Distinct {
        Distinct { types: settings.arguments.clone(), seen: HashSet::new(), inner }
    }
}

impl Accumulator for Distinct {
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError> {
        let arguments = &values[..self.types.len().min(values.len())];
        let mut key = Vec::new();
        for (value, ty) in arguments.iter().zip(&self.types) {
            group_key(value, ty, &mut key);
        }
        if self.seen.insert(key) { self.inner.add(values, context) } else { Ok(()) }
    }

    fn finish(&mut self, context: &mut dyn Context) -> Result<Value, SqlError> {
        self.inner.finish(context)
    }
}
