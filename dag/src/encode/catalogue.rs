//! The catalogue in a checkpoint.

use super::{Domain, from_bytes, to_bytes};
use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::id::EntityId;
use crate::schema::{Database, Table};
use std::sync::Arc;

/// Version, databases, tables, dropped ids, freed names; each sorted.
type Listed = (u8, Vec<Arc<Database>>, Vec<Arc<Table>>, Vec<EntityId>, Vec<(EntityId, Arc<str>, EntityId)>);

const VERSION: u8 = 1;

impl Catalogue {
    /// Canonical bytes: equal catalogues have equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let listed: Listed = (
            VERSION,
            self.databases.values().cloned().collect(),
            self.tables.values().cloned().collect(),
            self.dropped.iter().copied().collect(),
            self.freed.iter().map(|((parent, name), id)| (*parent, name.clone(), *id)).collect(),
        );
        to_bytes(&listed)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (version, databases, tables, dropped, freed): Listed = from_bytes("catalogue", bytes)?;
        if version != VERSION {
            return Err(Error::malformed("catalogue", format!("version {version} is unknown: upgrade")));
        }
        if tables.iter().any(|table| table.layouts.is_empty()) {
            return Err(Error::malformed("catalogue", "a table without a layout"));
        }
        let catalogue = Catalogue::of(
            databases.into_iter().map(|database| (database.id, database)).collect(),
            tables.into_iter().map(|table| (table.id, table)).collect(),
            dropped.into_iter().collect(),
            freed.into_iter().map(|(parent, name, id)| ((parent, name), id)).collect(),
        );
        if catalogue.encode() == bytes { Ok(catalogue) } else { Err(Error::malformed("catalogue", "not sorted")) }
    }

    /// What the consensus root of a checkpoint says of the catalogue (R31).
    pub fn hash(&self) -> [u8; 32] {
        Domain::CATALOGUE.hash(&self.encode())
    }
}
