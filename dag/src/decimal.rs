//! Exact decimal numbers: a 256-bit coefficient and a scale, as DECIMAL(65,30) needs.
//!
//! Promises: at most [`MAX_DIGITS`] digits and [`MAX_SCALE`] of them after the point; comparison is numeric whatever
//! the scales; rounding is half away from zero. Which scale a result has is `sql`'s to say.

mod arithmetic;
mod text;

use bnum::cast::As;
use bnum::types::{I256, I512};
use std::cmp::Ordering;

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

impl Decimal {
    /// 0 without digits after the point.
    pub const ZERO: Decimal = Decimal { coefficient: I256::from_le_bytes([0; 32]), scale: 0 };

    /// `coefficient / 10^scale`; `None` past [`MAX_DIGITS`] or [`MAX_SCALE`].
    pub fn new(coefficient: I256, scale: u8) -> Option<Self> {
        let fits = scale <= MAX_SCALE && digits_of(coefficient) <= MAX_DIGITS;
        fits.then_some(Decimal { coefficient, scale })
    }

    /// As [`Decimal::new`] from a native coefficient, which always has room.
    pub fn from_i128(coefficient: i128, scale: u8) -> Self {
        debug_assert!(scale <= MAX_SCALE);
        Decimal { coefficient: coefficient.as_(), scale }
    }

    /// The nearest decimal at that scale to the shortest text that reads back as `value`; `None` if it has no room.
    pub fn from_f64(value: f64, scale: u8) -> Option<Self> {
        value.is_finite().then(|| value.to_string()).and_then(|text| Decimal::parse(&text))?.rescale(scale)
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        // Both operands are exact doubles up to 2^53 and 10^22, and one division rounds once.
        const EXACT: i128 = 1 << 53;
        match i128::try_from(self.coefficient) {
            Ok(c) if (-EXACT..=EXACT).contains(&c) && self.scale <= 22 => c as f64 / 10f64.powi(i32::from(self.scale)),
            _ => self.to_string().parse().unwrap_or(0.0),
        }
    }

    /// The nearest integer, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.rescale(0)?.coefficient).ok()
    }

    /// The nearest integer, if it fits.
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.rescale(0)?.coefficient).ok()
    }

    /// Whether it is 0, whatever the scale.
    pub fn is_zero(self) -> bool {
        self.coefficient.is_zero()
    }

    /// Whether it is below 0.
    pub fn is_negative(self) -> bool {
        self.coefficient.is_negative()
    }

    /// Digits of the coefficient without leading zeros; 0 has one.
    pub fn digits(self) -> u8 {
        digits_of(self.coefficient)
    }

    /// Digits before the point, without leading zeros; below 1 it has none.
    pub fn integer_digits(self) -> u8 {
        if self.is_zero() { 0 } else { self.digits().saturating_sub(self.scale) }
    }

    /// The numeric order: 1.50 equals 1.5.
    pub fn compare(self, other: Self) -> Ordering {
        if self.scale == other.scale {
            return self.coefficient.cmp(&other.coefficient);
        }
        let scale = self.scale.max(other.scale);
        arithmetic::align(self, scale).cmp(&arithmetic::align(other, scale))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Decimal::from_i128(value.into(), 0)
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Decimal::from_i128(value.into(), 0)
    }
}

impl std::ops::Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Decimal { coefficient: -self.coefficient, scale: self.scale }
    }
}

fn digits_of(coefficient: I256) -> u8 {
    match i128::try_from(coefficient) {
        Ok(0) => 1,
        Ok(small) => small.unsigned_abs().ilog10() as u8 + 1,
        Err(_) => coefficient.unsigned_abs().ilog10() as u8 + 1,
    }
}

/// `10^exponent` for exponents up to 38.
fn power_i128(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent))
}

/// `10^exponent`: 153 digits have room.
fn power(exponent: u32) -> I512 {
    const TEN: I512 = I512::from_le_bytes({
        let mut bytes = [0; 64];
        bytes[0] = 10;
        bytes
    });
    if exponent <= 38 { 10i128.pow(exponent).as_() } else { TEN.pow(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn comparison_is_numeric_over_scales() {
        for (a, b, expected) in [
            ("1.50", "1.5", Ordering::Equal),
            ("-0.1", "-0.10000000001", Ordering::Greater),
            ("99999999999999999999999999999999999", "0.000000000000000000000000000001", Ordering::Greater),
            (
                "-99999999999999999999999999999999999999999999999999999999999999999",
                "0.000000000000000000000000000000",
                Ordering::Less,
            ),
            ("0.00", "0", Ordering::Equal),
        ] {
            assert_eq!(decimal(a).compare(decimal(b)), expected, "{a} and {b}");
            assert_eq!(decimal(b).compare(decimal(a)), expected.reverse(), "{b} and {a}");
        }
    }

    #[test]
    fn conversions_round_half_away_from_zero_and_refuse_what_has_no_room() {
        assert_eq!(decimal("2.5").to_i64(), Some(3));
        assert_eq!(decimal("-2.5").to_i64(), Some(-3));
        assert_eq!(decimal("9223372036854775807.5").to_i64(), None);
        assert_eq!(decimal("9223372036854775807.5").to_u64(), Some(1 << 63));
        assert_eq!(decimal("0.1").to_f64(), 0.1);
        assert_eq!(decimal("123456789012345678901234567890.5").to_f64(), 123456789012345678901234567890.5);
        assert_eq!(Decimal::from_f64(1.005, 2), Some(decimal("1.01")));
        assert_eq!(Decimal::from_f64(1e70, 0), None);
    }

    #[test]
    fn digits_are_counted_without_leading_zeros() {
        for (text, digits, integer) in [("0", 1, 0), ("0.05", 1, 0), ("12.30", 4, 2), ("-999", 3, 3)] {
            assert_eq!((decimal(text).digits(), decimal(text).integer_digits()), (digits, integer), "{text}");
        }
    }
}
