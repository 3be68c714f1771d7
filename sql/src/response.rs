//! What a statement gives back, before the wire puts it into packets.

use crate::error::SqlError;
use crate::expression::Type;
use crate::wait::Suspend;
use dag::value::Value;
use std::sync::Arc;

/// One step of a statement (R36).
pub enum Step {
    /// It must wait; run it again afterwards.
    Suspend(Suspend),
    /// It is done.
    Done(Result<Response, SqlError>),
}

/// The answer to a statement.
pub enum Response {
    /// No rows.
    Ok(Summary),
    /// Rows, pulled in batches.
    Rows(ResultSet),
}

/// The counts of a statement without rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Affected rows (R37).
    pub affected: u64,
    /// LAST_INSERT_ID() for the OK packet; 0 if none was generated.
    pub last_insert_id: u64,
    /// `Rows matched: 1  Changed: 1  Warnings: 0` and its kin; empty if MySQL gives none.
    pub info: String,
}

/// Rows and what they are.
pub struct ResultSet {
    /// Columns in order, at least one.
    pub columns: Arc<[ColumnDefinition]>,
    /// The rows.
    pub rows: Box<dyn Rows>,
}

/// A stream of rows that owns its snapshot: safe to hold across awaits, dropped to stop.
pub trait Rows: Send {
    /// Appends up to `most` rows; returns false when there are no more. An error ends the result set.
    fn next_batch(&mut self, most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError>;
}

/// What the wire says of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDefinition {
    /// SQL database; empty for expressions.
    pub schema: Arc<str>,
    /// Table alias.
    pub table: Arc<str>,
    /// Table name.
    pub org_table: Arc<str>,
    /// Column label.
    pub name: Arc<str>,
    /// Column name.
    pub org_name: Arc<str>,
    /// Type: kind, length, decimals, collation, nullability.
    pub ty: Type,
    /// Flags that the type does not say.
    pub flags: ColumnFlags,
}

/// Column flags from the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnFlags {
    /// Part of the primary key.
    pub primary_key: bool,
    /// The only part of a UNIQUE index.
    pub unique_key: bool,
    /// First part of a non-unique index.
    pub multiple_key: bool,
    /// AUTO_INCREMENT.
    pub auto_increment: bool,
    /// No default and not nullable.
    pub no_default: bool,
    /// ON UPDATE CURRENT_TIMESTAMP.
    pub on_update_now: bool,
    /// TEXT or BLOB family rather than CHAR or VARCHAR (decides BLOB wire types).
    pub blob: bool,
    /// CHAR or BINARY rather than VARCHAR or VARBINARY (decides the STRING wire type).
    pub fixed_length: bool,
}
