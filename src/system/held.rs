//! `headwaters.held`: commits that came and are not in the graph yet, and announcements ahead of their commits: why,
//! since and until when, and what they wait for.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "held",
    columns: &[
        ("kind", Kind::Text(20), false),
        ("id", Kind::Text(52), false),
        ("author", Kind::Text(52), false),
        ("reason", Kind::Long, false),
        ("since", Kind::Moment, false),
        ("until", Kind::Moment, true),
        ("waits_for", Kind::Long, true),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.held()? {
        let names: Vec<String> = fact.waits_for.iter().map(ToString::to_string).collect();
        let row = vec![
            text(fact.kind),
            text(fact.id),
            text(fact.author),
            text(fact.reason),
            moment(fact.since),
            fact.until.map_or(Value::Null, moment),
            if names.is_empty() { Value::Null } else { text(names.join(" ")) },
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
