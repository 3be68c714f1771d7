//! Dates and times into columns, with the zero-date modes.

use super::{Storing, parse};
use crate::convert;
use crate::error::SqlError;
use crate::temporal::{SECOND, number, round_micros};
use dag::temporal::{Date, DateTime, Time};
use dag::value::Value;

/// Last second of TIMESTAMP: 2038-01-19 03:14:07 UTC (manual, 13.2.2).
const LAST_TIMESTAMP: i64 = 2_147_483_647;

/// The date-time in the value, judged by sql_mode; the zero date-time where non-strict mode goes on.
fn read(storing: &mut Storing<'_>, kind: &str) -> Result<DateTime, SqlError> {
    let found = match storing.value {
        Value::Text(t) => text(storing, t, kind)?,
        Value::Bytes(b) => {
            let owned = String::from_utf8_lossy(b).into_owned();
            text(storing, &owned, kind)?
        }
        other => convert::datetime(other, storing.from, &mut Quiet(storing.context)),
    };
    let Some(found) = found else {
        storing.incorrect(kind)?;
        return Ok(DateTime(0));
    };
    judge(storing, found, kind)
}

fn text(storing: &mut Storing<'_>, text: &str, kind: &str) -> Result<Option<DateTime>, SqlError> {
    let Some(parsed) = parse::datetime(text) else { return Ok(None) };
    if parsed.truncated {
        // Text after the value: an error for strict columns (1292), a note otherwise.
        storing.incorrect(kind)?;
    }
    let Some(seconds) = parsed.offset else { return Ok(Some(parsed.value)) };
    let instant = parsed.value.to_unix_micros().map(|micros| micros - i64::from(seconds) * SECOND);
    Ok(instant.map(|micros| convert::local_of_instant(micros, storing.context)))
}

fn judge(storing: &mut Storing<'_>, found: DateTime, kind: &str) -> Result<DateTime, SqlError> {
    let mode = storing.context.session().sql_mode;
    let date = found.date();
    let zero = date.0 == 0;
    let part = !zero && (date.month() == 0 || date.day() == 0);
    if zero && mode.no_zero_date || part && mode.no_zero_in_date {
        storing.incorrect(kind)?;
        return Ok(DateTime(0));
    }
    Ok(found)
}

pub(super) fn date(storing: &mut Storing<'_>) -> Result<Value, SqlError> {
    let found = read(storing, "date")?;
    if found.micros() != 0 && !matches!(storing.value, Value::Time(_)) {
        let message = format!("Data truncated for column '{}' at row 1", storing.column.name);
        storing.context.warn(1292, message);
    }
    Ok(Value::Date(found.date()))
}

pub(super) fn datetime(storing: &mut Storing<'_>, fsp: u8) -> Result<Value, SqlError> {
    let found = read(storing, "datetime")?;
    match parse::round(found, fsp) {
        Some(rounded) => Ok(Value::DateTime(rounded)),
        None => {
            storing.incorrect("datetime")?;
            Ok(Value::DateTime(DateTime(0)))
        }
    }
}

pub(super) fn timestamp(storing: &mut Storing<'_>, fsp: u8) -> Result<Value, SqlError> {
    if let Value::Timestamp(micros) = storing.value {
        return Ok(Value::Timestamp(round_micros(*micros, fsp)));
    }
    let found = read(storing, "datetime")?;
    // The zero TIMESTAMP is the instant 0, which no valid TIMESTAMP has: they begin one second later.
    if found.date() == Date(0) {
        return Ok(Value::Timestamp(0));
    }
    let instant = parse::round(found, fsp).and_then(|local| storing.context.to_utc(local));
    let inside = instant.filter(|micros| (SECOND..(LAST_TIMESTAMP + 1) * SECOND).contains(micros));
    match inside {
        Some(micros) => Ok(Value::Timestamp(micros)),
        None => {
            storing.incorrect("datetime")?;
            Ok(Value::Timestamp(0))
        }
    }
}

pub(super) fn time(storing: &mut Storing<'_>, fsp: u8) -> Result<Value, SqlError> {
    let found = match storing.value {
        Value::Time(t) => Some((*t, false)),
        Value::DateTime(d) => Some((Time(d.micros() as i64), false)),
        Value::Date(_) => Some((Time(0), false)),
        Value::Text(t) => parse::time(t).map(|p| (p.value, p.truncated)),
        Value::Int(n) => number::to_time(i128::from(*n), 0),
        Value::UInt(n) => number::to_time(i128::from(*n), 0),
        other => convert::time(other, storing.from, &mut Quiet(storing.context)).map(|t| (t, false)),
    };
    let Some((time, clipped)) = found else {
        storing.incorrect("time")?;
        return Ok(Value::Time(Time(0)));
    };
    if clipped {
        let past = time.0.abs() == dag::temporal::MAX_TIME.0;
        match (past, storing.strict) {
            // The error names the value, the warning of a clipped one its range (MariaDB, measured).
            (true, true) => storing.incorrect("time")?,
            (true, false) => storing.out_of_range()?,
            _ => storing.truncated()?,
        }
    }
    Ok(Value::Time(Time(round_micros(time.0, fsp))))
}

/// A context that keeps warnings to itself: the column's own message says it better.
struct Quiet<'a>(&'a mut dyn crate::function::Context);

impl crate::function::Context for Quiet<'_> {
    fn now_micros(&self) -> i64 {
        self.0.now_micros()
    }
    fn zone_offset(&self, utc_micros: i64) -> i32 {
        self.0.zone_offset(utc_micros)
    }
    fn to_utc(&self, local: DateTime) -> Option<i64> {
        self.0.to_utc(local)
    }
    fn random(&mut self) -> u64 {
        self.0.random()
    }
    fn session(&self) -> &crate::function::SessionFacts {
        self.0.session()
    }
    fn user_variable(&self, name: &str) -> Value {
        self.0.user_variable(name)
    }
    fn assign_user_variable(&mut self, name: &str, value: Value) -> Result<(), SqlError> {
        self.0.assign_user_variable(name, value)
    }
    fn system_variable(&self, name: &str, global: bool) -> Result<Value, SqlError> {
        self.0.system_variable(name, global)
    }
    fn parameter(&self, index: u32) -> Value {
        self.0.parameter(index)
    }
    fn warn(&mut self, _code: u16, _message: String) {}
    fn set_last_insert_id(&mut self, id: u64) {
        self.0.set_last_insert_id(id);
    }
}
