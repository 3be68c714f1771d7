//! SHOW DATABASES and SHOW CREATE DATABASE.

use super::definition::quoted;
use super::listing::{Listing, text};
use crate::catalog::collations::describe;
use crate::catalog::names::{HEADWATERS, INFORMATION_SCHEMA, catalogue, is_system};
use crate::error::SqlError;
use crate::session::query::name_of;
use crate::session::state::State;
use dag::collation::Collation;
use dag::value::Value;
use sqlparser::ast::ObjectName;

/// Names of all databases, sorted.
pub(crate) fn names(state: &State) -> Vec<String> {
    let now = catalogue(state);
    let mut names: Vec<String> = now.databases.values().map(|d| d.name.to_string()).collect();
    names.extend([INFORMATION_SCHEMA.to_owned(), HEADWATERS.to_owned()]);
    names.sort();
    names
}

pub(super) fn databases(state: &State) -> Result<Listing, SqlError> {
    let mut listing = Listing::new(vec![text("Database")]);
    names(state).into_iter().for_each(|name| listing.push(vec![Value::text(name)]));
    Ok(listing)
}

/// Error: 1049.
pub(super) fn create(state: &State, target: Option<&ObjectName>) -> Result<Listing, SqlError> {
    let name = target.map(name_of).transpose()?.and_then(|mut parts| parts.pop()).unwrap_or_default();
    let collation = match catalogue(state).database(&name) {
        Some(database) => database.collation,
        None if is_system(&name) => Collation::Utf8mb4_0900AiCi,
        None => return Err(SqlError::new(1049, format!("Unknown database '{name}'"))),
    };
    let collation = describe(collation);
    let shown = format!(
        "CREATE DATABASE {} /*!40100 DEFAULT CHARACTER SET {} COLLATE {} */ /*!80016 DEFAULT ENCRYPTION='N' */",
        quoted(&name),
        collation.character_set,
        collation.name
    );
    let mut listing = Listing::new(vec![text("Database"), super::listing::long("Create Database")]);
    listing.push(vec![Value::text(name), Value::text(shown)]);
    Ok(listing)
}
