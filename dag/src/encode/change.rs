//! Change sets as bytes (R10): the body and the read set of a commit.
//!
//! The body is `[version, form, schema changes, tables]`. Form 0 has the changes inline; form 1 has, for each table, the
//! roots and totals of trees that hold them. An empty body and an empty read set are no bytes at all.

mod check;
mod trees;

use super::positional::{positional, tagged};
use super::{from_bytes, to_bytes};
use crate::change::{
    Before, CellBefore, CellChange, ChangeSet, Delete, INLINE_BODY, Insert, Marks, ReadGuard, TableChanges, Update,
};
use crate::error::{Error, Result};
use crate::id::{EntityId, LayoutId, NodeId};
use crate::schema::SchemaChange;
use crate::tree::MAX_INLINE_VALUE;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

positional!(Insert { key, row, marks });
positional!(Update { key, cells, guards, marks });
positional!(Delete { key, before, marks });
positional!(CellChange { column, before, after });
positional!(CellBefore { column, before });
positional!(TableChanges { table, layout, clear, inserts, updates, deletes });
positional!(Run { root, count, bytes });
positional!(TableRuns { table, layout, clear, inserts, updates, deletes });

tagged!(Before {
    0 => Value { 0: a },
    1 => Hash { 0: a, 1: b },
});

tagged!(ReadGuard {
    1 => Row { table: a, key: b, row: c },
    2 => Range { space: a, from: b, to: c, count: d, digest: e },
});

/// Marks as bits, so that a change without any costs one byte.
impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let bit = |set, bit: u8| if set { bit } else { 0 };
        let bits = bit(self.if_absent, 1) | bit(self.unchecked_unique, 2) | bit(self.unchecked_foreign, 4);
        bits.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            bits @ 0..8 => Ok(Marks {
                if_absent: bits & 1 != 0,
                unchecked_unique: bits & 2 != 0,
                unchecked_foreign: bits & 4 != 0,
            }),
            bits => Err(serde::de::Error::custom(format!("unknown marks {bits:#x}"))),
        }
    }
}

/// A sorted run of changes kept as a tree: key -> the change without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The tree's root; zero if the run is empty.
    pub root: NodeId,
    /// Changes in it.
    pub count: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// The changes of one table as trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRuns {
    /// The table.
    pub table: EntityId,
    /// The layout rows and cell positions refer to.
    pub layout: LayoutId,
    /// TRUNCATE.
    pub clear: bool,
    /// New rows.
    pub inserts: Run,
    /// Changed rows.
    pub updates: Run,
    /// Removed rows.
    pub deletes: Run,
}

/// A commit's body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The changes themselves; `reads` is empty, it has bytes of its own.
    Inline(Arc<ChangeSet>),
    /// The changes are in trees.
    Trees {
        /// DDL, in order.
        schema: Vec<SchemaChange>,
        /// Sorted by table.
        tables: Vec<TableRuns>,
    },
}

/// Version of the body's bytes.
const VERSION: u8 = 1;
const INLINE: u8 = 0;
const TREES: u8 = 1;
const MISPLACED: &str = "large changes inline, or trees without changes (R10)";

