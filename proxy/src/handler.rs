//! The seam to SQL: what the wire asks of a session.
//!
//! The shape is that of opensrv-mysql's handler (on_query, on_prepare, on_execute, on_close, on_init), so that a sound
//! release of it could take this crate's place. `sql`'s engine implements it below; tests implement it with a double.

use dag::signal::Signal;
use dag::value::Value;
use sql::engine::Engine;
use sql::engine::process::Kill;
use sql::error::SqlError;
use sql::expression::Type;
use sql::response::Step;
use sql::session::{Login, Prepared, Session, Status};
use std::sync::Arc;

/// What opens sessions.
pub trait Handlers: Send + Sync {
    /// Opens a session for a client that has authenticated. Errors: 1049.
    fn open(&self, login: Login) -> Result<Box<dyn Handler>, SqlError>;
    /// Ends a connection's statement and session, as KILL does; for a client that is gone.
    fn kill(&self, connection: u64);
}

/// One session. No call blocks; dropping it rolls back. After `on_query` or `on_execute`, call `run` until it is done.
pub trait Handler: Send {
    /// COM_QUERY: begins the text's first statement.
    fn on_query(&mut self, text: &str) -> Result<(), SqlError>;
    /// COM_STMT_PREPARE.
    fn on_prepare(&mut self, text: &str) -> Result<Prepared, SqlError>;
    /// COM_STMT_EXECUTE: begins the statement.
    fn on_execute(&mut self, statement: u32, parameters: Vec<(Value, Type)>) -> Result<(), SqlError>;
    /// COM_STMT_CLOSE.
    fn on_close(&mut self, statement: u32);
    /// COM_INIT_DB.
    fn on_init(&mut self, database: &str) -> Result<(), SqlError>;
    /// COM_RESET_CONNECTION.
    fn on_reset(&mut self);
    /// COM_SET_OPTION.
    fn allow_multi_statements(&mut self, allow: bool);
    /// Works until the statement is done or must wait (R36).
    fn run(&mut self) -> Step;
    /// What was awaited has come.
    fn resume(&mut self, answer: Result<(), SqlError>);
    /// A lock's timeout passed first.
    fn lock_timed_out(&mut self);
    /// The timeout of a wait for other replicas passed first.
    fn peers_timed_out(&mut self);
    /// Whether the command has further answers: call `run` again.
    fn more_statements(&self) -> bool;
    /// For status flags.
    fn status(&self) -> Status;
    /// Whether the session or its statement was killed.
    fn killed(&self) -> Option<Kill>;
    /// Completed when a kill arrives.
    fn kill_notice(&self) -> Signal<()>;
}

impl Handlers for Arc<Engine> {
    fn open(&self, login: Login) -> Result<Box<dyn Handler>, SqlError> {
        Ok(Box::new(self.open_session(login)?))
    }

    fn kill(&self, connection: u64) {
        // False means that the session has just ended by itself.
        let _ = Engine::kill(self, connection, false);
    }
}

impl Handler for Session {
    fn on_query(&mut self, text: &str) -> Result<(), SqlError> {
        self.start_query(text)
    }

    fn on_prepare(&mut self, text: &str) -> Result<Prepared, SqlError> {
        self.prepare(text)
    }

    fn on_execute(&mut self, statement: u32, parameters: Vec<(Value, Type)>) -> Result<(), SqlError> {
        self.start_execute(statement, parameters)
    }

    fn on_close(&mut self, statement: u32) {
        self.close_statement(statement);
    }

    fn on_init(&mut self, database: &str) -> Result<(), SqlError> {
        self.use_database(database)
    }

    fn on_reset(&mut self) {
        self.reset();
    }

    fn allow_multi_statements(&mut self, allow: bool) {
        Session::allow_multi_statements(self, allow);
    }

    fn run(&mut self) -> Step {
        Session::run(self)
    }

    fn resume(&mut self, answer: Result<(), SqlError>) {
        Session::resume(self, answer);
    }

    fn lock_timed_out(&mut self) {
        Session::lock_timed_out(self);
    }

    fn peers_timed_out(&mut self) {
        Session::peers_timed_out(self);
    }

    fn more_statements(&self) -> bool {
        Session::more_statements(self)
    }

    fn status(&self) -> Status {
        Session::status(self)
    }

    fn killed(&self) -> Option<Kill> {
        Session::killed(self)
    }

    fn kill_notice(&self) -> Signal<()> {
        Session::kill_notice(self)
    }
}
