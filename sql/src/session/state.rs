//! What a session remembers between statements.

use super::contract::{Login, Status};
use super::shared::{Condition, Level, Shared};
use crate::catalog::collations;
use crate::engine::Engine;
use crate::engine::process::Process;
use crate::error::SqlError;
use crate::function::SessionFacts;
use crate::journal::{Handed, ReadMode};
use crate::transaction::Transaction;
use crate::transaction::lock::TransactionId;
use crate::variables::{Isolation, Settings, VariableId, find};
use dag::id::CommitId;
use dag::signal::Signal;
use dag::value::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Session state.
pub(crate) struct State {
    pub engine: Arc<Engine>,
    pub process: Arc<Process>,
    pub login: Login,
    /// The current database as named, its `@rev` included.
    pub database: Option<Arc<str>>,
    pub values: Arc<Vec<Value>>,
    pub settings: Arc<Settings>,
    /// Cloned only while a result set of the previous statement is still open.
    pub facts: Arc<SessionFacts>,
    /// What running result sets write to: user variables and warnings.
    pub shared: Arc<Mutex<Shared>>,
    pub transaction: Option<Transaction>,
    /// SET TRANSACTION without a scope: for the next transaction only.
    pub next: (Option<Isolation>, Option<bool>),
    pub own_commit: Option<CommitId>,
    /// The last of the session's commits, for warnings.
    pub own_commits: VecDeque<CommitId>,
    /// Parked and voided commits that the session has heard of.
    pub demotions: u64,
    /// The newest commit of the running statement, which may have to spread before its answer.
    pub spreading: Option<CommitId>,
    /// A transaction that was handed over and whose outcome nobody has asked for yet.
    pub handed: Option<Handed>,
    /// The newest commit of the running statement, awaited before its answer.
    pub durable: Option<Signal<Result<(), SqlError>>>,
}

impl State {
    pub fn new(engine: Arc<Engine>, process: Arc<Process>, login: Login) -> Self {
        let (values, settings) = at_login(&engine, login.collation);
        let facts = SessionFacts {
            connection_id: login.connection_id,
            user: format!("{}@{}", login.user, login.host),
            current_user: login.account.clone(),
            row_count: -1,
            sql_mode: settings.sql_mode,
            ..SessionFacts::default()
        };
        let demotions = engine.journal.demotions();
        State {
            engine,
            process,
            login,
            database: None,
            values,
            settings,
            facts: Arc::new(facts),
            shared: Arc::default(),
            transaction: None,
            next: (None, None),
            own_commit: None,
            own_commits: VecDeque::new(),
            demotions,
            spreading: None,
            handed: None,
            durable: None,
        }
    }

    pub fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn warn(&self, code: u16, message: impl Into<String>) {
        self.shared().warn(code, message.into(), self.settings.max_error_count);
    }

    /// A note: what IF EXISTS and IF NOT EXISTS would have said.
    pub fn note(&self, error: SqlError) {
        if self.settings.sql_notes {
            let condition = Condition { level: Level::Note, code: error.code, message: error.message.into_owned() };
            self.shared().add(condition, self.settings.max_error_count);
        }
    }

    pub fn facts_mut(&mut self) -> &mut SessionFacts {
        Arc::make_mut(&mut self.facts)
    }

    pub fn value(&self, id: VariableId) -> &Value {
        &self.values[usize::from(id.0)]
    }

    /// Stores a checked session value.
    pub fn set_value(&mut self, id: VariableId, value: Value) {
        Arc::make_mut(&mut self.values)[usize::from(id.0)] = value;
        self.settings = Arc::new(Settings::of(&self.values));
        let mode = self.settings.sql_mode;
        self.facts_mut().sql_mode = mode;
    }

    /// Stores a value by name, for those that follow another.
    pub fn set_named(&mut self, name: &str, value: Value) {
        if let Ok(id) = find(name) {
            self.set_value(id, value);
        }
    }

    pub fn status(&self) -> Status {
        let open = self.transaction.as_ref().filter(|t| t.explicit);
        Status {
            in_transaction: open.is_some(),
            read_only_transaction: open.is_some_and(|t| t.read_only),
            autocommit: self.settings.autocommit,
            no_backslash_escapes: self.settings.sql_mode.no_backslash_escapes,
            warnings: u16::try_from(self.shared().warning_count()).unwrap_or(u16::MAX),
            wait_seconds: self.settings.wait_seconds,
        }
    }

    /// The database a bare table name belongs to. Error: 1046.
    pub fn current_database(&self) -> Result<Arc<str>, SqlError> {
        self.database.clone().ok_or_else(|| SqlError::new(1046, "No database selected"))
    }

    /// How tables of this database name are read: its `@rev`, or the session's mode.
    pub fn read_mode(&self) -> ReadMode {
        let revision = self.database.as_deref().and_then(|name| split_revision(name).1);
        revision.unwrap_or_else(|| self.settings.read_mode.clone())
    }

    /// The open transaction, or a new one for this statement.
    pub fn transaction(&mut self) -> &mut Transaction {
        if self.transaction.is_none() {
            let explicit = !self.settings.autocommit;
            let opened = self.new_transaction(explicit, None);
            self.transaction = Some(opened);
        }
        // Just made.
        self.transaction.as_mut().expect("a transaction is open")
    }

    pub fn new_transaction(&mut self, explicit: bool, read_only: Option<bool>) -> Transaction {
        let id = TransactionId(self.engine.next_transaction());
        self.process.enter_transaction(id);
        let (isolation, next_read_only) = std::mem::take(&mut self.next);
        let isolation = isolation.unwrap_or(self.settings.isolation);
        let read_only = read_only.or(next_read_only).unwrap_or(self.settings.read_only);
        Transaction::new(id, explicit, isolation, read_only)
    }
}

/// The session variables a login starts with: the globals, and the collation its handshake names if it is one of ours
/// (MySQL 8.0 manual, 12.4: the client's wish at connect decides the connection's collation).
fn at_login(engine: &Engine, collation: u16) -> (Arc<Vec<Value>>, Arc<Settings>) {
    let (mut values, settings) = engine.globals.copy();
    match (collations::by_id(collation), find("collation_connection")) {
        (Some(entry), Ok(id)) => {
            Arc::make_mut(&mut values)[usize::from(id.0)] = Value::text(entry.name);
            let settings = Arc::new(Settings::of(&values));
            (values, settings)
        }
        _ => (values, settings),
    }
}

/// `db@rev` as name and mode. A name with an `@` whose rest is no revision stays whole.
pub(crate) fn split_revision(name: &str) -> (&str, Option<ReadMode>) {
    let Some((database, revision)) = name.split_once('@') else { return (name, None) };
    let mode = ReadMode::parse(revision).or_else(|| ReadMode::parse(&format!("@{}", revision.trim_start_matches('@'))));
    match mode {
        Some(mode) => (database, Some(mode)),
        None => (name, None),
    }
}
