//! Hash joins: the right side in a table by its key, one probe for each left row.

use super::key;
use super::run::Frame;
use super::source::{SourceRun, open};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Type};
use crate::plan::{HashKey, Join, JoinMethod};
use dag::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A hash join that is running.
pub(crate) struct HashJoin {
    join: Arc<Join>,
    left: SourceRun,
    right: SourceRun,
    /// Rows by key: the first of each key, and for each row the next with its key.
    first: HashMap<Vec<u8>, usize>,
    rows: Vec<(Vec<Value>, Option<usize>)>,
    /// The next row to try for the left row at hand; `None` outside a left row.
    probe: Option<(Option<usize>, bool)>,
    key: Vec<u8>,
}

impl HashJoin {
    pub(crate) fn new(join: Arc<Join>) -> Self {
        HashJoin {
            left: open(&join.left),
            right: open(&join.right),
            join,
            first: HashMap::new(),
            rows: Vec::new(),
            probe: None,
            key: Vec::new(),
        }
    }

    pub(crate) fn start(&mut self, frame: &mut Frame<'_>, row: &[Value]) -> Result<(), SqlError> {
        self.first.clear();
        self.rows.clear();
        self.probe = None;
        let join = self.join.clone();
        let mut scratch = row.to_vec();
        self.right.start(frame, row)?;
        let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
        while self.right.next(frame, &mut scratch)? {
            if !key_of(keys(&join), |k| &k.right, &scratch, frame, &mut self.key)? {
                continue;
            }
            let part = scratch[join.right_slots.clone()].to_vec();
            frame.run.budget.take(super::budget::row_bytes(&part) + self.key.len() + key::OVERHEAD)?;
            let place = self.rows.len();
            self.rows.push((part, None));
            match last.insert(self.key.clone(), place) {
                Some(before) => self.rows[before].1 = Some(place),
                None => {
                    self.first.insert(self.key.clone(), place);
                }
            }
        }
        self.left.start(frame, row)
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        let join = self.join.clone();
        loop {
            let Some((place, matched)) = self.probe else {
                if !self.left.next(frame, row)? {
                    return Ok(false);
                }
                let known = key_of(keys(&join), |k| &k.left, row, frame, &mut self.key)?;
                let place = if known { self.first.get(&self.key).copied() } else { None };
                self.probe = Some((place, false));
                continue;
            };
            if let Some(place) = place {
                frame.run.budget.tick()?;
                let (part, next) = &self.rows[place];
                row[join.right_slots.clone()].clone_from_slice(part);
                self.probe = Some((*next, matched));
                if frame.holds(join.on.as_ref(), row)? {
                    self.probe = Some((*next, true));
                    return Ok(true);
                }
                continue;
            }
            self.probe = None;
            if join.left_outer && !matched {
                row[join.right_slots.clone()].fill(Value::Null);
                return Ok(true);
            }
        }
    }
}

fn keys(join: &Join) -> &[HashKey] {
    match &join.method {
        JoinMethod::Hash(keys) => keys,
        _ => &[],
    }
}

/// The key of one side's row; false if a part is NULL, which equals nothing.
fn key_of<'k>(
    keys: &'k [HashKey],
    side: impl Fn(&'k HashKey) -> &'k Expression,
    row: &[Value],
    frame: &mut Frame<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, SqlError> {
    out.clear();
    for part in keys {
        let expression = side(part);
        let value = frame.value(expression, row)?;
        if value.is_null() {
            return Ok(false);
        }
        let Some(value) = brought(value, &expression.ty, &part.ty, frame)? else { return Ok(false) };
        key::append_one(&value, &part.ty, out);
    }
    Ok(true)
}

/// The value as the type that both sides compare under; numbers of equal value have equal keys as they are.
pub(crate) fn brought(value: Value, from: &Type, to: &Type, frame: &mut Frame<'_>) -> Result<Option<Value>, SqlError> {
    if from.kind == to.kind || from.is_numeric() && to.is_numeric() && *to != Type::double() {
        return Ok(Some(value));
    }
    let value = convert::cast(&value, from, to, frame.context)?;
    Ok(if value.is_null() { None } else { Some(value) })
}
