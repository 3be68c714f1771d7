//! A system table as data: its name, its columns, and the function that gives its rows.

use crate::replica::report::Report;
use dag::schema::ColumnType;
use dag::temporal::DateTime;
use dag::value::Value;
use sql::engine::system_table::{Rows, SystemColumn, SystemTable};
use sql::error::SqlError;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Takes a row; `Break` ends the scan.
pub type Sink<'a> = dyn FnMut(Vec<Value>) -> ControlFlow<()> + 'a;

/// What a table file declares.
pub struct Declaration {
    /// Table name.
    pub name: &'static str,
    /// Columns: name, type, whether NULL occurs.
    pub columns: &'static [(&'static str, Kind, bool)],
    /// Gives every row.
    pub rows: fn(&dyn Report, &mut Sink<'_>) -> Result<(), SqlError>,
}

/// What the file of a table that may be long declares: its rows are made one by one.
pub struct LongDeclaration {
    /// Table name.
    pub name: &'static str,
    /// Columns: name, type, whether NULL occurs.
    pub columns: &'static [(&'static str, Kind, bool)],
    /// Gives the rows.
    pub rows: fn(&dyn Report) -> Result<Rows, SqlError>,
}

/// The few column types system tables use.
#[derive(Clone, Copy)]
pub enum Kind {
    /// BIGINT UNSIGNED.
    Number,
    /// BIGINT.
    Signed,
    /// VARCHAR of this length.
    Text(u32),
    /// TEXT, for lists and reasons.
    Long,
    /// DATETIME(3), UTC.
    Moment,
    /// BOOL.
    Flag,
}

impl Kind {
    fn column_type(self) -> ColumnType {
        match self {
            Kind::Number => ColumnType::Integer { bytes: 8, unsigned: true, display_width: None },
            Kind::Signed => ColumnType::Integer { bytes: 8, unsigned: false, display_width: None },
            Kind::Text(length) => ColumnType::VarChar(length),
            Kind::Long => ColumnType::Text(65_535),
            Kind::Moment => ColumnType::DateTime(3),
            Kind::Flag => ColumnType::Integer { bytes: 1, unsigned: false, display_width: Some(1) },
        }
    }
}

/// A declared table over a replica's reports.
pub struct Listing {
    declaration: &'static Declaration,
    columns: Vec<SystemColumn>,
    report: Arc<dyn Report>,
}

impl Listing {
    /// Binds a declaration to a replica.
    pub fn new(declaration: &'static Declaration, report: Arc<dyn Report>) -> Self {
        Listing { declaration, columns: columns(declaration.columns), report }
    }
}

fn columns(declared: &[(&'static str, Kind, bool)]) -> Vec<SystemColumn> {
    let column = |(name, kind, nullable): &(&'static str, Kind, bool)| SystemColumn {
        name,
        kind: kind.column_type(),
        nullable: *nullable,
    };
    declared.iter().map(column).collect()
}

/// A declared table that may be long, over a replica's reports.
pub struct LongListing {
    declaration: &'static LongDeclaration,
    columns: Vec<SystemColumn>,
    report: Arc<dyn Report>,
}

impl LongListing {
    /// Binds a declaration to a replica.
    pub fn new(declaration: &'static LongDeclaration, report: Arc<dyn Report>) -> Self {
        LongListing { declaration, columns: columns(declaration.columns), report }
    }
}

impl SystemTable for LongListing {
    fn name(&self) -> &str {
        self.declaration.name
    }

    fn columns(&self) -> &[SystemColumn] {
        &self.columns
    }

    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError> {
        for row in self.rows()? {
            if sink(row?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn rows(&self) -> Result<Rows, SqlError> {
        (self.declaration.rows)(&*self.report)
    }
}

impl SystemTable for Listing {
    fn name(&self) -> &str {
        self.declaration.name
    }

    fn columns(&self) -> &[SystemColumn] {
        &self.columns
    }

    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError> {
        (self.declaration.rows)(&*self.report, sink)
    }
}

/// Text, or NULL for nothing.
pub fn optional(text: Option<impl ToString>) -> Value {
    text.map_or(Value::Null, |t| Value::text(t.to_string()))
}

/// A text cell.
pub fn text(text: impl ToString) -> Value {
    Value::text(text.to_string())
}

/// A moment from milliseconds since 1970, UTC.
pub fn moment(millis: u64) -> Value {
    let micros = i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX);
    DateTime::from_unix_micros(micros).map_or(Value::Null, Value::DateTime)
}
