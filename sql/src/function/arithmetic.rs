//! `+ - * / DIV %` and the sign: exact where both sides are (MySQL 8.0 manual, 14.6.1 and 14.24).

use super::result::{Typed, nullable};
use super::{Call, Function};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Type};
use crate::types;
use dag::decimal::{Decimal, MAX_SCALE};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("+", (2, 2), |a| Ok(types::arithmetic('+', &a[0].ty, &a[1].ty)), add),
    Function::new("-", (1, 2), difference, subtract),
    Function::new("*", (2, 2), |a| Ok(types::arithmetic('*', &a[0].ty, &a[1].ty)), multiply),
    Function::new("/", (2, 2), |a| Ok(types::quotient(&a[0].ty, &a[1].ty)), divide),
    Function::new("DIV", (2, 2), |a| Ok(types::integer_division(&a[0].ty, &a[1].ty)), divide_whole),
    Function::new("%", (2, 2), |a| Ok(types::remainder(&a[0].ty, &a[1].ty)), modulo),
    Function::new("MOD", (2, 2), |a| Ok(types::remainder(&a[0].ty, &a[1].ty)), modulo),
];

/// Digits in one word of MySQL's decimals: its division keeps whole words after the point.
const WORD: u8 = 9;

fn difference(arguments: &[Expression]) -> Typed {
    match arguments {
        [left, right] => Ok(types::arithmetic('-', &left.ty, &right.ty)),
        _ => {
            let ty = &arguments[0].ty;
            let negated = match ty.kind {
                Kind::Decimal { precision, scale } => Type::decimal(precision, scale),
                Kind::Integer { .. } => Type { length: ty.length + 1, ..Type::bigint() },
                _ => types::arithmetic('-', &Type::bigint(), ty),
            };
            Ok(negated.nullable(nullable(arguments)))
        }
    }
}

fn out_of_range(call: &Call<'_>, sign: &str) -> SqlError {
    let kind = match call.result.kind {
        Kind::Integer { unsigned: true, .. } => "BIGINT UNSIGNED",
        Kind::Integer { .. } => "BIGINT",
        Kind::Decimal { .. } => "DECIMAL",
        _ => "DOUBLE",
    };
    let shown = |i: usize| call.text(i).unwrap_or_default();
    let what =
        if call.count() == 1 { format!("-({})", shown(0)) } else { format!("({} {sign} {})", shown(0), shown(1)) };
    SqlError::new(1690, format!("{kind} value is out of range in '{what}'"))
}

/// An integer result in the signedness of the result's type.
fn whole(call: &Call<'_>, value: Option<i128>, sign: &str) -> Result<Value, SqlError> {
    let unsigned = matches!(call.result.kind, Kind::Integer { unsigned: true, .. });
    let fitting = value.and_then(|n| {
        if unsigned { u64::try_from(n).ok().map(Value::UInt) } else { i64::try_from(n).ok().map(Value::Int) }
    });
    fitting.ok_or_else(|| out_of_range(call, sign))
}

fn wide(call: &mut Call<'_>, index: usize) -> i128 {
    match &call.arguments[index] {
        Value::Int(n) => i128::from(*n),
        Value::UInt(n) => i128::from(*n),
        value => convert::integer(value, &call.expressions[index].ty, call.context),
    }
}

fn decimals(call: &mut Call<'_>) -> (Decimal, Decimal) {
    let [left, right] = [0, 1].map(|i| call.decimal(i).unwrap_or(Decimal::ZERO));
    (left, right)
}

fn doubles(call: &mut Call<'_>) -> (f64, f64) {
    let [left, right] = [0, 1].map(|i| call.double(i).unwrap_or(0.0));
    (left, right)
}

/// Finite, and never -0.0 (R40).
pub(super) fn finite(value: f64) -> Option<Value> {
    value.is_finite().then_some(Value::Double(value + 0.0))
}

/// The three operations that differ only in how they combine.
fn combine(
    call: &mut Call<'_>,
    sign: &str,
    integers: fn(i128, i128) -> Option<i128>,
    exact: fn(Decimal, Decimal) -> Option<Decimal>,
    floating: fn(f64, f64) -> f64,
) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    match call.result.kind {
        Kind::Integer { .. } => {
            let (left, right) = (wide(call, 0), wide(call, 1));
            whole(call, integers(left, right), sign)
        }
        Kind::Decimal { .. } => {
            let (left, right) = decimals(call);
            exact(left, right).map(Value::Decimal).ok_or_else(|| out_of_range(call, sign))
        }
        _ => {
            let (left, right) = doubles(call);
            finite(floating(left, right)).ok_or_else(|| out_of_range(call, sign))
        }
    }
}

