//! Labels of columns without alias: the expression as the client wrote it, as MySQL gives it.

use crate::limits::MAX_LABEL;
use sqlparser::ast::{Expr, Spanned};

/// Words that end a select item.
const ENDS: [&str; 15] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "FOR",
    "INTO",
    "LOCK",
    "WINDOW",
    "AS",
    "OFFSET",
];

/// The label of a select item; `text` is the statement.
pub(crate) fn of(expr: &Expr, text: &str) -> String {
    match expr {
        Expr::Identifier(ident) => return ident.value.clone(),
        Expr::CompoundIdentifier(parts) if !parts[0].value.starts_with("@@") => {
            return parts.last().map(|p| p.value.clone()).unwrap_or_default();
        }
        Expr::Value(value) => {
            if let sqlparser::ast::Value::SingleQuotedString(s) | sqlparser::ast::Value::DoubleQuotedString(s) =
                &value.value
            {
                return s.chars().take(MAX_LABEL).collect();
            }
        }
        _ => {}
    }
    let written = written(expr, text).unwrap_or_else(|| expr.to_string());
    written.chars().take(MAX_LABEL).collect()
}

fn written(expr: &Expr, text: &str) -> Option<String> {
    let start = expr.span().start;
    let line = (start.line as usize).checked_sub(1)?;
    let line_start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = (start.column as usize).checked_sub(1)?;
    let offset = text.get(line_start..)?.char_indices().nth(column)?.0 + line_start;
    // Signs and brackets before the first operand have no place in the syntax tree.
    let begin = text[..offset].trim_end_matches(|c: char| c.is_whitespace() || "(-+!~".contains(c)).len();
    let item = &text[begin..];
    Some(item[..end_of_item(item)].trim().to_owned()).filter(|label| !label.is_empty())
}

/// Where the item ends: a comma, an unmatched bracket, a semicolon or a clause's word outside quotes and brackets.
fn end_of_item(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut quote, mut at) = (0usize, 0u8, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        if quote != 0 {
            at += usize::from(byte == b'\\');
            if byte == quote {
                quote = 0;
            }
        } else {
            match byte {
                b'\'' | b'"' | b'`' => quote = byte,
                b'(' => depth += 1,
                b')' if depth == 0 => return at,
                b')' => depth -= 1,
                b',' | b';' if depth == 0 => return at,
                _ if depth == 0 && is_end(text, at) => return at,
                _ => {}
            }
        }
        at += 1;
    }
    bytes.len()
}

fn is_end(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let starts =
        bytes[at].is_ascii_alphabetic() && (at == 0 || bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b')');
    if !starts {
        return false;
    }
    let length = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    ENDS.iter().any(|word| word.eq_ignore_ascii_case(&text[at..at + length]))
}
