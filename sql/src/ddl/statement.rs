//! What DDL statements say, as plain data: the parser's result and the builder's input.

use super::cursor::TableName;
use dag::schema::ColumnType;
use dag::value::Value;
use std::sync::Arc;

/// A DDL statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ddl {
    CreateDatabase { name: Arc<str>, if_not_exists: bool, options: CharacterOptions },
    DropDatabase { name: Arc<str>, if_exists: bool },
    CreateTable(Box<CreateTable>),
    CreateLike { name: TableName, like: TableName, if_not_exists: bool },
    DropTables { names: Vec<TableName>, if_exists: bool },
    Truncate(TableName),
    Alter { table: TableName, changes: Vec<Alteration> },
}

/// CREATE TABLE with its parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CreateTable {
    pub name: TableName,
    pub if_not_exists: bool,
    pub columns: Vec<ColumnSpec>,
    pub indexes: Vec<IndexSpec>,
    pub options: TableOptions,
}

/// Character set and collation as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CharacterOptions {
    pub character_set: Option<String>,
    pub collation: Option<String>,
}

/// Table options that mean something here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TableOptions {
    pub characters: CharacterOptions,
    pub comment: String,
    pub auto_increment: Option<u64>,
}

/// A column as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnSpec {
    pub name: Arc<str>,
    pub kind: ColumnType,
    pub characters: CharacterOptions,
    /// NULL or NOT NULL, if written.
    pub nullable: Option<bool>,
    pub default: Option<DefaultSpec>,
    pub on_update: Option<u8>,
    pub auto_increment: bool,
    pub primary: bool,
    pub unique: bool,
    pub comment: String,
}

/// DEFAULT as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DefaultSpec {
    Value(Value),
    CurrentTimestamp(u8),
}

/// What kind of index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexKind {
    Primary,
    Unique,
    Plain,
}

/// An index as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndexSpec {
    pub name: Option<Arc<str>>,
    pub kind: IndexKind,
    pub parts: Vec<PartSpec>,
    pub comment: String,
}

/// A part of an index as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartSpec {
    pub column: Arc<str>,
    pub prefix: Option<u32>,
    pub descending: bool,
}

/// Where ADD COLUMN puts a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    First,
    After(Arc<str>),
    Last,
}

/// One change of ALTER TABLE.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Alteration {
    AddColumn(Box<ColumnSpec>, Place),
    DropColumn(Arc<str>),
    AddIndex(IndexSpec),
    DropIndex(Arc<str>),
}
