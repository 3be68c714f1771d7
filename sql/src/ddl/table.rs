//! CREATE, DROP and TRUNCATE TABLE.

use super::build_table::build_table;
use super::cursor::TableName;
use super::statement::CreateTable;
use super::submit;
use crate::catalog::names::{catalogue, database_of, denied, is_system, no_such_table, stored_database, stored_table};
use crate::error::SqlError;
use crate::session::scene::ddl_context;
use crate::session::state::{State, split_revision};
use crate::session::stop::Stop;
use crate::session::transact::writable;
use crate::transaction::lock::Mode;
use dag::change::{ChangeSet, TableChanges};
use dag::schema::{SchemaChange, Table};
use std::sync::Arc;

/// The database's name of a table name, without revision. Error: 1290 for a revision that cannot be written.
pub(super) fn home(state: &State, name: &TableName) -> Result<Arc<str>, SqlError> {
    let database = database_of(state, name.database.as_deref())?;
    let (database, mode) = split_revision(&database);
    mode.map_or(Ok(()), |mode| writable(&mode))?;
    Ok(Arc::from(database))
}

/// False, with a note, if the table exists and that is allowed. Errors: 1050, 1049, 1044, 1103.
fn is_free(state: &mut State, database: &str, table: &str, if_not_exists: bool) -> Result<bool, Stop> {
    let now = catalogue(state);
    let home = stored_database(&now, database)?;
    if table.is_empty() || table.chars().count() > dag::schema::MAX_NAME || table.ends_with(' ') {
        return Err(SqlError::new(1103, format!("Incorrect table name '{table}'")).into());
    }
    if now.table(home.id, table).is_none() {
        return Ok(true);
    }
    let error = SqlError::new(1050, format!("Table '{table}' already exists"));
    if if_not_exists {
        state.note(error);
        return Ok(false);
    }
    Err(error.into())
}

fn put(state: &mut State, table: Table) -> Result<(), Stop> {
    let identified = catalogue(state).identify_table(table);
    Ok(submit(state, vec![SchemaChange::CreateTable(Arc::new(identified))])?)
}

/// CREATE TABLE.
pub(super) fn create(state: &mut State, create: &CreateTable) -> Result<(), Stop> {
    let database = home(state, &create.name)?;
    state.lock_name(&database, &create.name.table, Mode::Exclusive)?;
    if !is_free(state, &database, &create.name.table, create.if_not_exists)? {
        return Ok(());
    }
    let home = stored_database(&catalogue(state), &database)?;
    let mut context = ddl_context(state)?;
    let table = build_table(create, home.id, home.collation, &mut context)?;
    put(state, table)
}

/// CREATE TABLE LIKE: everything but the rows and the counter.
pub(super) fn create_like(
    state: &mut State,
    name: &TableName,
    like: &TableName,
    if_not_exists: bool,
) -> Result<(), Stop> {
    let (database, from) = (home(state, name)?, home(state, like)?);
    state.lock_name(&database, &name.table, Mode::Exclusive)?;
    state.lock_name(&from, &like.table, Mode::Shared)?;
    if !is_free(state, &database, &name.table, if_not_exists)? {
        return Ok(());
    }
    let now = catalogue(state);
    let model = stored_table(&now, &from, &like.table)?;
    let home = stored_database(&now, &database)?;
    let table = Table {
        database: home.id,
        name: name.table.clone(),
        layouts: Vec::new(),
        first_auto_increment: 1,
        ..(*model).clone()
    };
    put(state, table)
}

/// DROP TABLE: all or none. Errors: 1051.
pub(super) fn drop(state: &mut State, names: &[TableName], if_exists: bool) -> Result<(), Stop> {
    let mut changes = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        let database = home(state, name)?;
        if is_system(&database) {
            return Err(denied(&database).into());
        }
        state.lock_name(&database, &name.table, Mode::Exclusive)?;
        let now = catalogue(state);
        let found = now.database(&database).and_then(|d| now.table(d.id, &name.table));
        match found {
            Some(table) => changes.push(SchemaChange::DropTable(table.id)),
            None => missing.push(format!("{database}.{}", name.table)),
        }
    }
    if !missing.is_empty() {
        let error = SqlError::new(1051, format!("Unknown table '{}'", missing.join(",")));
        if !if_exists {
            return Err(error.into());
        }
        state.note(error);
    }
    if changes.is_empty() {
        return Ok(());
    }
    Ok(submit(state, changes)?)
}

/// TRUNCATE: clears what lies before it, and its counter begins anew (R11, R38).
pub(super) fn truncate(state: &mut State, name: &TableName) -> Result<(), Stop> {
    let database = home(state, name)?;
    state.lock_name(&database, &name.table, Mode::Exclusive)?;
    let now = catalogue(state);
    let found = now.database(&database).and_then(|d| now.table(d.id, &name.table)).cloned();
    let Some(table) = found else {
        stored_database(&now, &database)?;
        return Err(no_such_table(&database, &name.table).into());
    };
    let clear = TableChanges {
        table: table.id,
        layout: table.newest_layout().id,
        clear: true,
        inserts: Vec::new(),
        updates: Vec::new(),
        deletes: Vec::new(),
    };
    let basis = state.engine.journal.newest().1;
    state.submit(ChangeSet { tables: vec![clear], ..ChangeSet::default() }, basis)?;
    state.engine.journal.reset_ids(table.id, table.first_auto_increment);
    Ok(())
}
