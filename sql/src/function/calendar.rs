//! Parts of dates and times: YEAR, MONTH, WEEK, HOUR, EXTRACT, TO_DAYS and their way back (MySQL 8.0 manual, 14.7).

use super::result::{Typed, long_text, small};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::temporal::interval::extract;
use crate::temporal::pattern::{DAYS, MONTHS};
use crate::temporal::{HOUR, MINUTE, SECOND, format, round_micros, week};
use dag::decimal::Decimal;
use dag::temporal::{Date, DateTime, MAX_TIME, TO_DAYS_OFFSET, Time};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("YEAR", (1, 1), small, |c| part(c, |d| Some(d.year()))),
    Function::new("MONTH", (1, 1), small, |c| part(c, |d| Some(d.month()))),
    Function::new("DAY", (1, 1), small, |c| part(c, |d| Some(d.day()))),
    Function::new("DAYOFMONTH", (1, 1), small, |c| part(c, |d| Some(d.day()))),
    Function::new("QUARTER", (1, 1), small, |c| part(c, |d| Some(d.month().div_ceil(3)))),
    Function::new("DAYOFWEEK", (1, 1), small, |c| part(c, |d| Some((d.weekday()? + 1) % 7 + 1))),
    Function::new("WEEKDAY", (1, 1), small, |c| part(c, Date::weekday)),
    Function::new("DAYOFYEAR", (1, 1), small, |c| part(c, Date::day_of_year)),
    Function::new("WEEKOFYEAR", (1, 1), small, |c| part(c, |d| Some(week::week(d, week::mode(3))?.1))),
    Function::new("WEEK", (1, 2), small, week_number),
    Function::new("YEARWEEK", (1, 2), small, year_week),
    Function::new("DAYNAME", (1, 1), long_text, |c| name(c, |d| DAYS.get(d.weekday()? as usize).copied())),
    Function::new("MONTHNAME", (1, 1), long_text, |c| {
        name(c, |d| MONTHS.get((d.month() as usize).checked_sub(1)?).copied())
    }),
    Function::new("HOUR", (1, 1), small, |c| clock(c, |t| t / HOUR)),
    Function::new("MINUTE", (1, 1), small, |c| clock(c, |t| t / MINUTE % 60)),
    Function::new("SECOND", (1, 1), small, |c| clock(c, |t| t / SECOND % 60)),
    Function::new("MICROSECOND", (1, 1), small, |c| clock(c, |t| t % SECOND)),
    Function::new("EXTRACT", (2, 2), extract_type, extract_part),
    Function::new("LAST_DAY", (1, 1), |_| Ok(Type::date()), last_day),
    Function::new("TO_DAYS", (1, 1), small, |c| {
        Ok(date(c, 0).and_then(Date::day_number).map_or(Value::Null, |n| Value::Int(n + TO_DAYS_OFFSET)))
    }),
    Function::new("TO_SECONDS", (1, 1), |_| Ok(Type::integer(12)), to_seconds),
    Function::new(
        "FROM_DAYS",
        (1, 1),
        |_| Ok(Type::date()),
        |c| {
            let day = c.int(0).and_then(|n| Date::from_day_number(n.checked_sub(TO_DAYS_OFFSET)?));
            Ok(if c.any_null() { Value::Null } else { Value::Date(day.unwrap_or(Date(0))) })
        },
    ),
    Function::new("MAKEDATE", (2, 2), |_| Ok(Type::date()), make_date),
    Function::new("MAKETIME", (3, 3), |a| Ok(Type::time(super::shift::fsp(&a[2]))), make_time),
    Function::new("SEC_TO_TIME", (1, 1), |a| Ok(Type::time(super::shift::fsp(&a[0]))), sec_to_time),
    Function::new("TIME_TO_SEC", (1, 1), small, |c| Ok(c.time(0).map_or(Value::Null, |t| Value::Int(t.0 / SECOND)))),
    Function::new("DATE", (1, 1), |_| Ok(Type::date()), |c| Ok(date(c, 0).map_or(Value::Null, Value::Date))),
    Function::new(
        "TIME",
        (1, 1),
        |a| Ok(Type::time(super::shift::fsp(&a[0]))),
        |c| Ok(c.time(0).map_or(Value::Null, Value::Time)),
    ),
    Function::new("PERIOD_ADD", (2, 2), small, period_add),
    Function::new("PERIOD_DIFF", (2, 2), small, period_diff),
];

fn date(call: &mut Call<'_>, index: usize) -> Option<Date> {
    call.datetime(index).map(DateTime::date)
}

fn part(call: &mut Call<'_>, of: fn(Date) -> Option<u32>) -> Result<Value, SqlError> {
    Ok(date(call, 0).and_then(of).map_or(Value::Null, |n| Value::Int(n.into())))
}

fn name(call: &mut Call<'_>, of: fn(Date) -> Option<&'static str>) -> Result<Value, SqlError> {
    Ok(date(call, 0).and_then(of).map_or(Value::Null, Value::text))
}

fn clock(call: &mut Call<'_>, of: fn(i64) -> i64) -> Result<Value, SqlError> {
    Ok(call.time(0).map_or(Value::Null, |t| Value::Int(of(t.0.abs()))))
}

/// The mode of WEEK and YEARWEEK; without one, default_week_format's default.
fn week_mode(call: &mut Call<'_>) -> i64 {
    call.int(1).unwrap_or(0)
}

