//! Text and bytes into columns.

use super::Storing;
use crate::error::SqlError;
use crate::render;
use dag::schema::ColumnType;
use dag::value::Value;
use std::borrow::Cow;

pub(super) fn text(storing: &mut Storing<'_>) -> Result<Value, SqlError> {
    let Some(text) = read(storing)? else { return Ok(Value::text("")) };
    let (most, in_bytes, fixed) = match storing.column.kind {
        ColumnType::Char(n) => (n as usize, false, true),
        ColumnType::VarChar(n) => (n as usize, false, false),
        ColumnType::Text(n) => (n as usize, true, false),
        _ => (usize::MAX, true, false),
    };
    let text = if fixed { trim_end(text) } else { text };
    let end = if text.len() <= most { None } else { end_of(&text, most, in_bytes) };
    match end {
        None => Ok(shared(storing.value, text)),
        Some(end) => {
            // Only blanks lost: CHAR cut them above, VARCHAR and TEXT note it (manual, 13.3.2).
            if text[end..].bytes().all(|b| b == b' ') && !in_bytes {
                let message = format!("Data truncated for column '{}' at row 1", storing.column.name);
                storing.context.warn(1265, message);
            } else {
                storing.too_long()?;
            }
            Ok(Value::text(&text[..end]))
        }
    }
}

/// The text of the value; bytes must be UTF-8 (1366).
fn read<'a>(storing: &mut Storing<'a>) -> Result<Option<Cow<'a, str>>, SqlError> {
    let value: &'a Value = storing.value;
    if let Value::Bytes(bytes) = value {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(Cow::Borrowed(text))),
            Err(_) => {
                let shown: String = bytes.iter().take(6).map(|b| format!("\\x{b:02X}")).collect();
                let message =
                    format!("Incorrect string value: '{shown}' for column '{}' at row 1", storing.column.name);
                storing.complain(1366, message)?;
                Ok(None)
            }
        };
    }
    if let Value::Decimal(exact) = value {
        // A quotient is stored with all digits it has, not those a client would see.
        return Ok(Some(Cow::Owned(exact.to_string())));
    }
    Ok(render::text(value, storing.from))
}

fn trim_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(t) => Cow::Borrowed(t.trim_end_matches(' ')),
        Cow::Owned(t) => Cow::Owned(t.trim_end_matches(' ').to_owned()),
    }
}

/// Where the text must be cut to `most` characters or bytes; `None` if it fits.
fn end_of(text: &str, most: usize, in_bytes: bool) -> Option<usize> {
    if in_bytes {
        return (text.len() > most).then(|| text.floor_char_boundary(most));
    }
    text.char_indices().nth(most).map(|(end, _)| end)
}

fn shared(value: &Value, text: Cow<'_, str>) -> Value {
    match value {
        Value::Text(t) if t.len() == text.len() => Value::Text(t.clone()),
        _ => Value::text(text.as_ref()),
    }
}

pub(super) fn bytes(storing: &mut Storing<'_>) -> Result<Value, SqlError> {
    let value = storing.value;
    let Some(bytes) = render::bytes(value, storing.from) else { return Ok(Value::Null) };
    let (most, padded) = match storing.column.kind {
        ColumnType::Binary(n) => (n as usize, true),
        ColumnType::VarBinary(n) | ColumnType::Blob(n) => (n as usize, false),
        _ => (usize::MAX, false),
    };
    if bytes.len() > most {
        storing.too_long()?;
        return Ok(Value::bytes(&bytes[..most]));
    }
    if padded && bytes.len() < most {
        let mut long = bytes.into_owned();
        long.resize(most, 0);
        return Ok(Value::bytes(long));
    }
    Ok(if let Value::Bytes(b) = value { Value::Bytes(b.clone()) } else { Value::bytes(bytes.as_ref()) })
}
