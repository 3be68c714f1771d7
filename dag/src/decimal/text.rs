//! Decimals as text: digits, a point, digits. Exponents and blanks are `sql`'s to deal with.

use super::{Decimal, MAX_DIGITS, MAX_SCALE};
use bnum::cast::As;
use bnum::types::I256;
use std::fmt;

/// Longest coefficient that an `i128` always holds.
const NATIVE_DIGITS: usize = 38;

impl Decimal {
    /// Reads `[+-]digits[.digits]`. More digits after the point than there is room for are rounded; `None` if the
    /// text is not of that form or the integer part has more than [`MAX_DIGITS`] digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (integer, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if integer.len() + fraction.len() == 0 || !all_digits(integer) || !all_digits(fraction) {
            return None;
        }
        let value = from_digits(integer.trim_start_matches('0'), fraction)?;
        Some(if negative { -value } else { value })
    }
}

/// `integer` has no leading zeros.
fn from_digits(integer: &str, fraction: &str) -> Option<Decimal> {
    let room = usize::from(MAX_DIGITS).checked_sub(integer.len())?;
    let kept = fraction.len().min(room).min(usize::from(MAX_SCALE));
    let mut coefficient = join(integer, &fraction[..kept])?;
    if fraction.as_bytes().get(kept).is_some_and(|&next| next >= b'5') {
        let one: I256 = 1i128.as_();
        coefficient += one;
    }
    Decimal::new(coefficient, kept as u8)
}

fn join(integer: &str, fraction: &str) -> Option<I256> {
    if integer.len() + fraction.len() <= NATIVE_DIGITS {
        let native = integer.bytes().chain(fraction.bytes()).fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
        return Some(native.as_());
    }
    I256::from_str_radix(&format!("{integer}{fraction}"), 10).ok()
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = match i128::try_from(self.coefficient) {
            Ok(native) => format!("{:0>width$}", native.unsigned_abs(), width = scale + 1),
            Err(_) => format!("{:0>width$}", self.coefficient.unsigned_abs().to_string(), width = scale + 1),
        };
        let (integer, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        f.pad_integral(!self.is_negative(), "", &format!("{integer}{point}{fraction}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_and_prints_back() {
        for (text, printed) in [
            ("1.50", "1.50"),
            ("-0.1", "-0.1"),
            ("+007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("0.0000000000000000000000000000005", "0.000000000000000000000000000001"),
            ("12345678901234567890123456789012345678901.25", "12345678901234567890123456789012345678901.25"),
            (
                "-99999999999999999999999999999999999.999999999999999999999999999999",
                "-99999999999999999999999999999999999.999999999999999999999999999999",
            ),
        ] {
            assert_eq!(Decimal::parse(text).expect(text).to_string(), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1e3", " 1", "1.2.3", "--1", "٣", &"9".repeat(66)] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        let carried = format!("{}.9", "9".repeat(65));
        assert_eq!(Decimal::parse(&carried), None, "rounding may need a digit more than there is room for");
    }
}
