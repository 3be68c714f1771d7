//! Between dates and text patterns or instants: DATE_FORMAT, STR_TO_DATE, UNIX_TIMESTAMP, FROM_UNIXTIME, CONVERT_TZ.

use super::result::{Typed, constant_text, long_text};
use super::shift::fsp;
use super::{Call, Function};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::temporal::SECOND;
use crate::temporal::parse;
use crate::temporal::pattern::{self, Moment};
use crate::variables::Zone;
use dag::decimal::Decimal;
use dag::temporal::{DateTime, Time};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("DATE_FORMAT", (2, 2), long_text, date_format),
    Function::new("TIME_FORMAT", (2, 2), long_text, time_format),
    Function::new("STR_TO_DATE", (2, 2), str_to_date_type, str_to_date),
    Function::new("UNIX_TIMESTAMP", (0, 1), unix_timestamp_type, unix_timestamp),
    Function::new("FROM_UNIXTIME", (1, 2), from_unixtime_type, from_unixtime),
    Function::new("CONVERT_TZ", (3, 3), |a| Ok(Type::datetime(fsp(&a[0]))), convert_tz),
    Function::new("GET_FORMAT", (2, 2), long_text, get_format),
];

fn date_format(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(at), Some(text)) = (call.datetime(0), call.text(1)) else { return Ok(Value::Null) };
    Ok(pattern::write(at.into(), &text).map_or(Value::Null, Value::text))
}

fn time_format(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(at), Some(text)) = (call.time(0), call.text(1)) else { return Ok(Value::Null) };
    let moment = Moment { date: Default::default(), micros: at.0 };
    Ok(pattern::write(moment, &text).map_or(Value::Null, Value::text))
}

/// What the pattern has, if it is constant.
fn str_to_date_type(arguments: &[Expression]) -> Typed {
    let Some(text) = constant_text(arguments.get(1)) else { return Ok(Type::datetime(6)) };
    let (date, time, micros) = pattern::parts(text);
    let digits = if micros { 6 } else { 0 };
    Ok(match (date, time) {
        (true, false) => Type::date(),
        (false, true) => Type::time(digits),
        _ => Type::datetime(digits),
    })
}

fn str_to_date(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(format)) = (call.text(0), call.text(1)) else { return Ok(Value::Null) };
    let mode = call.context.session().sql_mode;
    let timed = matches!(call.result.kind, Kind::Time(_));
    // Under NO_ZERO_DATE and NO_ZERO_IN_DATE a date with zero parts is none.
    let found = pattern::read(&text, &format).filter(|(m, _)| {
        let zero = m.date.0 == 0;
        timed || !(zero && mode.no_zero_date || !zero && !m.date.is_valid() && mode.no_zero_in_date)
    });
    let Some((moment, left_over)) = found else {
        let message = format!("Incorrect datetime value: '{text}' for function str_to_date");
        call.context.warn(1411, message);
        return Ok(Value::Null);
    };
    if left_over {
        call.context.warn(1292, format!("Truncated incorrect datetime value: '{text}'"));
    }
    Ok(match call.result.kind {
        Kind::Date => Value::Date(moment.date),
        Kind::Time(_) => Value::Time(Time(moment.micros)),
        _ => Value::DateTime(DateTime::new(moment.date, moment.micros as u64)),
    })
}

fn unix_timestamp_type(arguments: &[Expression]) -> Typed {
    Ok(match arguments.first().map(fsp) {
        None => Type::bigint().nullable(false),
        Some(0) => Type::bigint(),
        Some(digits) => Type::decimal(11 + digits, digits),
    })
}

/// Last second UNIX_TIMESTAMP and FROM_UNIXTIME know: 3001-01-18 23:59:59 UTC (manual, 14.7).
const LAST_INSTANT: i64 = 32_536_771_199;

fn unix_timestamp(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 0 {
        return Ok(Value::Int(call.context.now_micros().div_euclid(SECOND)));
    }
    let Some(local) = call.datetime(0) else { return Ok(Value::Null) };
    let inside = |micros: &i64| (SECOND..(LAST_INSTANT + 1) * SECOND).contains(micros);
    let micros = call.context.to_utc(local).filter(inside).unwrap_or(0);
    Ok(match call.result.kind {
        Kind::Decimal { scale, .. } => {
            let exact = Decimal::from_i128(micros.into(), 6);
            Value::Decimal(exact.truncate(scale))
        }
        _ => Value::Int(micros / SECOND),
    })
}

fn from_unixtime_type(arguments: &[Expression]) -> Typed {
    if arguments.len() == 2 {
        return long_text(arguments);
    }
    Ok(Type::datetime(fsp(&arguments[0])))
}

fn from_unixtime(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(exact) = call.decimal(0).and_then(|d| d.rescale(6)) else { return Ok(Value::Null) };
    let micros = i64::try_from(exact.coefficient).ok().filter(|m| (0..(LAST_INSTANT + 1) * SECOND).contains(m));
    let Some(micros) = micros else { return Ok(Value::Null) };
    let local = convert::local_of_instant(micros, call.context);
    if call.count() == 1 {
        return Ok(convert::round_to(Value::DateTime(local), &call.result.kind));
    }
    let Some(format) = call.text(1) else { return Ok(Value::Null) };
    Ok(pattern::write(local.into(), &format).map_or(Value::Null, Value::text))
}

/// Between two zones; outside TIMESTAMP's range the value is left as it is (manual, 14.7).
fn convert_tz(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(local), Some(from), Some(to)) = (call.datetime(0), call.text(1), call.text(2)) else {
        return Ok(Value::Null);
    };
    let (Some(from), Some(to)) = (Zone::parse(&from), Zone::parse(&to)) else { return Ok(Value::Null) };
    let Some(instant) = from.to_utc(local) else { return Ok(Value::Null) };
    if !(0..(LAST_INSTANT + 1) * SECOND).contains(&instant) {
        return Ok(Value::DateTime(local));
    }
    let moved = DateTime::from_unix_micros(instant + i64::from(to.offset_at(instant)) * SECOND);
    Ok(moved.and_then(|d| parse::round(d, 6)).map_or(Value::Null, Value::DateTime))
}

/// The patterns of GET_FORMAT (manual, 14.7).
fn get_format(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(kind), Some(standard)) = (call.text(0), call.text(1)) else { return Ok(Value::Null) };
    let pattern = match (&*kind.to_ascii_uppercase(), &*standard.to_ascii_uppercase()) {
        ("DATE", "USA") => "%m.%d.%Y",
        ("DATE", "JIS" | "ISO") => "%Y-%m-%d",
        ("DATE", "EUR") => "%d.%m.%Y",
        ("DATE", "INTERNAL") => "%Y%m%d",
        ("DATETIME" | "TIMESTAMP", "USA" | "EUR") => "%Y-%m-%d %H.%i.%s",
        ("DATETIME" | "TIMESTAMP", "JIS" | "ISO") => "%Y-%m-%d %H:%i:%s",
        ("DATETIME" | "TIMESTAMP", "INTERNAL") => "%Y%m%d%H%i%s",
        ("TIME", "USA") => "%h:%i:%s %p",
        ("TIME", "JIS" | "ISO") => "%H:%i:%s",
        ("TIME", "EUR") => "%H.%i.%s",
        ("TIME", "INTERNAL") => "%H%i%s",
        _ => return Ok(Value::Null),
    };
    Ok(Value::text(pattern))
}
