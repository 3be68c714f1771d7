//! Reads dates, date-times and times from text with MySQL's leniency (MySQL 8.0 manual, 11.1.3 and 13.2.7).
//!
//! Promises: what is returned has fields in range and days that exist, except for zero months and days, which the
//! caller judges by sql_mode. `truncated` says that something followed the value or was cut off.

use super::{DAY, HOUR, MINUTE, SECOND, round_micros};
use dag::temporal::{Date, DateTime, MAX_TIME, Time};

/// A date-time read from text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParsedDateTime {
    /// The value, not rounded below microseconds.
    pub value: DateTime,
    /// Whether a time of day was written.
    pub has_time: bool,
    /// Whether text was left over.
    pub truncated: bool,
    /// Seconds of a written zone offset such as `+05:30`.
    pub offset: Option<i32>,
}

/// A time read from text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParsedTime {
    /// The value, clipped to ±838:59:59.
    pub value: Time,
    /// Whether text was left over or the value was clipped.
    pub truncated: bool,
}

/// Two-digit years: 70 to 99 are 19xx, 00 to 69 are 20xx (manual, 13.2.9).
pub fn full_year(year: u32) -> u32 {
    if year < 70 { year + 2000 } else { year + 1900 }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Digits from here, at most `most`: their value and count.
    fn digits(&mut self, most: usize) -> (u32, usize) {
        let start = self.at;
        let mut value = 0u32;
        while self.at - start < most && self.peek().is_some_and(|b| b.is_ascii_digit()) {
            value = value.saturating_mul(10).saturating_add(u32::from(self.bytes[self.at] - b'0'));
            self.at += 1;
        }
        (value, self.at - start)
    }

    fn digits_ahead(&self) -> usize {
        self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// `.digits` as microseconds, the seventh digit rounded.
    fn fraction(&mut self) -> i64 {
        if self.peek() != Some(b'.') {
            return 0;
        }
        self.at += 1;
        let (value, count) = self.digits(6);
        let mut micros = i64::from(value) * 10i64.pow(6 - count as u32);
        if self.peek().is_some_and(|b| (b'5'..=b'9').contains(&b)) {
            micros += 1;
        }
        self.digits(usize::MAX);
        micros
    }

    /// `+hh:mm` or `-hh:mm` in seconds, up to 14 hours (manual, 13.2.2).
    fn offset(&mut self) -> Option<i32> {
        let sign = match self.peek()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let rest = &self.bytes[self.at + 1..];
        let digits = |i: usize| rest.get(i).is_some_and(u8::is_ascii_digit);
        if !(rest.get(2) == Some(&b':') && digits(0) && digits(1) && digits(3) && digits(4)) {
            return None;
        }
        let number = |i: usize| i32::from(rest[i] - b'0') * 10 + i32::from(rest[i + 1] - b'0');
        let (hours, minutes) = (number(0), number(3));
        if hours * 60 + minutes > 14 * 60 || minutes > 59 {
            return None;
        }
        self.at += 6;
        Some(sign * (hours * 3600 + minutes * 60))
    }
}

/// Reads a date or a date-time; `None` if the text is neither or names a day or time that does not exist.
pub fn datetime(text: &str) -> Option<ParsedDateTime> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    cursor.skip_spaces();
    let run = cursor.digits_ahead();
    if run == 0 {
        return None;
    }
    let solid = run >= 5;
    let (fields, count) = if solid { solid_fields(&mut cursor, run) } else { spaced_fields(&mut cursor)? };
    if count < 3 {
        return None;
    }
    let micros = if count == 6 { cursor.fraction() } else { 0 };
    let offset = if count > 3 { cursor.offset() } else { None };
    cursor.skip_spaces();
    let truncated = cursor.at < cursor.bytes.len();
    Some(ParsedDateTime { value: assemble(fields, micros)?, has_time: count > 3, truncated, offset })
}

