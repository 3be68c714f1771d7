//! Mathematics on doubles: powers, logarithms, trigonometry, random numbers, number bases (MySQL 8.0 manual, 14.6.2).

use super::arithmetic::finite;
use super::result::{double, long_text, small};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::{Node, Type};
use crate::render;
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("POW", (2, 2), double, pow),
    Function::new("POWER", (2, 2), double, pow),
    Function::new("SQRT", (1, 1), double, |c| map(c, f64::sqrt)),
    Function::new("EXP", (1, 1), double, exp),
    Function::new("LN", (1, 1), double, |c| logarithm(c, f64::ln)),
    Function::new("LOG2", (1, 1), double, |c| logarithm(c, f64::log2)),
    Function::new("LOG10", (1, 1), double, |c| logarithm(c, f64::log10)),
    Function::new("LOG", (1, 2), double, log),
    Function::new("SIN", (1, 1), double, |c| map(c, f64::sin)),
    Function::new("COS", (1, 1), double, |c| map(c, f64::cos)),
    Function::new("TAN", (1, 1), double, |c| map(c, f64::tan)),
    Function::new("COT", (1, 1), double, cot),
    Function::new("ASIN", (1, 1), double, |c| map(c, f64::asin)),
    Function::new("ACOS", (1, 1), double, |c| map(c, f64::acos)),
    Function::new("ATAN", (1, 2), double, atan),
    Function::new("ATAN2", (2, 2), double, atan),
    Function::new("DEGREES", (1, 1), double, |c| map(c, f64::to_degrees)),
    Function::new("RADIANS", (1, 1), double, |c| map(c, f64::to_radians)),
    Function::new(
        "PI",
        (0, 0),
        |_| Ok(Type { length: 8, ..Type::double() }.nullable(false)),
        |_| Ok(Value::Double(std::f64::consts::PI)),
    ),
    Function::new("RAND", (0, 1), |_| Ok(Type::double().nullable(false)), rand).volatile(),
    Function::new("CONV", (3, 3), |_| Ok(Type::text(64)), conv),
    Function::new("BIN", (1, 1), |_| Ok(Type::text(64)), |c| convert(c, 10, 2)),
    Function::new("OCT", (1, 1), |_| Ok(Type::text(64)), |c| convert(c, 10, 8)),
    Function::new("CRC32", (1, 1), small, crc32),
    Function::new("FORMAT", (2, 3), long_text, super::rounding::format_number),
];

/// NULL for arguments outside the function's domain.
fn map(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<Value, SqlError> {
    Ok(call.double(0).and_then(|x| finite(function(x))).unwrap_or(Value::Null))
}

fn out_of_range(what: &str) -> SqlError {
    SqlError::new(1690, format!("DOUBLE value is out of range in '{what}'"))
}

fn exp(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(x) = call.double(0) else { return Ok(Value::Null) };
    finite(x.exp()).ok_or_else(|| out_of_range(&format!("exp({})", render::double(x))))
}

fn pow(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(x), Some(y)) = (call.double(0), call.double(1)) else { return Ok(Value::Null) };
    finite(x.powf(y)).ok_or_else(|| out_of_range(&format!("pow({},{})", render::double(x), render::double(y))))
}

fn cot(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(x) = call.double(0) else { return Ok(Value::Null) };
    finite(1.0 / x.tan()).ok_or_else(|| out_of_range(&format!("cot({})", render::double(x))))
}

fn atan(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 1 {
        return map(call, f64::atan);
    }
    let (y, x) = (call.double(0), call.double(1));
    Ok(y.zip(x).and_then(|(y, x)| finite(y.atan2(x))).unwrap_or(Value::Null))
}

/// Only positive numbers have one: NULL and warning 3020 for the rest.
fn logarithm(call: &mut Call<'_>, function: fn(f64) -> f64) -> Result<Value, SqlError> {
    let Some(x) = call.double(0) else { return Ok(Value::Null) };
    if x <= 0.0 {
        return Ok(no_logarithm(call));
    }
    Ok(finite(function(x)).unwrap_or(Value::Null))
}

