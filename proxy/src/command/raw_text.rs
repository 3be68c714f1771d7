//! The text of a statement: UTF-8, or UTF-8 with raw bytes inside string literals.
//!
//! Python's drivers put bytes into `_binary'...'` as they are. Such a literal becomes a hexadecimal one, so that SQL is
//! text everywhere behind this file and the value is the same. Invalid bytes anywhere else are 1300.

use sql::error::SqlError;
use std::borrow::Cow;

/// A database or table name.
pub(crate) fn name(bytes: &[u8]) -> Result<&str, SqlError> {
    std::str::from_utf8(bytes).map_err(|error| invalid(bytes, error.valid_up_to()))
}

/// The text of a statement.
pub(crate) fn read(bytes: &[u8], no_backslash_escapes: bool) -> Result<Cow<'_, str>, SqlError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => rewrite(bytes, no_backslash_escapes).map(Cow::Owned),
    }
}

fn invalid(bytes: &[u8], at: usize) -> SqlError {
    let shown: String = bytes[at..].iter().take(4).map(|byte| format!("\\x{byte:02X}")).collect();
    SqlError::new(1300, format!("Invalid utf8mb4 character string: '{shown}' at byte {at}"))
}

fn rewrite(bytes: &[u8], no_backslash_escapes: bool) -> Result<String, SqlError> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + token_length(&bytes[at..], no_backslash_escapes);
        let token = &bytes[at..end];
        if matches!(token[0], b'\'' | b'"') && std::str::from_utf8(token).is_err() {
            let introducer = b"_binary";
            let kept = out.trim_ascii_end().len();
            let head = &out[..kept];
            if head.len() >= introducer.len() && head[kept - introducer.len()..].eq_ignore_ascii_case(introducer) {
                out.truncate(kept - introducer.len());
            }
            hexadecimal(&mut out, token, no_backslash_escapes);
        } else {
            out.extend_from_slice(token);
        }
        at = end;
    }
    String::from_utf8(out).map_err(|error| invalid(error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// Length of the token at the start: a literal, a quoted name, a comment, or one byte of anything else.
fn token_length(bytes: &[u8], no_backslash_escapes: bool) -> usize {
    let until = |end: &[u8]| bytes.windows(end.len()).position(|w| w == end).map_or(bytes.len(), |at| at + end.len());
    match bytes {
        [b'-', b'-', b' ' | b'\t' | b'\n' | b'\r', ..] | [b'#', ..] => until(b"\n"),
        // `/*!` holds statement text, so only what is a comment to everyone is skipped.
        [b'/', b'*', third, ..] if *third != b'!' => until(b"*/"),
        [quote @ (b'\'' | b'"' | b'`'), ..] => quoted_length(bytes, *quote, *quote == b'`' || no_backslash_escapes),
        _ => 1,
    }
}

fn quoted_length(bytes: &[u8], quote: u8, plain_backslash: bool) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !plain_backslash => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Appends the value of a literal as ` X'..'`. An unterminated one is hexadecimal too: the parser refuses it by itself.
fn hexadecimal(out: &mut Vec<u8>, literal: &[u8], no_backslash_escapes: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let quote = literal[0];
    let closed = literal.len() > 1 && literal.ends_with(&[quote]);
    let inner = &literal[1..literal.len() - usize::from(closed)];
    out.extend_from_slice(b" X'");
    let mut at = 0;
    while at < inner.len() {
        let (byte, width) = match (inner[at], inner.get(at + 1)) {
            (b'\\', Some(escaped)) if !no_backslash_escapes => (unescape(*escaped), 2),
            (byte, Some(next)) if byte == quote && *next == quote => (quote, 2),
            (byte, _) => (byte, 1),
        };
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        at += width;
    }
    if closed {
        out.push(b'\'');
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'0' => 0,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'Z' => 26,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn raw_literals_become_hexadecimal_and_nothing_else_changes() {
        let cases: [(&[u8], &str); 7] = [
            (b"SELECT 'plain'", "SELECT 'plain'"),
            (b"VALUES (_binary'\xff\\0\\'', 'a')", "VALUES ( X'FF0027', 'a')"),
            (b"VALUES (_BINARY \"\xfe\"\"\")", "VALUES ( X'FE22')"),
            (b"SELECT 'it''s', '\xff'", "SELECT 'it''s',  X'FF'"),
            (b"SELECT `a'b`, '\xff' -- it's", "SELECT `a'b`,  X'FF' -- it's"),
            (b"SELECT /* don't */ '\xff'", "SELECT /* don't */  X'FF'"),
            (b"SELECT '\xff", "SELECT  X'FF"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes, false).unwrap(), expected);
        }
        assert_eq!(read(b"SELECT '\xff\\', 1", true).unwrap(), "SELECT  X'FF5C', 1");
    }

    #[test]
    fn invalid_bytes_elsewhere_are_named() {
        let error = read(b"SELECT \xff1", false).unwrap_err();
        assert_eq!(error.code, 1300);
        assert!(error.message.contains("\\xFF") && error.message.contains("byte 7"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), plain: bool) {
            let _any = read(&bytes, plain);
        }
    }
}
