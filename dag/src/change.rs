//! Change sets: the net effect of one transaction, each change with what it replaced and what it wrote (R10, R11).
//!
//! Promises: per table three runs sorted by key, one change a key; one canonical encoding (`encode`). Does not decide
//! whether a change applies: that is the linearizer's fold.

mod before;

use crate::id::{EntityId, LayoutId, NodeId};
pub use crate::limits::{INLINE_BEFORE, INLINE_BODY, MAX_READS, MAX_SCHEMA_CHANGES, MAX_TABLES};
use crate::row::Row;
use crate::row_key::Key;
use crate::schema::SchemaChange;
use crate::value::Value;

/// What one transaction changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSet {
    /// DDL, in order; applied before the rows.
    pub schema: Vec<SchemaChange>,
    /// Row changes, sorted by table id, one entry a table.
    pub tables: Vec<TableChanges>,
    /// What must still read the same (SERIALIZABLE, FOR SHARE, FOR UPDATE).
    pub reads: Vec<ReadGuard>,
}

/// Row changes of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableChanges {
    /// The table.
    pub table: EntityId,
    /// The layout rows and cell positions below refer to.
    pub layout: LayoutId,
    /// TRUNCATE: everything that lies before this commit in the order goes first (R11).
    pub clear: bool,
    /// New rows, sorted by key.
    pub inserts: Vec<Insert>,
    /// Changed rows, sorted by key.
    pub updates: Vec<Update>,
    /// Removed rows, sorted by key.
    pub deletes: Vec<Delete>,
}

/// Marks of one change (R11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// INSERT IGNORE: a present key is nothing to do.
    pub if_absent: bool,
    /// unique_checks=0.
    pub unchecked_unique: bool,
    /// foreign_key_checks=0.
    pub unchecked_foreign: bool,
}

/// A new row.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// Primary key bytes.
    pub key: Key,
    /// The row in the table's layout.
    pub row: Row,
    /// Marks.
    pub marks: Marks,
}

/// A changed row: only the cells that changed, and the guards.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Primary key bytes.
    pub key: Key,
    /// Changed cells, sorted by position.
    pub cells: Vec<CellChange>,
    /// Cells read by WHERE and SET that did not change, sorted by position (R11).
    pub guards: Vec<CellBefore>,
    /// Marks.
    pub marks: Marks,
}

/// A removed row.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// Primary key bytes.
    pub key: Key,
    /// Every cell of the row as its author saw it, in layout order.
    pub before: Vec<CellBefore>,
    /// Marks.
    pub marks: Marks,
}

/// A changed cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellChange {
    /// Position in the layout.
    pub column: u16,
    /// What the author saw.
    pub before: Before,
    /// What it wrote.
    pub after: Value,
}

/// A cell as the author saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct CellBefore {
    /// Position in the layout.
    pub column: u16,
    /// What the author saw.
    pub before: Before,
}

/// A before-value: whole if its canonical bytes are at most [`INLINE_BEFORE`], otherwise their hash and length. Build
/// with [`Before::of`] so that there is one form only.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// The value itself.
    Value(Value),
    /// BLAKE3 of the canonical cell bytes, and their length.
    Hash(NodeId, u32),
}

/// Something a transaction read and relies on (R11).
#[derive(Clone, Debug, PartialEq)]
pub enum ReadGuard {
    /// The row under this key had these cells (canonical row hash); `None`: there was no row.
    Row {
        /// The table.
        table: EntityId,
        /// Primary key bytes.
        key: Key,
        /// Hash of the row's canonical cells, if there was one.
        row: Option<NodeId>,
    },
    /// A scan of `[from, to)` in a table or index saw so many entries with this digest.
    Range {
        /// The table id (rows) or index id (entries).
        space: EntityId,
        /// First key bytes, inclusive.
        from: Key,
        /// Last key bytes, exclusive; empty means no end.
        to: Key,
        /// Entries seen.
        count: u64,
        /// Digest over their keys and rows in order.
        digest: NodeId,
    },
}
