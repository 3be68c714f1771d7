//! Floating point numbers as MySQL prints them: the shortest digits that read back the same, in MySQL's layout.

/// Beyond this many digits before the point (or zeros after it) the exponent form is used: DBL_DIG, as MySQL's
/// `my_gcvt` has it.
const MAX_POSITION: i32 = 15;

/// A DOUBLE.
pub fn double(value: f64) -> String {
    let mut buffer = ryu::Buffer::new();
    layout(buffer.format_finite(value))
}

/// A FLOAT.
pub fn float(value: f32) -> String {
    let mut buffer = ryu::Buffer::new();
    layout(buffer.format_finite(value))
}

/// Sign, digits, and where the decimal point stands among them: 0.d1d2... times 10^point.
fn split(shortest: &str) -> (bool, String, i32) {
    let (negative, body) = shortest.strip_prefix('-').map_or((false, shortest), |rest| (true, rest));
    let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let point = whole.len() as i32 - leading as i32 + exponent.parse::<i32>().unwrap_or(0);
    (negative, digits.trim_matches('0').to_owned(), point)
}

fn layout(shortest: &str) -> String {
    let (negative, digits, point) = split(shortest);
    if digits.is_empty() {
        return "0".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    let count = digits.len() as i32;
    if !(-MAX_POSITION + 1..=MAX_POSITION).contains(&point) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{dot}{rest}e{}", point - 1);
    }
    if point <= 0 {
        format!("{sign}0.{}{digits}", "0".repeat(-point as usize))
    } else if count <= point {
        format!("{sign}{digits}{}", "0".repeat((point - count) as usize))
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_mysql_prints_them() {
        // MariaDB 10.11: SELECT 0e0 + <value>.
        for (value, expected) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (1e14, "100000000000000"),
            (1e15, "1e15"),
            (123456789012345680.0, "1.2345678901234568e17"),
            (-2.5, "-2.5"),
            (1e-14, "0.00000000000001"),
            (1e-16, "1e-16"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
            (100.0, "100"),
            (1.5e300, "1.5e300"),
        ] {
            assert_eq!(double(value), expected);
        }
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(16777216.0), "16777216");
    }
}
