//! `headwaters.commit_parents`: the edges of the graph, one row each.

use super::listing::{Declaration, Kind, Sink, text};
use crate::replica::report::Report;
use sql::error::SqlError;
use std::ops::ControlFlow;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "commit_parents",
    columns: &[("id", Kind::Text(52), false), ("parent", Kind::Text(52), false)],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    report.commits(&mut |fact| {
        for parent in &fact.parents {
            if sink(vec![text(fact.id), text(parent)]).is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })
}
