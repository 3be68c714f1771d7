//! GROUP BY: one entry a group, its first row and its accumulators.

use super::key;
use super::run::Frame;
use crate::aggregate::Accumulator;
use crate::error::SqlError;
use crate::function::Context;
use crate::plan::{Aggregate, Grouping};
use dag::value::Value;
use std::collections::HashMap;

/// Groups in the order of their first rows.
pub(crate) struct Groups {
    places: HashMap<Vec<u8>, usize>,
    groups: Vec<Group>,
    first: usize,
    at: usize,
    key: Vec<u8>,
    values: Vec<Value>,
}

struct Group {
    row: Vec<Value>,
    accumulators: Vec<Box<dyn Accumulator>>,
}

impl Group {
    fn new(row: &[Value], aggregates: &[Aggregate]) -> Self {
        Group { row: row.to_vec(), accumulators: aggregates.iter().map(|a| a.function.start(&a.settings)).collect() }
    }
}

/// What an accumulator takes beside its group's row; GROUP_CONCAT and DISTINCT take more as they grow.
const ACCUMULATOR_BYTES: usize = 96;

impl Groups {
    pub(crate) fn new(grouping: &Grouping) -> Self {
        Groups {
            places: HashMap::new(),
            groups: Vec::new(),
            first: grouping.first,
            at: 0,
            key: Vec::new(),
            values: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, grouping: &Grouping, row: &[Value], frame: &mut Frame<'_>) -> Result<(), SqlError> {
        self.key.clear();
        for expression in &grouping.keys {
            let value = frame.value(expression, row)?;
            key::append_one(&value, &expression.ty, &mut self.key);
        }
        let place = match self.places.get(&self.key) {
            Some(place) => *place,
            None => self.enter(grouping, row, frame)?,
        };
        for (aggregate, accumulator) in grouping.aggregates.iter().zip(&mut self.groups[place].accumulators) {
            self.values.clear();
            for expression in aggregate.arguments.iter().chain(&aggregate.order) {
                self.values.push(frame.value(expression, row)?);
            }
            if holds_on(aggregate) {
                frame.run.budget.take(super::budget::row_bytes(&self.values))?;
            }
            accumulator.add(&self.values, frame.context)?;
        }
        Ok(())
    }

    fn enter(&mut self, grouping: &Grouping, row: &[Value], frame: &mut Frame<'_>) -> Result<usize, SqlError> {
        let accumulators = grouping.aggregates.len() * ACCUMULATOR_BYTES;
        frame.run.budget.take(self.key.len() + key::OVERHEAD + accumulators)?;
        frame.run.budget.take_row(row)?;
        self.places.insert(self.key.clone(), self.groups.len());
        self.groups.push(Group::new(row, &grouping.aggregates));
        Ok(self.groups.len() - 1)
    }

    /// All rows are in. Without GROUP BY there is a group even of no rows.
    pub(crate) fn finished(mut self, grouping: &Grouping, row: &[Value]) -> Self {
        if self.groups.is_empty() && grouping.keys.is_empty() {
            self.groups.push(Group::new(&vec![Value::Null; row.len()], &grouping.aggregates));
        }
        self
    }

    /// Fills the row with the next group.
    pub(crate) fn next(&mut self, row: &mut Vec<Value>, context: &mut dyn Context) -> Result<bool, SqlError> {
        let Some(group) = self.groups.get_mut(self.at) else { return Ok(false) };
        self.at += 1;
        *row = std::mem::take(&mut group.row);
        for (place, accumulator) in group.accumulators.iter_mut().enumerate() {
            row[self.first + place] = accumulator.finish(context)?;
        }
        group.accumulators.clear();
        Ok(true)
    }
}

/// Whether an accumulator keeps the values it is given.
fn holds_on(aggregate: &Aggregate) -> bool {
    use crate::aggregate::AggregateFunction::{GroupConcat, JsonArrayAgg, JsonObjectAgg};
    aggregate.settings.distinct || matches!(aggregate.function, GroupConcat | JsonArrayAgg | JsonObjectAgg)
}