/// `20240115102030`: the year has four digits when the count says so.
fn solid_fields(cursor: &mut Cursor<'_>, run: usize) -> ([u32; 6], usize) {
    let mut fields = [0; 6];
    let long_year = run == 8 || run >= 14;
    let mut count = 0;
    while count < 6 {
        if count == 3 && cursor.peek() == Some(b'T') {
            cursor.at += 1;
        }
        let (value, digits) = cursor.digits(if count == 0 && long_year { 4 } else { 2 });
        if digits == 0 {
            break;
        }
        fields[count] = if count == 0 && !long_year { full_year(value) } else { value };
        count += 1;
    }
    (fields, count)
}

/// `2024-01-15 10:20:30` with any punctuation between parts, `T` or blanks before the time.
fn spaced_fields(cursor: &mut Cursor<'_>) -> Option<([u32; 6], usize)> {
    let mut fields = [0; 6];
    let mut count = 0;
    loop {
        let (value, digits) = cursor.digits(if count == 0 { 4 } else { 2 });
        if digits == 0 {
            return None;
        }
        fields[count] = if count == 0 && digits == 2 { full_year(value) } else { value };
        count += 1;
        if count == 6 || !separator(cursor, count) {
            return Some((fields, count));
        }
    }
}

/// Steps over what may stand after the `count`-th field, if a digit follows it.
fn separator(cursor: &mut Cursor<'_>, count: usize) -> bool {
    let start = cursor.at;
    if count == 3 {
        if cursor.peek() == Some(b'T') {
            cursor.at += 1;
        } else {
            cursor.skip_spaces();
            if cursor.at == start && cursor.peek().is_some_and(|b| b.is_ascii_punctuation()) {
                cursor.at += 1;
            }
        }
    } else {
        while cursor.peek().is_some_and(|b| b.is_ascii_punctuation()) {
            cursor.at += 1;
        }
    }
    let found = cursor.at > start && cursor.peek().is_some_and(|b| b.is_ascii_digit());
    if !found {
        cursor.at = start;
    }
    found
}

fn assemble(fields: [u32; 6], micros: i64) -> Option<DateTime> {
    let [year, month, day, hour, minute, second] = fields;
    if month > 12 || hour > 23 || minute > 59 || second > 59 || !day_exists(year, month, day) {
        return None;
    }
    let time = i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * SECOND + micros;
    carry(Date::new(year, month, day), time)
}

/// Whether the day may stand in the month; zero months and days are the caller's to judge.
pub fn day_exists(year: u32, month: u32, day: u32) -> bool {
    year <= 9999 && day <= if month == 0 { 31 } else { Date::days_in_month(year, month) }
}

/// A date-time whose time of day may have been rounded up to midnight.
pub fn carry(date: Date, micros: i64) -> Option<DateTime> {
    if micros < DAY {
        return Some(DateTime::new(date, micros as u64));
    }
    let next = Date::from_day_number(date.day_number()? + 1)?;
    Some(DateTime::new(next, (micros - DAY) as u64))
}

/// A date-time rounded to `fsp` digits of the second.
pub fn round(value: DateTime, fsp: u8) -> Option<DateTime> {
    carry(value.date(), round_micros(value.micros() as i64, fsp))
}

/// Reads a TIME: `[-][D ]hh:mm:ss.f`, `hh:mm`, `hhmmss`, or the time of a date-time. `None` if it is none of them.
pub fn time(text: &str) -> Option<ParsedTime> {
    let trimmed = text.trim_start();
    let (negative, body) = trimmed.strip_prefix('-').map_or((false, trimmed), |rest| (true, rest));
    // Only text this long can be a date-time with a time in it.
    if body.len() >= 12
        && let Some(parsed) = datetime(trimmed)
        && parsed.has_time
    {
        return Some(ParsedTime { value: Time(parsed.value.micros() as i64), truncated: parsed.truncated });
    }
    let mut cursor = Cursor { bytes: body.as_bytes(), at: 0 };
    cursor.skip_spaces();
    let micros = time_fields(&mut cursor)?;
    cursor.skip_spaces();
    let clipped = micros.min(MAX_TIME.0);
    let truncated = cursor.at < cursor.bytes.len() || clipped != micros;
    Some(ParsedTime { value: Time(if negative { -clipped } else { clipped }), truncated })
}