fn week_number(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mode = week::mode(week_mode(call));
    Ok(date(call, 0).and_then(|d| week::week(d, mode)).map_or(Value::Null, |(_, w)| Value::Int(w.into())))
}

fn year_week(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mode = week::year_mode(week_mode(call));
    let found = date(call, 0).and_then(|d| week::week(d, mode));
    Ok(found.map_or(Value::Null, |(y, w)| Value::Int(i64::from(y) * 100 + i64::from(w))))
}

fn extract_type(arguments: &[Expression]) -> Typed {
    super::shift::unit(arguments.first())?;
    small(arguments)
}

fn extract_part(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let unit = super::shift::unit(call.expressions.first())?;
    if unit.name == "WEEK" {
        return Ok(date(call, 1)
            .and_then(|d| week::week(d, week::mode(0)))
            .map_or(Value::Null, |(_, w)| Value::Int(w.into())));
    }
    let time_like = matches!(call.ty(1).kind, Kind::Time(_));
    let moment = if unit.is_time() || time_like {
        call.time(1).map(|t| if time_like && !unit.is_time() { spread(t) } else { (Date(0), t.0) })
    } else {
        call.datetime(1).map(|d| (d.date(), d.micros() as i64))
    };
    Ok(moment.map_or(Value::Null, |(date, micros)| Value::Int(extract(unit, date, micros))))
}

/// A time's days apart from its hours, for DAY_HOUR and its kin.
fn spread(time: Time) -> (Date, i64) {
    let days = time.0.abs() / crate::temporal::DAY;
    (Date::new(0, 0, days as u32 & 31), time.0 % crate::temporal::DAY)
}

fn last_day(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let found = date(call, 0).filter(|d| d.month() > 0);
    Ok(found
        .map_or(Value::Null, |d| Value::Date(Date::new(d.year(), d.month(), Date::days_in_month(d.year(), d.month())))))
}

fn to_seconds(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let micros = call.datetime(0).and_then(DateTime::to_unix_micros);
    Ok(micros.map_or(Value::Null, |m| Value::Int(m.div_euclid(SECOND) + TO_DAYS_OFFSET * 86_400)))
}

fn make_date(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(year), Some(day)) = (call.int(0), call.int(1)) else { return Ok(Value::Null) };
    let Some(year) = u32::try_from(year).ok().filter(|y| *y <= 9999 && day > 0) else { return Ok(Value::Null) };
    let year = if year < 100 { crate::temporal::parse::full_year(year) } else { year };
    let first = Date::new(year, 1, 1).day_number();
    let found = first.and_then(|f| Date::from_day_number(f.checked_add(day)? - 1));
    Ok(found.map_or(Value::Null, Value::Date))
}

/// Seconds with their fraction, as microseconds.
fn seconds(call: &mut Call<'_>, index: usize) -> Option<i64> {
    let exact = call.decimal(index)?;
    let scaled = exact.rescale(6)?;
    i64::try_from(scaled.coefficient).ok()
}

fn make_time(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(hour), Some(minute)) = (call.int(0), call.int(1)) else { return Ok(Value::Null) };
    let Some(second) = seconds(call, 2) else { return Ok(Value::Null) };
    if !(0..60).contains(&minute) || !(0..60 * SECOND).contains(&second) {
        return Ok(Value::Null);
    }
    let magnitude = hour.unsigned_abs().min(1000) as i64 * HOUR + minute * MINUTE + second;
    Ok(Value::Time(clipped(call, if hour < 0 { -magnitude } else { magnitude })))
}

fn sec_to_time(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    let negative = call.decimal(0).is_some_and(Decimal::is_negative);
    let micros = seconds(call, 0).unwrap_or(if negative { i64::MIN / 2 } else { i64::MAX / 2 });
    Ok(Value::Time(clipped(call, micros)))
}

/// A time cut to TIME's range with warning 1292, rounded to the result's digits.
fn clipped(call: &mut Call<'_>, micros: i64) -> Time {
    let kept = micros.clamp(-MAX_TIME.0, MAX_TIME.0);
    if kept != micros {
        let shown = format::time(Time(micros.clamp(-MAX_TIME.0 * 10, MAX_TIME.0 * 10)), 0);
        call.context.warn(1292, format!("Truncated incorrect time value: '{shown}'"));
    }
    Time(round_micros(kept, call.result.fsp()))
}

/// YYMM or YYYYMM as months.
fn months(period: i64) -> i64 {
    let year = period / 100;
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    };
    year * 12 + period % 100 - 1
}

fn period(call: &mut Call<'_>, index: usize) -> Result<Option<i64>, SqlError> {
    let Some(period) = call.int(index) else { return Ok(None) };
    if period <= 0 || !(1..=12).contains(&(period % 100)) {
        return Err(SqlError::new(1210, "Incorrect arguments to period_add"));
    }
    Ok(Some(months(period)))
}

fn period_add(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(start), Some(count)) = (period(call, 0)?, call.int(1)) else { return Ok(Value::Null) };
    // A million millions of months is past every year that a period can name.
    let total = start.saturating_add(count.clamp(-1_000_000_000_000, 1_000_000_000_000));
    Ok(Value::Int(total / 12 * 100 + total % 12 + 1))
}

fn period_diff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(a), Some(b)) = (period(call, 0)?, period(call, 1)?) else { return Ok(Value::Null) };
    Ok(Value::Int(a - b))
}
