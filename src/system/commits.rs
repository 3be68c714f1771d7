//! `headwaters.commits`: every commit here, in main's order, with what became of it.

use super::listing::{Kind, LongDeclaration, moment, optional, text};
use crate::replica::report::{CommitFact, Report};
use dag::id::CommitId;
use dag::value::Value;
use sql::engine::system_table::Rows;
use sql::error::SqlError;

/// The table.
pub static TABLE: LongDeclaration = LongDeclaration {
    name: "commits",
    columns: &[
        ("id", Kind::Text(52), false),
        ("author", Kind::Text(52), false),
        ("run", Kind::Number, false),
        ("seq", Kind::Number, false),
        ("hlc", Kind::Number, false),
        ("written_at", Kind::Moment, false),
        ("kind", Kind::Text(10), false),
        ("changes", Kind::Number, false),
        ("bytes", Kind::Number, false),
        ("size", Kind::Number, false),
        ("user", Kind::Text(100), true),
        ("parents", Kind::Long, false),
        ("outcome", Kind::Text(10), false),
        ("reason", Kind::Long, true),
    ],
    rows,
};

fn rows(report: &dyn Report) -> Result<Rows, SqlError> {
    Ok(Box::new(report.commits()?.map(|fact| fact.map(row))))
}

fn row(fact: CommitFact) -> Vec<Value> {
    vec![
        text(fact.id),
        text(fact.author),
        Value::UInt(fact.run),
        Value::UInt(fact.seq),
        Value::UInt(fact.hlc.0),
        moment(fact.hlc.millis()),
        text(fact.kind),
        Value::UInt(fact.changes),
        Value::UInt(fact.bytes),
        Value::UInt(fact.size),
        optional(fact.user),
        text(fact.parents.iter().map(CommitId::to_string).collect::<Vec<_>>().join(",")),
        text(fact.outcome),
        optional(fact.reason),
    ]
}
