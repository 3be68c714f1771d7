//! Dates and times moved and subtracted: DATE_ADD, TIMESTAMPDIFF, DATEDIFF, ADDTIME (MySQL 8.0 manual, 14.7).

use super::result::{Typed, constant_text, small};
use super::{Call, Function};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::temporal::interval::{Interval, Unit, difference, shift};
use crate::temporal::{SECOND, format, parse};
use dag::temporal::{DateTime, MAX_TIME, Time};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("DATE_ADD", (3, 3), |a| moved_type(&a[0], &a[1], a.get(2)), |c| date_add(c, 0, 1, 2, 1)),
    Function::new("DATE_SUB", (3, 3), |a| moved_type(&a[0], &a[1], a.get(2)), |c| date_add(c, 0, 1, 2, -1)),
    Function::new("ADDDATE", (2, 3), |a| moved_type(&a[0], &a[1], a.get(2)), |c| date_add(c, 0, 1, 2, 1)),
    Function::new("SUBDATE", (2, 3), |a| moved_type(&a[0], &a[1], a.get(2)), |c| date_add(c, 0, 1, 2, -1)),
    Function::new("TIMESTAMPADD", (3, 3), |a| moved_type(&a[2], &a[1], a.first()), |c| date_add(c, 2, 1, 0, 1)),
    Function::new(
        "TIMESTAMPDIFF",
        (3, 3),
        |a| {
            unit(a.first())?;
            Ok(Type::bigint())
        },
        timestamp_diff,
    ),
    Function::new("DATEDIFF", (2, 2), small, date_diff),
    Function::new("TIMEDIFF", (2, 2), |a| Ok(Type::time(fsp(&a[0]).max(fsp(&a[1])))), time_diff),
    Function::new("ADDTIME", (2, 2), add_time_type, |c| add_time(c, 1)),
    Function::new("SUBTIME", (2, 2), add_time_type, |c| add_time(c, -1)),
    Function::new("TIMESTAMP", (1, 2), |a| Ok(Type::datetime(a.iter().map(fsp).max().unwrap_or(0))), timestamp),
];

/// The unit a constant argument names; without one, DAY (ADDDATE with two arguments).
pub(super) fn unit(argument: Option<&Expression>) -> Result<Unit, SqlError> {
    let name = match argument {
        None => "DAY",
        Some(_) => constant_text(argument).unwrap_or_default(),
    };
    Unit::by_name(name).ok_or_else(|| SqlError::syntax(format!("near '{name}': not a unit of time")))
}

/// Fraction digits of an argument: of a text literal those that are written.
pub(super) fn fsp(argument: &Expression) -> u8 {
    match constant_text(Some(argument)) {
        Some(text) => {
            let digits = text.rsplit_once('.').map_or(0, |(_, f)| f.bytes().take_while(u8::is_ascii_digit).count());
            digits.min(6) as u8
        }
        None => argument.ty.fsp(),
    }
}

/// Dates stay dates under date units, times stay times under time units; text stays text.
fn moved_type(start: &Expression, by: &Expression, unit_argument: Option<&Expression>) -> Typed {
    let unit = unit(unit_argument)?;
    let digits = match (unit.has_micros(), unit.is_second()) {
        (true, _) => 6,
        (_, true) => fsp(by),
        _ => 0,
    };
    Ok(match start.ty.kind {
        Kind::Date if unit.is_date() => Type::date(),
        Kind::Date => Type::datetime(digits),
        Kind::DateTime(fsp) => Type::datetime(fsp.max(digits)),
        Kind::Time(fsp) if unit.is_time() => Type::time(fsp.max(digits)),
        Kind::Time(fsp) => Type::datetime(fsp.max(digits)),
        // '2024-01-31 10:20:30.123456' and room.
        _ => Type::text(29),
    })
}

/// The interval of an argument; `None` for NULL or values out of any date's reach.
fn interval(call: &mut Call<'_>, index: usize, unit: Unit) -> Option<Interval> {
    if !unit.is_simple() {
        return unit.read(&call.text(index)?);
    }
    if unit.is_second() && !matches!(call.ty(index).kind, Kind::Integer { .. }) {
        let micros = call.decimal(index)?.rescale(6)?;
        return Some(Interval { months: 0, micros: i64::try_from(micros.coefficient).ok()? });
    }
    let count = call.int(index)?;
    unit.times(count)
}

fn negated(interval: Interval, sign: i64) -> Option<Interval> {
    Some(Interval { months: interval.months.checked_mul(sign)?, micros: interval.micros.checked_mul(sign)? })
}

fn date_add(call: &mut Call<'_>, start: usize, by: usize, unit_at: usize, sign: i64) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    let unit = unit(call.expressions.get(unit_at))?;
    let found = interval(call, by, unit).and_then(|i| negated(i, sign));
    if let (Kind::Time(_), Some(by)) = (&call.result.kind, found) {
        let time = call.time(start).map_or(0, |t| t.0);
        return Ok(Value::Time(Time((time.saturating_add(by.micros)).clamp(-MAX_TIME.0, MAX_TIME.0))));
    }
    let Some(from) = call.datetime(start) else { return Ok(Value::Null) };
    let Some(moved) = found.and_then(|by| shift(from, by)) else {
        if from.date().is_valid() {
            call.context.warn(1441, "Datetime function: datetime field overflow".to_owned());
        }
        return Ok(Value::Null);
    };
    Ok(shaped(call, start, unit, moved))
}

