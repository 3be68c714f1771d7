//! Dates and times as numbers and back: 20240115, 20240115102030.5, 101112 (MySQL 8.0 manual, 11.1.3).

use super::parse::{carry, day_exists, full_year};
use super::{HOUR, MINUTE, SECOND, format};
use dag::decimal::Decimal;
use dag::temporal::{Date, DateTime, MAX_TIME, Time};

/// 20240115.
pub fn of_date(value: Date) -> i64 {
    i64::from(value.year()) * 10_000 + i64::from(value.month()) * 100 + i64::from(value.day())
}

/// 20240115102030, without the fraction.
pub fn of_datetime(value: DateTime) -> i64 {
    of_date(value.date()) * 1_000_000 + hhmmss(value.micros() as i64)
}

/// 101112, without the fraction; negative for negative times.
pub fn of_time(value: Time) -> i64 {
    hhmmss(value.0.abs()) * value.0.signum()
}

fn hhmmss(micros: i64) -> i64 {
    let (hour, minute, second) = format::clock(micros);
    hour * 10_000 + minute * 100 + second
}

/// With six digits of fraction.
pub fn exact_datetime(value: DateTime) -> Decimal {
    let micros = value.micros() as i64 % SECOND;
    Decimal::from_i128(i128::from(of_datetime(value)) * 1_000_000 + i128::from(micros), 6)
}

/// With six digits of fraction.
pub fn exact_time(value: Time) -> Decimal {
    Decimal::from_i128(i128::from(of_time(value)) * 1_000_000 + i128::from(value.0 % SECOND), 6)
}

/// The date-time a number stands for, with microseconds beside it; `None` if it stands for none. 0 is the zero date.
/// The second part says whether a time of day was written.
pub fn to_datetime(number: i128, micros: i64) -> Option<(DateTime, bool)> {
    let number = u64::try_from(number).ok()?;
    if number == 0 {
        return Some((DateTime(0), false));
    }
    let (date, time, has_time) = match number {
        1..=100 => return None,
        101..=991_231 => (century(number), 0, false),
        991_232..=99_991_231 => (number, 0, false),
        99_991_232..=991_231_235_959 => (century(number / 1_000_000), number % 1_000_000, true),
        _ => (number / 1_000_000, number % 1_000_000, true),
    };
    let (year, month, day) = ((date / 10_000) as u32, (date / 100 % 100) as u32, (date % 100) as u32);
    if date / 10_000 > 9999 || month > 12 || !day_exists(year, month, day) {
        return None;
    }
    let of_day = clock_micros(time, 23)? + micros;
    Some((carry(Date::new(year, month, day), of_day)?, has_time))
}

/// YYMMDD to YYYYMMDD.
fn century(date: u64) -> u64 {
    u64::from(full_year((date / 10_000) as u32)) * 10_000 + date % 10_000
}

/// Microseconds of an `hhmmss` number.
fn clock_micros(number: u64, most_hours: u64) -> Option<i64> {
    let (hour, minute, second) = (number / 10_000, number / 100 % 100, number % 100);
    let fits = hour <= most_hours && minute < 60 && second < 60;
    fits.then(|| hour as i64 * HOUR + minute as i64 * MINUTE + second as i64 * SECOND)
}

/// The time a number stands for and whether it was clipped; `None` if minutes or seconds are out of range.
pub fn to_time(number: i128, micros: i64) -> Option<(Time, bool)> {
    let magnitude = u64::try_from(number.unsigned_abs()).ok()?;
    // Ten digits and more can only be a date-time (manual, 13.2.3).
    if magnitude >= 10_000_000_000 {
        return to_datetime(number, micros).map(|(d, _)| (Time(d.micros() as i64), false));
    }
    let sign = if number < 0 || micros < 0 { -1 } else { 1 };
    if magnitude > 8_385_959 {
        return Some((Time(sign * MAX_TIME.0), true));
    }
    let value = clock_micros(magnitude, 838)? + micros.abs();
    Some((Time(sign * value.min(MAX_TIME.0)), value > MAX_TIME.0))
}