fn time_fields(cursor: &mut Cursor<'_>) -> Option<i64> {
    let (first, digits) = cursor.digits(10);
    if digits == 0 {
        return None;
    }
    let digit_after = |cursor: &Cursor<'_>| cursor.bytes.get(cursor.at + 1).is_some_and(u8::is_ascii_digit);
    let spaced = cursor.peek() == Some(b' ') && digit_after(cursor);
    if cursor.peek() != Some(b':') && !spaced {
        return solid_time(first).map(|micros| micros + cursor.fraction());
    }
    let (mut days, mut fields, mut count) = (0, [i64::from(first), 0, 0], 0);
    if spaced {
        days = i64::from(first);
        cursor.at += 1;
        fields[0] = i64::from(cursor.digits(4).0);
    }
    while count < 2 && cursor.peek() == Some(b':') && digit_after(cursor) {
        cursor.at += 1;
        count += 1;
        fields[count] = i64::from(cursor.digits(2).0);
    }
    let [hours, minutes, seconds] = fields;
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let fraction = if count == 2 { cursor.fraction() } else { 0 };
    // Far past the greatest TIME, and far below what 64 bits of microseconds hold.
    let (days, hours) = (days.min(1000), hours.min(10_000));
    Some((days * 24 + hours) * HOUR + minutes * MINUTE + seconds * SECOND + fraction)
}

/// `101112` is 10:11:12, `12` is 12 seconds.
fn solid_time(number: u32) -> Option<i64> {
    let (hours, minutes, seconds) = (number / 10_000, number / 100 % 100, number % 100);
    (minutes < 60 && seconds < 60)
        .then(|| i64::from(hours) * HOUR + i64::from(minutes) * MINUTE + i64::from(seconds) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::super::format;
    use super::*;

    #[test]
    fn date_times_in_every_spelling() {
        for (text, expected) in [
            ("2024-01-15", "2024-01-15 00:00:00.000000"),
            ("24-1-5", "2024-01-05 00:00:00.000000"),
            ("99/12/31", "1999-12-31 00:00:00.000000"),
            ("20240115", "2024-01-15 00:00:00.000000"),
            ("240115", "2024-01-15 00:00:00.000000"),
            ("20240115102030", "2024-01-15 10:20:30.000000"),
            ("20240115T102030.5", "2024-01-15 10:20:30.500000"),
            ("2024-01-15T10:20:30.1234567", "2024-01-15 10:20:30.123457"),
            ("2024-01-15 10:20", "2024-01-15 10:20:00.000000"),
            ("2024-12-31 23:59:59.9999999", "2025-01-01 00:00:00.000000"),
            ("0000-00-00", "0000-00-00 00:00:00.000000"),
            ("2024-02-00", "2024-02-00 00:00:00.000000"),
        ] {
            let parsed = datetime(text).expect(text);
            assert_eq!((format::datetime(parsed.value, 6), parsed.truncated), (expected.to_owned(), false), "{text}");
        }
        for text in ["", "abc", "2024-02-30", "2024-13-01", "2024-01-01 25:00:00", "2024"] {
            assert_eq!(datetime(text), None, "{text}");
        }
    }

    #[test]
    fn times_in_every_spelling() {
        for (text, expected, truncated) in [
            ("10:11:12", "10:11:12.000000", false),
            ("10:11", "10:11:00.000000", false),
            ("101112.5", "10:11:12.500000", false),
            ("12", "00:00:12.000000", false),
            ("-1 02:03:04", "-26:03:04.000000", false),
            ("900:00:00", "838:59:59.000000", true),
            ("2024-01-01 10:00:00", "10:00:00.000000", false),
            ("10:11:12x", "10:11:12.000000", true),
        ] {
            let parsed = time(text).expect(text);
            assert_eq!((format::time(parsed.value, 6), parsed.truncated), (expected.to_owned(), truncated), "{text}");
        }
    }
}
