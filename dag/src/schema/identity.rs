//! What things are called in the bytes: ids made from what a thing is (R25).
//!
//! id = hash(kind, parent id, folded name, canonical definition, incarnation). A definition has neither ids nor the
//! name in it; a table's names its own columns by position. So the same CREATE TABLE on two replicas that have not met
//! makes one table, and one that follows a DROP makes another.

use super::{Column, Database, Index, Layout, Table};
use crate::encode::{Domain, to_bytes};
use crate::id::EntityId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What kind of thing an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityKind {
    /// A SQL database; its parent is [`EntityId::ZERO`].
    Database = 1,
    /// A table in a database.
    Table = 2,
    /// A column of a table.
    Column = 3,
    /// An index of a table.
    Index = 4,
}

/// How a name counts when names are compared: databases and tables as written, columns and indexes without the case
/// of ASCII letters. (Other letters keep their case: their folding changes between Unicode versions, ids must not.)
pub fn fold_name(kind: EntityKind, name: &str) -> Cow<'_, str> {
    match kind {
        EntityKind::Column | EntityKind::Index if name.bytes().any(|b| b.is_ascii_uppercase()) => {
            name.to_ascii_lowercase().into()
        }
        _ => name.into(),
    }
}

fn entity_id(kind: EntityKind, parent: EntityId, name: &str, definition: &[u8], incarnation: EntityId) -> EntityId {
    let definition = serde_bytes::Bytes::new(definition);
    EntityId(Domain::ENTITY.hash(&to_bytes(&(kind as u8, parent, fold_name(kind, name), definition, incarnation))))
}

impl Database {
    /// The same with its id.
    pub fn identified(mut self, incarnation: EntityId) -> Self {
        let definition = to_bytes(&(self.collation,));
        self.id = entity_id(EntityKind::Database, EntityId::ZERO, &self.name, &definition, incarnation);
        self
    }
}

impl Column {
    /// The same with its id in that table.
    pub fn identified(mut self, table: EntityId, incarnation: EntityId) -> Self {
        let definition = to_bytes(&Column { id: EntityId::ZERO, name: "".into(), ..self.clone() });
        self.id = entity_id(EntityKind::Column, table, &self.name, &definition, incarnation);
        self
    }
}

impl Index {
    /// The same with its id in that table; its parts must name the table's columns.
    pub fn identified(mut self, table: EntityId, incarnation: EntityId) -> Self {
        let definition = to_bytes(&Index { id: EntityId::ZERO, name: "".into(), ..self.clone() });
        self.id = entity_id(EntityKind::Index, table, &self.name, &definition, incarnation);
        self
    }

    fn with_columns(mut self, names: &BTreeMap<EntityId, EntityId>) -> Self {
        for part in &mut self.parts {
            part.column = names.get(&part.column).copied().unwrap_or(part.column);
        }
        self
    }
}

impl Table {
    /// The same with its id, the ids of its columns and indexes, and its one layout. The columns may come with any ids
    /// that differ; index parts name them by these.
    pub fn identified(mut self, incarnation: EntityId) -> Self {
        self.id = entity_id(EntityKind::Table, self.database, &self.name, &self.definition(), incarnation);
        let given: Vec<EntityId> = self.columns.iter().map(|c| c.id).collect();
        let table = self.id;
        self.columns = self.columns.into_iter().map(|c| c.identified(table, EntityId::ZERO)).collect();
        let names = given.into_iter().zip(self.columns.iter().map(|c| c.id)).collect();
        let identify = |index: Index| index.with_columns(&names).identified(table, EntityId::ZERO);
        self.primary = self.primary.map(identify);
        self.indexes = self.indexes.into_iter().map(identify).collect();
        self.layouts = vec![Arc::new(Layout::new(self.columns.iter().map(|c| (c.id, c.kind.clone())).collect()))];
        self
    }

    /// The bytes of everything but ids, layouts and the table's own name.
    fn definition(&self) -> Vec<u8> {
        let at = |position: usize| EntityId(std::array::from_fn(|i| position.to_be_bytes().get(i).map_or(0, |b| *b)));
        let names = self.columns.iter().enumerate().map(|(position, c)| (c.id, at(position))).collect();
        let blank = |index: &Index| Index { id: EntityId::ZERO, ..index.clone().with_columns(&names) };
        to_bytes(&Table {
            id: EntityId::ZERO,
            database: EntityId::ZERO,
            name: "".into(),
            columns: self.columns.iter().map(|c| Column { id: EntityId::ZERO, ..c.clone() }).collect(),
            primary: self.primary.as_ref().map(blank),
            indexes: self.indexes.iter().map(blank).collect(),
            layouts: Vec::new(),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{BIGINT, column, id, index, part, table};
    use super::super::{ColumnType, Table};
    use super::*;

    fn sample() -> Table {
        let mut table = table(vec![column(0, BIGINT, false), column(1, ColumnType::Json, true)]);
        table.indexes = vec![index(1, false, vec![part(1)])];
        table
    }

    #[test]
    fn the_same_definition_has_the_same_ids_whatever_the_columns_were_called_before() {
        let first = sample().identified(EntityId::ZERO);
        let mut renumbered = sample();
        for column in &mut renumbered.columns {
            column.id = EntityId(column.id.0.map(|b| b ^ 0x55));
        }
        let parts = renumbered.primary.iter_mut().chain(&mut renumbered.indexes).flat_map(|i| &mut i.parts);
        parts.for_each(|part| part.column = EntityId(part.column.0.map(|b| b ^ 0x55)));
        assert_eq!(renumbered.identified(EntityId::ZERO), first);
        assert_eq!(first.clone().identified(EntityId::ZERO), first, "naming twice changes nothing");
    }

    #[test]
    fn another_definition_name_parent_or_incarnation_has_another_id() {
        let one = sample().identified(EntityId::ZERO).id;
        let others = [
            Table { name: "T".into(), ..sample() }.identified(EntityId::ZERO),
            Table { database: id(b'd', 9), ..sample() }.identified(EntityId::ZERO),
            Table { indexes: vec![index(1, true, vec![part(1)])], ..sample() }.identified(EntityId::ZERO),
            Table { indexes: vec![index(1, false, vec![part(0)])], ..sample() }.identified(EntityId::ZERO),
            sample().identified(one),
        ];
        assert!(others.iter().all(|other| other.id != one));
    }

    #[test]
    fn golden_ids() {
        let table = sample().identified(EntityId::ZERO);
        assert_eq!(table.id.short(), "752bcg7pdr");
        assert_eq!(table.columns[0].id.short(), "iuj2ihbtti");
        assert_eq!(table.indexes[0].id.short(), "s454prpdr6");
    }
}
