//! Statement text before the tokenizer: its limits, and `/*! */` comments of versions newer than ours.
//!
//! Promises: the length of the text and every byte position stay as they were, so error positions are the client's.

use crate::error::SqlError;
pub(crate) use crate::limits::MAX_TEXT;
use crate::limits::{MAX_TOKENS, UNCOUNTED_TEXT};
use std::borrow::Cow;

/// The version whose conditional comments we carry out: MySQL 8.0.36.
const VERSION: u32 = 80_036;

/// Checks the limits and blanks conditional comments that a newer server would carry out.
pub(crate) fn prepare(sql: &str) -> Result<Cow<'_, str>, SqlError> {
    if sql.len() > MAX_TEXT {
        return Err(SqlError::new(
            1153,
            format!("Got a packet bigger than 'max_allowed_packet' bytes: a statement has at most {MAX_TEXT}"),
        ));
    }
    if sql.len() > UNCOUNTED_TEXT && token_bound(sql.as_bytes()) > MAX_TOKENS {
        return Err(SqlError::new(
            1153,
            format!("A statement has at most {MAX_TOKENS} words, values and signs; split it, or use LOAD DATA"),
        ));
    }
    Ok(if sql.contains("/*!") { blank_newer(sql) } else { Cow::Borrowed(sql) })
}

/// An upper bound of the number of tokens: bytes that start one, outside quotes.
fn token_bound(sql: &[u8]) -> usize {
    let (mut count, mut quote, mut word, mut at) = (0, 0u8, false, 0);
    while at < sql.len() {
        let byte = sql[at];
        if quote != 0 {
            match byte {
                b'\\' => at += 1,
                _ if byte == quote => quote = 0,
                _ => {}
            }
        } else {
            let inside = byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'_';
            count += usize::from(!(byte.is_ascii_whitespace() || inside && word));
            word = inside;
            if matches!(byte, b'\'' | b'"' | b'`') {
                quote = byte;
            }
        }
        at += 1;
    }
    count
}

/// The start of the next `/*!` outside quotes.
fn conditional(sql: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut quote) = (from, 0u8);
    while at < sql.len() {
        match sql[at] {
            b'\\' if quote != 0 => at += 1,
            byte if byte == quote => quote = 0,
            _ if quote != 0 => {}
            byte @ (b'\'' | b'"' | b'`') => quote = byte,
            b'/' if sql[at..].starts_with(b"/*!") => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn blank_newer(sql: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(sql.len());
    let mut done = 0;
    while let Some(start) = conditional(sql.as_bytes(), done) {
        let digits = sql[start + 3..].bytes().take_while(u8::is_ascii_digit).count();
        let version: u32 = sql[start + 3..start + 3 + digits].parse().unwrap_or(0);
        let end = sql[start..].find("*/").map_or(sql.len(), |at| start + at + 2);
        out.push_str(&sql[done..start]);
        if digits >= 5 && version > VERSION {
            out.extend(std::iter::repeat_n(' ', end - start));
        } else {
            out.push_str(&sql[start..end]);
        }
        done = end;
    }
    out.push_str(&sql[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditional_comments_of_newer_versions_are_blank() {
        assert_eq!(prepare("SELECT 1 /*!99999 + 1*/, 2").unwrap(), "SELECT 1               , 2");
        assert_eq!(prepare("SELECT '/*!99999 x*/'").unwrap(), "SELECT '/*!99999 x*/'");
        assert_eq!(prepare("SELECT 1 /*!40101 + 1*/").unwrap(), "SELECT 1 /*!40101 + 1*/");
    }

    #[test]
    fn tokens_are_counted_from_above() {
        assert_eq!(token_bound(b"SELECT 'a b \\' c', x1+22"), 6);
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        let signs = |count: usize| prepare(&", ".repeat(count)).map(|_| ()).map_err(|e| e.code);
        assert_eq!((signs(MAX_TOKENS), signs(MAX_TOKENS + 1)), (Ok(()), Err(1153)));
        let blanks = |bytes: usize| prepare(&" ".repeat(bytes)).map(|_| ()).map_err(|e| e.code);
        assert_eq!((blanks(MAX_TEXT), blanks(MAX_TEXT + 1)), (Ok(()), Err(1153)));
    }
}
