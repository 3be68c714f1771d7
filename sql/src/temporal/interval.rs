//! INTERVAL: units, their values as text or numbers, and date-times moved by them (MySQL 8.0 manual, 11.5).

use super::{DAY, HOUR, MINUTE, SECOND};
use dag::temporal::{Date, DateTime};

/// A unit of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name in SQL.
    pub name: &'static str,
    /// The fields its value has, largest first; one for simple units.
    fields: &'static [Field],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Micro,
}

use Field::*;

/// Every unit.
const UNITS: &[Unit] = &[
    Unit { name: "MICROSECOND", fields: &[Micro] },
    Unit { name: "SECOND", fields: &[Second] },
    Unit { name: "MINUTE", fields: &[Minute] },
    Unit { name: "HOUR", fields: &[Hour] },
    Unit { name: "DAY", fields: &[Day] },
    Unit { name: "WEEK", fields: &[Week] },
    Unit { name: "MONTH", fields: &[Month] },
    Unit { name: "QUARTER", fields: &[Quarter] },
    Unit { name: "YEAR", fields: &[Year] },
    Unit { name: "SECOND_MICROSECOND", fields: &[Second, Micro] },
    Unit { name: "MINUTE_MICROSECOND", fields: &[Minute, Second, Micro] },
    Unit { name: "MINUTE_SECOND", fields: &[Minute, Second] },
    Unit { name: "HOUR_MICROSECOND", fields: &[Hour, Minute, Second, Micro] },
    Unit { name: "HOUR_SECOND", fields: &[Hour, Minute, Second] },
    Unit { name: "HOUR_MINUTE", fields: &[Hour, Minute] },
    Unit { name: "DAY_MICROSECOND", fields: &[Day, Hour, Minute, Second, Micro] },
    Unit { name: "DAY_SECOND", fields: &[Day, Hour, Minute, Second] },
    Unit { name: "DAY_MINUTE", fields: &[Day, Hour, Minute] },
    Unit { name: "DAY_HOUR", fields: &[Day, Hour] },
    Unit { name: "YEAR_MONTH", fields: &[Year, Month] },
];

/// An amount of time: months do not have a fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Whole months.
    pub months: i64,
    /// Everything else.
    pub micros: i64,
}

impl Unit {
    /// The unit of that name, in any case, with or without `SQL_TSI_`.
    pub fn by_name(name: &str) -> Option<Unit> {
        let name = name.to_ascii_uppercase();
        let name = name.strip_prefix("SQL_TSI_").unwrap_or(&name);
        UNITS.iter().find(|u| u.name == name).copied()
    }

    /// Whether only the date changes: DAY and longer.
    pub fn is_date(self) -> bool {
        self.fields.iter().all(|f| matches!(f, Year | Quarter | Month | Week | Day))
    }

    /// Whether only the time of day is counted: HOUR and shorter.
    pub fn is_time(self) -> bool {
        self.fields.iter().all(|f| matches!(f, Hour | Minute | Second | Micro))
    }

    /// Whether microseconds may come out.
    pub fn has_micros(self) -> bool {
        self.fields.contains(&Micro)
    }

    /// Whether the value is one number.
    pub fn is_simple(self) -> bool {
        self.fields.len() == 1
    }

    /// Whether this is SECOND, whose value may have a fraction.
    pub fn is_second(self) -> bool {
        self.fields == [Second]
    }

    /// `count` of a simple unit; `None` past what any date can be moved by.
    pub fn times(self, count: i64) -> Option<Interval> {
        let mut interval = Interval { months: 0, micros: 0 };
        add_field(&mut interval, *self.fields.first()?, count)?;
        Some(interval)
    }

    /// The value of a compound unit from text: any non-digits between numbers; missing ones are the largest.
    pub fn read(self, text: &str) -> Option<Interval> {
        let negative = text.trim_start().starts_with('-');
        let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
        let mut numbers = vec![0i64; self.fields.len()];
        let used = parts.len().min(self.fields.len());
        let offset = self.fields.len() - used;
        for (index, part) in parts.iter().take(used).enumerate() {
            let field = self.fields[offset + index];
            numbers[offset + index] = if field == Micro { micros_of(part)? } else { part.parse().ok()? };
        }
        let mut interval = Interval { months: 0, micros: 0 };
        for (field, number) in self.fields.iter().zip(numbers) {
            add_field(&mut interval, *field, if negative { -number } else { number })?;
        }
        Some(interval)
    }
}

/// Digits after a point: `.5` is 500,000 microseconds.
fn micros_of(digits: &str) -> Option<i64> {
    let kept = &digits[..digits.len().min(6)];
    Some(kept.parse::<i64>().ok()? * 10i64.pow(6 - kept.len() as u32))
}

