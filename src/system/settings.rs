//! `headwaters.settings`: the settings this replica runs with.

use super::listing::{Declaration, Kind, Sink, text};
use crate::replica::report::Report;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration =
    Declaration { name: "settings", columns: &[("name", Kind::Text(64), false), ("value", Kind::Long, false)], rows };

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for (name, value) in report.settings() {
        if sink(vec![text(name), text(value)]).is_break() {
            break;
        }
    }
    Ok(())
}
