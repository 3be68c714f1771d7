//! CALL: begins a procedure of database `headwaters` once, waits for it, and answers with its table.

use super::admin::ok;
use super::query::{constant, name_of};
use super::scene::Scene;
use super::state::State;
use super::stop::Stop;
use crate::catalog::names::HEADWATERS;
use crate::engine::procedure::{Answer, Procedure};
use crate::error::SqlError;
use crate::response::Response;
use crate::show::listing::{Filter, Listing, respond};
use crate::wait::Suspend;
use dag::signal::Signal;
use sqlparser::ast::{Expr, ObjectName};
use std::sync::{Arc, PoisonError};

/// A procedure that has begun: its table, and when it is done.
pub(crate) struct Called {
    answer: Answer,
    done: Signal<Result<(), SqlError>>,
}

/// Runs CALL; until the procedure is done each run gives the wait. Errors: 1305, 1318, the procedure's own.
pub(crate) fn run(
    state: &mut State,
    scene: &mut Scene,
    name: &ObjectName,
    arguments: &[Expr],
) -> Result<Response, Stop> {
    if scene.procedure.is_none() {
        scene.procedure = Some(begin(state, name, arguments)?);
    }
    let Some(Called { answer, done }) = &scene.procedure else { return Ok(ok()) };
    match done.answer() {
        None => return Err(Stop::Wait(Suspend::Commit(done.clone()))),
        Some(result) => result?,
    }
    let table = std::mem::take(&mut *answer.lock().unwrap_or_else(PoisonError::into_inner));
    if table.columns.is_empty() {
        return Ok(ok());
    }
    let listing = Listing { columns: table.columns, rows: table.rows, first_label: None };
    respond(state, scene, listing, &Filter::default())
}

fn begin(state: &mut State, name: &ObjectName, arguments: &[Expr]) -> Result<Called, Stop> {
    let procedure = find(state, name)?;
    if arguments.len() != procedure.arity() {
        let text = format!(
            "Incorrect number of arguments for PROCEDURE {HEADWATERS}.{}; expected {}, got {}",
            procedure.name(),
            procedure.arity(),
            arguments.len()
        );
        return Err(SqlError::new(1318, text).into());
    }
    let values = arguments.iter().map(|argument| constant(state, argument)).collect::<Result<Vec<_>, _>>()?;
    let answer = Answer::default();
    let done = procedure.begin(&values, answer.clone());
    Ok(Called { answer, done })
}

/// Errors: 1046, 1305.
fn find(state: &State, name: &ObjectName) -> Result<Arc<dyn Procedure>, SqlError> {
    let parts = name_of(name)?;
    let (database, procedure) = match &parts[..] {
        [procedure] => (state.current_database()?.to_string(), procedure),
        [database, procedure] => (database.clone(), procedure),
        _ => return Err(SqlError::syntax(format!("'{name}' has too many parts"))),
    };
    let known = state.engine.procedures.iter().find(|p| p.name().eq_ignore_ascii_case(procedure));
    known
        .filter(|_| database.eq_ignore_ascii_case(HEADWATERS))
        .cloned()
        .ok_or_else(|| SqlError::new(1305, format!("PROCEDURE {database}.{procedure} does not exist")))
}
