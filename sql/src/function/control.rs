//! Flow control: IF, IFNULL, NULLIF, COALESCE (MySQL 8.0 manual, 14.5). CASE is a node of its own.

use super::result::{Typed, types_of};
use super::{Function, LazyCall, MANY};
use crate::error::SqlError;
use crate::evaluate::compare_typed;
use crate::expression::Expression;
use crate::types;
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::lazy("IF", (3, 3), |a| types::merge(&types_of(&a[1..])), choose),
    Function::lazy("IFNULL", (2, 2), first_known, coalesce),
    Function::lazy("COALESCE", (1, MANY), first_known, coalesce),
    Function::lazy("NULLIF", (2, 2), |a| Ok(a[0].ty.clone().nullable(true)), null_if),
];

fn choose(call: &mut LazyCall<'_>) -> Result<Value, SqlError> {
    let index = if call.test(0)? == Some(true) { 1 } else { 2 };
    call.settled(index)
}

/// NULL comes out only if every argument may be NULL.
fn first_known(arguments: &[Expression]) -> Typed {
    let nullable = arguments.iter().all(|a| a.ty.nullable);
    Ok(types::merge(&types_of(arguments))?.nullable(nullable))
}

fn coalesce(call: &mut LazyCall<'_>) -> Result<Value, SqlError> {
    for index in 0..call.arguments.len() {
        let value = call.settled(index)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

fn null_if(call: &mut LazyCall<'_>) -> Result<Value, SqlError> {
    let (left, right) = (call.value(0)?, call.value(1)?);
    let (lt, rt) = (&call.arguments[0].ty, &call.arguments[1].ty);
    let class = types::compare_class(lt, rt)?;
    let order = compare_typed(&left, lt, &right, rt, class, call.context)?;
    Ok(if order.is_some_and(|o| o.is_eq()) { Value::Null } else { left })
}
