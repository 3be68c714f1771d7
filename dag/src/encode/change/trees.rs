//! Change sets too large for a body: each run a tree of key -> the change without its key (R10).
//!
//! A transaction of any size is so fetched, checked and resumed node by node; a large value is an object of its own.
//! Totals in the body are checked when a run is read to its end.

use super::{Body, Run, TableRuns, check};
use crate::change::{CellBefore, CellChange, ChangeSet, Delete, Insert, Marks, TableChanges, Update};
use crate::encode::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::id::NodeId;
use crate::row::Row;
use crate::row_key::Key;
use crate::tree::{Builder, Direction, MAX_INLINE_VALUE, NodeSink, Shape, Tree, Trees};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::{Bound, ControlFlow};

impl ChangeSet {
    /// The body with every run as a tree; the nodes go to the sink.
    pub fn plant(&self, shape: &Shape, sink: &mut dyn NodeSink) -> Result<Body> {
        check::changes(self)?;
        let mut tables = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let inserts = grow(shape, sink, table.inserts.iter().map(|i| (&i.key, insert(i))))?;
            let updates = grow(shape, sink, table.updates.iter().map(|u| (&u.key, update(u))))?;
            let deletes = grow(shape, sink, table.deletes.iter().map(|d| (&d.key, delete(d))))?;
            let (clear, layout) = (table.clear, table.layout);
            tables.push(TableRuns { table: table.table, layout, clear, inserts, updates, deletes });
        }
        Ok(Body::Trees { schema: self.schema.clone(), tables })
    }
}

fn insert(change: &Insert) -> Vec<u8> {
    to_bytes(&(&change.row, change.marks))
}

fn update(change: &Update) -> Vec<u8> {
    to_bytes(&(&change.cells, &change.guards, change.marks))
}

fn delete(change: &Delete) -> Vec<u8> {
    to_bytes(&(&change.before, change.marks))
}

/// Whether every change, without its key, is short enough to stand in the leaf of a tree.
pub(super) fn fits_leaves(changes: &ChangeSet) -> bool {
    let fits = |bytes: Vec<u8>| bytes.len() <= MAX_INLINE_VALUE;
    changes.tables.iter().all(|table| {
        table.inserts.iter().all(|c| fits(insert(c)))
            && table.updates.iter().all(|c| fits(update(c)))
            && table.deletes.iter().all(|c| fits(delete(c)))
    })
}

fn grow<'a>(shape: &Shape, sink: &mut dyn NodeSink, changes: impl Iterator<Item = (&'a Key, Vec<u8>)>) -> Result<Run> {
    let mut builder = Builder::new(shape, sink);
    let (mut count, mut bytes) = (0, 0);
    for (key, value) in changes {
        builder.push(&key.0, &value)?;
        count += 1;
        bytes += (key.0.len() + value.len()) as u64;
    }
    let root = builder.finish()?.root.unwrap_or(NodeId::ZERO);
    Ok(Run { root, count, bytes })
}

impl Body {
    /// All changes in memory. For a body that is large on purpose, read run by run instead.
    pub fn gather(&self, trees: &Trees) -> Result<ChangeSet> {
        let (schema, runs) = match self {
            Body::Inline(changes) => return Ok(ChangeSet::clone(changes)),
            Body::Trees { schema, tables } => (schema.clone(), tables),
        };
        let tables = runs.iter().map(|runs| runs.gather(trees)).collect::<Result<_>>()?;
        let changes = ChangeSet { schema, tables, reads: Vec::new() };
        check::changes(&changes)?;
        Ok(changes)
    }
}

impl TableRuns {
    fn gather(&self, trees: &Trees) -> Result<TableChanges> {
        let mut changes = TableChanges {
            table: self.table,
            layout: self.layout,
            clear: self.clear,
            inserts: Vec::new(),
            updates: Vec::new(),
            deletes: Vec::new(),
        };
        self.inserts.each(trees, |key, (row, marks): (Row, Marks)| {
            changes.inserts.push(Insert { key, row, marks });
        })?;
        self.updates.each(trees, |key, (cells, guards, marks): (Vec<CellChange>, Vec<CellBefore>, Marks)| {
            changes.updates.push(Update { key, cells, guards, marks });
        })?;
        self.deletes.each(trees, |key, (before, marks): (Vec<CellBefore>, Marks)| {
            changes.deletes.push(Delete { key, before, marks });
        })?;
        Ok(changes)
    }
}

impl Run {
    /// Every change in key order; then its totals must hold.
    fn each<T: Serialize + DeserializeOwned>(&self, trees: &Trees, mut take: impl FnMut(Key, T)) -> Result<()> {
        let tree = Tree { root: (self.root != NodeId::ZERO).then_some(self.root) };
        let (mut count, mut bytes, mut broken) = (0, 0, None);
        let mut sink = |key: &[u8], value: &[u8]| {
            count += 1;
            bytes += (key.len() + value.len()) as u64;
            match from_bytes("change in a tree", value) {
                Ok(change) if count <= self.count => take(Key(key.into()), change),
                Ok(_) => return ControlFlow::Break(()),
                Err(error) => broken = Some(error),
            }
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let flow = trees.range(tree, Bound::Unbounded, Bound::Unbounded, Direction::Forward, &mut sink)?;
        match broken {
            Some(error) => Err(error),
            None if flow.is_continue() && (count, bytes) == (self.count, self.bytes) => Ok(()),
            None => Err(Error::malformed("change set", "a tree does not have the totals that the body says")),
        }
    }
}
