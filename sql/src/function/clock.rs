//! The time of the statement: NOW, CURDATE, CURTIME, UTC_TIMESTAMP, SYSDATE, SLEEP (MySQL 8.0 manual, 14.7).

use super::result::{Typed, constant_int};
use super::{Call, Function};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Type};
use crate::limits::LONGEST_SLEEP;
use crate::temporal::SECOND;
use dag::temporal::{DateTime, Time};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("NOW", (0, 1), datetime_type, now),
    Function::new("CURRENT_TIMESTAMP", (0, 1), datetime_type, now),
    Function::new("LOCALTIME", (0, 1), datetime_type, now),
    Function::new("LOCALTIMESTAMP", (0, 1), datetime_type, now),
    Function::new("SYSDATE", (0, 1), datetime_type, sysdate).volatile(),
    Function::new("UTC_TIMESTAMP", (0, 1), datetime_type, |c| Ok(Value::DateTime(cut(utc(c), c)))),
    Function::new("CURDATE", (0, 0), date_type, |c| Ok(Value::Date(local(c).date()))),
    Function::new("CURRENT_DATE", (0, 0), date_type, |c| Ok(Value::Date(local(c).date()))),
    Function::new("UTC_DATE", (0, 0), date_type, |c| Ok(Value::Date(utc(c).date()))),
    Function::new("CURTIME", (0, 1), time_type, |c| Ok(of_day(cut(local(c), c)))),
    Function::new("CURRENT_TIME", (0, 1), time_type, |c| Ok(of_day(cut(local(c), c)))),
    Function::new("UTC_TIME", (0, 1), time_type, |c| Ok(of_day(cut(utc(c), c)))),
    Function::new("SLEEP", (1, 1), |_| Ok(Type::integer(10).nullable(false)), sleep).volatile(),
];

/// Fraction digits asked for. Errors: 1426 above 6.
fn digits(arguments: &[Expression]) -> Result<u8, SqlError> {
    let asked = constant_int(arguments.first()).unwrap_or(0);
    u8::try_from(asked)
        .ok()
        .filter(|d| *d <= 6)
        .ok_or_else(|| SqlError::new(1426, format!("Too-big precision {asked} specified for 'now'. Maximum is 6.")))
}

fn datetime_type(arguments: &[Expression]) -> Typed {
    Ok(Type::datetime(digits(arguments)?).nullable(false))
}

fn time_type(arguments: &[Expression]) -> Typed {
    Ok(Type::time(digits(arguments)?).nullable(false))
}

fn date_type(_: &[Expression]) -> Typed {
    Ok(Type::date().nullable(false))
}

fn local(call: &Call<'_>) -> DateTime {
    convert::local_of_instant(call.context.now_micros(), call.context)
}

fn utc(call: &Call<'_>) -> DateTime {
    DateTime::from_unix_micros(call.context.now_micros()).unwrap_or_default()
}

/// Digits below the ones asked for are cut, not rounded: the time is never in the future.
fn cut(value: DateTime, call: &Call<'_>) -> DateTime {
    let unit = 10u64.pow(6 - u32::from(call.result.fsp().min(6)));
    DateTime::new(value.date(), value.micros() / unit * unit)
}

fn of_day(value: DateTime) -> Value {
    Value::Time(Time(value.micros() as i64))
}

fn now(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(Value::DateTime(cut(local(call), call)))
}

fn sysdate(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let at = convert::local_of_instant(call.context.wall_micros(), call.context);
    Ok(Value::DateTime(cut(at, call)))
}

fn sleep(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let seconds = call.double(0).filter(|s| *s >= 0.0);
    let Some(seconds) = seconds else { return Err(SqlError::new(1210, "Incorrect arguments to sleep.")) };
    call.context.sleep((seconds.min(LONGEST_SLEEP) * SECOND as f64) as u64)?;
    Ok(Value::Int(0))
}
