//! What a database is made of: databases, tables, columns, indexes, and the changes DDL makes to them.
//!
//! Promises: definitions are plain data with one canonical encoding, so that an id is a function of the definition
//! (R25). Does not know SQL text, nor evaluate expressions: a default is a constant or one of a few named functions.

mod check;
mod identity;
mod rows;

pub use check::{MAX_COLUMNS, MAX_INDEXES, MAX_NAME, MAX_PARTS};
pub use identity::{EntityKind, fold_name};

use crate::collation::Collation;
use crate::id::{EntityId, LayoutId};
pub use crate::layout::Layout;
use crate::value::Value;
use std::sync::Arc;

/// The type of a column as stored; lengths are characters for text, bytes for binary.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnType {
    /// TINYINT (1), SMALLINT (2), MEDIUMINT (3), INT (4), BIGINT (8): `bytes` wide. BOOL is `display_width: Some(1)`.
    Integer {
        /// 1, 2, 3, 4 or 8.
        bytes: u8,
        /// Whether negative values are out of range.
        unsigned: bool,
        /// Only TINYINT(1) keeps a width, as MySQL 8.0 does.
        display_width: Option<u8>,
    },
    /// DECIMAL(precision, scale).
    Decimal {
        /// Digits in all, 1 to 65.
        precision: u8,
        /// Digits after the point, 0 to 30.
        scale: u8,
        /// Whether negative values are out of range.
        unsigned: bool,
    },
    /// FLOAT: values are rounded to single precision.
    Float {
        /// Whether negative values are out of range.
        unsigned: bool,
    },
    /// DOUBLE.
    Double {
        /// Whether negative values are out of range.
        unsigned: bool,
    },
    /// CHAR(length): trailing spaces are not kept.
    Char(u32),
    /// VARCHAR(length).
    VarChar(u32),
    /// TINYTEXT, TEXT, MEDIUMTEXT, LONGTEXT by the greatest byte length 255, 65,535, 16,777,215, 4,294,967,295.
    Text(u32),
    /// BINARY(length): padded with zero bytes.
    Binary(u32),
    /// VARBINARY(length).
    VarBinary(u32),
    /// TINYBLOB to LONGBLOB by the greatest byte length.
    Blob(u32),
    /// DATE.
    Date,
    /// TIME(fsp).
    Time(u8),
    /// DATETIME(fsp).
    DateTime(u8),
    /// TIMESTAMP(fsp), stored as UTC microseconds.
    Timestamp(u8),
    /// YEAR.
    Year,
    /// ENUM with its labels in order.
    Enum(Arc<[Arc<str>]>),
    /// SET with its labels in order, at most 64.
    Set(Arc<[Arc<str>]>),
    /// JSON.
    Json,
}

/// What a column gets when INSERT names no value.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnDefault {
    /// A constant, already converted to the column's type (`Null` for DEFAULT NULL).
    Constant(Value),
    /// CURRENT_TIMESTAMP(fsp).
    CurrentTimestamp(u8),
}

/// How concurrent changes of a table or a column are merged (R21, R22, R26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MergePolicy {
    /// The later commit in the order is parked.
    #[default]
    FirstWriteWins,
    /// The table takes only inserts, with generated keys.
    AppendOnly,
    /// Equal results are no conflict.
    Agree,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Identity, from the definition (R25).
    pub id: EntityId,
    /// Name as written; compared without case.
    pub name: Arc<str>,
    /// Storage type.
    pub kind: ColumnType,
    /// Collation of text types; `Binary` elsewhere.
    pub collation: Collation,
    /// Whether NULL may be stored.
    pub nullable: bool,
    /// `None`: no default, INSERT must name a value (nullable columns have `Constant(Null)`).
    pub default: Option<ColumnDefault>,
    /// ON UPDATE CURRENT_TIMESTAMP(fsp).
    pub on_update: Option<u8>,
    /// AUTO_INCREMENT.
    pub auto_increment: bool,
    /// What rows written before the column existed hold in it: its default when it was added, or the type's zero.
    pub missing: Value,
    /// COMMENT text.
    pub comment: Arc<str>,
    /// Policy of its own; `None` takes the table's.
    pub policy: Option<MergePolicy>,
}

/// One part of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexPart {
    /// The column.
    pub column: EntityId,
    /// Only the first so many characters (bytes for binary); `None` is the whole value.
    pub prefix: Option<u32>,
    /// DESC: the key bytes are inverted.
    pub descending: bool,
}

/// A secondary index or the primary key.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Identity; also names the key space its entries live in. The primary key's rows live under the table's id.
    pub id: EntityId,
    /// Name as written; `PRIMARY` for the primary key.
    pub name: Arc<str>,
    /// Whether equal entries without NULL are refused.
    pub unique: bool,
    /// Parts in order, at least one.
    pub parts: Vec<IndexPart>,
    /// COMMENT text.
    pub comment: Arc<str>,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Identity (R25); also names the key space of the rows.
    pub id: EntityId,
    /// The SQL database it belongs to.
    pub database: EntityId,
    /// Name as written.
    pub name: Arc<str>,
    /// Visible columns in order.
    pub columns: Vec<Column>,
    /// The primary key; `None`: rows have hidden keys (R39).
    pub primary: Option<Index>,
    /// Secondary indexes in order of creation.
    pub indexes: Vec<Index>,
    /// The layouts rows may have, newest last; new rows use the last.
    pub layouts: Vec<Arc<Layout>>,
    /// Default collation for new columns.
    pub collation: Collation,
    /// Merge policy of the table.
    pub policy: MergePolicy,
    /// COMMENT text.
    pub comment: Arc<str>,
    /// AUTO_INCREMENT=n of CREATE TABLE: the first number given out.
    pub first_auto_increment: u64,
}

/// A SQL database (schema).
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// Identity (R25).
    pub id: EntityId,
    /// Name as written; compared exactly.
    pub name: Arc<str>,
    /// Default collation for new tables.
    pub collation: Collation,
}

/// One step of DDL, as a commit carries it. Ids inside definitions are already computed by the author and checked by
/// the fold (`id == hash of definition`, R25).
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaChange {
    /// CREATE DATABASE. An equal definition that exists already is no conflict.
    CreateDatabase(Database),
    /// DROP DATABASE with every table in it.
    DropDatabase(EntityId),
    /// CREATE TABLE. An equal definition that exists already is no conflict.
    CreateTable(Arc<Table>),
    /// DROP TABLE.
    DropTable(EntityId),
    /// ALTER TABLE ADD COLUMN: at a position among the visible columns, counted from 0.
    AddColumn {
        /// The table.
        table: EntityId,
        /// The new column.
        column: Column,
        /// Its place; past the end means last.
        position: u32,
        /// The table's newest layout as the author saw it: rows it writes afterwards have that one and this column,
        /// also when a concurrent DDL comes between them in the order.
        layout: LayoutId,
    },
    /// ALTER TABLE DROP COLUMN; indexes lose the part, and vanish with their last part.
    DropColumn {
        /// The table.
        table: EntityId,
        /// The column.
        column: EntityId,
        /// The table's newest layout as the author saw it.
        layout: LayoutId,
    },
    /// CREATE INDEX, ALTER TABLE ADD INDEX: on a filled table the fold builds the entries.
    AddIndex {
        /// The table.
        table: EntityId,
        /// The index.
        index: Index,
    },
    /// DROP INDEX.
    DropIndex {
        /// The table.
        table: EntityId,
        /// The index.
        index: EntityId,
    },
}

#[cfg(test)]
pub(crate) mod fixture;
