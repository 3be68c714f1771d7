//! Dates, times and date-times as text, with a given number of fraction digits.

use super::{HOUR, MINUTE, SECOND};
use dag::temporal::{Date, DateTime, Time};
use std::fmt::Write;

/// `2024-01-15`.
pub fn date(value: Date) -> String {
    format!("{:04}-{:02}-{:02}", value.year(), value.month(), value.day())
}

/// `2024-01-15 10:20:30.123`, the fraction cut to `fsp` digits.
pub fn datetime(value: DateTime, fsp: u8) -> String {
    let micros = value.micros() as i64;
    let mut out = date(value.date());
    let (hour, minute, second) = clock(micros);
    // Writing to a String cannot fail.
    let _ = write!(out, " {hour:02}:{minute:02}:{second:02}");
    fraction(&mut out, micros, fsp);
    out
}

/// `-838:59:59.123`, the fraction cut to `fsp` digits.
pub fn time(value: Time, fsp: u8) -> String {
    let micros = value.0.abs();
    let (hour, minute, second) = clock(micros);
    let sign = if value.0 < 0 { "-" } else { "" };
    let mut out = format!("{sign}{hour:02}:{minute:02}:{second:02}");
    fraction(&mut out, micros, fsp);
    out
}

/// Hours, minutes and seconds of non-negative microseconds.
pub fn clock(micros: i64) -> (i64, i64, i64) {
    (micros / HOUR, micros / MINUTE % 60, micros / SECOND % 60)
}

fn fraction(out: &mut String, micros: i64, fsp: u8) {
    if fsp > 0 {
        let digits = format!("{:06}", micros % SECOND);
        out.push('.');
        out.push_str(&digits[..usize::from(fsp.min(6))]);
    }
}
