//! A session: one client's statements, one after the other, with everything they leave behind.
//!
//! Use: `start_query` or `start_execute`, then `run` until it gives `Done`. On `Suspend` await what it names, then call
//! `resume` with the answer (or `lock_timed_out`) and `run` again. After `Done`, if `more_statements()`, call `run` for
//! the next answer. Promises: no call blocks; a statement that must wait is undone, keeps its locks, and runs again with
//! the same NOW(), seed, variables and reserved ids (R36). Dropping a session rolls back and frees its locks.

mod admin;
mod call;
mod contract;
mod gather;
mod prepared;
pub(crate) mod query;
mod revision;
mod run;
pub(crate) mod scene;
mod select;
mod set;
pub(crate) mod shared;
pub(crate) mod state;
mod statement;
pub(crate) mod stop;
pub(crate) mod transact;

pub use contract::{Login, Prepared, Status};

use crate::ddl::lexer;
use crate::engine::process::{Kill, Process};
use crate::engine::{Counters, Engine};
use crate::error::SqlError;
use crate::expression::Type;
use crate::limits::MAX_STATEMENTS;
use crate::response::Step;
use dag::signal::Signal;
use dag::value::Value;
use prepared::{PreparedStatement, PreparedStatements};
use run::Running;
use state::State;
use std::collections::VecDeque;
use std::sync::Arc;

/// One client's session.
pub struct Session {
    pub(crate) state: State,
    prepared: PreparedStatements,
    running: Option<Running>,
    /// Texts of a multi-statement query that are still to run.
    pending: VecDeque<Arc<str>>,
}

impl Session {
    pub(crate) fn open(engine: Arc<Engine>, login: Login) -> Result<Session, SqlError> {
        let now = engine.clock.monotonic();
        let process = Arc::new(Process::new(login.connection_id, login.user.clone(), login.host.clone(), now));
        let database = login.database.clone();
        let state = State::new(engine, process, login);
        let mut session =
            Session { state, prepared: PreparedStatements::default(), running: None, pending: VecDeque::new() };
        if let Some(name) = database.filter(|n| !n.is_empty()) {
            session.use_database(&name)?;
        }
        session.state.engine.processes.add(session.state.process.clone());
        Ok(session)
    }

    /// COM_STMT_PREPARE. Errors: 1064, 1146, 1054 ... and 1461 with too many statements.
    pub fn prepare(&mut self, text: &str) -> Result<Prepared, SqlError> {
        let statement = PreparedStatement::prepare(&mut self.state, text)?;
        self.prepared.add(statement)
    }

    /// COM_STMT_CLOSE: an unknown number is ignored, as the protocol wants.
    pub fn close_statement(&mut self, id: u32) {
        self.prepared.close(id);
    }

    /// COM_STMT_RESET. Error: 1243 for an unknown number.
    pub fn reset_statement(&mut self, id: u32) -> Result<(), SqlError> {
        self.prepared.get(id, "mysqld_stmt_reset").map(drop)
    }

    /// Begins a text query; it may hold several statements if the client allows them. Error: 1064 and its kin; then
    /// nothing is running.
    pub fn start_query(&mut self, text: &str) -> Result<(), SqlError> {
        self.pending.clear();
        let mode = self.state.settings.sql_mode;
        if !self.state.login.multi_statements || !text.contains(';') {
            return self.start_text(text);
        }
        let mut texts = lexer::split(text, mode)?.into_iter();
        if texts.len() > MAX_STATEMENTS {
            return Err(SqlError::new(1153, format!("a text may hold at most {MAX_STATEMENTS} statements")));
        }
        let first = texts.next().unwrap_or("");
        self.pending = texts.map(Arc::from).collect();
        self.start_text(first)
    }

    fn start_text(&mut self, text: &str) -> Result<(), SqlError> {
        Counters::bump(&self.state.engine.counters.questions);
        self.state.process.begin("Query", text, self.state.engine.clock.monotonic());
        let started = Running::text(&mut self.state, text);
        self.started(started)
    }

    fn started(&mut self, started: Result<Running, SqlError>) -> Result<(), SqlError> {
        match started {
            Ok(running) => {
                self.running = Some(running);
                Ok(())
            }
            Err(error) => {
                self.pending.clear();
                run::note_failure(&mut self.state, &error);
                Err(error)
            }
        }
    }

