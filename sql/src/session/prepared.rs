//! Prepared statements: parsed once, bound again only when the schema or a setting that binding reads has changed.

use super::contract::Prepared;
use super::query::{self, Bound};
use super::revision;
use super::scene::Scene;
use super::state::State;
use super::statement::{Statement, parse};
use super::stop::Stop;
use crate::dialect::Admin;
use crate::error::SqlError;
use crate::function::SqlMode;
use crate::journal::ReadMode;
use crate::limits::MAX_PREPARED;
use crate::response::{ColumnDefinition, Response};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A statement that may be run many times.
pub(crate) struct PreparedStatement {
    pub text: Arc<str>,
    pub statement: Statement,
    pub parameters: Arc<[ColumnDefinition]>,
    pub columns: Arc<[ColumnDefinition]>,
    /// The mode that the text itself names: `/*+ headwaters_read(main) */` or `db@main`.table.
    pub hint: Option<ReadMode>,
    bound: Mutex<Option<Arc<Bound>>>,
}

impl PreparedStatement {
    /// A text statement on its way through the same path.
    /// Errors: a hint or revisions that cannot be followed.
    pub fn unprepared(text: &str, statement: Statement, mode: SqlMode) -> Result<Self, SqlError> {
        let hint = revision::of_text(text, mode)?;
        Ok(PreparedStatement {
            text: Arc::from(text),
            statement,
            parameters: Arc::default(),
            columns: Arc::default(),
            hint,
            bound: Mutex::new(None),
        })
    }

    /// Parses and binds. Errors: those of both.
    pub fn prepare(state: &mut State, text: &str) -> Result<Self, SqlError> {
        let parsed = parse(text, state.settings.sql_mode)?;
        let mut statement = PreparedStatement::unprepared(text, parsed, state.settings.sql_mode)?;
        query::describe(state, &mut statement)?;
        Ok(statement)
    }

    /// What binding gave last, if it still holds.
    pub fn bound(&self) -> Option<Arc<Bound>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn keep(&self, bound: Arc<Bound>) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(bound);
    }
}

fn room(statements: usize) -> Result<(), SqlError> {
    if statements < MAX_PREPARED {
        return Ok(());
    }
    let text = format!("Can't create more than max_prepared_stmt_count statements (current value: {MAX_PREPARED})");
    Err(SqlError::new(1461, text))
}

/// A session's prepared statements, by number and, for PREPARE, by name.
#[derive(Default)]
pub(crate) struct PreparedStatements {
    by_id: HashMap<u32, Arc<PreparedStatement>>,
    pub by_name: HashMap<String, Arc<PreparedStatement>>,
    last: u32,
}

impl PreparedStatements {
    /// Gives the statement a number. Error: 1461.
    pub fn add(&mut self, statement: PreparedStatement) -> Result<Prepared, SqlError> {
        room(self.by_id.len())?;
        self.last = self.last.wrapping_add(1).max(1);
        let prepared =
            Prepared { id: self.last, parameters: statement.parameters.clone(), columns: statement.columns.clone() };
        self.by_id.insert(self.last, Arc::new(statement));
        Ok(prepared)
    }

    /// Gives the statement a name, which may have been another's. Error: 1461.
    fn name(&mut self, name: &str, statement: PreparedStatement) -> Result<(), SqlError> {
        let name = name.to_lowercase();
        if !self.by_name.contains_key(&name) {
            room(self.by_name.len())?;
        }
        self.by_name.insert(name, Arc::new(statement));
        Ok(())
    }

    /// Error: 1243.
    pub fn get(&self, id: u32, command: &str) -> Result<Arc<PreparedStatement>, SqlError> {
        self.by_id
            .get(&id)
            .cloned()
            .ok_or_else(|| SqlError::new(1243, format!("Unknown prepared statement handler ({id}) given to {command}")))
    }

    pub fn close(&mut self, id: u32) {
        self.by_id.remove(&id);
    }

    /// Statements of administration that may return rows, or concern prepared statements.
    pub fn run_admin(&mut self, state: &mut State, scene: &mut Scene, admin: &Admin) -> Result<Response, Stop> {
        match admin {
            Admin::Prepare { name, source } => {
                let text = query::constant(state, source)?;
                let dag::value::Value::Text(text) = text else {
                    return Err(SqlError::syntax("PREPARE needs a text").into());
                };
                let statement = PreparedStatement::prepare(state, &text)?;
                self.name(name, statement)?;
                Ok(super::admin::ok())
            }
            Admin::Execute { name, using } => self.execute(state, scene, name, using),
            Admin::Deallocate(name) => match self.by_name.remove(&name.to_lowercase()) {
                Some(_) => Ok(super::admin::ok()),
                None => Err(unknown(name, "DEALLOCATE PREPARE").into()),
            },
            other => super::admin::answer(state, scene, other),
        }
    }

    fn execute(
        &mut self,
        state: &mut State,
        scene: &mut Scene,
        name: &str,
        using: &[String],
    ) -> Result<Response, Stop> {
        let statement = self.by_name.get(&name.to_lowercase()).cloned().ok_or_else(|| unknown(name, "EXECUTE"))?;
        if using.len() != statement.parameters.len() {
            return Err(SqlError::new(1210, "Incorrect arguments to EXECUTE").into());
        }
        scene.parameters = using.iter().map(|variable| query::user_parameter(state, variable)).collect();
        if let Statement::Admin(admin) = &statement.statement
            && matches!(**admin, Admin::Prepare { .. } | Admin::Execute { .. } | Admin::Deallocate(_))
        {
            let message = "This command is not supported in the prepared statement protocol yet";
            return Err(SqlError::new(1295, message).into());
        }
        query::run(state, scene, &statement)
    }
}

fn unknown(name: &str, command: &str) -> SqlError {
    SqlError::new(1243, format!("Unknown prepared statement handler ({name}) given to {command}"))
}
