//! `information_schema`: tables made from the catalogue when a statement reads them.
//!
//! Promises: column names and order are MySQL 8.0's for the tables that drivers and ORMs read (facts/clients.md, 3b);
//! a table that is always empty is so by truth: there are no views, routines, triggers or foreign keys.

mod objects;
mod server;

use crate::catalog::names::{HEADWATERS, INFORMATION_SCHEMA};
use crate::engine::system_table::{SystemColumn, SystemTable};
use crate::error::SqlError;
use crate::session::state::State;
use crate::show::listing::Listing;
use dag::catalogue::Catalogue;
use dag::value::Value;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What a table is made from.
pub(crate) struct Source<'a> {
    pub state: &'a State,
    pub catalogue: &'a Catalogue,
}

/// How a table is made.
type Make = fn(&Source<'_>) -> Listing;

/// Every table, upper case as MySQL shows them.
const TABLES: &[(&str, Make)] = &[
    ("CHARACTER_SETS", server::character_sets),
    ("CHECK_CONSTRAINTS", server::check_constraints),
    ("COLLATIONS", server::collations),
    ("COLLATION_CHARACTER_SET_APPLICABILITY", server::applicability),
    ("COLUMNS", objects::columns),
    ("ENGINES", server::engines),
    ("EVENTS", server::events),
    ("GLOBAL_STATUS", server::status),
    ("GLOBAL_VARIABLES", server::global_variables),
    ("KEYWORDS", server::keywords),
    ("KEY_COLUMN_USAGE", objects::key_column_usage),
    ("PARTITIONS", server::partitions),
    ("PROCESSLIST", server::processes),
    ("REFERENTIAL_CONSTRAINTS", server::referential_constraints),
    ("ROUTINES", server::routines),
    ("SCHEMATA", objects::schemata),
    ("SESSION_STATUS", server::status),
    ("SESSION_VARIABLES", server::session_variables),
    ("STATISTICS", objects::statistics),
    ("TABLES", objects::tables),
    ("TABLE_CONSTRAINTS", objects::table_constraints),
    ("TRIGGERS", server::triggers),
    ("VIEWS", server::views),
];

/// Names of the tables of a system database.
pub(crate) fn names_in(state: &State, database: &str) -> Vec<String> {
    if database.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
        return TABLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    let mut names: Vec<String> = state.engine.system_tables.iter().map(|t| t.name().to_owned()).collect();
    names.sort();
    names
}

/// A table of either system database.
pub(crate) fn system_table(
    state: &State,
    catalogue: &Catalogue,
    database: &str,
    name: &str,
) -> Option<Arc<dyn SystemTable>> {
    if database.eq_ignore_ascii_case(HEADWATERS) {
        return state.engine.system_tables.iter().find(|t| t.name().eq_ignore_ascii_case(name)).cloned();
    }
    table(state, catalogue, name)
}

/// A table of `information_schema`, filled for this statement.
pub(crate) fn table(state: &State, catalogue: &Catalogue, name: &str) -> Option<Arc<dyn SystemTable>> {
    let (name, make) = TABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let Listing { columns, rows, .. } = make(&Source { state, catalogue });
    Some(Arc::new(Filled { name, columns, rows }))
}

struct Filled {
    name: &'static str,
    columns: Vec<SystemColumn>,
    rows: Vec<Vec<Value>>,
}

impl SystemTable for Filled {
    fn name(&self) -> &str {
        self.name
    }
    fn columns(&self) -> &[SystemColumn] {
        &self.columns
    }
    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError> {
        for row in &self.rows {
            if sink(row.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }
}
