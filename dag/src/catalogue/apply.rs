//! Applying schema changes to a catalogue (R25): databases and tables.
//!
//! An equal definition is nothing to do; another one under a taken name is a conflict; what was dropped is ignored;
//! what never was is a conflict. A conflict leaves the catalogue as it was.

use super::{Catalogue, freed_name};
use crate::id::{EntityId, LayoutId};
use crate::schema::{Database, EntityKind, SchemaChange, Table};
use std::sync::Arc;

/// Why a schema change cannot be applied at its place: the commit is parked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaConflict {
    /// Something else has the name.
    #[error("the name '{name}' is taken by another definition ({by})")]
    NameTaken {
        /// The name.
        name: Arc<str>,
        /// What has it.
        by: EntityId,
    },
    /// No applied commit created it: the one that did is parked.
    #[error("{0} was never created by an applied commit")]
    Unknown(EntityId),
    /// No applied commit gave the table that layout: the DDL that did is parked.
    #[error("table {table} never had layout {layout:?}: the ALTER TABLE that made it is not applied")]
    UnknownLayout {
        /// The table.
        table: EntityId,
        /// The layout the author saw.
        layout: LayoutId,
    },
    /// The id is not made from the definition.
    #[error("{0} is not the id of its definition")]
    WrongId(EntityId),
    /// A definition outside the bounds of the rules level.
    #[error("the definition is refused: {0}")]
    Refused(&'static str),
}

impl From<&'static str> for SchemaConflict {
    fn from(flaw: &'static str) -> Self {
        SchemaConflict::Refused(flaw)
    }
}

type Applied = Result<(), SchemaConflict>;

impl Catalogue {
    /// Turns this state's schema into the next.
    pub fn apply(&mut self, change: &SchemaChange) -> Applied {
        match change {
            SchemaChange::CreateDatabase(database) => self.create_database(database),
            SchemaChange::DropDatabase(id) => self.drop_database(*id),
            SchemaChange::CreateTable(table) => self.create_table(table),
            SchemaChange::DropTable(id) => self.drop_table(*id),
            SchemaChange::AddColumn { table, column, position, layout } => {
                self.alter(*table, |catalogue, table| catalogue.add_column(table, column, *position, *layout))
            }
            SchemaChange::DropColumn { table, column, layout } => {
                self.alter(*table, |catalogue, table| catalogue.drop_column(table, *column, *layout))
            }
            SchemaChange::AddIndex { table, index } => {
                self.alter(*table, |catalogue, table| catalogue.add_index(table, index))
            }
            SchemaChange::DropIndex { table, index } => {
                self.alter(*table, |catalogue, table| catalogue.drop_index(table, *index))
            }
        }
    }

    fn create_database(&mut self, database: &Database) -> Applied {
        if self.databases.contains_key(&database.id) || self.dropped.contains(&database.id) {
            return Ok(());
        }
        if let Some(other) = self.database(&database.name) {
            return Err(SchemaConflict::NameTaken { name: database.name.clone(), by: other.id });
        }
        database.check()?;
        let first = self.incarnation(EntityKind::Database, EntityId::ZERO, &database.name);
        self.prove(database.id, first, |incarnation| database.clone().identified(incarnation) == *database)?;
        self.databases.insert(database.id, Arc::new(database.clone()));
        Ok(())
    }

    fn drop_database(&mut self, id: EntityId) -> Applied {
        let Some(database) = self.databases.get(&id) else { return self.gone(id) };
        let name = database.name.clone();
        for table in self.tables_of(id).into_iter().map(|t| t.id).collect::<Vec<_>>() {
            self.drop_table(table)?;
        }
        self.databases.remove(&id);
        self.names.remove(&id);
        self.free(EntityKind::Database, EntityId::ZERO, &name, id);
        Ok(())
    }

    fn create_table(&mut self, table: &Arc<Table>) -> Applied {
        if self.tables.contains_key(&table.id) || self.dropped.contains(&table.id) {
            return Ok(());
        }
        if !self.databases.contains_key(&table.database) {
            return self.gone(table.database);
        }
        if let Some(other) = self.table(table.database, &table.name) {
            return Err(SchemaConflict::NameTaken { name: table.name.clone(), by: other.id });
        }
        table.check()?;
        let first = self.incarnation(EntityKind::Table, table.database, &table.name);
        self.prove(table.id, first, |incarnation| Table::clone(table).identified(incarnation) == **table)?;
        self.names.entry(table.database).or_default().insert(table.name.clone(), table.id);
        self.tables.insert(table.id, table.clone());
        Ok(())
    }

    fn drop_table(&mut self, id: EntityId) -> Applied {
        let Some(table) = self.tables.remove(&id) else { return self.gone(id) };
        if let Some(names) = self.names.get_mut(&table.database) {
            names.remove(&table.name);
        }
        self.free(EntityKind::Table, table.database, &table.name, id);
        Ok(())
    }

    /// Runs a change on a copy of the table, and keeps the copy if it succeeds.
    fn alter(&mut self, id: EntityId, change: impl FnOnce(&mut Self, &mut Table) -> Applied) -> Applied {
        let Some(table) = self.tables.get(&id) else { return self.gone(id) };
        let mut altered = Table::clone(table);
        change(self, &mut altered)?;
        self.tables.insert(id, Arc::new(altered));
        Ok(())
    }

    /// What is not here: nothing to do if it was dropped, a conflict if it never was.
    pub(super) fn gone(&self, id: EntityId) -> Applied {
        if self.dropped.contains(&id) { Ok(()) } else { Err(SchemaConflict::Unknown(id)) }
    }

    pub(super) fn free(&mut self, kind: EntityKind, parent: EntityId, name: &str, id: EntityId) {
        self.dropped.insert(id);
        self.freed.insert((parent, freed_name(kind, name)), id);
    }

    /// Whether the id follows from the definition with some incarnation that there was: mostly the last, but the
    /// author may have seen an earlier one.
    pub(super) fn prove(&self, id: EntityId, first: EntityId, holds: impl Fn(EntityId) -> bool) -> Applied {
        let known = [first, EntityId::ZERO].into_iter().chain(self.dropped.iter().copied());
        if known.into_iter().any(holds) { Ok(()) } else { Err(SchemaConflict::WrongId(id)) }
    }
}
