//! CAST and the conversions the binder puts in.

use super::{datetime, decimal, double, integer, prefix, round_to, time};
use crate::error::SqlError;
use crate::expression::{Kind, Type};
use crate::function::Context;
use crate::json;
use crate::render;
use dag::decimal::Decimal;
use dag::temporal::DateTime;
use dag::value::Value;

/// The value of CAST(`value` AS `to`). Errors: JSON that does not parse (3141).
pub fn cast(value: &Value, from: &Type, to: &Type, context: &mut dyn Context) -> Result<Value, SqlError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    Ok(match &to.kind {
        Kind::Null => Value::Null,
        Kind::Integer { unsigned, .. } => to_integer(value, from, *unsigned, context),
        Kind::Year => year(value, from, context),
        Kind::Decimal { precision, scale } => to_decimal(value, from, (*precision, *scale), context),
        Kind::Double => Value::Double(double(value, from, context)),
        Kind::Float => Value::Double(f64::from(double(value, from, context) as f32)),
        Kind::Text | Kind::Enum(_) | Kind::Set(_) => to_text(value, from, to, context),
        Kind::Binary => to_binary(value, from, to),
        Kind::Date => to_datetime(value, from, context).map_or(Value::Null, |d| Value::Date(d.date())),
        Kind::DateTime(_) => {
            to_datetime(value, from, context).map_or(Value::Null, |d| round_to(Value::DateTime(d), &to.kind))
        }
        Kind::Time(_) => time(value, from, context).map_or(Value::Null, |t| round_to(Value::Time(t), &to.kind)),
        Kind::Json => return json::of_value(value, from, true),
    })
}

fn to_integer(value: &Value, from: &Type, unsigned: bool, context: &mut dyn Context) -> Value {
    let wide = integer(value, from, context);
    let kind = if unsigned { "UNSIGNED" } else { "INTEGER" };
    if unsigned {
        if matches!(value, Value::Decimal(_)) && wide < 0 {
            // A DECIMAL has no two's complement.
            let shown = render::text(value, from).unwrap_or_default();
            context.warn(1292, format!("Truncated incorrect DECIMAL value: '{shown}'"));
            return Value::UInt(0);
        }
        // A negative number becomes its two's complement, with a warning where it was text (manual, 14.10).
        let clipped = wide.clamp(i128::from(i64::MIN), i128::from(u64::MAX));
        if clipped != wide {
            context.warn(1292, format!("Truncated incorrect {kind} value: '{wide}'"));
        } else if wide < 0 && !from.is_numeric() {
            context.warn(1105, "Cast to unsigned converted negative integer to its positive complement".to_owned());
        }
        return Value::UInt(clipped as u64);
    }
    // A number from BIGINT UNSIGNED keeps its bits; other numbers are clipped.
    if let (Value::UInt(n), true) = (value, from.is_numeric()) {
        return Value::Int(*n as i64);
    }
    let clipped = wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    if clipped != wide {
        context.warn(1292, format!("Truncated incorrect {kind} value: '{wide}'"));
    }
    Value::Int(clipped as i64)
}

fn year(value: &Value, from: &Type, context: &mut dyn Context) -> Value {
    match value {
        Value::Date(d) => Value::Int(d.year().into()),
        Value::DateTime(d) => Value::Int(d.date().year().into()),
        other => {
            super::store::year_number(integer(other, from, context), from.is_numeric()).map_or(Value::Null, Value::Int)
        }
    }
}

fn to_decimal(value: &Value, from: &Type, (precision, scale): (u8, u8), context: &mut dyn Context) -> Value {
    let exact = decimal(value, from, context);
    let rounded = exact.rescale(scale).filter(|d| d.integer_digits() <= precision - scale);
    Value::Decimal(rounded.unwrap_or_else(|| {
        let shown = render::text(value, from).unwrap_or_default();
        context.warn(1292, format!("Truncated incorrect DECIMAL value: '{shown}'"));
        nines(precision, scale, exact.is_negative())
    }))
}

/// The greatest magnitude of DECIMAL(precision, scale).
pub fn nines(precision: u8, scale: u8, negative: bool) -> Decimal {
    let all = prefix::largest(negative);
    let dropped = dag::decimal::MAX_DIGITS - precision;
    let digits: String = all.to_string().chars().take(all.to_string().len() - usize::from(dropped)).collect();
    Decimal::parse(&digits).map_or(all, |d| Decimal { scale, ..d })
}

fn to_text(value: &Value, from: &Type, to: &Type, context: &mut dyn Context) -> Value {
    let Some(text) = render::text(value, from) else { return Value::Null };
    let most = to.length as usize;
    if text.len() <= most {
        return if let Value::Text(t) = value { Value::Text(t.clone()) } else { Value::text(text.as_ref()) };
    }
    match text.char_indices().nth(most) {
        None => Value::text(text.as_ref()),
        Some((end, _)) => {
            context.warn(1292, format!("Truncated incorrect CHAR({most}) value: '{text}'"));
            Value::text(&text[..end])
        }
    }
}

fn to_binary(value: &Value, from: &Type, to: &Type) -> Value {
    let Some(bytes) = render::bytes(value, from) else { return Value::Null };
    let most = (to.length as usize).max(usize::from(to.length == 0) * bytes.len());
    if bytes.len() <= most {
        return if let Value::Bytes(b) = value { Value::Bytes(b.clone()) } else { Value::bytes(bytes.as_ref()) };
    }
    Value::bytes(&bytes[..most])
}

fn to_datetime(value: &Value, from: &Type, context: &mut dyn Context) -> Option<DateTime> {
    let found = datetime(value, from, context)?;
    let mode = context.session().sql_mode;
    let date = found.date();
    let zero = date.0 == 0;
    let part = !zero && (date.month() == 0 || date.day() == 0);
    let refused = (zero && mode.no_zero_date || part && mode.no_zero_in_date) && !from.is_temporal();
    if refused {
        let shown = render::text(value, from).unwrap_or_default().into_owned();
        context.warn(1292, format!("Incorrect datetime value: '{shown}'"));
        return None;
    }
    Some(found)
}
