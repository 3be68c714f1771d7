//! Applying schema changes to a catalogue (R25): columns and indexes.
//!
//! Rows are never rewritten: a change of columns adds layouts. Two of them, if other DDL came between the author's view
//! and the change's place: the one its rows are in, and the one new rows are written in.

use super::{Catalogue, SchemaConflict};
use crate::id::{EntityId, LayoutId};
use crate::schema::{Column, EntityKind, Index, Layout, Table, fold_name};
use std::sync::Arc;

type Applied = Result<(), SchemaConflict>;

impl Catalogue {
    pub(super) fn add_column(&mut self, table: &mut Table, column: &Column, position: u32, seen: LayoutId) -> Applied {
        let author = layout_seen(table, seen)?.with(column);
        let known = table.column(column.id).is_some();
        if known || self.dropped.contains(&column.id) {
            learn_layout(table, author);
            return Ok(());
        }
        let folded = fold_name(EntityKind::Column, &column.name);
        if let Some(other) = table.columns.iter().find(|c| fold_name(EntityKind::Column, &c.name) == folded) {
            return Err(SchemaConflict::NameTaken { name: column.name.clone(), by: other.id });
        }
        let first = self.incarnation(EntityKind::Column, table.id, &column.name);
        let holds = |incarnation| column.clone().identified(table.id, incarnation) == *column;
        self.prove(column.id, first, holds)?;
        learn_layout(table, author);
        use_layout(table, table.newest_layout().with(column));
        let at = (position as usize).min(table.columns.len());
        table.columns.insert(at, column.clone());
        table.check()?;
        Ok(())
    }

    pub(super) fn drop_column(&mut self, table: &mut Table, id: EntityId, seen: LayoutId) -> Applied {
        learn_layout(table, layout_seen(table, seen)?.without(id));
        let Some((position, column)) = table.column(id) else { return self.gone(id) };
        let name = column.name.clone();
        if table.primary.iter().flat_map(|p| &p.parts).any(|part| part.column == id) {
            return Err(SchemaConflict::Refused("a column of the primary key cannot be dropped"));
        }
        if table.columns.len() == 1 {
            return Err(SchemaConflict::Refused("a table keeps at least one column"));
        }
        table.columns.remove(position);
        use_layout(table, table.newest_layout().without(id));
        for index in std::mem::take(&mut table.indexes) {
            self.strip(table, index, id);
        }
        self.free(EntityKind::Column, table.id, &name, id);
        Ok(())
    }

    /// Keeps an index without a dropped column: as another index, because its entries are others.
    fn strip(&mut self, table: &mut Table, mut index: Index, column: EntityId) {
        let old = index.id;
        if index.parts.iter().all(|part| part.column != column) {
            return table.indexes.push(index);
        }
        index.parts.retain(|part| part.column != column);
        self.free(EntityKind::Index, table.id, &index.name, old);
        if !index.parts.is_empty() {
            table.indexes.push(index.identified(table.id, old));
        }
    }

    pub(super) fn add_index(&mut self, table: &mut Table, index: &Index) -> Applied {
        if table.indexes.iter().any(|i| i.id == index.id) || self.dropped.contains(&index.id) {
            return Ok(());
        }
        let folded = fold_name(EntityKind::Index, &index.name);
        let mut others = table.primary.iter().chain(&table.indexes);
        if let Some(other) = others.find(|i| fold_name(EntityKind::Index, &i.name) == folded) {
            return Err(SchemaConflict::NameTaken { name: index.name.clone(), by: other.id });
        }
        let has = |id| table.column(id).is_some() || self.dropped.contains(&id);
        index.check(has)?;
        let first = self.incarnation(EntityKind::Index, table.id, &index.name);
        self.prove(index.id, first, |incarnation| index.clone().identified(table.id, incarnation) == *index)?;
        let gone = index.parts.iter().map(|part| part.column).find(|id| table.column(*id).is_none());
        match gone {
            Some(column) => self.strip(table, index.clone(), column),
            None => table.indexes.push(index.clone()),
        }
        table.check()?;
        Ok(())
    }

    pub(super) fn drop_index(&mut self, table: &mut Table, id: EntityId) -> Applied {
        let Some(position) = table.indexes.iter().position(|i| i.id == id) else { return self.gone(id) };
        let index = table.indexes.remove(position);
        self.free(EntityKind::Index, table.id, &index.name, id);
        Ok(())
    }
}

impl Layout {
    fn with(&self, column: &Column) -> Layout {
        let mut cells = self.cells.clone();
        if self.position(column.id).is_none() {
            cells.push((column.id, column.kind.clone()));
        }
        Layout::new(cells)
    }

    fn without(&self, column: EntityId) -> Layout {
        Layout::new(self.cells.iter().filter(|(id, _)| *id != column).cloned().collect())
    }
}

fn layout_seen(table: &Table, seen: LayoutId) -> Result<Arc<Layout>, SchemaConflict> {
    let unknown = SchemaConflict::UnknownLayout { table: table.id, layout: seen };
    table.layouts.iter().find(|layout| layout.id == seen).cloned().ok_or(unknown)
}

/// Rows may be in this layout; new ones are not.
fn learn_layout(table: &mut Table, layout: Layout) {
    if table.layouts.iter().all(|known| known.id != layout.id) {
        let newest = table.layouts.len().saturating_sub(1);
        table.layouts.insert(newest, Arc::new(layout));
    }
}

/// New rows are in this layout.
fn use_layout(table: &mut Table, layout: Layout) {
    table.layouts.retain(|known| known.id != layout.id);
    table.layouts.push(Arc::new(layout));
}
