//! Exact decimal numbers: a 256-bit coefficient and a scale, as DECIMAL(65,30) needs.
//!
//! Promises: at most [`MAX_DIGITS`] digits and [`MAX_SCALE`] of them after the point; comparison is numeric whatever
//! the scales. Arithmetic with MySQL's result scales is `sql`'s; this is what storage and keys need.

use bnum::types::I256;

/// Most digits of a DECIMAL (MySQL 8.0 manual, 12.25.2).
pub const MAX_DIGITS: u8 = 65;
/// Most digits after the point.
pub const MAX_SCALE: u8 = 30;

/// `coefficient / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as a signed integer; zero is never negative.
    pub coefficient: I256,
    /// How many of the digits stand after the point.
    pub scale: u8,
}
