//! DDL: its statements read by hand, and turned into schema changes (R25).
//!
//! Promises: DDL commits what was open first, also when it then fails (R33); it waits for transactions that use the
//! table's name (R35); what it writes is one commit.

mod alter;
mod build_column;
mod build_index;
mod build_table;
mod column;
mod cursor;
mod database;
mod index;
pub(crate) mod lexer;
mod options;
pub(crate) mod parse;
mod policy;
pub(crate) mod statement;
mod table;

use crate::error::SqlError;
use crate::response::{Response, Summary};
use crate::session::state::State;
use crate::session::stop::Stop;
use dag::change::ChangeSet;
use dag::schema::SchemaChange;
use statement::Ddl;

/// Runs a DDL statement.
pub(crate) fn run(state: &mut State, ddl: &Ddl) -> Result<Response, Stop> {
    state.begin_ddl()?;
    match ddl {
        Ddl::CreateDatabase { name, if_not_exists, options } => {
            database::create(state, name, *if_not_exists, options)?;
            return Ok(Response::Ok(Summary { affected: 1, ..Summary::default() }));
        }
        Ddl::DropDatabase { name, if_exists } => {
            let affected = database::drop(state, name, *if_exists)?;
            return Ok(Response::Ok(Summary { affected, ..Summary::default() }));
        }
        Ddl::CreateTable(create) => table::create(state, create)?,
        Ddl::CreateLike { name, like, if_not_exists } => table::create_like(state, name, like, *if_not_exists)?,
        Ddl::DropTables { names, if_exists } => table::drop(state, names, *if_exists)?,
        Ddl::Truncate(name) => table::truncate(state, name)?,
        Ddl::Alter { table, changes } => alter::alter(state, table, changes)?,
    }
    Ok(Response::Ok(Summary::default()))
}

/// Writes schema changes as one commit.
fn submit(state: &mut State, schema: Vec<SchemaChange>) -> Result<(), SqlError> {
    let basis = state.engine.journal.newest().1;
    state.submit(ChangeSet { schema, ..ChangeSet::default() }, basis)
}
