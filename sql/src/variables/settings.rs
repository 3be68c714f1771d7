//! What the hot variables mean, parsed once at SET instead of at every statement.

use super::check::parse_sql_mode;
use super::{Zone, find};
use crate::catalog::collations;
use crate::function::SqlMode;
use crate::journal::ReadMode;
use crate::peers::Spread;
use dag::collation::Collation;
use dag::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// Transaction isolation. READ UNCOMMITTED behaves as READ COMMITTED: nothing uncommitted is ever shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// From the stored text of `transaction_isolation`.
    pub fn parse(text: &str) -> Isolation {
        match text {
            "READ-UNCOMMITTED" => Isolation::ReadUncommitted,
            "READ-COMMITTED" => Isolation::ReadCommitted,
            "SERIALIZABLE" => Isolation::Serializable,
            _ => Isolation::RepeatableRead,
        }
    }

    /// Whether each statement reads its own snapshot, and rows that did not match are freed (R34, R35).
    pub fn per_statement(self) -> bool {
        matches!(self, Isolation::ReadUncommitted | Isolation::ReadCommitted)
    }
}

/// Parsed hot variables of a session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub autocommit: bool,
    pub isolation: Isolation,
    pub read_only: bool,
    pub sql_mode: SqlMode,
    pub zone: Arc<Zone>,
    pub lock_wait: Duration,
    pub name_wait: Duration,
    pub read_mode: ReadMode,
    pub read_wait: Duration,
    pub spread: Spread,
    pub spread_wait: Duration,
    pub wait_seconds: u32,
    pub foreign_key_checks: bool,
    pub unique_checks: bool,
    pub sql_notes: bool,
    pub max_error_count: usize,
    pub connection_collation: Collation,
}

impl Settings {
    /// From the values of a session, in the catalogue's order.
    pub fn of(values: &[Value]) -> Settings {
        let get =
            |name: &str| find(name).ok().and_then(|id| values.get(usize::from(id.0))).cloned().unwrap_or(Value::Null);
        let on = |name: &str| get(name) == Value::Int(1);
        let number = |name: &str| match get(name) {
            Value::Int(n) => n.max(0) as u64,
            _ => 0,
        };
        let text = |name: &str| match get(name) {
            Value::Text(text) => text,
            _ => Arc::from(""),
        };
        let zone = Zone::parse(&text("time_zone")).unwrap_or(Zone::Fixed { name: "SYSTEM".into(), seconds: 0 });
        Settings {
            autocommit: on("autocommit"),
            isolation: Isolation::parse(&text("transaction_isolation")),
            read_only: on("transaction_read_only"),
            sql_mode: parse_sql_mode(&text("sql_mode")),
            zone: Arc::new(zone),
            lock_wait: Duration::from_secs(number("innodb_lock_wait_timeout")),
            name_wait: Duration::from_secs(number("lock_wait_timeout")),
            read_mode: ReadMode::parse(&text("headwaters_read")).unwrap_or_default(),
            read_wait: Duration::from_secs(number("headwaters_read_timeout")),
            spread: Spread::parse(&text("headwaters_commit")).unwrap_or_default(),
            spread_wait: Duration::from_secs(number("headwaters_commit_timeout")),
            wait_seconds: u32::try_from(number("wait_timeout")).unwrap_or(u32::MAX),
            foreign_key_checks: on("foreign_key_checks"),
            unique_checks: on("unique_checks"),
            sql_notes: on("sql_notes"),
            max_error_count: number("max_error_count") as usize,
            connection_collation: collations::find(&text("collation_connection"))
                .map_or(Collation::Utf8mb4_0900AiCi, |c| c.collation),
        }
    }
}
