//! SHOW, DESCRIBE and EXPLAIN.
//!
//! Promises: column labels, order and texts are MySQL 8.0's; a subject that is not there is 1235 by name.

mod databases;
pub(crate) mod definition;
mod explained;
pub(crate) mod listing;
pub(crate) mod server;
pub(crate) mod tables;

use crate::dialect::{Admin, Show};
use crate::error::SqlError;
use crate::response::{ColumnDefinition, Response};
use crate::session::query::name_of;
use crate::session::scene::Scene;
use crate::session::state::State;
use crate::session::stop::Stop;
use listing::{Filter, Listing, respond};
use sqlparser::ast::ObjectName;
use std::sync::Arc;

/// Runs a statement that shows something.
pub(crate) fn run(state: &mut State, scene: &mut Scene, admin: &Admin) -> Result<Response, Stop> {
    match admin {
        Admin::Show(show) => {
            let mut listing = subject(state, show)?;
            if let Some((offset, count)) = show.limit {
                let rows = std::mem::take(&mut listing.rows).into_iter();
                listing.rows = rows.skip(offset as usize).take(count as usize).collect();
            }
            respond(state, scene, listing, &filter(show))
        }
        Admin::Describe { table, column } => {
            let (database, name) = table_of(state, Some(table), None)?;
            let listing = tables::columns(state, &database, &name, false)?;
            let filter = Filter { like: column.as_deref(), condition: None };
            respond(state, scene, listing, &filter)
        }
        Admin::Explain { format, analyze, statement } => {
            explained::explain(state, scene, format.as_deref(), *analyze, statement)
        }
        Admin::Maintain { verb, .. } => Err(SqlError::unsupported(format!("{verb} TABLE")).into()),
        other => {
            let text = format!("{other:?}");
            Err(SqlError::unsupported(crate::engine::process::cut(&text, 40)).into())
        }
    }
}

/// SHOW CREATE and its kin take no filter of their own: theirs chose the object.
fn filter(show: &Show) -> Filter<'_> {
    Filter { like: show.like.as_deref(), condition: show.filter.as_ref() }
}

/// The columns of the answer, for a prepared SHOW.
pub(crate) fn columns(state: &mut State, admin: &Admin) -> Result<Arc<[ColumnDefinition]>, SqlError> {
    let listing = match admin {
        Admin::Show(show) => subject(state, show)?,
        Admin::Describe { table, .. } => {
            let (database, name) = table_of(state, Some(table), None)?;
            tables::columns(state, &database, &name, false)?
        }
        Admin::Explain { .. } => Listing::new(explained::columns()),
        _ => return Ok(Arc::default()),
    };
    Ok(listing::plan(state, listing, &Filter::default())?.columns)
}

/// A table's database and name: `FROM t FROM db`, `FROM db.t`, or the current database.
fn table_of(state: &State, target: Option<&ObjectName>, database: Option<&str>) -> Result<(String, String), SqlError> {
    let parts = target.map(name_of).transpose()?.unwrap_or_default();
    let current = || state.current_database().map(|d| crate::session::state::split_revision(&d).0.to_owned());
    match (&parts[..], database) {
        ([table], Some(database)) => Ok((database.to_owned(), table.clone())),
        ([table], None) => Ok((current()?, table.clone())),
        ([database, table], _) => Ok((database.clone(), table.clone())),
        _ => Err(SqlError::syntax("a table name is missing")),
    }
}

fn subject(state: &mut State, show: &Show) -> Result<Listing, SqlError> {
    let database = show.database.as_deref();
    match show.subject.as_str() {
        "DATABASES" | "SCHEMAS" => databases::databases(state),
        "TABLES" => tables::tables(state, database, show.full, show.like.as_deref()),
        "TABLE STATUS" => tables::status(state, database),
        "OPEN TABLES" => Ok(tables::open()),
        "COLUMNS" | "FIELDS" => {
            let (database, table) = table_of(state, show.target.as_ref(), database)?;
            tables::columns(state, &database, &table, show.full)
        }
        "INDEX" | "INDEXES" | "KEYS" => {
            let (database, table) = table_of(state, show.target.as_ref(), database)?;
            tables::indexes(state, &database, &table)
        }
        "CREATE TABLE" => {
            let (database, table) = table_of(state, show.target.as_ref(), database)?;
            tables::create(state, &database, &table)
        }
        "CREATE DATABASE" | "CREATE SCHEMA" => databases::create(state, show.target.as_ref()),
        "VARIABLES" => server::variables(state, show.global),
        "STATUS" => Ok(server::status(state)),
        "PROCESSLIST" => Ok(server::processes(state, show.full)),
        "WARNINGS" => Ok(server::conditions(state, false)),
        "ERRORS" => Ok(server::conditions(state, true)),
        "COUNT WARNINGS" => Ok(server::count_conditions(state, false)),
        "COUNT ERRORS" => Ok(server::count_conditions(state, true)),
        "ENGINES" | "STORAGE ENGINES" => Ok(server::engines()),
        "COLLATION" => Ok(server::collations()),
        "CHARACTER SET" | "CHARSET" => Ok(server::character_sets()),
        "GRANTS" => Ok(server::grants(state)),
        "PRIVILEGES" | "PLUGINS" => Ok(server::nothing(&show.subject)),
        "TRIGGERS" | "EVENTS" | "PROCEDURE STATUS" | "FUNCTION STATUS" => Ok(server::nothing(&show.subject)),
        other => Err(SqlError::unsupported(format!("SHOW {other}"))),
    }
}
