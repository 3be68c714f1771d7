//! The calendar: which dates exist, and dates as day numbers.
//!
//! Proleptic Gregorian as MySQL counts it: year 0 has no 29 February. Day 0 is 1970-01-01; TO_DAYS() is
//! [`TO_DAYS_OFFSET`] more. Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013.

use super::{DAY_MICROS, Date, DateTime};

/// MySQL's TO_DAYS('1970-01-01').
pub const TO_DAYS_OFFSET: i64 = 719_528;

/// Day number of 0000-03-01, the first day whose number does not depend on whether year 0 is a leap year.
const YEAR_ZERO_MARCH: i64 = -719_468;
/// Day number of 9999-12-31.
const LAST_DAY: i64 = 2_932_896;
/// Day number of 0000-01-01 without a 29 February after it.
const FIRST_DAY: i64 = YEAR_ZERO_MARCH - 59;
/// Days in 400 Gregorian years.
const DAYS_IN_ERA: i64 = 146_097;

impl Date {
    /// Whether the year has a 29 February.
    pub fn is_leap_year(year: u32) -> bool {
        year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400) && year != 0
    }

    /// Days in a month of 1 to 12; 0 for any other.
    pub fn days_in_month(year: u32, month: u32) -> u32 {
        match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if Date::is_leap_year(year) => 29,
            2 => 28,
            _ => 0,
        }
    }

    /// Whether the date exists: no zero parts, no 31 April.
    pub fn is_valid(self) -> bool {
        self.year() <= 9999 && self.day() >= 1 && self.day() <= Date::days_in_month(self.year(), self.month())
    }

    /// Days since 1970-01-01; `None` if the date does not exist.
    pub fn day_number(self) -> Option<i64> {
        self.is_valid().then(|| {
            let number = civil_to_days(self.year().into(), self.month().into(), self.day().into());
            if number < YEAR_ZERO_MARCH { number + 1 } else { number }
        })
    }

    /// The date of a day number; `None` before year 0 or after 9999.
    pub fn from_day_number(number: i64) -> Option<Self> {
        if !(FIRST_DAY..=LAST_DAY).contains(&number) {
            return None;
        }
        Some(days_to_civil(if number < YEAR_ZERO_MARCH { number - 1 } else { number }))
    }

    /// 0 for Monday to 6 for Sunday; `None` if the date does not exist.
    pub fn weekday(self) -> Option<u32> {
        // 1970-01-01 was a Thursday.
        Some((self.day_number()? + 3).rem_euclid(7) as u32)
    }

    /// 1 for 1 January; `None` if the date does not exist.
    pub fn day_of_year(self) -> Option<u32> {
        Some((self.day_number()? - Date::new(self.year(), 1, 1).day_number()?) as u32 + 1)
    }
}

impl DateTime {
    /// Microseconds since 1970-01-01 00:00 in the zone the date-time is in; `None` if its date does not exist.
    pub fn to_unix_micros(self) -> Option<i64> {
        Some(self.date().day_number()? * DAY_MICROS as i64 + self.micros() as i64)
    }

    /// The date-time of an instant in that zone; `None` before year 0 or after 9999.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        let date = Date::from_day_number(micros.div_euclid(DAY_MICROS as i64))?;
        Some(DateTime::new(date, micros.rem_euclid(DAY_MICROS as i64) as u64))
    }
}

fn civil_to_days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_IN_ERA + day_of_era + YEAR_ZERO_MARCH
}

fn days_to_civil(number: i64) -> Date {
    let shifted = number - YEAR_ZERO_MARCH;
    let (era, day_of_era) = (shifted.div_euclid(DAYS_IN_ERA), shifted.rem_euclid(DAYS_IN_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date::new(year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_numbers_are_mysqls() {
        // TO_DAYS() of MariaDB 10.11.
        for (date, to_days) in [
            ((0, 1, 1), 1),
            ((0, 2, 28), 59),
            ((0, 3, 1), 60),
            ((1, 1, 1), 366),
            ((1970, 1, 1), 719_528),
            ((2000, 2, 29), 730_544),
            ((9999, 12, 31), 3_652_424),
        ] {
            let date = Date::new(date.0, date.1, date.2);
            assert_eq!(date.day_number(), Some(to_days - TO_DAYS_OFFSET), "{date:?}");
            assert_eq!(Date::from_day_number(to_days - TO_DAYS_OFFSET), Some(date));
        }
    }

    #[test]
    fn dates_that_do_not_exist_have_no_number() {
        for (y, m, d) in
            [(0, 0, 0), (2024, 0, 1), (2024, 1, 0), (2023, 2, 29), (0, 2, 29), (1900, 2, 29), (2024, 4, 31)]
        {
            assert_eq!(Date::new(y, m, d).day_number(), None, "{y}-{m}-{d}");
        }
        assert_eq!(Date::from_day_number(FIRST_DAY - 1), None);
        assert_eq!(Date::from_day_number(LAST_DAY + 1), None);
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = Date(0);
        for number in FIRST_DAY..=LAST_DAY {
            let date = Date::from_day_number(number).expect("in range");
            assert!(date > last && date.is_valid() && date.day_number() == Some(number), "{number}");
            last = date;
        }
    }

    #[test]
    fn instants_convert_both_ways() {
        let before = DateTime::new(Date::new(1969, 12, 31), DAY_MICROS - 1);
        assert_eq!(before.to_unix_micros(), Some(-1));
        assert_eq!(DateTime::from_unix_micros(-1), Some(before));
        assert_eq!(Date::new(2024, 2, 29).weekday(), Some(3));
        assert_eq!(Date::new(2024, 12, 31).day_of_year(), Some(366));
    }
}
