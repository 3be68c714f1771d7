//! What a statement writes to while its rows are still being read: user variables, warnings, counts.
//!
//! Promises: warnings are bounded by `max_error_count`; the total is counted beyond it.

use crate::error::SqlError;
use crate::limits::MAX_USER_VARIABLES;
use dag::clock::Entropy;
use dag::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How bad a condition is, as SHOW WARNINGS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "Note",
            Level::Warning => "Warning",
            Level::Error => "Error",
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub level: Level,
    pub code: u16,
    pub message: String,
}

/// The shared part of a session's state.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Shared with the statement that runs, which needs them as they were if it runs again.
    pub user_variables: Arc<BTreeMap<String, Value>>,
    pub conditions: Vec<Condition>,
    total: usize,
    /// FOUND_ROWS(): rows of the last SELECT so far, while its client reads.
    pub found_rows: u64,
    /// What the seeds of statements are drawn from; `None` before the first.
    seeds: Option<u64>,
    /// LAST_INSERT_ID(expr) of the running statement.
    pub last_insert_id: Option<u64>,
}

/// The next number of a SplitMix64 sequence.
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

impl Shared {
    /// The seed of the next statement. Only the session's first asks the system: that is a call into the kernel.
    pub fn next_seed(&mut self, entropy: &dyn Entropy) -> Result<u64, SqlError> {
        let mut seeds = match self.seeds {
            Some(seeds) => seeds,
            None => {
                let mut bytes = [0; 8];
                entropy.fill(&mut bytes).map_err(|e| SqlError::new(1105, e.to_string()))?;
                u64::from_le_bytes(bytes)
            }
        };
        let seed = split_mix(&mut seeds);
        self.seeds = Some(seeds);
        Ok(seed)
    }

    pub fn warn(&mut self, code: u16, message: String, most: usize) {
        self.add(Condition { level: Level::Warning, code, message }, most);
    }

    pub fn add(&mut self, condition: Condition, most: usize) {
        self.total += 1;
        if self.conditions.len() < most {
            self.conditions.push(condition);
        }
    }

    pub fn warning_count(&self) -> usize {
        self.total
    }

    pub fn clear_conditions(&mut self) {
        self.conditions.clear();
        self.total = 0;
    }

    /// Error: one variable too many.
    pub fn assign(&mut self, name: &str, value: Value) -> Result<(), SqlError> {
        let name = name.to_lowercase();
        if self.user_variables.len() >= MAX_USER_VARIABLES && !self.user_variables.contains_key(&name) {
            let text = format!(
                "A session has at most {MAX_USER_VARIABLES} user variables, so @{name} is not set; use one that is \
                 there, or reset the connection"
            );
            return Err(SqlError::new(1105, text));
        }
        Arc::make_mut(&mut self.user_variables).insert(name, value);
        Ok(())
    }
}
