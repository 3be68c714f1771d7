//! Result types that many functions share.

use crate::error::SqlError;
use crate::expression::{Expression, Node, Type};
use crate::types;
use dag::value::Value;

/// What a `result` function gives.
pub(super) type Typed = Result<Type, SqlError>;

/// Whether NULL may come out because it may come in.
pub(super) fn nullable(arguments: &[Expression]) -> bool {
    arguments.iter().any(|a| a.ty.nullable)
}

/// The types of the arguments.
pub(super) fn types_of(arguments: &[Expression]) -> Vec<Type> {
    arguments.iter().map(|a| a.ty.clone()).collect()
}

/// The value of a constant argument that is an integer: lengths and scales.
pub(super) fn constant_int(argument: Option<&Expression>) -> Option<i64> {
    match &argument?.node {
        Node::Constant(Value::Int(n)) => Some(*n),
        Node::Constant(Value::UInt(n)) => i64::try_from(*n).ok(),
        Node::Call { function, arguments } if function.name == "-" && arguments.len() == 1 => {
            constant_int(arguments.first()).map(|n| -n)
        }
        _ => None,
    }
}

/// The text of a constant argument: units, patterns.
pub(super) fn constant_text(argument: Option<&Expression>) -> Option<&str> {
    match &argument?.node {
        Node::Constant(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// A truth value.
pub(super) fn boolean(arguments: &[Expression]) -> Typed {
    Ok(Type::boolean().nullable(nullable(arguments)))
}

/// BIGINT.
pub(super) fn bigint(arguments: &[Expression]) -> Typed {
    Ok(Type::bigint().nullable(nullable(arguments)))
}

/// A BIGINT that a function may always leave NULL, of at most 10 digits: parts of dates, positions.
pub(super) fn small(_arguments: &[Expression]) -> Typed {
    Ok(Type::integer(10))
}

/// BIGINT UNSIGNED.
pub(super) fn unsigned(arguments: &[Expression]) -> Typed {
    Ok(Type::unsigned().nullable(nullable(arguments)))
}

/// DOUBLE that may be NULL.
pub(super) fn double(_arguments: &[Expression]) -> Typed {
    Ok(Type::double())
}

/// Text or bytes like the first argument, as long as it.
pub(super) fn like_first(arguments: &[Expression]) -> Typed {
    let first = &arguments[0].ty;
    Ok(types::text_result(&[first], first.text_length(), "string")?.nullable(nullable(arguments)))
}

/// Text or bytes under the collation of all arguments, of any length.
pub(super) fn joined(arguments: &[Expression]) -> Typed {
    let kinds: Vec<&Type> = arguments.iter().map(|a| &a.ty).collect();
    let length = kinds.iter().fold(0u32, |sum, t| sum.saturating_add(t.text_length()));
    Ok(types::text_result(&kinds, length, "concat")?.nullable(nullable(arguments)))
}

/// Text that may be NULL, of unknown length.
pub(super) fn long_text(_arguments: &[Expression]) -> Typed {
    Ok(Type::text(types::MAX_LENGTH))
}

/// Bytes that may be NULL, of unknown length.
pub(super) fn long_binary(_arguments: &[Expression]) -> Typed {
    Ok(Type::binary(types::MAX_LENGTH))
}
