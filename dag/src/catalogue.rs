//! The catalogue: every database and table of one state, and how a schema change turns it into the next (R25).
//!
//! Promises: cheap to clone; applying the same changes in the same order gives equal catalogues. Does not touch rows.

mod alter;
mod apply;

pub use apply::SchemaConflict;

use crate::id::EntityId;
use crate::schema::{Column, Database, EntityKind, Index, Table, fold_name};
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
    /// The drop or rename that last freed a name: the incarnation of the next object with that name (R25). By parent
    /// and [`freed_name`].
    pub freed: BTreeMap<(EntityId, Arc<str>), EntityId>,
    /// Tables by database and name. Not for maps that were filled by hand: see [`Catalogue::table`].
    names: BTreeMap<EntityId, BTreeMap<Arc<str>, EntityId>>,
}

/// How a freed name is kept: a column and an index of one table may have the same.
pub fn freed_name(kind: EntityKind, name: &str) -> Arc<str> {
    let folded = fold_name(kind, name);
    match kind {
        EntityKind::Index => format!("index {folded}").into(),
        EntityKind::Column => format!("column {folded}").into(),
        EntityKind::Table | EntityKind::Database => folded.into(),
    }
}

impl Catalogue {
    /// The database of that name (exact, as MySQL on Linux).
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.values().find(|d| &*d.name == name)
    }

    /// The table of that name in a database (exact, as MySQL on Linux).
    pub fn table(&self, database: EntityId, name: &str) -> Option<&Arc<Table>> {
        if let Some(id) = self.names.get(&database).and_then(|names| names.get(name)) {
            return self.tables.get(id).filter(|t| t.database == database && &*t.name == name);
        }
        // A catalogue that was put together by hand has tables without an entry.
        let named: usize = self.names.values().map(BTreeMap::len).sum();
        (named != self.tables.len())
            .then(|| self.tables.values().find(|t| t.database == database && &*t.name == name))
            .flatten()
    }

    /// Whether an id is that of a table or of an index here: rows or entries lie under it.
    pub fn has_space(&self, id: EntityId) -> bool {
        self.tables.contains_key(&id) || self.tables.values().any(|t| t.indexes.iter().any(|index| index.id == id))
    }

    /// The tables of a database, by name.
    pub fn tables_of(&self, database: EntityId) -> Vec<&Arc<Table>> {
        let mut tables: Vec<_> = self.tables.values().filter(|t| t.database == database).collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }

    /// What tells a new object of that name from those that had it before.
    pub fn incarnation(&self, kind: EntityKind, parent: EntityId, name: &str) -> EntityId {
        self.freed.get(&(parent, freed_name(kind, name))).copied().unwrap_or(EntityId::ZERO)
    }

    /// A database as CREATE DATABASE makes it here, with its id.
    pub fn identify_database(&self, database: Database) -> Database {
        let incarnation = self.incarnation(EntityKind::Database, EntityId::ZERO, &database.name);
        database.identified(incarnation)
    }

    /// A table as CREATE TABLE makes it here, with all ids and its layout. Its columns may come with any ids that
    /// differ; index parts name them by these.
    pub fn identify_table(&self, table: Table) -> Table {
        let incarnation = self.incarnation(EntityKind::Table, table.database, &table.name);
        table.identified(incarnation)
    }

    /// A column as ADD COLUMN makes it here, with its id.
    pub fn identify_column(&self, table: EntityId, column: Column) -> Column {
        let incarnation = self.incarnation(EntityKind::Column, table, &column.name);
        column.identified(table, incarnation)
    }

    /// An index as ADD INDEX makes it here, with its id; its parts name the table's columns.
    pub fn identify_index(&self, table: EntityId, index: Index) -> Index {
        let incarnation = self.incarnation(EntityKind::Index, table, &index.name);
        index.identified(table, incarnation)
    }

    /// A catalogue of these maps, with its names.
    pub(crate) fn of(
        databases: BTreeMap<EntityId, Arc<Database>>,
        tables: BTreeMap<EntityId, Arc<Table>>,
        dropped: BTreeSet<EntityId>,
        freed: BTreeMap<(EntityId, Arc<str>), EntityId>,
    ) -> Self {
        let mut names: BTreeMap<EntityId, BTreeMap<Arc<str>, EntityId>> = BTreeMap::new();
        for table in tables.values() {
            names.entry(table.database).or_default().insert(table.name.clone(), table.id);
        }
        Catalogue { databases, tables, dropped, freed, names }
    }
}

#[cfg(test)]
mod tests;
