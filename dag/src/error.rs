//! What can go wrong with values, rows, keys, definitions and the bytes of commits.
//!
//! Ordered by what the caller should do: a value is the SQL user's to change, a malformed input its sender's fault, a
//! file its owner's to mend.

use crate::id::{EntityId, LayoutId};
use std::borrow::Cow;
use std::path::PathBuf;

/// Why a value, a row, a definition or a commit was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that the column's type cannot hold: convert it first.
    #[error("column {column} of the row cannot hold the value: {reason}")]
    Value {
        /// Position in the layout.
        column: usize,
        /// What does not fit.
        reason: Cow<'static, str>,
    },
    /// A row with too many or too few values.
    #[error("the row has {found} values where the table has {expected} columns")]
    Arity {
        /// Columns of the table.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A key past [`crate::row_key::MAX_KEY`].
    #[error("the key has {0} bytes; the limit is {max}: index a shorter prefix of the column", max = crate::row_key::MAX_KEY)]
    KeyTooLong(usize),
    /// A key was asked of a table whose rows have hidden keys (R39).
    #[error("the table has no primary key: its rows have hidden keys, which values do not make")]
    HiddenKey,
    /// A JSON column in an index, or a column that the table does not have.
    #[error("column {0} cannot be part of a key")]
    NotAKey(EntityId),
    /// A row in a layout that the table never had.
    #[error("the row is in layout {0:?}, which the table never had")]
    UnknownLayout(LayoutId),
    /// Bytes that are not what they are said to be.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What does not hold.
        reason: Cow<'static, str>,
    },
    /// More of something than every peer accepts (R3).
    #[error(
        "{what}: {found} is over the limit of {limit} that every peer holds to; split it into smaller transactions"
    )]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        limit: u64,
    },
    /// A signature that does not hold, or a key that must not be used.
    #[error("{0}")]
    Signature(&'static str),
    /// A key file that others could read.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600 {}` and start again", path.display(), path.display())]
    LooseKeyFile {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file that could not be read or written.
    #[error("cannot {action} the key file {}: {source}", path.display())]
    KeyFile {
        /// read, write or sync.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The trees of a large change set could not be read or written.
    #[error("the trees of a large commit: {0}")]
    Tree(#[from] crate::tree::TreeError),
    /// The operating system gave no random bytes for a new key.
    #[error(transparent)]
    Entropy(#[from] crate::clock::EntropyError),
}

impl Error {
    /// Bytes that are not what they are said to be.
    pub fn malformed(what: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Error::Malformed { what, reason: reason.into() }
    }

    /// Refuses a count over its limit.
    pub fn limit(what: &'static str, found: usize, limit: usize) -> Result<()> {
        if found <= limit { Ok(()) } else { Err(Error::Limit { what, found: found as u64, limit: limit as u64 }) }
    }
}

/// What this crate's data types answer.
pub type Result<T> = std::result::Result<T, Error>;
