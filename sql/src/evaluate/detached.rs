//! A context for expressions outside any session: constants of the plan, comparisons of bare values, tests.

use crate::error::SqlError;
use crate::function::{Context, SessionFacts};
use crate::limits::MAX_WARNINGS;
use dag::temporal::DateTime;
use dag::value::Value;

/// The epoch in UTC, no variables, no parameters; warnings are kept for whoever asks.
#[derive(Default)]
pub struct Detached {
    /// Session facts; the default ones unless set.
    pub facts: SessionFacts,
    /// Warnings so far.
    pub warnings: Vec<(u16, String)>,
    /// NOW(), microseconds UTC.
    pub now: i64,
    state: u64,
}

impl Context for Detached {
    fn now_micros(&self) -> i64 {
        self.now
    }

    fn zone_offset(&self, _utc_micros: i64) -> i32 {
        0
    }

    fn to_utc(&self, local: DateTime) -> Option<i64> {
        local.to_unix_micros()
    }

    /// SplitMix64 from a fixed seed: the same numbers every time.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn session(&self) -> &SessionFacts {
        &self.facts
    }

    fn user_variable(&self, _name: &str) -> Value {
        Value::Null
    }

    fn assign_user_variable(&mut self, _name: &str, _value: Value) -> Result<(), SqlError> {
        Ok(())
    }

    fn system_variable(&self, name: &str, _global: bool) -> Result<Value, SqlError> {
        Err(SqlError::new(1193, format!("Unknown system variable '{name}'")))
    }

    fn parameter(&self, _index: u32) -> Value {
        Value::Null
    }

    fn warn(&mut self, code: u16, message: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push((code, message));
        }
    }

    fn set_last_insert_id(&mut self, id: u64) {
        self.facts.last_insert_id = id;
    }
}
