//! Numbers and temporals as the text protocol prints them, straight into the packet.

use dag::temporal::{Date, DateTime, Time};

/// Digits of a FLOAT that MySQL shows (FLT_DIG).
const FLOAT_DIGITS: usize = 6;
/// Widest exponent, either way, that is printed without `e` (DBL_DIG).
const PLAIN_EXPONENT: i32 = 15;

/// A signed integer.
pub(crate) fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// An unsigned integer.
pub(crate) fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// `width` digits with zeros in front.
fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut scale = 10u64.pow(width as u32 - 1);
    while scale > value && scale > 1 {
        out.push(b'0');
        scale /= 10;
    }
    unsigned(out, value);
}

/// A DOUBLE: the shortest digits that read back as it.
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    scientific(out, &format!("{value:e}"));
}

/// A FLOAT: at most six digits.
pub(crate) fn float(out: &mut Vec<u8>, value: f64) {
    scientific(out, &format!("{value:.*e}", FLOAT_DIGITS - 1));
}

/// Turns `-d.ddde±x` into MySQL's form: plain up to 15 places either way, `1.5e20` beyond.
fn scientific(out: &mut Vec<u8>, text: &str) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return out.push(b'0');
    }
    out.extend_from_slice(sign.as_bytes());
    let point = exponent + 1;
    if !(1 - PLAIN_EXPONENT..=PLAIN_EXPONENT).contains(&point) {
        with_point(out, digits, 1);
        out.push(b'e');
        return signed(out, exponent.into());
    }
    with_point(out, digits, point);
}

/// The digits with a point after `point` of them, filled with zeros on either side.
fn with_point(out: &mut Vec<u8>, digits: &str, point: i32) {
    let zeros = |out: &mut Vec<u8>, count: usize| out.extend(std::iter::repeat_n(b'0', count));
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => {
            out.extend_from_slice(digits.as_bytes());
            zeros(out, point - digits.len());
        }
        Ok(point) if point > 0 => {
            out.extend_from_slice(&digits.as_bytes()[..point]);
            out.push(b'.');
            out.extend_from_slice(&digits.as_bytes()[point..]);
        }
        _ => {
            out.extend_from_slice(b"0.");
            zeros(out, point.unsigned_abs() as usize);
            out.extend_from_slice(digits.as_bytes());
        }
    }
}

/// `2026-11-21`.
pub(crate) fn date(out: &mut Vec<u8>, date: Date) {
    padded(out, date.year().into(), 4);
    out.push(b'-');
    padded(out, date.month().into(), 2);
    out.push(b'-');
    padded(out, date.day().into(), 2);
}

/// `2026-11-21 04:05:06.789` with `decimals` digits after the point.
pub(crate) fn date_time(out: &mut Vec<u8>, value: DateTime, decimals: u8) {
    date(out, value.date());
    out.push(b' ');
    clock(out, value.micros(), decimals);
}

/// `-12:34:56.789` with `decimals` digits after the point.
pub(crate) fn time(out: &mut Vec<u8>, value: Time, decimals: u8) {
    if value.0 < 0 {
        out.push(b'-');
    }
    clock(out, value.0.unsigned_abs(), decimals);
}

fn clock(out: &mut Vec<u8>, micros: u64, decimals: u8) {
    let seconds = micros / 1_000_000;
    let hours = seconds / 3600;
    padded(out, hours, if hours > 99 { 3 } else { 2 });
    out.push(b':');
    padded(out, seconds / 60 % 60, 2);
    out.push(b':');
    padded(out, seconds % 60, 2);
    let decimals = decimals.min(6);
    if decimals > 0 {
        out.push(b'.');
        padded(out, micros % 1_000_000 / 10u64.pow(6 - u32::from(decimals)), decimals.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_as_mariadb_prints_them() {
        // SELECT CAST(... AS DOUBLE) on MariaDB 10.11.
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (1e14, "100000000000000"),
            (1e15, "1e15"),
            (1.5e20, "1.5e20"),
            (1e-14, "0.00000000000001"),
            (1e-15, "0.000000000000001"),
            (1e-16, "1e-16"),
            (-2.5e-20, "-2.5e-20"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (0.30000000000000004, "0.30000000000000004"),
        ];
        for (value, expected) in cases {
            assert_eq!(printed(|out| double(out, value)), expected);
        }
    }

    #[test]
    fn floats_show_six_digits() {
        for (value, expected) in [(1.2345678f32, "1.23457"), (16777216.0, "16777200"), (0.1, "0.1"), (1e20, "1e20")] {
            assert_eq!(printed(|out| float(out, value.into())), expected);
        }
    }

    #[test]
    fn integers_at_their_ends() {
        assert_eq!(printed(|out| signed(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(printed(|out| unsigned(out, u64::MAX)), "18446744073709551615");
        assert_eq!(printed(|out| signed(out, 0)), "0");
    }

    #[test]
    fn temporals_with_their_decimals() {
        let noon = DateTime::new(Date::new(2026, 11, 21), 43_200_000_000 + 7_089_001);
        assert_eq!(printed(|out| date_time(out, noon, 0)), "2026-11-21 12:00:07");
        assert_eq!(printed(|out| date_time(out, noon, 6)), "2026-11-21 12:00:07.089001");
        assert_eq!(printed(|out| date_time(out, noon, 2)), "2026-11-21 12:00:07.08");
        assert_eq!(printed(|out| time(out, Time(-3_020_399_000_000), 0)), "-838:59:59");
        assert_eq!(printed(|out| time(out, Time(1_000), 3)), "00:00:00.001");
        assert_eq!(printed(|out| date(out, Date::new(0, 0, 0))), "0000-00-00");
    }
}
