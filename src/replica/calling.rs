//! What `CALL headwaters.NAME(...)` runs: plain functions over the replica, on a thread of their own, so that no
//! session's worker waits for the disk or for a checkpoint.
//!
//! Promises: calls of one procedure run one at a time; the thread is joined by the next call or when the replica goes.

use super::local::Local;
use dag::signal::Signal;
use dag::value::Value;
use sql::engine::procedure::{Answer, Procedure, Table};
use sql::error::SqlError;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};

/// The work of a procedure.
pub type Work = fn(&Local, &[Value]) -> Result<Table, SqlError>;

/// A procedure. Holds the replica weakly: the engine that owns the procedure is owned by the replica.
pub struct Calling {
    name: &'static str,
    arity: usize,
    work: Work,
    local: Weak<Local>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Calling {
    /// A procedure of that name and number of arguments.
    pub fn new(name: &'static str, arity: usize, work: Work, local: &Arc<Local>) -> Arc<Self> {
        Arc::new(Calling { name, arity, work, local: Arc::downgrade(local), thread: Mutex::new(None) })
    }

    fn join(&self) {
        let last = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if last.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(procedure = self.name, "a procedure failed unexpectedly");
        }
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        self.join();
    }
}

impl Procedure for Calling {
    fn name(&self) -> &str {
        self.name
    }

    fn arity(&self) -> usize {
        self.arity
    }

    fn begin(&self, arguments: &[Value], answer: Answer) -> Signal<Result<(), SqlError>> {
        self.join();
        let done = Signal::default();
        let (local, told, work, arguments) = (self.local.clone(), done.clone(), self.work, arguments.to_vec());
        let run = move || {
            let result = match local.upgrade() {
                Some(local) => work(&local, &arguments),
                None => Err(SqlError::new(1053, "Server shutdown in progress")),
            };
            told.complete(result.map(|table| *answer.lock().unwrap_or_else(PoisonError::into_inner) = table));
        };
        match Builder::new().name(self.name.into()).spawn(run) {
            Ok(thread) => *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread),
            Err(error) => done.complete(Err(SqlError::new(1135, format!("Can't create a new thread: {error}")))),
        }
        done
    }
}