fn no_logarithm(call: &mut Call<'_>) -> Value {
    call.context.warn(3020, "Invalid argument for logarithm".to_owned());
    Value::Null
}

fn log(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 1 {
        return logarithm(call, f64::ln);
    }
    let (Some(base), Some(x)) = (call.double(0), call.double(1)) else { return Ok(Value::Null) };
    if base <= 0.0 || base == 1.0 || x <= 0.0 {
        return Ok(no_logarithm(call));
    }
    Ok(finite(x.ln() / base.ln()).unwrap_or(Value::Null))
}

/// Modulus of MySQL's generator: 2^30 - 1.
const RAND_MODULUS: u64 = 0x3fff_ffff;

/// RAND(): uniform in [0, 1). RAND(n): the first number of MySQL's generator for that seed.
fn rand(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 0 {
        // 53 bits: every value is an exact double.
        return Ok(Value::Double((call.context.random() >> 11) as f64 / (1u64 << 53) as f64));
    }
    let seed = call.int(0).unwrap_or(0) as u32;
    let constant = matches!(call.expressions[0].node, Node::Constant(_) | Node::Parameter(_));
    let place = call.expressions.as_ptr() as usize;
    match call.context.sequence(place).filter(|_| constant) {
        Some(kept) => {
            if kept.seed != Some(seed) {
                *kept = Sequence::new(seed);
            }
            Ok(Value::Double(kept.next()))
        }
        None => Ok(Value::Double(Sequence::new(seed).next())),
    }
}

/// The numbers that RAND(n) gives one after the other, MySQL's generator of old passwords.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    seed: Option<u32>,
    first: u64,
    second: u64,
}

impl Sequence {
    fn new(seed: u32) -> Sequence {
        let first = u64::from(seed.wrapping_mul(0x10001).wrapping_add(55_555_555)) % RAND_MODULUS;
        let second = u64::from(seed.wrapping_mul(0x1000_0001)) % RAND_MODULUS;
        Sequence { seed: Some(seed), first, second }
    }

    fn next(&mut self) -> f64 {
        self.first = (self.first * 3 + self.second) % RAND_MODULUS;
        self.second = (self.first + self.second + 33) % RAND_MODULUS;
        self.first as f64 / RAND_MODULUS as f64
    }
}

/// A number in any base; negative bases mean that the number is signed (manual, 14.6.2).
fn conv(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(from), Some(to)) = (call.int(1), call.int(2)) else { return Ok(Value::Null) };
    convert(call, from, to)
}

/// The number that the first argument's text begins with, in another base: a fraction is cut, never rounded.
fn convert(call: &mut Call<'_>, from: i64, to: i64) -> Result<Value, SqlError> {
    let Some(text) = call.text(0) else { return Ok(Value::Null) };
    let base = |n: i64| (2..=36).contains(&n.abs());
    if !base(from) || !base(to) {
        return Ok(Value::Null);
    }
    let trimmed = text.trim_ascii();
    let (negative, digits) = trimmed.strip_prefix('-').map_or((false, trimmed), |rest| (true, rest));
    let digits = if negative { digits } else { digits.strip_prefix('+').unwrap_or(digits) };
    let radix = from.unsigned_abs() as u32;
    let magnitude = digits
        .chars()
        .map_while(|c| c.to_digit(radix))
        .fold(0u64, |n, d| n.saturating_mul(u64::from(radix)).saturating_add(u64::from(d)));
    let number = if negative { magnitude.wrapping_neg() } else { magnitude };
    Ok(Value::text(if to < 0 && (number as i64) < 0 {
        format!("-{}", in_radix((number as i64).unsigned_abs(), to.unsigned_abs()))
    } else {
        in_radix(number, to.unsigned_abs())
    }))
}

fn in_radix(mut number: u64, radix: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = (number % radix) as u32;
        digits.push(char::from_digit(digit, radix as u32).unwrap_or('0').to_ascii_uppercase());
        number /= radix;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// CRC-32 as zlib and MySQL have it: reflected polynomial 0xEDB88320.
fn crc32(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bytes) = call.bytes(0) else { return Ok(Value::Null) };
    let sum = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    });
    Ok(Value::Int(i64::from(!sum)))
}
