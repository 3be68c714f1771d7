//! Where a value stands among the values of a column: what turns conditions into key bounds.

use crate::convert;
use crate::expression::Type;
use crate::function::Context;
use dag::schema::{Column, ColumnType};
use dag::value::Value;

/// A value's place in a column's order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// SQL NULL.
    Null,
    /// The column can hold it: here it is as the column would.
    At(Value),
    /// Behind this value of the column and before the next.
    After(Value),
    /// Before every value of the column.
    Below,
    /// Behind every value of the column.
    Above,
    /// Not to be said; whoever seeks must read on without this bound.
    Unknown,
}

/// Integers beyond this are not exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The place of a value of type `ty` in the column.
pub(crate) fn of(column: &Column, value: Value, ty: &Type, context: &mut dyn Context) -> Place {
    if value.is_null() {
        return Place::Null;
    }
    match &column.kind {
        ColumnType::Integer { bytes, unsigned, .. } => integer(*bytes, *unsigned, value, ty, context),
        ColumnType::Year => integer(2, false, value, ty, context),
        ColumnType::Decimal { scale, .. } => decimal(*scale, &value),
        ColumnType::Double { .. } => double(&value),
        ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_) => match value {
            text @ Value::Text(_) => Place::At(text),
            _ => Place::Unknown,
        },
        ColumnType::VarBinary(_) | ColumnType::Blob(_) => match value {
            bytes @ Value::Bytes(_) => Place::At(bytes),
            Value::Text(text) => Place::At(Value::bytes(text.as_bytes())),
            _ => Place::Unknown,
        },
        ColumnType::Date | ColumnType::DateTime(_) | ColumnType::Timestamp(_) => {
            moment(&column.kind, &value, ty, context)
        }
        ColumnType::Time(_) => {
            convert::time(&value, ty, context).map_or(Place::Unknown, |time| Place::At(Value::Time(time)))
        }
        _ => Place::Unknown,
    }
}

fn integer(bytes: u8, unsigned: bool, value: Value, ty: &Type, context: &mut dyn Context) -> Place {
    let (number, exact) = match value {
        Value::Int(n) => (i128::from(n), true),
        Value::UInt(n) => (i128::from(n), true),
        Value::Decimal(d) => {
            let whole = d.truncate(0);
            let Ok(number) = i128::try_from(whole.coefficient) else { return Place::Unknown };
            // Truncation goes towards zero; the place is counted from below.
            let exact = whole.compare(d).is_eq();
            (if !exact && d.is_negative() { number - 1 } else { number }, exact)
        }
        Value::Double(_) | Value::Text(_) => {
            let number = convert::double(&value, ty, context);
            if number.abs() >= EXACT {
                return Place::Unknown;
            }
            (number.floor() as i128, number.fract() == 0.0)
        }
        _ => return Place::Unknown,
    };
    let bits = u32::from(bytes) * 8;
    let (least, most) = match unsigned {
        true => (0, (1i128 << bits) - 1),
        false => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
    };
    let as_value = |n: i128| if unsigned { Value::UInt(n as u64) } else { Value::Int(n as i64) };
    match number {
        n if n < least => Place::Below,
        n if n > most => Place::Above,
        n if exact => Place::At(as_value(n)),
        n => Place::After(as_value(n)),
    }
}

fn decimal(scale: u8, value: &Value) -> Place {
    let value = match value {
        Value::Int(n) => dag::decimal::Decimal::from_i128(i128::from(*n), 0),
        Value::UInt(n) => dag::decimal::Decimal::from_i128(i128::from(*n), 0),
        Value::Decimal(d) => *d,
        _ => return Place::Unknown,
    };
    match value.rescale(scale) {
        Some(rescaled) if rescaled.compare(value).is_eq() => Place::At(Value::Decimal(rescaled)),
        _ => Place::Unknown,
    }
}

fn double(value: &Value) -> Place {
    match value {
        Value::Double(d) => Place::At(Value::Double(*d)),
        Value::Int(n) if n.unsigned_abs() < EXACT as u64 => Place::At(Value::Double(*n as f64)),
        _ => Place::Unknown,
    }
}

fn moment(kind: &ColumnType, value: &Value, ty: &Type, context: &mut dyn Context) -> Place {
    let Some(moment) = convert::datetime(value, ty, context) else { return Place::Unknown };
    match kind {
        ColumnType::Date if moment.micros() == 0 => Place::At(Value::Date(moment.date())),
        ColumnType::Date => Place::After(Value::Date(moment.date())),
        ColumnType::DateTime(_) => Place::At(Value::DateTime(moment)),
        _ => context.to_utc(moment).map_or(Place::Unknown, |micros| Place::At(Value::Timestamp(micros))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Detached;

    #[test]
    fn numbers_find_their_place_in_narrow_columns() {
        let place =
            |bytes, unsigned, value: Value, ty: Type| integer(bytes, unsigned, value, &ty, &mut Detached::default());
        let table = [
            (1, false, Value::Int(5), Type::bigint(), Place::At(Value::Int(5))),
            (1, false, Value::Int(200), Type::bigint(), Place::Above),
            (1, true, Value::Int(-1), Type::bigint(), Place::Below),
            (8, true, Value::UInt(u64::MAX), Type::unsigned(), Place::At(Value::UInt(u64::MAX))),
            (4, false, Value::Double(1.5), Type::double(), Place::After(Value::Int(1))),
            (4, false, Value::Double(-1.5), Type::double(), Place::After(Value::Int(-2))),
            (4, false, Value::text("10abc"), Type::text(5), Place::At(Value::Int(10))),
            (8, false, Value::Double(1e18), Type::double(), Place::Unknown),
        ];
        for (bytes, unsigned, value, ty, expected) in table {
            let shown = format!("{value:?}");
            assert_eq!(place(bytes, unsigned, value, ty), expected, "{shown}");
        }
    }
}