/// The result in the type's form; text results show a time or microseconds only where there are any.
fn shaped(call: &Call<'_>, start: usize, unit: Unit, moved: DateTime) -> Value {
    match call.result.kind {
        Kind::Date => Value::Date(moved.date()),
        Kind::DateTime(_) => Value::DateTime(moved),
        _ => {
            let text = call.text(start).unwrap_or_default();
            let numeric = call.ty(start).is_numeric();
            let dated = if numeric { text.len() <= 8 } else { parse::datetime(&text).is_some_and(|p| !p.has_time) };
            let digits = if moved.micros().is_multiple_of(SECOND as u64) { 0 } else { 6 };
            Value::text(if dated && unit.is_date() {
                format::date(moved.date())
            } else {
                format::datetime(moved, digits)
            })
        }
    }
}

fn timestamp_diff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let unit = unit(call.expressions.first())?;
    let (Some(from), Some(to)) = (call.datetime(1), call.datetime(2)) else { return Ok(Value::Null) };
    Ok(difference(unit, from, to).map_or(Value::Null, Value::Int))
}

fn date_diff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(to), Some(from)) = (call.datetime(0), call.datetime(1)) else { return Ok(Value::Null) };
    let days = to.date().day_number().zip(from.date().day_number());
    Ok(days.map_or(Value::Null, |(a, b)| Value::Int(a - b)))
}

/// An argument that is a time or a date-time, whichever it is.
enum Moment {
    Time(i64),
    DateTime(DateTime),
}

fn moment(call: &mut Call<'_>, index: usize) -> Option<Moment> {
    let dated = match call.ty(index).kind {
        Kind::Date | Kind::DateTime(_) => true,
        Kind::Text => {
            let text = call.text(index)?;
            parse::datetime(&text).is_some_and(|p| p.has_time && text.trim_start().len() >= 12)
                || text.contains('-') && text.trim_start().find('-') != Some(0)
        }
        _ => false,
    };
    if dated { call.datetime(index).map(Moment::DateTime) } else { call.time(index).map(|t| Moment::Time(t.0)) }
}

fn clipped(call: &mut Call<'_>, micros: i64) -> Value {
    let kept = micros.clamp(-MAX_TIME.0, MAX_TIME.0);
    if kept != micros {
        let shown = format::time(Time(micros), 0);
        call.context.warn(1292, format!("Truncated incorrect time value: '{shown}'"));
    }
    Value::Time(Time(kept))
}

fn time_diff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let micros = match (moment(call, 0), moment(call, 1)) {
        (Some(Moment::Time(a)), Some(Moment::Time(b))) => Some(a - b),
        (Some(Moment::DateTime(a)), Some(Moment::DateTime(b))) => {
            a.to_unix_micros().zip(b.to_unix_micros()).map(|(a, b)| a - b)
        }
        _ => None,
    };
    let Some(micros) = micros else { return Ok(Value::Null) };
    Ok(clipped(call, micros))
}

fn add_time_type(arguments: &[Expression]) -> Typed {
    let digits = fsp(&arguments[0]).max(fsp(&arguments[1]));
    Ok(match arguments[0].ty.kind {
        Kind::Time(_) => Type::time(digits),
        Kind::DateTime(_) | Kind::Date => Type::datetime(digits),
        _ => Type::text(29),
    })
}

fn add_time(call: &mut Call<'_>, sign: i64) -> Result<Value, SqlError> {
    let (Some(start), Some(by)) = (moment(call, 0), call.time(1)) else { return Ok(Value::Null) };
    let by = by.0 * sign;
    let moved = match start {
        Moment::Time(t) => clipped(call, t + by),
        Moment::DateTime(d) => shift(d, Interval { months: 0, micros: by }).map_or(Value::Null, Value::DateTime),
    };
    if call.result.kind != Kind::Text {
        return Ok(moved);
    }
    let digits = |micros: i64| if micros % SECOND != 0 { 6 } else { 0 };
    Ok(match moved {
        Value::Time(t) => Value::text(format::time(t, digits(t.0))),
        Value::DateTime(d) => Value::text(format::datetime(d, digits(d.micros() as i64))),
        other => other,
    })
}

/// TIMESTAMP(x) is x as a date-time, TIMESTAMP(x, t) adds the time.
fn timestamp(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(start) = call.datetime(0) else { return Ok(Value::Null) };
    let by = if call.count() > 1 { call.time(1).map(|t| t.0) } else { Some(0) };
    let moved =
        by.and_then(|micros| if micros == 0 { Some(start) } else { shift(start, Interval { months: 0, micros }) });
    Ok(moved.map_or(Value::Null, |d| convert::round_to(Value::DateTime(d), &call.result.kind)))
}
