//! A session: one client's statements, one after the other, with everything they leave behind.
//!
//! Use: `start_query` or `start_execute`, then `run` until it gives `Done`. On `Suspend` await what it names, then call
//! `resume` with the answer (or `lock_timed_out`) and `run` again. After `Done`, if `more_statements()`, call `run` for
//! the next answer. Promises: no call blocks; a statement that must wait is undone, keeps its locks, and runs again with
//! the same NOW(), seed, variables and reserved ids (R36). Dropping a session rolls back and frees its locks.

mod contract;

pub use contract::{Login, Prepared, Status};

use crate::engine::Engine;
use crate::engine::process::{Kill, Process};
use crate::error::SqlError;
use crate::expression::Type;
use crate::response::Step;
use dag::signal::Signal;
use dag::value::Value;
use std::sync::Arc;

/// One client's session.
pub struct Session {
    engine: Arc<Engine>,
    process: Arc<Process>,
    login: Login,
}

impl Session {
    pub(crate) fn open(engine: Arc<Engine>, login: Login) -> Result<Session, SqlError> {
        let now = engine.clock.monotonic();
        let process = Arc::new(Process::new(login.connection_id, login.user.clone(), login.host.clone(), now));
        engine.processes.add(process.clone());
        Ok(Session { engine, process, login })
    }

    /// COM_STMT_PREPARE.
    pub fn prepare(&mut self, _text: &str) -> Result<Prepared, SqlError> {
        Err(SqlError::unsupported("PREPARE"))
    }

    /// COM_STMT_CLOSE: an unknown number is ignored, as the protocol wants.
    pub fn close_statement(&mut self, _id: u32) {}

    /// COM_STMT_RESET. Error: 1243 for an unknown number.
    pub fn reset_statement(&mut self, id: u32) -> Result<(), SqlError> {
        Err(unknown_statement(id, "mysqld_stmt_reset"))
    }

    /// Begins a text query; it may hold several statements if the client allows them. Error: 1064 and its kin; then
    /// nothing is running.
    pub fn start_query(&mut self, _text: &str) -> Result<(), SqlError> {
        Err(SqlError::unsupported("queries"))
    }

    /// Begins a prepared statement with its parameters. Errors: 1243 unknown statement, 1210 wrong number of values.
    pub fn start_execute(&mut self, id: u32, _parameters: Vec<(Value, Type)>) -> Result<(), SqlError> {
        Err(unknown_statement(id, "mysqld_stmt_execute"))
    }

    /// Works until the statement is done or must wait.
    pub fn run(&mut self) -> Step {
        Step::Done(Err(SqlError::new(1065, "Query was empty")))
    }

    /// What was awaited has come: the answer of the signal, or `Ok` after a sleep.
    pub fn resume(&mut self, _answer: Result<(), SqlError>) {}

    /// The timeout of a lock passed first: the next `run` gives 1205.
    pub fn lock_timed_out(&mut self) {}

    /// Whether the text holds further statements: call `run` for the next answer.
    pub fn more_statements(&self) -> bool {
        false
    }

    /// CLIENT_MULTI_STATEMENTS was switched (COM_SET_OPTION).
    pub fn allow_multi_statements(&mut self, allow: bool) {
        self.login.multi_statements = allow;
    }

    /// For status flags and OK packets.
    pub fn status(&self) -> Status {
        Status::default()
    }

    /// COM_INIT_DB and USE; the name may be `db@rev`. Error: 1049.
    pub fn use_database(&mut self, _name: &str) -> Result<(), SqlError> {
        Err(SqlError::unsupported("USE"))
    }

    /// The current database, as named.
    pub fn database(&self) -> Option<&str> {
        None
    }

    /// COM_RESET_CONNECTION: rolls back, frees locks, forgets variables, prepared statements and warnings.
    pub fn reset(&mut self) {}

    /// Whether the session or its statement was killed.
    pub fn killed(&self) -> Option<Kill> {
        self.process.killed()
    }

    /// Completed when a kill arrives: await it beside a lock, a sleep or the next packet.
    pub fn kill_notice(&self) -> Signal<()> {
        self.process.kill_notice()
    }

    /// The engine it belongs to.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.engine.processes.remove(self.login.connection_id);
    }
}

fn unknown_statement(id: u32, command: &str) -> SqlError {
    SqlError::new(1243, format!("Unknown prepared statement handler ({id}) given to {command}"))
}
