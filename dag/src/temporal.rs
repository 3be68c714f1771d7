//! Calendar dates, times and date-times as MySQL has them: zero dates exist, times run to ±838:59:59.
//!
//! Promises: integer order is time order; every field combination that MySQL can store has one packed form. Does not
//! parse or format for SQL, know zones, or the session's mode: that is `sql`.

mod calendar;

pub use calendar::TO_DAYS_OFFSET;

/// A date packed as `year << 9 | month << 5 | day`; year 0..=9999, month 0..=12, day 0..=31 (zeros allowed).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Date(pub u32);

impl Date {
    /// Packs the fields without checking the calendar.
    pub fn new(year: u32, month: u32, day: u32) -> Self {
        Date(year << 9 | month << 5 | day)
    }
    /// The year, 0 to 9999.
    pub fn year(self) -> u32 {
        self.0 >> 9
    }
    /// The month, 0 to 12.
    pub fn month(self) -> u32 {
        self.0 >> 5 & 15
    }
    /// The day of the month, 0 to 31.
    pub fn day(self) -> u32 {
        self.0 & 31
    }

    /// Whether the fields are in the ranges that a cell may hold, zeros allowed.
    pub fn is_storable(self) -> bool {
        self.year() <= 9999 && self.month() <= 12
    }
}

/// Microseconds in a day.
pub const DAY_MICROS: u64 = 86_400_000_000;

/// A date and a time of day, packed as `date << 37 | microseconds of the day`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct DateTime(pub u64);

impl DateTime {
    /// From a date and the microseconds of the day, which must be below [`DAY_MICROS`].
    pub fn new(date: Date, micros: u64) -> Self {
        DateTime(u64::from(date.0) << 37 | micros)
    }
    /// The date part.
    pub fn date(self) -> Date {
        Date((self.0 >> 37) as u32)
    }
    /// Microseconds since midnight.
    pub fn micros(self) -> u64 {
        self.0 & ((1 << 37) - 1)
    }

    /// Whether the fields are in the ranges that a cell may hold, zeros allowed.
    pub fn is_storable(self) -> bool {
        self.date().is_storable() && self.micros() < DAY_MICROS
    }
}

/// A signed interval in microseconds, at most 838:59:59 either way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub i64);

impl Time {
    /// Whether it is within [`MAX_TIME`] either way.
    pub fn is_storable(self) -> bool {
        (-MAX_TIME.0..=MAX_TIME.0).contains(&self.0)
    }
}

/// The greatest TIME, 838:59:59, in microseconds.
pub const MAX_TIME: Time = Time(3_020_399_000_000);