fn add(call: &mut Call<'_>) -> Result<Value, SqlError> {
    combine(call, "+", i128::checked_add, |a, b| a.add(b, a.scale.max(b.scale)), |a, b| a + b)
}

fn subtract(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 1 {
        return negate(call);
    }
    combine(call, "-", i128::checked_sub, |a, b| a.sub(b, a.scale.max(b.scale)), |a, b| a - b)
}

fn multiply(call: &mut Call<'_>) -> Result<Value, SqlError> {
    combine(call, "*", i128::checked_mul, |a, b| a.mul(b, (a.scale + b.scale).min(MAX_SCALE)), |a, b| a * b)
}

fn negate(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    match call.result.kind {
        Kind::Integer { .. } => {
            let value = -wide(call, 0);
            whole(call, Some(value), "-")
        }
        Kind::Decimal { .. } => Ok(call.decimal(0).map_or(Value::Null, |d| Value::Decimal(-d))),
        _ => Ok(call.double(0).map_or(Value::Null, |d| Value::Double(-d + 0.0))),
    }
}

/// Division by zero gives NULL and, by sql_mode, warning 1365.
fn by_zero(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.context.session().sql_mode.error_for_division_by_zero {
        call.context.warn(1365, "Division by 0".to_owned());
    }
    Ok(Value::Null)
}

fn divide(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    if let Kind::Decimal { .. } = call.result.kind {
        let (left, right) = decimals(call);
        if right.is_zero() {
            return by_zero(call);
        }
        return quotient(left, right).map(Value::Decimal).ok_or_else(|| out_of_range(call, "/"));
    }
    let (left, right) = doubles(call);
    if right == 0.0 {
        return by_zero(call);
    }
    finite(left / right).ok_or_else(|| out_of_range(call, "/"))
}

/// The quotient with the digits MySQL keeps: whole words after the point, the rest dropped. More than the type shows;
/// rendering and storing round, so that `1 / 3 * 3` is 1.0000.
pub(crate) fn quotient(left: Decimal, right: Decimal) -> Option<Decimal> {
    let words = |digits: u8| digits.div_ceil(WORD) * WORD;
    let (f1, f2) = (words(left.scale), words(right.scale));
    let spare = (f1 - left.scale) + (f2 - right.scale);
    let more = types::DIVISION_INCREMENT.saturating_sub(spare);
    let scale = words(f1 + f2 + more).min(MAX_SCALE);
    // One digit more, then cut: MySQL drops digits where `div` rounds.
    let precise = if scale < MAX_SCALE { left.div(right, scale + 1).map(|q| q.truncate(scale)) } else { None };
    let shown = (left.scale + types::DIVISION_INCREMENT).min(MAX_SCALE);
    precise.or_else(|| left.div(right, scale)).or_else(|| left.div(right, shown)).or_else(|| left.div(right, 0))
}

fn divide_whole(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    let exact = |ty: &Type| matches!(ty.kind, Kind::Integer { .. } | Kind::Year) || ty.is_hex_literal();
    if exact(call.ty(0)) && exact(call.ty(1)) {
        let (left, right) = (wide(call, 0), wide(call, 1));
        return if right == 0 { by_zero(call) } else { whole(call, Some(left / right), "DIV") };
    }
    let (left, right) = decimals(call);
    if right.is_zero() {
        return by_zero(call);
    }
    let scale = left.scale.max(right.scale);
    let quotient = left.rem(right, scale).and_then(|rest| left.sub(rest, scale)).and_then(|even| even.div(right, 0));
    let value = quotient.and_then(|q| i128::try_from(q.coefficient).ok());
    whole(call, value, "DIV")
}

fn modulo(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.any_null() {
        return Ok(Value::Null);
    }
    match call.result.kind {
        Kind::Integer { .. } => {
            let (left, right) = (wide(call, 0), wide(call, 1));
            if right == 0 { by_zero(call) } else { whole(call, left.checked_rem(right), "%") }
        }
        Kind::Decimal { .. } => {
            let (left, right) = decimals(call);
            match left.rem(right, left.scale.max(right.scale)) {
                Some(rest) => Ok(Value::Decimal(rest)),
                None => by_zero(call),
            }
        }
        _ => {
            let (left, right) = doubles(call);
            if right == 0.0 { by_zero(call) } else { Ok(Value::Double(left % right + 0.0)) }
        }
    }
}
