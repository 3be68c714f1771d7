//! Why a run of a statement ends before its answer.

use crate::error::SqlError;
use crate::wait::Suspend;
use linearizer::view::ViewError;

/// An error, or a wait (R36).
pub(crate) enum Stop {
    Error(SqlError),
    Wait(Suspend),
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Stop::Error(error)
    }
}

impl From<ViewError> for Stop {
    fn from(error: ViewError) -> Self {
        Stop::Error(unreadable(error))
    }
}

/// A stored state that cannot be read, as the client sees it.
pub(crate) fn unreadable(error: impl std::fmt::Display) -> SqlError {
    SqlError::new(1105, error.to_string())
}
