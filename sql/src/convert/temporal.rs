//! Any value as a date-time or a time, with MySQL's warnings.

use crate::expression::{Kind, Type};
use crate::function::Context;
use crate::render;
use crate::temporal::{DAY, number, parse, round_micros};
use dag::decimal::Decimal;
use dag::temporal::{Date, DateTime, Time};
use dag::value::Value;

/// The local date-time of an instant in the session's zone; the zero date-time for the instant 0 of a zero TIMESTAMP.
pub fn local_of_instant(micros: i64, context: &dyn Context) -> DateTime {
    let offset = i64::from(context.zone_offset(micros)) * 1_000_000;
    DateTime::from_unix_micros(micros + offset).unwrap_or_default()
}

/// The session's date today.
pub fn today(context: &dyn Context) -> Date {
    local_of_instant(context.now_micros(), context).date()
}

/// As a date-time with microseconds; `None` with warning 1292 for what is none. Zero months and days pass: the caller
/// judges them by sql_mode.
pub fn datetime(value: &Value, ty: &Type, context: &mut dyn Context) -> Option<DateTime> {
    match value {
        Value::DateTime(d) => Some(*d),
        Value::Date(d) => Some(DateTime::new(*d, 0)),
        Value::Timestamp(micros) => Some(local_of_instant(*micros, context)),
        Value::Time(t) => at_time(today(context), *t),
        Value::Null => None,
        Value::Text(t) => datetime_text(t, context),
        Value::Json(j) => datetime_text(j.trim_matches('"'), context),
        Value::Bytes(b) => datetime_text(&String::from_utf8_lossy(b), context),
        numeric => {
            let (whole, micros) = split(numeric);
            let found = number::to_datetime(whole, micros).map(|(d, _)| d);
            if found.is_none() {
                incorrect(context, "datetime", &render::text(numeric, ty).unwrap_or_default());
            }
            found
        }
    }
}

/// A date and a time that may be negative or longer than a day.
fn at_time(date: Date, time: Time) -> Option<DateTime> {
    let days = date.day_number()? + time.0.div_euclid(DAY);
    Some(DateTime::new(Date::from_day_number(days)?, time.0.rem_euclid(DAY) as u64))
}

fn datetime_text(text: &str, context: &mut dyn Context) -> Option<DateTime> {
    let Some(parsed) = parse::datetime(text) else {
        incorrect(context, "datetime", text);
        return None;
    };
    if parsed.truncated {
        context.warn(1292, format!("Truncated incorrect datetime value: '{text}'"));
    }
    match parsed.offset {
        None => Some(parsed.value),
        Some(seconds) => {
            let instant = parsed.value.to_unix_micros()? - i64::from(seconds) * 1_000_000;
            Some(local_of_instant(instant, context))
        }
    }
}

/// As a time; `None` with warning 1292 for what is none.
pub fn time(value: &Value, ty: &Type, context: &mut dyn Context) -> Option<Time> {
    match value {
        Value::Time(t) => Some(*t),
        Value::DateTime(d) => Some(Time(d.micros() as i64)),
        Value::Date(_) => Some(Time(0)),
        Value::Timestamp(micros) => Some(Time(local_of_instant(*micros, context).micros() as i64)),
        Value::Null => None,
        Value::Text(t) => time_text(t, context),
        Value::Json(j) => time_text(j.trim_matches('"'), context),
        Value::Bytes(b) => time_text(&String::from_utf8_lossy(b), context),
        numeric => {
            let (whole, micros) = split(numeric);
            let found = number::to_time(whole, micros);
            if !matches!(found, Some((_, false))) {
                incorrect(context, "time", &render::text(numeric, ty).unwrap_or_default());
            }
            found.map(|(t, _)| t)
        }
    }
}

fn time_text(text: &str, context: &mut dyn Context) -> Option<Time> {
    let parsed = parse::time(text);
    match parsed {
        None => incorrect(context, "time", text),
        Some(time) if time.truncated => {
            context.warn(1292, format!("Truncated incorrect time value: '{text}'"));
        }
        Some(_) => {}
    }
    parsed.map(|p| p.value)
}

fn incorrect(context: &mut dyn Context, kind: &str, text: &str) {
    context.warn(1292, format!("Incorrect {kind} value: '{text}'"));
}

/// A number as whole part and microseconds.
fn split(value: &Value) -> (i128, i64) {
    let decimal = match value {
        Value::Int(n) => return (i128::from(*n), 0),
        Value::UInt(n) => return (i128::from(*n), 0),
        Value::Double(d) => Decimal::from_f64(*d, 6),
        Value::Decimal(d) => d.rescale(6),
        _ => None,
    };
    let Some(millionths) = decimal.and_then(|d| i128::try_from(d.coefficient).ok()) else { return (i128::MAX, 0) };
    (millionths / 1_000_000, (millionths % 1_000_000) as i64)
}

/// A temporal value rounded to the digits of its new type.
pub fn round_to(value: Value, kind: &Kind) -> Value {
    match (value, kind) {
        (Value::DateTime(d), Kind::DateTime(fsp)) => parse::round(d, *fsp).map_or(Value::Null, Value::DateTime),
        (Value::Time(t), Kind::Time(fsp)) => Value::Time(Time(round_micros(t.0, *fsp))),
        (value, _) => value,
    }
}
