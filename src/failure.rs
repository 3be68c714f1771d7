//! What the binary tells a person when something fails: few kinds, ordered by what to do, with their exit codes.

use std::path::Path;

/// A failure of a verb. The text says what happened, why, and what to try.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The call's words or settings are wrong: correct them. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The surroundings refuse: a port, a file, another instance. Exit code 3.
    #[error("{0}")]
    Environment(String),
    /// Stored bytes are damaged. Exit code 4.
    #[error("{0}")]
    Damaged(String),
    /// A SQL statement failed. Exit code 1.
    #[error("ERROR {code} ({state}): {message}")]
    Sql {
        /// MySQL's code.
        code: u16,
        /// SQLSTATE.
        state: String,
        /// The text.
        message: String,
    },
    /// A check found something wrong, and already printed what. Exit code 1.
    #[error("{0}")]
    Check(String),
}

impl From<sql::error::SqlError> for Failure {
    fn from(error: sql::error::SqlError) -> Self {
        Failure::Sql { code: error.code, state: error.state.to_owned(), message: error.message.into_owned() }
    }
}

impl Failure {
    /// Wrong words.
    pub fn usage(text: impl Into<String>) -> Self {
        Failure::Usage(text.into())
    }

    /// The machine refuses.
    pub fn environment(text: impl Into<String>) -> Self {
        Failure::Environment(text.into())
    }

    /// A file could not be read or written.
    pub fn file(what: &str, path: &Path, error: std::io::Error) -> Self {
        Failure::Environment(format!("cannot {what}: {}: {error}", path.display()))
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Sql { .. } | Failure::Check(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Environment(_) => 3,
            Failure::Damaged(_) => 4,
        }
    }
}
