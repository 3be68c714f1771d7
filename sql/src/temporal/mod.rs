//! Dates and times as SQL reads, writes and computes them, over `dag::temporal`'s packed values.
//!
//! Promises: pure; zero dates pass through and the caller applies sql_mode. Zones come from the session's `Context`.

pub mod format;
pub mod interval;
pub mod number;
pub mod parse;
pub mod pattern;
pub mod week;

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// `micros` rounded half away from zero to `fsp` digits of the second.
pub fn round_micros(micros: i64, fsp: u8) -> i64 {
    let unit = 10i64.pow(6 - u32::from(fsp.min(6)));
    let half = if micros < 0 { -unit / 2 } else { unit / 2 };
    (micros + half) / unit * unit
}
