//! CREATE and DROP DATABASE.

use super::build_column::collation_of;
use super::statement::CharacterOptions;
use super::submit;
use crate::catalog::collations;
use crate::catalog::names::{catalogue, denied, is_system};
use crate::error::SqlError;
use crate::session::state::State;
use crate::session::stop::Stop;
use crate::transaction::lock::Mode;
use dag::collation::Collation;
use dag::id::EntityId;
use dag::schema::{Database, SchemaChange};
use dag::value::Value;

/// The collation of `collation_server`, which new databases take.
fn server_collation(state: &State) -> Collation {
    let value = crate::variables::find("collation_server").map(|id| state.value(id).clone());
    match value {
        Ok(Value::Text(name)) => collations::find(&name).map_or(Collation::Utf8mb4_0900AiCi, |c| c.collation),
        _ => Collation::Utf8mb4_0900AiCi,
    }
}

/// Errors: 1007, 1102.
pub(super) fn create(
    state: &mut State,
    name: &str,
    if_not_exists: bool,
    options: &CharacterOptions,
) -> Result<(), Stop> {
    state.lock_name(name, "", Mode::Exclusive)?;
    let catalogue = catalogue(state);
    if is_system(name) || catalogue.database(name).is_some() {
        let error = SqlError::new(1007, format!("Can't create database '{name}'; database exists"));
        if if_not_exists {
            state.note(error);
            return Ok(());
        }
        return Err(error.into());
    }
    // `name@rev` is how a revision is named (design, Reading).
    if name.is_empty() || name.chars().count() > dag::schema::MAX_NAME || name.contains('@') {
        return Err(SqlError::new(1102, format!("Incorrect database name '{name}'")).into());
    }
    let collation = collation_of(options, server_collation(state))?;
    let database = Database { id: EntityId::ZERO, name: name.into(), collation };
    let database = catalogue.identify_database(database);
    Ok(submit(state, vec![SchemaChange::CreateDatabase(database)])?)
}

/// Gives the number of tables dropped. Errors: 1008, 1044.
pub(super) fn drop(state: &mut State, name: &str, if_exists: bool) -> Result<u64, Stop> {
    if is_system(name) {
        return Err(denied(name).into());
    }
    state.lock_name(name, "", Mode::Exclusive)?;
    let before = catalogue(state);
    let Some(database) = before.database(name) else {
        let error = SqlError::new(1008, format!("Can't drop database '{name}'; database doesn't exist"));
        if if_exists {
            state.note(error);
            return Ok(0);
        }
        return Err(error.into());
    };
    for table in before.tables_of(database.id) {
        state.lock_name(name, &table.name, Mode::Exclusive)?;
    }
    let tables = before.tables_of(database.id).len() as u64;
    submit(state, vec![SchemaChange::DropDatabase(database.id)])?;
    if state.database.as_deref() == Some(name) {
        state.database = None;
        state.facts_mut().database = None;
        state.process.enter_database(None);
    }
    Ok(tables)
}
