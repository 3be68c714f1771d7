//! The seam behind database `headwaters`: read-only tables that the replica fills (design, seam SystemTable).

use crate::error::SqlError;
use dag::schema::ColumnType;
use dag::value::Value;
use std::ops::ControlFlow;

/// A column of a system table.
#[derive(Clone, Debug)]
pub struct SystemColumn {
    /// Name.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// Whether NULL occurs.
    pub nullable: bool,
}

/// A read-only table of database `headwaters`. Quick to scan, never blocks on disk or network for long; the first
/// column is unique within a scan wherever that is possible.
pub trait SystemTable: Send + Sync {
    /// Table name, lower case.
    fn name(&self) -> &str;
    /// Its columns, always the same.
    fn columns(&self) -> &[SystemColumn];
    /// Gives every row, one value a column, until the sink breaks.
    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError>;
}
