//! `headwaters.checkpoints`: positions of main whose state is stored, with its root.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "checkpoints",
    columns: &[
        ("position", Kind::Number, false),
        ("hlc", Kind::Number, false),
        ("at", Kind::Moment, false),
        ("root", Kind::Text(52), false),
        ("stable", Kind::Flag, false),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.checkpoints()? {
        let row = vec![
            Value::UInt(fact.position),
            Value::UInt(fact.hlc.0),
            moment(fact.hlc.millis()),
            text(fact.root),
            Value::Int(i64::from(fact.stable)),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
