//! `headwaters.peers`: every other replica seen since the start, and how it does.

use super::listing::{Declaration, Kind, Sink, moment, optional, text};
use crate::replica::peering::PeerFact;
use crate::replica::report::Report;
use dag::value::Value;
use gossip::{Access, Fault};
use sql::error::SqlError;
use std::collections::BTreeMap;

/// The table.
pub static TABLE: Declaration = Declaration {
    name: "peers",
    columns: &[
        ("transport", Kind::Text(52), false),
        ("author", Kind::Text(52), true),
        ("member", Kind::Text(64), true),
        ("access", Kind::Text(10), true),
        ("connected", Kind::Flag, false),
        ("address", Kind::Text(320), false),
        ("dialed", Kind::Flag, false),
        ("round_trip_us", Kind::Number, true),
        ("clock_difference_ms", Kind::Signed, true),
        ("lag_commits", Kind::Number, true),
        ("lag_ms", Kind::Number, true),
        ("bytes_in", Kind::Number, false),
        ("bytes_out", Kind::Number, false),
        ("round_trips", Kind::Number, false),
        ("root", Kind::Text(52), true),
        ("size", Kind::Number, true),
        ("faults", Kind::Long, false),
        ("last_heard", Kind::Moment, true),
        ("banned_until", Kind::Moment, true),
        ("refused_us", Kind::Long, true),
    ],
    rows,
};

fn rows(report: &dyn Report, sink: &mut Sink<'_>) -> Result<(), SqlError> {
    for fact in report.peers()? {
        if sink(row(fact)).is_break() {
            break;
        }
    }
    Ok(())
}

fn row(fact: PeerFact) -> Vec<Value> {
    let flag = |yes: bool| Value::Int(i64::from(yes));
    let number = |n: Option<u64>| n.map_or(Value::Null, Value::UInt);
    let status = fact.status;
    vec![
        text(fact.transport),
        optional(status.author),
        optional(fact.member),
        optional(status.access.map(access)),
        flag(status.connected),
        text(status.address),
        flag(status.dialed),
        number(status.round_trip.map(|taken| taken.as_micros() as u64)),
        status.clock_difference_millis.map_or(Value::Null, Value::Int),
        number(fact.lag_commits),
        number(fact.lag_millis),
        Value::UInt(status.bytes_in),
        Value::UInt(status.bytes_out),
        Value::UInt(status.round_trips),
        optional(status.stock.as_ref().and_then(|stock| stock.root)),
        number(status.stock.as_ref().map(|stock| stock.size)),
        text(faults(&status.faults)),
        status.heard_millis.map_or(Value::Null, moment),
        status.banned_until_millis.map_or(Value::Null, moment),
        optional(status.refusal),
    ]
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Member => "member",
        Access::Reader => "reader",
        Access::Stranger => "stranger",
        Access::Removed => "removed",
    }
}

/// As `invalid=2, silent=1`.
fn faults(counts: &BTreeMap<Fault, u64>) -> String {
    let counted = counts.iter().map(|(fault, count)| format!("{}={count}", format!("{fault:?}").to_lowercase()));
    counted.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_by_kind() {
        assert_eq!(faults(&BTreeMap::new()), "");
        assert_eq!(faults(&BTreeMap::from([(Fault::Invalid, 2), (Fault::Silent, 1)])), "invalid=2, silent=1");
    }
}
