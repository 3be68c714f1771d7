//! `headwaters.commit_parents`: the edges of the graph, one row each.

use super::listing::{Kind, LongDeclaration, text};
use crate::replica::report::{CommitFact, Report};
use sql::engine::system_table::Rows;
use sql::error::SqlError;

/// The table.
pub static TABLE: LongDeclaration = LongDeclaration {
    name: "commit_parents",
    columns: &[("id", Kind::Text(52), false), ("parent", Kind::Text(52), false)],
    rows,
};

fn rows(report: &dyn Report) -> Result<Rows, SqlError> {
    let edges = |fact: CommitFact| fact.parents.into_iter().map(move |parent| Ok(vec![text(fact.id), text(parent)]));
    let each = move |fact: Result<CommitFact, SqlError>| -> Rows {
        match fact {
            Ok(fact) => Box::new(edges(fact)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    };
    Ok(Box::new(report.commits()?.flat_map(each)))
}
