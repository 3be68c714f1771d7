//! `headwaters.conflicts`: parked commits that nothing has settled yet.

use super::listing::{Declaration, Kind, Sink, moment, optional, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "conflicts",
    columns: &[
        ("id", Kind::Text(52), false),
        ("author", Kind::Text(52), false),
        ("hlc", Kind::Number, false),
        ("written_at", Kind::Moment, false),
        ("changes", Kind::Number, false),
        ("user", Kind::Text(100), true),
        ("reason", Kind::Long, true),
        ("against", Kind::Text(52), true),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.conflicts()? {
        let row = vec![
            text(fact.id),
            text(fact.author),
            Value::UInt(fact.hlc.0),
            moment(fact.hlc.millis()),
            Value::UInt(fact.changes),
            optional(fact.user),
            optional(fact.reason),
            optional(fact.against),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
