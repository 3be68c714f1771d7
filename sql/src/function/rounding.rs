//! ROUND, TRUNCATE, CEIL, FLOOR, ABS, SIGN and FORMAT: exact numbers stay exact (MySQL 8.0 manual, 14.6.2 and 14.24.4).

use super::result::{Typed, constant_int, nullable};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::types;
use dag::decimal::{Decimal, MAX_DIGITS, MAX_SCALE};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ROUND", (1, 2), rounded_type, |c| round(c, false)),
    Function::new("TRUNCATE", (2, 2), rounded_type, |c| round(c, true)),
    Function::new("CEIL", (1, 1), whole_type, |c| whole(c, true)),
    Function::new("CEILING", (1, 1), whole_type, |c| whole(c, true)),
    Function::new("FLOOR", (1, 1), whole_type, |c| whole(c, false)),
    Function::new("ABS", (1, 1), magnitude_type, abs),
    Function::new("SIGN", (1, 1), |a| Ok(Type::integer(2).nullable(nullable(a))), sign),
];

/// The numeric type an argument has as it takes part in mathematics.
fn number_type(ty: &Type) -> Type {
    types::arithmetic('+', ty, &Type::integer(1))
}

/// Digits before the point stay, with room for a carry; digits after it are what a constant second argument says.
fn rounded_type(arguments: &[Expression]) -> Typed {
    let from = number_type(&arguments[0].ty);
    let digits = if arguments.len() == 1 { Some(0) } else { constant_int(arguments.get(1)) };
    let ty = match from.kind {
        // Rounded up, 19 digits may be more than a BIGINT holds.
        Kind::Integer { .. } if arguments[0].ty.length >= 19 && digits.is_some_and(|d| d < 0) => Type::decimal(21, 0),
        Kind::Decimal { .. } => {
            let (precision, scale) = types::decimal_shape(&arguments[0].ty).unwrap_or((MAX_DIGITS, MAX_SCALE));
            let kept = digits.map_or(scale, |d| d.clamp(0, i64::from(MAX_SCALE)) as u8);
            Type::decimal((precision - scale + kept + u8::from(kept < scale)).clamp(kept.max(1), MAX_DIGITS), kept)
        }
        Kind::Integer { .. } => Type { length: arguments[0].ty.length, ..from },
        _ => from,
    };
    Ok(ty.nullable(nullable(arguments)))
}

fn whole_type(arguments: &[Expression]) -> Typed {
    let ty = match types::decimal_shape(&arguments[0].ty) {
        // Past 18 digits a BIGINT may not hold it.
        Some((precision, scale)) if scale > 0 || precision > 20 => {
            if precision - scale <= 18 {
                Type::bigint()
            } else {
                Type::decimal((precision - scale + 1).min(MAX_DIGITS), 0)
            }
        }
        Some(_) => number_type(&arguments[0].ty),
        None => Type::double(),
    };
    Ok(ty.nullable(nullable(arguments)))
}

fn magnitude_type(arguments: &[Expression]) -> Typed {
    let ty = match types::decimal_shape(&arguments[0].ty) {
        Some((precision, scale)) if scale > 0 || matches!(arguments[0].ty.kind, Kind::Decimal { .. }) => {
            Type::decimal(precision, scale)
        }
        _ => number_type(&arguments[0].ty),
    };
    Ok(ty.nullable(nullable(arguments)))
}

/// The integer of an argument in the result's signedness; 1690 if it does not fit.
fn integer_value(call: &Call<'_>, value: i128) -> Result<Value, SqlError> {
    let unsigned = matches!(call.result.kind, Kind::Integer { unsigned: true, .. });
    let fitting =
        if unsigned { u64::try_from(value).map(Value::UInt).ok() } else { i64::try_from(value).map(Value::Int).ok() };
    fitting.ok_or_else(|| SqlError::new(1690, format!("BIGINT value is out of range in '{value}'")))
}

fn round(call: &mut Call<'_>, truncate: bool) -> Result<Value, SqlError> {
    let digits = if call.count() > 1 { call.int(1) } else { Some(0) };
    let Some(digits) = digits.filter(|_| !call.arguments[0].is_null()) else { return Ok(Value::Null) };
    match call.result.kind {
        Kind::Integer { .. } => {
            let value = call.decimal(0).unwrap_or(Decimal::ZERO);
            let Ok(value) = i128::try_from(value.coefficient) else { return Ok(Value::Null) };
            integer_value(call, round_integer(value, digits, truncate))
        }
        Kind::Decimal { scale, .. } => {
            let value = call.decimal(0).unwrap_or(Decimal::ZERO);
            let rounded = round_decimal(value, digits, truncate);
            let wanted = if constant_int(call.expressions.get(1)).is_some() { scale } else { rounded.scale.max(scale) };
            Ok(Value::Decimal(rounded.rescale(wanted).unwrap_or(rounded)))
        }
        _ => Ok(call.double(0).map_or(Value::Null, |d| Value::Double(round_double(d, digits, truncate) + 0.0))),
    }
}

