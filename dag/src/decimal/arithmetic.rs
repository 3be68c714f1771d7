//! Exact arithmetic with the result's scale given by the caller; products and quotients in 512 bits.
//!
//! Promises: `None` is overflow past 65 digits (or a zero divisor), never a wrapped number. Native 128-bit integers
//! take every case that provably fits them.

use super::{Decimal, MAX_SCALE, power, power_i128};
use bnum::cast::As;
use bnum::types::{I256, I512};

/// Coefficients below this leave room for one addition in 128 bits.
const NATIVE_SUM: i128 = i128::MAX / 2;

/// The coefficient the value has at a scale that is not below its own.
pub(super) fn align(value: Decimal, scale: u8) -> I512 {
    let wide: I512 = value.coefficient.as_();
    wide * power(u32::from(scale - value.scale))
}

fn align_native(value: Decimal, scale: u8) -> Option<i128> {
    let native = i128::try_from(value.coefficient).ok()?;
    let aligned = native.checked_mul(power_i128(scale - value.scale))?;
    (-NATIVE_SUM..=NATIVE_SUM).contains(&aligned).then_some(aligned)
}

/// `numerator / divisor`, half away from zero; the divisor is not zero.
fn divide_native(numerator: i128, divisor: i128) -> Option<i128> {
    let quotient = numerator.checked_div(divisor)?;
    let rest = (numerator % divisor).unsigned_abs();
    let away = if (numerator < 0) == (divisor < 0) { 1 } else { -1 };
    Some(if rest >= divisor.unsigned_abs() - rest { quotient + away } else { quotient })
}

/// As [`divide_native`]; magnitudes stay far below 2^511.
fn divide(numerator: I512, divisor: I512) -> I512 {
    let quotient = numerator / divisor;
    let rest = (numerator % divisor).unsigned_abs();
    let one = power(0);
    if rest >= divisor.unsigned_abs() - rest {
        if numerator.is_negative() == divisor.is_negative() { quotient + one } else { quotient - one }
    } else {
        quotient
    }
}

fn narrow(wide: I512, scale: u8) -> Option<Decimal> {
    let narrow: I256 = wide.as_();
    let back: I512 = narrow.as_();
    if back == wide { Decimal::new(narrow, scale) } else { None }
}

/// `coefficient / 10^from` at scale `to`.
fn settle(coefficient: I512, from: u32, to: u8) -> Option<Decimal> {
    let wanted = u32::from(to);
    let scaled = match wanted.checked_sub(from) {
        Some(more) => coefficient.checked_mul(power(more))?,
        None => divide(coefficient, power(from - wanted)),
    };
    narrow(scaled, to)
}

/// As [`settle`], in 128 bits; `None` if it may not fit.
fn settle_native(coefficient: i128, from: u32, to: u8) -> Option<i128> {
    let wanted = u32::from(to);
    match wanted.checked_sub(from) {
        Some(more) => coefficient.checked_mul(10i128.checked_pow(more)?),
        None => divide_native(coefficient, 10i128.checked_pow(from - wanted)?),
    }
}

impl Decimal {
    /// The same number at another scale, rounded half away from zero; `None` if it has no room.
    pub fn rescale(self, scale: u8) -> Option<Self> {
        if scale == self.scale {
            return Some(self);
        }
        if scale > MAX_SCALE {
            return None;
        }
        let from = u32::from(self.scale);
        match i128::try_from(self.coefficient).ok().and_then(|c| settle_native(c, from, scale)) {
            Some(native) => Some(Decimal::from_i128(native, scale)),
            None => settle(self.coefficient.as_(), from, scale),
        }
    }

    /// The same number with the digits past `scale` dropped, towards zero.
    pub fn truncate(self, scale: u8) -> Self {
        if scale >= self.scale {
            return self;
        }
        let divisor: I256 = power(u32::from(self.scale - scale)).as_();
        Decimal { coefficient: self.coefficient / divisor, scale }
    }

    /// `self + other`.
    pub fn add(self, other: Self, scale: u8) -> Option<Self> {
        let common = self.scale.max(other.scale);
        if let (Some(a), Some(b)) = (align_native(self, common), align_native(other, common)) {
            return Decimal::from_i128(a + b, common).rescale(scale);
        }
        settle(align(self, common) + align(other, common), u32::from(common), scale)
    }

    /// `self - other`.
    pub fn sub(self, other: Self, scale: u8) -> Option<Self> {
        self.add(-other, scale)
    }

    /// `self * other`.
    pub fn mul(self, other: Self, scale: u8) -> Option<Self> {
        let from = u32::from(self.scale) + u32::from(other.scale);
        let native = i128::try_from(self.coefficient).ok().zip(i128::try_from(other.coefficient).ok());
        let product = native.and_then(|(a, b)| a.checked_mul(b)).and_then(|p| settle_native(p, from, scale));
        match product {
            Some(native) if scale <= MAX_SCALE => Some(Decimal::from_i128(native, scale)),
            _ => {
                let (a, b): (I512, I512) = (self.coefficient.as_(), other.coefficient.as_());
                settle(a * b, from, scale)
            }
        }
    }

