//! `headwaters.status`: what this replica is, holds and does, one fact a row.

use super::listing::{Declaration, Kind, Sink, text};
use crate::replica::report::Report;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration =
    Declaration { name: "status", columns: &[("name", Kind::Text(64), false), ("value", Kind::Long, false)], rows };

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for (name, value) in report.status()? {
        if sink(vec![text(name), text(value)]).is_break() {
            break;
        }
    }
    Ok(())
}
