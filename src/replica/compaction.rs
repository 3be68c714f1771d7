//! `CALL headwaters.compact()`: a checkpoint of main now. The answer is one row.

use super::linearizing;
use super::local::Local;
use dag::schema::ColumnType;
use dag::value::Value;
use sql::engine::procedure::Table;
use sql::engine::system_table::SystemColumn;
use sql::error::SqlError;

/// Cuts, and says where.
pub fn compact(local: &Local, _: &[Value]) -> Result<Table, SqlError> {
    let cut = linearizing::cut_now(local).map_err(|failure| SqlError::new(1105, failure.to_string()))?;
    let column = |name, kind| SystemColumn { name, kind, nullable: false };
    let columns = vec![
        column("position", ColumnType::Integer { bytes: 8, unsigned: true, display_width: None }),
        column("root", ColumnType::VarChar(52)),
        column("main_hash", ColumnType::VarChar(52)),
        column("cut", ColumnType::Integer { bytes: 1, unsigned: false, display_width: Some(1) }),
    ];
    let row = vec![
        Value::UInt(cut.position),
        Value::text(cut.root),
        Value::text(cut.main_hash),
        Value::Int(i64::from(cut.new)),
    ];
    Ok(Table { columns, rows: vec![row] })
}
