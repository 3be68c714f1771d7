//! `CALL headwaters.invite(role, name, hours)` and its kin: what an administrator says in SQL (R12).
//!
//! Promises: each answers with one row once what it did is on disk; anything that cannot be done is an error that says
//! why. Does not decide who may: `membership` and `tickets` do.

use super::calling::{Calling, Work};
use super::compaction::compact;
use super::local::Local;
use super::resolving::Resolve;
use crate::limits::MAX_TICKET_HOURS;
use dag::control::Role;
use dag::schema::ColumnType;
use dag::value::Value;
use sql::engine::procedure::{Procedure, Table};
use sql::engine::system_table::SystemColumn;
use sql::error::SqlError;
use sql::journal::Committed;
use std::sync::Arc;

/// Every procedure of database `headwaters`.
pub fn all(local: &Arc<Local>) -> Vec<Arc<dyn Procedure>> {
    let procedures: [(&str, usize, Work); 5] = [
        ("compact", 0, compact),
        ("invite", 3, invite),
        ("remove_member", 1, remove_member),
        ("change_role", 2, change_role),
        ("hand_over_slots", 1, hand_over_slots),
    ];
    procedures
        .into_iter()
        .map(|(name, arity, work)| Calling::new(name, arity, work, local) as Arc<dyn Procedure>)
        .chain([Arc::new(Resolve::new(local)) as Arc<dyn Procedure>])
        .collect()
}

fn invite(local: &Local, arguments: &[Value]) -> Result<Table, SqlError> {
    let (role, name, hours) = (role(&arguments[0])?, said(&arguments[1]), hours(&said(&arguments[2]))?);
    let expires = local.clock.wall_millis() + (hours * 3_600_000.0) as u64;
    let ticket = local.issue(role, name.trim(), expires)?;
    let columns = vec![column("ticket", ColumnType::Text(65_535)), column("expires_at", ColumnType::DateTime(3))];
    let at = crate::system::moment(expires);
    Ok(Table { columns, rows: vec![vec![Value::text(ticket.to_text()), at]] })
}

/// How long a ticket lives.
fn hours(text: &str) -> Result<f64, SqlError> {
    let hours: f64 = text.trim().parse().map_err(|_| wrong(format!("'{text}' is no number of hours")))?;
    if hours > 0.0 && hours <= MAX_TICKET_HOURS {
        return Ok(hours);
    }
    Err(wrong(format!("a ticket lives for more than 0 and at most {MAX_TICKET_HOURS} hours, not {hours}")))
}

fn remove_member(local: &Local, arguments: &[Value]) -> Result<Table, SqlError> {
    done(local.remove_member(said(&arguments[0]).trim())?)
}

fn change_role(local: &Local, arguments: &[Value]) -> Result<Table, SqlError> {
    done(local.change_role(said(&arguments[0]).trim(), role(&arguments[1])?)?)
}

fn hand_over_slots(local: &Local, arguments: &[Value]) -> Result<Table, SqlError> {
    done(local.hand_over_slots(said(&arguments[0]).trim())?)
}

/// Waits for the disk and names the commit.
fn done(committed: Committed) -> Result<Table, SqlError> {
    committed.durable.wait_blocking()?;
    let columns = vec![column("commit", ColumnType::VarChar(52))];
    Ok(Table { columns, rows: vec![vec![Value::text(committed.id.to_string())]] })
}

fn role(value: &Value) -> Result<Role, SqlError> {
    match said(value).trim().to_ascii_lowercase().as_str() {
        "reader" => Ok(Role::Reader),
        "writer" => Ok(Role::Writer),
        "admin" => Ok(Role::Admin),
        other => Err(wrong(format!("'{other}' is no role; roles are 'reader', 'writer' and 'admin'"))),
    }
}

/// An argument as text; NULL as nothing.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Double(x) => x.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

fn column(name: &'static str, kind: ColumnType) -> SystemColumn {
    SystemColumn { name, kind, nullable: false }
}

fn wrong(why: String) -> SqlError {
    SqlError::new(1210, format!("Incorrect arguments: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_lives_for_some_time_and_a_year_at_most() {
        for (text, good) in [
            ("0.01", true),
            (" 8784 ", true),
            ("8784.1", false),
            ("0", false),
            ("-1", false),
            ("NaN", false),
            ("x", false),
        ] {
            assert_eq!(hours(text).is_ok(), good, "{text}");
        }
        assert_eq!(MAX_TICKET_HOURS, 8_784.0);
    }
}
