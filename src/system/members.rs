//! `headwaters.members`: who may write, and what holds `stable` back.

use super::listing::{Declaration, Kind, Sink, moment, text};
use crate::replica::report::Report;
use dag::hlc::Hlc;
use dag::value::Value;
use linearizer::finality::Mark;
use sql::error::SqlError;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "members",
    columns: &[
        ("author", Kind::Text(52), false),
        ("name", Kind::Text(64), false),
        ("role", Kind::Text(10), false),
        ("since", Kind::Moment, true),
        ("slots", Kind::Number, false),
        ("promise", Kind::Moment, true),
        ("floor", Kind::Moment, true),
        ("holds_stable", Kind::Flag, false),
        ("disputed_at", Kind::Moment, true),
        ("equivocated", Kind::Flag, false),
        ("broke_promise", Kind::Flag, false),
        ("two_tongues", Kind::Flag, false),
        ("runs", Kind::Number, false),
        ("last_commit", Kind::Moment, true),
        ("here", Kind::Flag, false),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for member in report.members()? {
        let time =
            |hlc: Option<Hlc>| hlc.filter(|hlc| *hlc > Hlc::default()).map_or(Value::Null, |h| moment(h.millis()));
        let flag = |is: bool| Value::Int(i64::from(is));
        let voice = member.voice.as_ref();
        let marked = |mark: Mark| flag(voice.is_some_and(|v| v.marks.contains(&mark)));
        let row = vec![
            text(member.author),
            text(member.name),
            text(member.role),
            time(member.since),
            Value::UInt(u64::from(member.slots)),
            time(member.promise),
            time(voice.map(|v| v.floor)),
            flag(voice.is_some_and(|v| v.holds)),
            time(voice.and_then(|v| v.dispute)),
            flag(member.equivocated),
            marked(Mark::BrokePromise),
            marked(Mark::TwoTongues),
            Value::UInt(member.runs),
            time(member.last_commit),
            flag(member.here),
        ];
        if sink(row).is_break() {
            break;
        }
    }
    Ok(())
}
