//! UUIDs and network addresses; named locks and BENCHMARK, which are refused (MySQL 8.0 manual, 14.23).

use super::result::{Typed, boolean, long_binary, long_text};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::{Expression, Type};
use dag::value::Value;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("UUID", (0, 0), |_| Ok(Type::text(36).nullable(false)), uuid).volatile(),
    Function::new(
        "UUID_SHORT",
        (0, 0),
        |_| Ok(Type::unsigned().nullable(false)),
        |c| Ok(Value::UInt(c.context.random() >> 1)),
    )
    .volatile(),
    Function::new("UUID_TO_BIN", (1, 2), |_| Ok(Type::binary(16)), uuid_to_bin),
    Function::new("BIN_TO_UUID", (1, 2), |_| Ok(Type::text(36)), bin_to_uuid),
    Function::new("IS_UUID", (1, 1), boolean, |c| {
        Ok(c.text(0).map_or(Value::Null, |t| Value::Int(uuid_bytes(&t).is_some().into())))
    }),
    Function::new("INET_ATON", (1, 1), |_| Ok(Type::unsigned()), inet_aton),
    Function::new("INET_NTOA", (1, 1), |_| Ok(Type::text(15)), inet_ntoa),
    Function::new("INET6_ATON", (1, 1), long_binary, inet6_aton),
    Function::new("INET6_NTOA", (1, 1), long_text, inet6_ntoa),
    Function::new("IS_IPV4", (1, 1), boolean, |c| Ok(is_address(c, |t| t.parse::<Ipv4Addr>().is_ok()))),
    Function::new("IS_IPV6", (1, 1), boolean, |c| Ok(is_address(c, |t| t.parse::<Ipv6Addr>().is_ok()))),
    Function::new("BENCHMARK", (2, 2), refused_type, refused),
    Function::new("LOAD_FILE", (1, 1), refused_type, refused),
];

/// A random (version 4) UUID: unlike MySQL's it tells nobody the time or the machine.
fn uuid(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&call.context.random().to_be_bytes());
    bytes[8..].copy_from_slice(&call.context.random().to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(Value::text(uuid_text(&bytes)))
}

fn uuid_text(bytes: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// With or without dashes or braces.
fn uuid_bytes(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let dashed = inner.len() == 36 && [8, 13, 18, 23].iter().all(|i| inner.as_bytes()[*i] == b'-');
    if !dashed && text.len() != 32 {
        return None;
    }
    let digits: String = inner.chars().filter(|c| *c != '-').collect();
    data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok().filter(|b| b.len() == 16)
}

/// The swapped form puts the fast-changing part of a time-based UUID last (manual, 14.23).
fn swap(bytes: &[u8], back: bool) -> Vec<u8> {
    let order: [usize; 8] = if back { [4, 5, 6, 7, 2, 3, 0, 1] } else { [6, 7, 4, 5, 0, 1, 2, 3] };
    order.iter().map(|i| bytes[*i]).chain(bytes[8..].iter().copied()).collect()
}

fn uuid_to_bin(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.text(0) else { return Ok(Value::Null) };
    let Some(bytes) = uuid_bytes(&text) else {
        return Err(SqlError::new(1411, format!("Incorrect string value: '{text}' for function uuid_to_bin")));
    };
    let swapped = call.int(1).unwrap_or(0) != 0;
    Ok(Value::bytes(if swapped { swap(&bytes, false) } else { bytes }))
}

fn bin_to_uuid(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bytes) = call.bytes(0) else { return Ok(Value::Null) };
    if bytes.len() != 16 {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        return Err(SqlError::new(1411, format!("Incorrect string value: '{shown}' for function bin_to_uuid")));
    }
    let swapped = call.int(1).unwrap_or(0) != 0;
    Ok(Value::text(uuid_text(&if swapped { swap(&bytes, true) } else { bytes.into_owned() })))
}

/// Short forms count: `127.1` is 127.0.0.1.
fn inet_aton(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.text(0) else { return Ok(Value::Null) };
    let parts: Option<Vec<u64>> = text.split('.').map(|p| p.parse::<u8>().ok().map(u64::from)).collect();
    let Some(parts) = parts.filter(|p| p.len() <= 4) else { return Ok(Value::Null) };
    let Some((last, front)) = parts.split_last() else { return Ok(Value::Null) };
    let number = front.iter().enumerate().fold(0, |n, (i, p)| n | p << (24 - 8 * i));
    Ok(Value::UInt(number | last))
}

fn inet_ntoa(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let number = call.int(0).and_then(|n| u32::try_from(n).ok());
    Ok(number.map_or(Value::Null, |n| Value::text(Ipv4Addr::from(n).to_string())))
}

fn inet6_aton(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.text(0) else { return Ok(Value::Null) };
    Ok(match (text.parse::<Ipv4Addr>(), text.parse::<Ipv6Addr>()) {
        (Ok(four), _) => Value::bytes(&four.octets()[..]),
        (_, Ok(six)) => Value::bytes(&six.octets()[..]),
        _ => Value::Null,
    })
}

fn inet6_ntoa(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bytes) = call.bytes(0) else { return Ok(Value::Null) };
    if let Ok(four) = <[u8; 4]>::try_from(&*bytes) {
        return Ok(Value::text(Ipv4Addr::from(four).to_string()));
    }
    Ok(<[u8; 16]>::try_from(&*bytes).map_or(Value::Null, |six| Value::text(Ipv6Addr::from(six).to_string())))
}

fn is_address(call: &Call<'_>, test: fn(&str) -> bool) -> Value {
    call.text(0).map_or(Value::Null, |t| Value::Int(test(&t).into()))
}

/// Refused when bound, so that nothing of the statement runs.
fn refused_type(_: &[Expression]) -> Typed {
    Err(SqlError::unsupported("BENCHMARK() or LOAD_FILE()"))
}

fn refused(_: &mut Call<'_>) -> Result<Value, SqlError> {
    Err(SqlError::unsupported("BENCHMARK() or LOAD_FILE()"))
}
