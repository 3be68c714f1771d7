//! Bit operators and functions: 64 bits, unsigned (MySQL 8.0 manual, 14.12).

use super::result::unsigned;
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::Type;
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("&", (2, 2), unsigned, |c| pair(c, |a, b| a & b)),
    Function::new("|", (2, 2), unsigned, |c| pair(c, |a, b| a | b)),
    Function::new("^", (2, 2), unsigned, |c| pair(c, |a, b| a ^ b)),
    Function::new("<<", (2, 2), unsigned, |c| pair(c, |a, b| if b < 64 { a << b } else { 0 })),
    Function::new(">>", (2, 2), unsigned, |c| pair(c, |a, b| if b < 64 { a >> b } else { 0 })),
    Function::new("~", (1, 1), unsigned, |c| Ok(c.bits(0).map_or(Value::Null, |n| Value::UInt(!n)))),
    Function::new(
        "BIT_COUNT",
        (1, 1),
        |_| Ok(Type::integer(2)),
        |c| Ok(c.bits(0).map_or(Value::Null, |n| Value::Int(n.count_ones().into()))),
    ),
];

fn pair(call: &mut Call<'_>, combine: fn(u64, u64) -> u64) -> Result<Value, SqlError> {
    let (left, right) = (call.bits(0), call.bits(1));
    Ok(left.zip(right).map_or(Value::Null, |(a, b)| Value::UInt(combine(a, b))))
}
