//! `headwaters.heads`: the commits that nothing follows yet; the read head is the first by rank.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "heads",
    columns: &[
        ("id", Kind::Text(52), false),
        ("author", Kind::Text(52), false),
        ("hlc", Kind::Number, false),
        ("written_at", Kind::Moment, false),
        ("outcome", Kind::Text(10), false),
        ("read_head", Kind::Flag, false),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for (rank, fact) in report.heads()?.into_iter().enumerate() {
        let row = vec![
            text(fact.id),
            text(fact.author),
            Value::UInt(fact.hlc.0),
            moment(fact.hlc.millis()),
            text(fact.outcome),
            Value::Int(i64::from(rank == 0)),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
