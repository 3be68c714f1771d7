//! The tables that are not stored: `information_schema`'s, made for the statement that reads them, and `headwaters`'.

use super::names::{HEADWATERS, INFORMATION_SCHEMA};
use crate::bind::SystemTables;
use crate::engine::system_table::SystemTable;
use crate::information_schema;
use crate::session::state::State;
use dag::catalogue::Catalogue;
use std::sync::Arc;

/// System tables as one session sees them now.
pub(crate) struct Systems<'a> {
    state: &'a State,
    catalogue: Arc<Catalogue>,
}

impl<'a> Systems<'a> {
    pub fn new(state: &'a State, catalogue: Arc<Catalogue>) -> Self {
        Systems { state, catalogue }
    }
}

impl SystemTables for Systems<'_> {
    fn has_database(&self, database: &str) -> bool {
        super::names::is_system(database)
    }

    fn table(&self, database: &str, table: &str) -> Option<Arc<dyn SystemTable>> {
        if database.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
            return information_schema::table(self.state, &self.catalogue, table);
        }
        if database.eq_ignore_ascii_case(HEADWATERS) {
            let tables = &self.state.engine.system_tables;
            return tables.iter().find(|t| t.name().eq_ignore_ascii_case(table)).cloned();
        }
        None
    }
}
