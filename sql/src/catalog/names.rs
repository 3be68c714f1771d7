//! From names to databases and tables.
//!
//! Promises: database and table names are exact, as MySQL on Linux; the two system databases are found in any case.

use crate::error::SqlError;
use crate::session::state::{State, split_revision};
use dag::catalogue::Catalogue;
use dag::schema::{Database, Table};
use std::sync::Arc;

/// The database of the standard's views.
pub(crate) const INFORMATION_SCHEMA: &str = "information_schema";
/// The database of the replica's own tables.
pub(crate) const HEADWATERS: &str = "headwaters";

/// Whether a name is one of the two databases that are not stored.
pub(crate) fn is_system(database: &str) -> bool {
    database.eq_ignore_ascii_case(INFORMATION_SCHEMA) || database.eq_ignore_ascii_case(HEADWATERS)
}

/// The newest catalogue: names always mean what they mean now (R34).
pub(crate) fn catalogue(state: &State) -> Arc<Catalogue> {
    state.engine.journal.newest().0.catalogue().clone()
}

/// Whether a database of that name exists now.
pub(crate) fn database_exists(state: &State, name: &str) -> bool {
    is_system(name) || catalogue(state).database(name).is_some()
}

/// A stored database to change something in. Errors: 1049, 1044 for the system databases.
pub(crate) fn stored_database(catalogue: &Catalogue, name: &str) -> Result<Arc<Database>, SqlError> {
    let name = split_revision(name).0;
    if is_system(name) {
        return Err(denied(name));
    }
    catalogue.database(name).cloned().ok_or_else(|| SqlError::new(1049, format!("Unknown database '{name}'")))
}

/// 1044: the system databases are read-only.
pub(crate) fn denied(database: &str) -> SqlError {
    SqlError::new(1044, format!("Access denied to database '{database}': its tables are read-only"))
}

/// 1146.
pub(crate) fn no_such_table(database: &str, table: &str) -> SqlError {
    SqlError::new(1146, format!("Table '{database}.{table}' doesn't exist"))
}

/// A stored table. Errors: 1049, 1146.
pub(crate) fn stored_table(catalogue: &Catalogue, database: &str, table: &str) -> Result<Arc<Table>, SqlError> {
    let found = stored_database(catalogue, database)?;
    catalogue.table(found.id, table).cloned().ok_or_else(|| no_such_table(&found.name, table))
}

/// The database a table name is looked up in. Error: 1046.
pub(crate) fn database_of(state: &State, written: Option<&str>) -> Result<Arc<str>, SqlError> {
    match written {
        Some(name) => Ok(Arc::from(name)),
        None => state.current_database(),
    }
}
