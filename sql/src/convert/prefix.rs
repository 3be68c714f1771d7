//! Reads the number at the beginning of a text, as every implicit conversion does (`'1abc' + 1` is 2).
//!
//! Each function also says whether something else than blanks followed, or the number had no room.

use bnum::cast::As;
use bnum::types::I256;
use dag::decimal::{Decimal, MAX_DIGITS, MAX_SCALE};

/// Parts of `[sign]digits[.digits][e[sign]digits]`, and what is left.
struct Parts<'a> {
    mantissa: &'a str,
    exponent: i32,
    whole: &'a str,
    rest: &'a str,
}

fn parts(text: &str) -> Parts<'_> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut count = whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        count += fraction;
        if count > 0 {
            end += 1 + fraction;
        }
    }
    if count == 0 {
        return Parts { mantissa: "", exponent: 0, whole: "", rest: text };
    }
    let (exponent, past) = exponent(text, end);
    Parts { mantissa: &text[..end], exponent, whole: &text[..past], rest: &text[past..] }
}

fn exponent(text: &str, at: usize) -> (i32, usize) {
    let bytes = text.as_bytes();
    if !matches!(bytes.get(at), Some(b'e' | b'E')) {
        return (0, at);
    }
    let sign = usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
    let start = at + 1 + sign;
    let count = bytes[start.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return (0, at);
    }
    let magnitude = text[start..start + count].parse::<i32>().unwrap_or(i32::MAX / 2);
    (if bytes[at + 1] == b'-' { -magnitude } else { magnitude }, start + count)
}

fn leftover(parts: &Parts<'_>) -> bool {
    parts.whole.is_empty() || !parts.rest.trim_ascii().is_empty()
}

/// As DOUBLE.
pub fn double_prefix(text: &str) -> (f64, bool) {
    let parts = parts(text);
    let value = parts.whole.parse::<f64>().unwrap_or(0.0);
    if value.is_infinite() {
        return (f64::MAX.copysign(value), true);
    }
    // One form of zero: -0.0 is 0.0 (R40).
    (value + 0.0, leftover(&parts))
}

/// As DECIMAL; digits past the 30th after the point are rounded, numbers past 65 digits are clipped.
pub fn decimal_prefix(text: &str) -> (Decimal, bool) {
    let parts = parts(text);
    if parts.whole.is_empty() {
        return (Decimal::ZERO, true);
    }
    match Decimal::parse(parts.mantissa).and_then(|m| shift(m, parts.exponent)) {
        Some(value) => (value, leftover(&parts)),
        None => (largest(parts.mantissa.starts_with('-')), true),
    }
}

/// `value * 10^exponent`.
fn shift(value: Decimal, exponent: i32) -> Option<Decimal> {
    if exponent == 0 || value.is_zero() {
        return Some(value);
    }
    let scale = i32::from(value.scale).checked_sub(exponent)?;
    match u8::try_from(scale) {
        Ok(scale) if scale <= MAX_SCALE => Some(Decimal { scale, ..value }),
        Ok(_) => {
            let drop = scale - i32::from(MAX_SCALE);
            // More digits dropped than there are leaves nothing.
            let drop = u8::try_from(drop).ok().filter(|d| *d <= MAX_DIGITS);
            let Some(drop) = drop else { return Some(Decimal::ZERO) };
            let base = Decimal { scale: 0, ..value };
            let rounded = divide_power(base, drop)?;
            Some(Decimal { scale: MAX_SCALE, ..rounded })
        }
        Err(_) if scale > 0 => Some(Decimal::ZERO),
        Err(_) => {
            let zeros = u8::try_from(-scale).ok().filter(|z| *z <= MAX_DIGITS)?;
            let power: I256 = 10i128.as_();
            let raised = value.coefficient.checked_mul(power.checked_pow(zeros.into())?)?;
            Decimal::new(raised, 0)
        }
    }
}

/// `value / 10^digits` rounded to an integer.
fn divide_power(value: Decimal, digits: u8) -> Option<Decimal> {
    let mut rest = digits;
    let mut at = value;
    while rest > 0 {
        let step = rest.min(MAX_SCALE);
        let scaled = Decimal { scale: step, ..at };
        at = if rest > step { scaled.truncate(0) } else { scaled.rescale(0)? };
        rest -= step;
    }
    Some(at)
}

/// The greatest magnitude a DECIMAL has.
pub fn largest(negative: bool) -> Decimal {
    let digits = "9".repeat(usize::from(MAX_DIGITS));
    let value = Decimal::parse(&digits).unwrap_or(Decimal::ZERO);
    if negative { -value } else { value }
}

/// As an integer: digits only, so `'12.7'` is 12 with something left over.
pub fn integer_prefix(text: &str) -> (i128, bool) {
    let text = text.trim_ascii_start();
    let bytes = text.as_bytes();
    let sign = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    let count = bytes[sign..].iter().take_while(|b| b.is_ascii_digit()).count();
    // 39 digits and more are past any integer type; the caller clips.
    let magnitude = text[sign..sign + count].parse::<i128>().unwrap_or(if count == 0 { 0 } else { i128::MAX });
    let value = if bytes.first() == Some(&b'-') { -magnitude } else { magnitude };
    (value, count == 0 || !text[sign + count..].trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_front_is_read() {
        for (text, double, decimal, integer, whole) in [
            ("12", 12.0, "12", 12, true),
            (" 12.7 ", 12.7, "12.7", 12, true),
            ("1abc", 1.0, "1", 1, false),
            ("abc", 0.0, "0", 0, false),
            ("", 0.0, "0", 0, false),
            (".5", 0.5, "0.5", 0, true),
            ("-1.5e2x", -150.0, "-150", -1, false),
            ("1e-3", 0.001, "0.001", 1, true),
            ("1e", 1.0, "1", 1, false),
            ("+7", 7.0, "7", 7, true),
        ] {
            assert_eq!(double_prefix(text), (double, !whole), "{text}");
            assert_eq!(decimal_prefix(text).0.to_string(), decimal, "{text}");
            assert_eq!(integer_prefix(text).0, integer, "{text}");
        }
        assert_eq!(double_prefix("1e999"), (f64::MAX, true));
        assert_eq!(decimal_prefix("1e70"), (largest(false), true));
        assert_eq!(decimal_prefix("1e-40").0.to_f64(), 0.0);
    }
}
