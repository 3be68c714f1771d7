//! `headwaters.log`: main, position by position.

use super::listing::{Declaration, Kind, Sink, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
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

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    report.main_log(&mut |entry| {
        sink(vec![
            Value::UInt(entry.position),
            text(entry.id),
            Value::UInt(u64::from(entry.code)),
            text(entry.outcome),
            Value::Int(i64::from(entry.stable)),
        ])
    })
}