impl Body {
    /// Canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Body::Inline(changes) => encode_inline(changes),
            Body::Trees { schema, tables } => to_bytes(&(VERSION, TREES, schema, tables)),
        }
    }

    /// Changes in it: what the header says.
    pub fn count(&self) -> u64 {
        match self {
            Body::Inline(changes) => changes.count(),
            Body::Trees { schema, tables } => {
                let runs =
                    tables.iter().flat_map(|t| [t.inserts.count, t.updates.count, t.deletes.count, t.clear.into()]);
                runs.fold(schema.len() as u64, u64::saturating_add)
            }
        }
    }

    /// The roots of the trees, where changes are in trees.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> {
        let tables: &[TableRuns] = match self {
            Body::Inline(_) => &[],
            Body::Trees { tables, .. } => tables,
        };
        tables.iter().flat_map(TableRuns::runs).filter(|run| run.count > 0).map(|run| run.root)
    }

    /// Bytes of keys and changes that are kept in trees.
    pub fn bytes_in_trees(&self) -> u64 {
        match self {
            Body::Inline(_) => 0,
            Body::Trees { tables, .. } => {
                let runs = tables.iter().flat_map(TableRuns::runs);
                runs.fold(0, |sum: u64, run| sum.saturating_add(run.bytes))
            }
        }
    }

    /// Whether a body of so many bytes has the form that R10 gives it: row changes inline as long as the body is short
    /// and every change would stand in the leaf of a tree, and in trees otherwise. Schema changes are always inline.
    pub(crate) fn has_its_form(&self, length: usize) -> bool {
        match self {
            Body::Inline(changes) if length <= MAX_INLINE_VALUE || changes.tables.is_empty() => true,
            Body::Inline(changes) => length <= INLINE_BODY && trees::fits_leaves(changes),
            Body::Trees { tables, .. } => !tables.is_empty(),
        }
    }

    /// Canonical bytes; runs that are not sorted are an error: such a body must not be signed.
    pub fn encode_checked(&self) -> Result<Vec<u8>> {
        match self {
            Body::Inline(changes) => check::changes(changes)?,
            Body::Trees { schema, tables } => check::trees(schema, tables)?,
        }
        Ok(self.encode())
    }

    /// Reads canonical bytes; every sorted run is checked.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Body::Inline(Arc::default()));
        }
        let body = Body::decode_any(bytes)?;
        if body.has_its_form(bytes.len()) { Ok(body) } else { Err(Error::malformed("body", MISPLACED)) }
    }

    fn decode_any(bytes: &[u8]) -> Result<Self> {
        match bytes.get(..3) {
            // An array of four, the version, the form.
            Some([0x84, VERSION, INLINE]) => decode_inline(bytes).map(|changes| Body::Inline(Arc::new(changes))),
            Some([0x84, VERSION, TREES]) => {
                let (_, _, schema, tables): (u8, u8, Vec<SchemaChange>, Vec<TableRuns>) = from_bytes("body", bytes)?;
                check::trees(&schema, &tables)?;
                Ok(Body::Trees { schema, tables })
            }
            _ => Err(Error::malformed("body", "of a form that this version does not know: upgrade")),
        }
    }
}

fn encode_inline(changes: &ChangeSet) -> Vec<u8> {
    if changes.schema.is_empty() && changes.tables.is_empty() {
        return Vec::new();
    }
    to_bytes(&(VERSION, INLINE, &changes.schema, &changes.tables))
}

fn decode_inline(bytes: &[u8]) -> Result<ChangeSet> {
    let (_, _, schema, tables): (u8, u8, _, _) = from_bytes("body", bytes)?;
    let changes = ChangeSet { schema, tables, reads: Vec::new() };
    check::changes(&changes)?;
    if changes.is_empty() { Err(Error::malformed("body", "empty, which is no bytes")) } else { Ok(changes) }
}

impl TableRuns {
    /// The three runs.
    pub fn runs(&self) -> [&Run; 3] {
        [&self.inserts, &self.updates, &self.deletes]
    }
}

impl ChangeSet {
    /// Bytes that the body has at least: cheap, and enough to tell that a change set is large.
    pub(crate) fn least_bytes(&self) -> usize {
        let table = |table: &TableChanges| {
            let inserts = table.inserts.iter().map(|c| c.key.0.len() + c.row.0.len());
            let updates = table.updates.iter().map(|c| c.key.0.len() + c.cells.len() + c.guards.len());
            let deletes = table.deletes.iter().map(|c| c.key.0.len() + c.before.len());
            inserts.chain(updates).chain(deletes).sum::<usize>()
        };
        self.tables.iter().map(table).sum()
    }

    /// The body's canonical bytes, inline. Runs that are not sorted are an error: such a change set must not be signed.
    pub fn encode_body(&self) -> Result<Vec<u8>> {
        check::changes(self)?;
        Ok(encode_inline(self))
    }

    /// The read set's canonical bytes; an error as of [`encode_reads`].
    pub fn encode_reads(&self) -> Result<Vec<u8>> {
        encode_reads(&self.reads)
    }

    /// A change set from the canonical bytes of both; `Err` also for a body that is kept in trees.
    pub fn decode(body: &[u8], reads: &[u8]) -> Result<Self> {
        match Body::decode(body)? {
            Body::Inline(changes) => Ok(ChangeSet { reads: decode_reads(reads)?, ..Arc::unwrap_or_clone(changes) }),
            Body::Trees { .. } => Err(Error::malformed("body", "in trees: read it through the store")),
        }
    }
}

/// A read set's canonical bytes; none for an empty one. More guards than a commit may carry are an error: such a read
/// set must not be signed.
pub fn encode_reads(reads: &[ReadGuard]) -> Result<Vec<u8>> {
    check::reads(reads)?;
    Ok(if reads.is_empty() { Vec::new() } else { to_bytes(&reads) })
}

/// Reads the read set's canonical bytes.
pub fn decode_reads(bytes: &[u8]) -> Result<Vec<ReadGuard>> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let reads: Vec<ReadGuard> = from_bytes("read set", bytes)?;
    check::reads(&reads)?;
    if reads.is_empty() { Err(Error::malformed("read set", "empty, which is no bytes")) } else { Ok(reads) }
}

#[cfg(test)]
mod tests;
