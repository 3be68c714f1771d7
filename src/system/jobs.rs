//! `headwaters.jobs`: what this replica does beside its sessions, and how the last ones ended.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::value::Value;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "jobs",
    columns: &[
        ("number", Kind::Number, false),
        ("kind", Kind::Text(20), false),
        ("detail", Kind::Long, false),
        ("state", Kind::Text(10), false),
        ("message", Kind::Long, false),
        ("began", Kind::Moment, true),
        ("ended", Kind::Moment, true),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for job in report.jobs()? {
        let row = vec![
            Value::UInt(job.number),
            text(job.kind),
            text(job.detail),
            text(job.state),
            text(job.message),
            job.began.map_or(Value::Null, moment),
            job.ended.map_or(Value::Null, moment),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
