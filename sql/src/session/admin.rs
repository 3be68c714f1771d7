//! Statements about the session and the server: transactions, SET, USE, KILL, and what is refused by name.

use super::scene::Scene;
use super::state::{State, split_revision};
use super::stop::Stop;
use crate::dialect::{Admin, Completion};
use crate::error::SqlError;
use crate::response::{Response, Summary};
use dag::value::Value;
use sqlparser::ast::Expr;
use std::sync::Arc;

/// An answer without rows.
pub(crate) fn ok() -> Response {
    Response::Ok(Summary::default())
}

/// Runs the statements that need no tables; `None` for the others.
pub(crate) fn run(state: &mut State, admin: &Admin) -> Result<Option<Response>, Stop> {
    match admin {
        Admin::Begin { consistent_snapshot, read_only } => state.begin(*read_only, *consistent_snapshot)?,
        Admin::Commit(completion) => end(state, *completion, true)?,
        Admin::Rollback(completion) => end(state, *completion, false)?,
        Admin::Savepoint(name) => savepoint(state, name),
        Admin::RollbackTo(name) => match &mut state.transaction {
            Some(open) if open.explicit => open.rollback_to(name)?,
            _ => return Err(no_savepoint(name).into()),
        },
        Admin::Release(name) => match &mut state.transaction {
            Some(open) if open.explicit => open.release(name)?,
            _ => return Err(no_savepoint(name).into()),
        },
        Admin::Use(name) => use_database(state, name)?,
        Admin::Kill { query, id } => kill(state, *query, id)?,
        Admin::UnlockTables => {}
        Admin::LockTables(_) => return Err(SqlError::unsupported("LOCK TABLES").into()),
        Admin::Flush(what) => flush(what)?,
        _ => return Ok(None),
    }
    Ok(Some(ok()))
}

/// Any statement about session or server that the list of prepared statements has no part in.
pub(crate) fn answer(state: &mut State, scene: &mut Scene, admin: &Admin) -> Result<Response, Stop> {
    match run(state, admin)? {
        Some(response) => Ok(response),
        None => match admin {
            Admin::Set(assignments) => super::query::assign(state, scene, assignments),
            Admin::Do(expressions) => super::query::evaluate(state, scene, expressions),
            Admin::Call { name, arguments } => super::call::run(state, scene, name, arguments),
            other => crate::show::run(state, scene, other),
        },
    }
}

fn no_savepoint(name: &str) -> SqlError {
    SqlError::new(1305, format!("SAVEPOINT {name} does not exist"))
}

/// COMMIT and ROLLBACK, also with nothing open: pools send them all the time.
fn end(state: &mut State, completion: Completion, commit: bool) -> Result<(), SqlError> {
    if completion.release {
        return Err(SqlError::unsupported("RELEASE"));
    }
    let characteristics = state.transaction.as_ref().map(|t| (t.isolation, t.read_only));
    match (commit, completion.chain) {
        (true, true) => state.commit()?,
        (true, false) => state.hand_over()?,
        (false, _) => state.rollback(),
    }
    if completion.chain {
        let (isolation, read_only) = characteristics.unwrap_or((state.settings.isolation, state.settings.read_only));
        state.chain(isolation, read_only);
    }
    Ok(())
}

/// Outside a transaction a savepoint ends with its statement, as in MySQL.
fn savepoint(state: &mut State, name: &str) {
    if !state.settings.autocommit || state.transaction.is_some() {
        state.transaction().savepoint(&Arc::from(name));
    }
}

/// USE and COM_INIT_DB. Error: 1049.
pub(crate) fn use_database(state: &mut State, name: &str) -> Result<(), SqlError> {
    let (database, mode) = split_revision(name);
    let known = crate::catalog::names::database_exists(state, database);
    if !known {
        return Err(SqlError::new(1049, format!("Unknown database '{database}'")));
    }
    if let Some(mode) = mode {
        // A revision that does not exist is an error now, not at the first query.
        state.engine.journal.snapshot(&mode, state.own_commit)?;
    }
    let name: Arc<str> = Arc::from(name);
    state.process.enter_database(Some(name.clone()));
    state.facts_mut().database = Some(database.to_owned());
    state.database = Some(name);
    Ok(())
}

fn kill(state: &mut State, query_only: bool, id: &Expr) -> Result<(), Stop> {
    let id = match super::query::constant(state, id)? {
        Value::Int(id) => id as u64,
        Value::UInt(id) => id,
        _ => 0,
    };
    if !state.engine.kill(id, query_only) {
        return Err(SqlError::new(1094, format!("Unknown thread id: {id}")).into());
    }
    state.process.check()?;
    Ok(())
}

/// FLUSH of what has nothing to flush here is done at once; what would have to lock or rotate is refused.
fn flush(what: &str) -> Result<(), SqlError> {
    const NOTHING_TO_DO: &[&str] = &["TABLES", "TABLE", "PRIVILEGES", "STATUS", "LOGS", "LOCAL TABLES", "HOSTS"];
    if NOTHING_TO_DO.contains(&what) {
        return Ok(());
    }
    Err(SqlError::unsupported(format!("FLUSH {what}")))
}