    /// `self / other`; `None` also for a zero divisor.
    pub fn div(self, other: Self, scale: u8) -> Option<Self> {
        if other.is_zero() || scale > MAX_SCALE {
            return None;
        }
        // coefficient / 10^s1 / (other / 10^s2) at scale: coefficient * 10^(scale + s2 - s1) / other.
        let up = u32::from(scale) + u32::from(other.scale);
        let down = u32::from(self.scale);
        let (raise, lower) = (up.saturating_sub(down), down.saturating_sub(up));
        if let Some(native) = divide_scaled_native(self.coefficient, other.coefficient, raise, lower) {
            return Some(Decimal::from_i128(native, scale));
        }
        let (a, b): (I512, I512) = (self.coefficient.as_(), other.coefficient.as_());
        narrow(divide(a * power(raise), b * power(lower)), scale)
    }

    /// What is left of `self` after taking `other` a whole number of times; has the sign of `self`. `None` also for
    /// a zero divisor.
    pub fn rem(self, other: Self, scale: u8) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let common = self.scale.max(other.scale);
        if let (Some(a), Some(b)) = (align_native(self, common), align_native(other, common)) {
            return Decimal::from_i128(a % b, common).rescale(scale);
        }
        settle(align(self, common) % align(other, common), u32::from(common), scale)
    }

    /// How many whole times `other` goes into `self` (DIV), towards zero; `None` also for a zero divisor.
    pub fn div_whole(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        let common = self.scale.max(other.scale);
        narrow(align(self, common) / align(other, common), 0)
    }
}

fn divide_scaled_native(a: I256, b: I256, raise: u32, lower: u32) -> Option<i128> {
    let numerator = i128::try_from(a).ok()?.checked_mul(10i128.checked_pow(raise)?)?;
    let divisor = i128::try_from(b).ok()?.checked_mul(10i128.checked_pow(lower)?)?;
    divide_native(numerator, divisor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn results_have_the_scale_asked_for() {
        let nines = "9".repeat(65);
        for (what, result, expected) in [
            ("add", decimal("1.5").add(decimal("2.25"), 2), Some("3.75")),
            ("add rounds", decimal("1.5").add(decimal("2.25"), 1), Some("3.8")),
            ("sub", decimal("1").sub(decimal("1.001"), 3), Some("-0.001")),
            ("mul", decimal("-1.5").mul(decimal("1.5"), 2), Some("-2.25")),
            ("mul rounds away", decimal("-1.5").mul(decimal("1.5"), 1), Some("-2.3")),
            ("mul wide", decimal(&nines).mul(decimal("0.1"), 1), Some(&*format!("{}.9", "9".repeat(64)))),
            ("mul overflows", decimal(&nines).mul(decimal(&nines), 0), None),
            ("add overflows", decimal(&nines).add(decimal("1"), 0), None),
            ("div", decimal("2").div(decimal("3"), 4), Some("0.6667")),
            ("div negative", decimal("-2").div(decimal("3"), 4), Some("-0.6667")),
            ("div half", decimal("1").div(decimal("-8"), 2), Some("-0.13")),
            ("div wide", decimal(&nines).div(decimal(&nines), 30), Some("1.000000000000000000000000000000")),
            ("div by zero", decimal("1").div(decimal("0.00"), 4), None),
            ("rem", decimal("-7.5").rem(decimal("2"), 1), Some("-1.5")),
            ("rem wide", decimal(&nines).rem(decimal("10"), 0), Some("9")),
            ("whole", decimal("-7.5").div_whole(decimal("2")), Some("-3")),
            ("rescale", decimal("1.005").rescale(2), Some("1.01")),
            ("rescale up", decimal("-1").rescale(3), Some("-1.000")),
            ("rescale has no room", decimal(&nines).rescale(1), None),
            ("rescale past the limit", decimal("1").rescale(31), None),
            ("truncate", Some(decimal("-1.999").truncate(1)), Some("-1.9")),
        ] {
            assert_eq!(result.map(|d| d.to_string()), expected.map(str::to_owned), "{what}");
        }
    }

    proptest! {
        #[test]
        fn native_and_wide_paths_agree(a in any::<i64>(), b in any::<i64>(), sa in 0u8..10, sb in 0u8..10, to in 0u8..12) {
            let (x, y) = (Decimal::from_i128(a.into(), sa), Decimal::from_i128(b.into(), sb));
            let wide = |v: i64| -> I512 { v.as_() };
            let product = settle(wide(a) * wide(b), u32::from(sa + sb), to);
            prop_assert_eq!(x.mul(y, to), product);
            let common = sa.max(sb);
            prop_assert_eq!(x.add(y, to), settle(align(x, common) + align(y, common), u32::from(common), to));
        }
    }
}
