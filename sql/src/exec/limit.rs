//! LIMIT and OFFSET.

use super::run::Frame;
use crate::error::SqlError;
use crate::expression::Expression;
use crate::plan::Limit;
use dag::value::Value;

/// How many rows to leave out, and how many to give.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    skip: u64,
    left: u64,
}

impl Default for Window {
    fn default() -> Self {
        Window { skip: 0, left: u64::MAX }
    }
}

impl Window {
    pub(crate) fn of(limit: &Limit, frame: &mut Frame<'_>) -> Result<Self, SqlError> {
        let mut number = |expression: &Option<Expression>, otherwise: u64| match expression {
            None => Ok(otherwise),
            Some(expression) => count(frame.value(expression, &[])?),
        };
        Ok(Window { skip: number(&limit.offset, 0)?, left: number(&limit.count, u64::MAX)? })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Rows that matter in order; `None` if all do.
    pub(crate) fn needed(&self) -> Option<usize> {
        match self.left {
            u64::MAX => None,
            left => usize::try_from(self.skip.saturating_add(left)).ok(),
        }
    }

    /// Whether the next row is given out.
    pub(crate) fn admits(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left = self.left.saturating_sub(1);
        true
    }
}

fn count(value: Value) -> Result<u64, SqlError> {
    match value {
        Value::Int(n @ 0..) => Ok(n as u64),
        Value::UInt(n) => Ok(n),
        Value::Text(text) => text.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

fn wrong() -> SqlError {
    SqlError::new(1210, "Incorrect arguments to LIMIT: it takes whole numbers from 0")
}
