//! `headwaters.log`: main, position by position.

use super::listing::{Kind, LongDeclaration, text};
use crate::replica::report::{MainEntry, Report};
use dag::value::Value;
use sql::engine::system_table::Rows;
use sql::error::SqlError;

/// The table.
pub static TABLE: LongDeclaration = LongDeclaration {
    name: "log",
    columns: &[
        ("position", Kind::Number, false),
        ("id", Kind::Text(52), false),
        ("code", Kind::Number, false),
        ("outcome", Kind::Text(10), false),
        ("stable", Kind::Flag, false),
    ],
    rows,
};

fn rows(report: &dyn Report) -> Result<Rows, SqlError> {
    Ok(Box::new(report.main_log()?.map(|entry| entry.map(row))))
}

fn row(entry: MainEntry) -> Vec<Value> {
    vec![
        Value::UInt(entry.position),
        text(entry.id),
        Value::UInt(u64::from(entry.code)),
        text(entry.outcome),
        Value::Int(i64::from(entry.stable)),
    ]
}
