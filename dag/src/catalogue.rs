//! The catalogue: every database and table of one state, and how a schema change turns it into the next (R25).
//!
//! Promises: cheap to clone; applying the same changes in the same order gives equal catalogues. Does not touch rows.

use crate::id::EntityId;
use crate::schema::{Database, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The schema of one state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// Databases by id.
    pub databases: BTreeMap<EntityId, Arc<Database>>,
    /// Tables by id.
    pub tables: BTreeMap<EntityId, Arc<Table>>,
    /// Ids that were created and dropped: changes naming them are ignored instead of parked (R25).
    pub dropped: BTreeSet<EntityId>,
    /// The drop or rename that last freed a name: the incarnation of the next object with that name (R25).
    pub freed: BTreeMap<(EntityId, Arc<str>), EntityId>,
}

impl Catalogue {
    /// The database of that name (exact, as MySQL on Linux).
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.values().find(|d| &*d.name == name)
    }

    /// The table of that name in a database (exact, as MySQL on Linux).
    pub fn table(&self, database: EntityId, name: &str) -> Option<&Arc<Table>> {
        self.tables.values().find(|t| t.database == database && &*t.name == name)
    }
}
