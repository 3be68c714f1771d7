//! Nested-loop joins: the right side looked up again for each left row, or kept in a buffer.

use super::run::Frame;
use super::source::{SourceRun, open};
use crate::error::SqlError;
use crate::plan::Join;
use dag::value::Value;
use std::sync::Arc;

/// Where a nested loop stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    NeedsLeft,
    InRight { matched: bool },
}

/// A join whose right side reads the left row to find its own.
pub(crate) struct LookupJoin {
    join: Arc<Join>,
    left: SourceRun,
    right: SourceRun,
    at: At,
}

impl LookupJoin {
    pub(crate) fn new(join: Arc<Join>) -> Self {
        LookupJoin { left: open(&join.left), right: open(&join.right), join, at: At::NeedsLeft }
    }

    pub(crate) fn start(&mut self, frame: &mut Frame<'_>, row: &[Value]) -> Result<(), SqlError> {
        self.at = At::NeedsLeft;
        self.left.start(frame, row)
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        loop {
            let At::InRight { matched } = self.at else {
                if !self.left.next(frame, row)? {
                    return Ok(false);
                }
                self.right.start(frame, row)?;
                self.at = At::InRight { matched: false };
                continue;
            };
            if self.right.next(frame, row)? {
                if frame.holds(self.join.on.as_ref(), row)? {
                    self.at = At::InRight { matched: true };
                    return Ok(true);
                }
                continue;
            }
            self.at = At::NeedsLeft;
            if self.join.left_outer && !matched {
                row[self.join.right_slots.clone()].fill(Value::Null);
                return Ok(true);
            }
        }
    }
}

/// A join whose right side runs once and is kept.
pub(crate) struct BufferJoin {
    join: Arc<Join>,
    left: SourceRun,
    right: SourceRun,
    kept: Vec<Vec<Value>>,
    place: usize,
    at: At,
}

impl BufferJoin {
    pub(crate) fn new(join: Arc<Join>) -> Self {
        let (left, right) = (open(&join.left), open(&join.right));
        BufferJoin { left, right, join, kept: Vec::new(), place: 0, at: At::NeedsLeft }
    }

    pub(crate) fn start(&mut self, frame: &mut Frame<'_>, row: &[Value]) -> Result<(), SqlError> {
        self.at = At::NeedsLeft;
        self.kept.clear();
        let mut scratch = row.to_vec();
        self.right.start(frame, row)?;
        while self.right.next(frame, &mut scratch)? {
            let part = scratch[self.join.right_slots.clone()].to_vec();
            frame.run.budget.take_row(&part)?;
            self.kept.push(part);
        }
        self.left.start(frame, row)
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        loop {
            let At::InRight { matched } = self.at else {
                if !self.left.next(frame, row)? {
                    return Ok(false);
                }
                self.place = 0;
                self.at = At::InRight { matched: false };
                continue;
            };
            if let Some(part) = self.kept.get(self.place) {
                frame.run.budget.tick()?;
                self.place += 1;
                row[self.join.right_slots.clone()].clone_from_slice(part);
                if frame.holds(self.join.on.as_ref(), row)? {
                    self.at = At::InRight { matched: true };
                    return Ok(true);
                }
                continue;
            }
            self.at = At::NeedsLeft;
            if self.join.left_outer && !matched {
                row[self.join.right_slots.clone()].fill(Value::Null);
                return Ok(true);
            }
        }
    }
}
