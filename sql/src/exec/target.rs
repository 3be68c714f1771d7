//! Target rows of UPDATE and DELETE: what an access path finds and a condition keeps, with their keys.

use super::cursor::Evaluator;
use super::seek::Seeks;
use crate::error::SqlError;
use crate::function::Context;
use crate::plan::Access;
use dag::schema::Table;
use dag::value::Value;

impl Evaluator {
    /// Where the rows are that an access path reads: the caller locks and reads them itself.
    pub fn seeks(&mut self, table: &Table, access: &Access, context: &mut dyn Context) -> Result<Seeks, SqlError> {
        self.in_frame(context, |frame| super::seek::seeks(table, access, &[], frame))
    }
}

/// The values of a row's bytes in visible column order, as expressions see them.
pub fn visible_row(
    table: &Table,
    row: &linearizer::view::Bytes,
    context: &dyn Context,
) -> Result<Vec<Value>, SqlError> {
    (0..table.columns.len()).map(|column| super::scan::cell(table, row, column, context)).collect()
}