    /// Begins a prepared statement with its parameters. Errors: 1243 unknown statement, 1210 wrong number of values.
    pub fn start_execute(&mut self, id: u32, parameters: Vec<(Value, Type)>) -> Result<(), SqlError> {
        Counters::bump(&self.state.engine.counters.questions);
        let statement = self.prepared.get(id, "mysqld_stmt_execute")?;
        self.state.process.begin_shared("Execute", &statement.text, self.state.engine.clock.monotonic());
        let started = Running::prepared(&mut self.state, statement, parameters.into());
        self.started(started)
    }

    /// Works until the statement is done or must wait.
    pub fn run(&mut self) -> Step {
        if self.running.is_none()
            && let Some(text) = self.pending.pop_front()
            && let Err(error) = self.start_text(&text)
        {
            return Step::Done(Err(error));
        }
        let Some(running) = &mut self.running else {
            return Step::Done(Err(SqlError::new(1065, "Query was empty")));
        };
        let step = running.run(&mut self.state, &mut self.prepared);
        if let Step::Done(result) = &step {
            if result.is_err() {
                self.pending.clear();
            }
            self.running = None;
            self.state.process.end(self.state.engine.clock.monotonic());
            self.state.process.statement_over();
        }
        step
    }

    /// What was awaited has come: the answer of the signal, or `Ok` after a sleep.
    pub fn resume(&mut self, answer: Result<(), SqlError>) {
        if let Some(running) = &mut self.running {
            running.resume(&mut self.state, answer);
        }
    }

    /// The timeout of a lock passed first: the next `run` gives 1205.
    pub fn lock_timed_out(&mut self) {
        let error = SqlError::new(1205, "Lock wait timeout exceeded; try restarting transaction");
        if let Some(open) = &self.state.transaction {
            self.state.engine.locks.cancel(open.id, error.clone());
        }
        self.resume(Err(error));
    }

    /// The timeout of a wait for other replicas passed first: the next `run` gives the error of a read, or the OK of a
    /// commit with a warning.
    pub fn peers_timed_out(&mut self) {
        if let Some(running) = &mut self.running {
            running.peers_timed_out(&mut self.state);
        }
    }

    /// Whether the text holds further statements: call `run` for the next answer.
    pub fn more_statements(&self) -> bool {
        !self.pending.is_empty()
    }

    /// CLIENT_MULTI_STATEMENTS was switched (COM_SET_OPTION).
    pub fn allow_multi_statements(&mut self, allow: bool) {
        self.state.login.multi_statements = allow;
    }

    /// For status flags and OK packets.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// COM_INIT_DB and USE; the name may be `db@rev`. Error: 1049.
    pub fn use_database(&mut self, name: &str) -> Result<(), SqlError> {
        admin::use_database(&mut self.state, name)
    }

    /// The current database, as named.
    pub fn database(&self) -> Option<&str> {
        self.state.database.as_deref()
    }

    /// COM_RESET_CONNECTION: rolls back, frees locks, forgets variables, prepared statements and warnings. The current
    /// database stays, as in MySQL.
    pub fn reset(&mut self) {
        self.state.rollback();
        self.running = None;
        self.pending.clear();
        self.prepared = PreparedStatements::default();
        let database = self.state.database.take();
        let own_commit = self.state.own_commit;
        let own_commits = std::mem::take(&mut self.state.own_commits);
        let demotions = self.state.demotions;
        let (engine, process) = (self.state.engine.clone(), self.state.process.clone());
        self.state = State::new(engine, process, self.state.login.clone());
        (self.state.own_commit, self.state.own_commits) = (own_commit, own_commits);
        self.state.demotions = demotions;
        self.state.facts_mut().database = database.as_deref().map(|d| state::split_revision(d).0.to_owned());
        self.state.database = database;
    }

    /// Whether the session or its statement was killed.
    pub fn killed(&self) -> Option<Kill> {
        self.state.process.killed()
    }

    /// Completed when a kill arrives: await it beside a lock, a sleep or the next packet.
    pub fn kill_notice(&self) -> Signal<()> {
        self.state.process.kill_notice()
    }

    /// The engine it belongs to.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.state.engine
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.state.rollback();
        self.state.engine.processes.remove(self.state.login.connection_id);
    }
}
