//! Week numbers in MySQL's eight modes (MySQL 8.0 manual, 14.7, WEEK()).

use dag::temporal::{Date, TO_DAYS_OFFSET};

/// Mode bits.
const MONDAY_FIRST: u32 = 1;
const WEEK_YEAR: u32 = 2;
const FIRST_WEEKDAY: u32 = 4;

/// A mode as WEEK() takes it: without MONDAY_FIRST the meaning of the third bit turns.
pub fn mode(mode: i64) -> u32 {
    let bits = mode as u32 & 7;
    if bits & MONDAY_FIRST == 0 { bits ^ FIRST_WEEKDAY } else { bits }
}

/// YEARWEEK's modes count weeks within their own year always.
pub fn year_mode(number: i64) -> u32 {
    mode(number) | WEEK_YEAR
}

/// Day of the week of a TO_DAYS number; 0 is the first day of the week.
fn weekday(number: i64, sunday_first: bool) -> i64 {
    (number + 5 + i64::from(sunday_first)).rem_euclid(7)
}

fn days_in(year: u32) -> i64 {
    if Date::is_leap_year(year) { 366 } else { 365 }
}

/// The year and the week that the date is in; `None` for dates that do not exist.
pub fn week(date: Date, mode: u32) -> Option<(u32, u32)> {
    let number = date.day_number()? + TO_DAYS_OFFSET;
    let mut year = date.year();
    let mut first = Date::new(year, 1, 1).day_number()? + TO_DAYS_OFFSET;
    let mut week_year = mode & WEEK_YEAR != 0;
    let mut start = weekday(first, mode & MONDAY_FIRST == 0);
    let short = |start: i64| if mode & FIRST_WEEKDAY != 0 { start != 0 } else { start >= 4 };
    if date.month() == 1 && i64::from(date.day()) <= 7 - start {
        if !week_year && short(start) {
            return Some((year, 0));
        }
        // Only the first week can belong to the year before.
        if short(start) {
            week_year = true;
            year = year.checked_sub(1)?;
            first -= days_in(year);
            start = (start + 53 * 7 - days_in(year)) % 7;
        }
    }
    let days = if short(start) { number - (first + 7 - start) } else { number - (first - start) };
    if week_year && days >= 52 * 7 && !short((start + days_in(year)) % 7) {
        return Some((year + 1, 1));
    }
    Some((year, (days / 7 + 1) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_mariadbs_in_every_mode() {
        // SELECT WEEK(d, 0), ..., WEEK(d, 7) on MariaDB 10.11.
        for ((y, m, d), expected) in [
            ((2024, 1, 1), [0, 1, 53, 1, 1, 1, 1, 1]),
            ((2023, 1, 1), [1, 0, 1, 52, 1, 0, 1, 52]),
            ((2024, 12, 31), [52, 53, 52, 1, 53, 53, 1, 53]),
            ((2008, 2, 20), [7, 8, 7, 8, 8, 7, 8, 7]),
        ] {
            let found = std::array::from_fn(|n| week(Date::new(y, m, d), mode(n as i64)).map_or(99, |(_, w)| w));
            assert_eq!(found, expected, "{y}-{m}-{d}");
        }
    }
}