/// Negative digits round to tens, hundreds and so on.
fn round_integer(value: i128, digits: i64, truncate: bool) -> i128 {
    if digits >= 0 {
        return value;
    }
    // 10^20 is above every BIGINT.
    if digits < -20 {
        return 0;
    }
    let unit = 10i128.pow(digits.unsigned_abs() as u32);
    let half = if truncate { 0 } else { unit / 2 * value.signum() };
    (value + half) / unit * unit
}

fn round_decimal(value: Decimal, digits: i64, truncate: bool) -> Decimal {
    if digits >= 0 {
        let scale = digits.min(i64::from(value.scale)) as u8;
        return if truncate { value.truncate(scale) } else { value.rescale(scale).unwrap_or(value) };
    }
    let down = digits.unsigned_abs().min(u64::from(MAX_DIGITS)) as u32;
    let unit = Decimal::parse(&format!("1{}", "0".repeat(down as usize)));
    let quotient = unit.and_then(|unit| {
        let whole = if truncate { value.div(unit, MAX_SCALE)?.truncate(0) } else { value.div(unit, 0)? };
        whole.mul(unit, 0)
    });
    quotient.unwrap_or(Decimal::ZERO)
}

fn round_double(value: f64, digits: i64, truncate: bool) -> f64 {
    // Beyond these every double is whole, or zero.
    let digits = digits.clamp(-330, 330) as i32;
    let power = 10f64.powi(digits.abs());
    let scaled = if digits < 0 { value / power } else { value * power };
    let whole = if truncate { scaled.trunc() } else { scaled.round_ties_even() };
    if digits >= 0 && !scaled.is_finite() {
        return value;
    }
    if digits < 0 && !power.is_finite() {
        return 0.0;
    }
    if digits < 0 { whole * power } else { whole / power }
}

fn whole(call: &mut Call<'_>, up: bool) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    match call.result.kind {
        Kind::Double => {
            let value = call.double(0).unwrap_or(0.0);
            Ok(Value::Double(if up { value.ceil() } else { value.floor() } + 0.0))
        }
        ref kind => {
            let value = call.decimal(0).unwrap_or(Decimal::ZERO);
            let cut = value.truncate(0);
            let away = cut.compare(value).is_ne() && value.is_negative() != up;
            let one = Decimal::from(if up { 1i64 } else { -1 });
            let result = if away { cut.add(one, 0).unwrap_or(cut) } else { cut };
            if matches!(kind, Kind::Integer { .. }) {
                return integer_value(call, i128::try_from(result.coefficient).unwrap_or(i128::MAX));
            }
            Ok(Value::Decimal(result))
        }
    }
}

fn abs(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    match call.result.kind {
        Kind::Integer { .. } => {
            let value = call.decimal(0).and_then(|d| i128::try_from(d.coefficient).ok()).unwrap_or(0);
            integer_value(call, value.abs())
        }
        Kind::Decimal { .. } => {
            let value = call.decimal(0).unwrap_or(Decimal::ZERO);
            Ok(Value::Decimal(if value.is_negative() { -value } else { value }))
        }
        _ => Ok(call.double(0).map_or(Value::Null, |d| Value::Double(d.abs()))),
    }
}

fn sign(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(value) = call.double(0) else { return Ok(Value::Null) };
    Ok(Value::Int(if value > 0.0 { 1 } else { -i64::from(value < 0.0) }))
}

/// FORMAT(x, d): d digits after the point, thousands grouped by commas; the locale is en_US.
pub(super) fn format_number(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(digits) = call.int(1) else { return Ok(Value::Null) };
    if call.arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let digits = digits.clamp(0, i64::from(MAX_SCALE)) as u8;
    let exact = call.ty(0).is_numeric() && !matches!(call.ty(0).kind, Kind::Double | Kind::Float);
    let text = if exact {
        let value = call.decimal(0).unwrap_or(Decimal::ZERO);
        value.rescale(digits).unwrap_or(value).to_string()
    } else {
        let value = call.double(0).unwrap_or(0.0);
        format!("{:.*}", usize::from(digits), round_double(value, digits.into(), false))
    };
    Ok(Value::text(grouped(&text)))
}

fn grouped(number: &str) -> String {
    let (sign, body) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = body.split_once('.').map_or((body, ""), |(w, f)| (w, f));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}
