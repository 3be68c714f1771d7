//! `headwaters.control`: what administrators decided, record by record (R12).

use super::listing::{Declaration, Kind, Sink, moment, optional, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "control",
    columns: &[
        ("id", Kind::Text(52), false),
        ("place", Kind::Number, false),
        ("author", Kind::Text(52), false),
        ("written_at", Kind::Moment, false),
        ("record", Kind::Text(20), false),
        ("member", Kind::Text(52), true),
        ("detail", Kind::Long, false),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.control()? {
        let row = vec![
            text(fact.commit),
            Value::UInt(fact.place),
            text(fact.author),
            moment(fact.hlc.millis()),
            text(fact.kind),
            optional(fact.member),
            text(fact.detail),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
