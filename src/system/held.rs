//! `headwaters.held`: commits that are stored but not in the graph yet, and what they wait for.

use super::listing::{Declaration, Kind, Sink, text};
use crate::replica::report::Report;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration =
    Declaration { name: "held", columns: &[("id", Kind::Text(52), false), ("reason", Kind::Long, false)], rows };

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.held()? {
        if sink(vec![text(fact.id), text(fact.reason)]).is_break() {
            break;
        }
    }
    Ok(())
}
