//! Hashes and encodings: MD5, SHA1, SHA2, base64 (MySQL 8.0 manual, 14.13).

use super::result::{long_binary, long_text};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::Type;
use dag::value::Value;
use data_encoding::HEXLOWER;
use md5::Digest;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("MD5", (1, 1), |_| Ok(Type::text(32)), hashed::<md5::Md5>),
    Function::new("SHA", (1, 1), |_| Ok(Type::text(40)), hashed::<sha1::Sha1>),
    Function::new("SHA1", (1, 1), |_| Ok(Type::text(40)), hashed::<sha1::Sha1>),
    Function::new("SHA2", (2, 2), |_| Ok(Type::text(128)), sha2_of),
    Function::new("TO_BASE64", (1, 1), long_text, to_base64),
    Function::new("FROM_BASE64", (1, 1), long_binary, from_base64),
];

fn hashed<D: Digest>(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(call.bytes(0).map_or(Value::Null, |b| Value::text(HEXLOWER.encode(&D::digest(&b)))))
}

/// Length 0 means 256; other lengths than those of the family are NULL.
fn sha2_of(call: &mut Call<'_>) -> Result<Value, SqlError> {
    match call.int(1) {
        Some(224) => hashed::<sha2::Sha224>(call),
        Some(0 | 256) => hashed::<sha2::Sha256>(call),
        Some(384) => hashed::<sha2::Sha384>(call),
        Some(512) => hashed::<sha2::Sha512>(call),
        _ => Ok(Value::Null),
    }
}

/// Characters in a line of TO_BASE64's output.
const LINE: usize = 76;

fn to_base64(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bytes) = call.bytes(0) else { return Ok(Value::Null) };
    let encoded = data_encoding::BASE64.encode(&bytes);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE);
    for (index, c) in encoded.chars().enumerate() {
        if index > 0 && index.is_multiple_of(LINE) {
            out.push('\n');
        }
        out.push(c);
    }
    Ok(Value::text(out))
}

fn from_base64(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bytes) = call.bytes(0) else { return Ok(Value::Null) };
    let compact: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    Ok(data_encoding::BASE64.decode(&compact).map_or(Value::Null, Value::bytes))
}
