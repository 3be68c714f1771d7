//! `headwaters.members`: who may write, and what holds `stable` back.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "members",
    columns: &[
        ("author", Kind::Text(52), false),
        ("role", Kind::Text(10), false),
        ("promise", Kind::Moment, true),
        ("here", Kind::Flag, false),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for member in report.members()? {
        let promise = member.promise.map_or(Value::Null, |hlc| moment(hlc.millis()));
        let row = vec![text(member.author), text(member.role), promise, Value::Int(i64::from(member.here))];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
