//! The seam behind database `headwaters`: read-only tables that the replica fills (design, seam SystemTable).

use crate::error::SqlError;
use crate::limits::MAX_LISTED;
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

/// The rows of a table, each made when it is asked for.
pub type Rows = Box<dyn Iterator<Item = Result<Vec<Value>, SqlError>> + Send>;

/// A read-only table of database `headwaters`. Quick to scan, never blocks on disk or network for long; the first
/// column is unique within a scan wherever that is possible.
pub trait SystemTable: Send + Sync {
    /// Table name, lower case.
    fn name(&self) -> &str;
    /// Its columns, always the same.
    fn columns(&self) -> &[SystemColumn];
    /// Gives every row, one value a column, until the sink breaks.
    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError>;

    /// The rows one by one. A table that may be long makes them as they are asked for; the others gather what
    /// [`SystemTable::scan`] gives. Error: 1114, more than fits in memory.
    fn rows(&self) -> Result<Rows, SqlError> {
        let mut rows = Vec::new();
        self.scan(&mut |row| {
            rows.push(row);
            if rows.len() > MAX_LISTED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        match rows.len() > MAX_LISTED {
            true => Err(SqlError::new(1114, format!("The table '{}' is full: over {MAX_LISTED} rows", self.name()))),
            false => Ok(Box::new(rows.into_iter().map(Ok))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many rows without a column.
    struct Long(usize);

    impl SystemTable for Long {
        fn name(&self) -> &str {
            "long"
        }
        fn columns(&self) -> &[SystemColumn] {
            &[]
        }
        fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError> {
            (0..self.0).map(|_| sink(Vec::new())).find(ControlFlow::is_break);
            Ok(())
        }
    }

    #[test]
    fn a_list_at_the_limit_is_given_and_one_past_it_refused() {
        let given = |rows| Long(rows).rows().map(Iterator::count).map_err(|error| error.code);
        assert_eq!(given(MAX_LISTED), Ok(MAX_LISTED));
        assert_eq!([given(MAX_LISTED + 1), given(usize::MAX)], [Err(1114); 2], "the rest is not made");
    }
}