fn add_field(interval: &mut Interval, field: Field, count: i64) -> Option<()> {
    let (months, unit) = match field {
        Year => (12, 0),
        Quarter => (3, 0),
        Month => (1, 0),
        Week => (0, 7 * DAY),
        Day => (0, DAY),
        Hour => (0, HOUR),
        Minute => (0, MINUTE),
        Second => (0, SECOND),
        Micro => (0, 1),
    };
    interval.months = interval.months.checked_add(count.checked_mul(months)?)?;
    interval.micros = interval.micros.checked_add(count.checked_mul(unit)?)?;
    Some(())
}

/// A date-time moved; `None` before year 0, after 9999, or for a date with zero parts. Days past the end of the new
/// month become its last.
pub fn shift(value: DateTime, by: Interval) -> Option<DateTime> {
    let date = value.date();
    if !date.is_valid() {
        return None;
    }
    if by.months == 0 {
        return DateTime::from_unix_micros(value.to_unix_micros()?.checked_add(by.micros)?);
    }
    let months = (i64::from(date.year()) * 12 + i64::from(date.month()) - 1).checked_add(by.months)?;
    let (year, month) = (u32::try_from(months.div_euclid(12)).ok()?, months.rem_euclid(12) as u32 + 1);
    if year > 9999 {
        return None;
    }
    let day = date.day().min(Date::days_in_month(year, month));
    Some(DateTime::new(Date::new(year, month, day), value.micros()))
}

/// TIMESTAMPDIFF: whole units from `from` to `to`, towards zero.
pub fn difference(unit: Unit, from: DateTime, to: DateTime) -> Option<i64> {
    let micros = to.to_unix_micros()? - from.to_unix_micros()?;
    Some(match unit.fields.first()? {
        Year => months_between(from, to) / 12,
        Quarter => months_between(from, to) / 3,
        Month => months_between(from, to),
        Week => micros / (7 * DAY),
        Day => micros / DAY,
        Hour => micros / HOUR,
        Minute => micros / MINUTE,
        Second => micros / SECOND,
        Micro => micros,
    })
}

fn months_between(from: DateTime, to: DateTime) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let count = |d: DateTime| i64::from(d.date().year()) * 12 + i64::from(d.date().month());
    let rest = |d: DateTime| (d.date().day(), d.micros());
    count(to) - count(from) - i64::from(rest(to) < rest(from))
}

/// EXTRACT's number: fields side by side, two digits each (microseconds six).
pub fn extract(unit: Unit, date: Date, micros: i64) -> i64 {
    let (hour, minute, second) = super::format::clock(micros.abs());
    // A time's hours may run past a day: they are DAY_HOUR's hours whole.
    let value = unit.fields.iter().fold(0i64, |sum, field| match field {
        Year => i64::from(date.year()),
        Quarter => i64::from(date.month().div_ceil(3)),
        Month => sum * 100 + i64::from(date.month()),
        Week => 0,
        Day => i64::from(date.day()),
        Hour => sum * 100 + hour,
        Minute => sum * 100 + minute,
        Second => sum * 100 + second,
        Micro => sum * 1_000_000 + micros.abs() % SECOND,
    });
    if micros < 0 { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::super::{format, parse};
    use super::*;

    #[test]
    fn dates_move_as_in_mysql() {
        for (start, unit, value, expected) in [
            ("2024-01-31", "MONTH", "1", "2024-02-29 00:00:00.000000"),
            ("2024-02-29", "YEAR", "-1", "2023-02-28 00:00:00.000000"),
            ("2024-12-31 23:59:59", "SECOND", "1", "2025-01-01 00:00:00.000000"),
            ("2024-01-01", "QUARTER", "2", "2024-07-01 00:00:00.000000"),
            ("2024-01-01", "MINUTE_SECOND", "1:30", "2024-01-01 00:01:30.000000"),
            ("2024-01-01", "DAY_MICROSECOND", "1 1:1:1.5", "2024-01-02 01:01:01.500000"),
            ("2024-01-01", "YEAR_MONTH", "-1-1", "2022-12-01 00:00:00.000000"),
            ("2024-01-01", "HOUR_MINUTE", "5", "2024-01-01 00:05:00.000000"),
        ] {
            let unit = Unit::by_name(unit).expect(unit);
            let by = if unit.is_simple() { unit.times(value.parse().expect(value)) } else { unit.read(value) };
            let start = parse::datetime(start).expect(start).value;
            let moved = shift(start, by.expect(value)).expect(value);
            assert_eq!(format::datetime(moved, 6), expected, "{unit:?} {value}");
        }
        let last = parse::datetime("9999-12-31").expect("a date").value;
        assert_eq!(shift(last, Interval { months: 1, micros: 0 }), None);
    }
}
