//! How a statement that must wait says so (R36): the executor never blocks a thread.
//!
//! The session loop awaits what is named here, then runs the statement again. The statement keeps its locks.

use crate::error::SqlError;
use dag::signal::Signal;
use std::time::Duration;

/// Why a statement cannot go on yet.
#[derive(Clone)]
pub enum Suspend {
    /// A lock is held by another session. The answer is `Ok` when it was granted, 1213 when this session was chosen as
    /// the victim; if `timeout` passes first the loop calls `Session::lock_timed_out`.
    Lock {
        /// Completed by the lock manager.
        granted: Signal<Result<(), SqlError>>,
        /// innodb_lock_wait_timeout or lock_wait_timeout.
        timeout: Duration,
    },
    /// The commit is being written to disk.
    Commit(Signal<Result<(), SqlError>>),
    /// Other replicas: what a read mode names is to come, or a commit is to spread. If `timeout` passes first, the loop
    /// calls `Session::peers_timed_out`.
    Peers {
        /// Completed when it has happened.
        happened: Signal<Result<(), SqlError>>,
        /// headwaters_read_timeout or headwaters_commit_timeout.
        timeout: Duration,
    },
    /// SLEEP().
    Sleep(Duration),
}
