//! Labels of columns without alias: the expression as the client wrote it, as MySQL gives it.

use crate::limits::MAX_LABEL;
use sqlparser::ast::{Expr, Select};

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

/// Words between SELECT and its first item.
const MODIFIERS: [&str; 11] = [
    "ALL",
    "DISTINCT",
    "DISTINCTROW",
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_CACHE",
    "SQL_NO_CACHE",
    "SQL_CALC_FOUND_ROWS",
];

/// The label of a select item that is written so; `None`: it stands nowhere in the text.
pub(crate) fn of(expr: &Expr, written: Option<&str>) -> String {
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
    let written = written.filter(|text| !text.is_empty()).map_or_else(|| expr.to_string(), str::to_owned);
    written.chars().take(MAX_LABEL).collect()
}

/// Each item of a select list as it is written, without its alias; `text` is the statement. In one pass, and from the
/// list's own commas: the syntax tree does not say where `CAST(` or `NOT` begins.
pub(crate) fn items<'t>(select: &Select, text: &'t str) -> Vec<&'t str> {
    let mut rest = behind_select(select, text).unwrap_or_default();
    let mut items = Vec::with_capacity(select.projection.len());
    for _ in &select.projection {
        let (_, comma) = end(rest, |text, at| text.as_bytes()[at] == b',');
        let item = behind_blanks(&rest[..comma]);
        let (length, _) = end(item, is_end);
        items.push(&item[..length]);
        rest = rest.get(comma + 1..).unwrap_or_default();
    }
    items
}

fn behind_select<'t>(select: &Select, text: &'t str) -> Option<&'t str> {
    let start = select.select_token.0.span.start;
    let line = usize::try_from(start.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(start.column).ok()?.checked_sub(1)?;
    let line_start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let offset = text.get(line_start..)?.char_indices().nth(column)?.0 + line_start;
    let mut rest = text[offset..].get(word(&text[offset..], 0).len()..)?;
    loop {
        rest = behind_blanks(rest);
        let word = word(rest, 0);
        if !MODIFIERS.iter().any(|modifier| modifier.eq_ignore_ascii_case(word)) {
            return Some(rest);
        }
        rest = &rest[word.len()..];
    }
}

/// The text behind white space and comments.
fn behind_blanks(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let length @ 1.. = comment(rest) {
        rest = rest[length..].trim_start();
    }
    rest
}

/// Bytes of the comment that the text begins with.
fn comment(text: &str) -> usize {
    let through = |mark: &str| text.find(mark).map_or(text.len(), |at| at + mark.len());
    let dashes = text.strip_prefix("--").is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace()));
    match () {
        () if text.starts_with("/*") => through("*/"),
        () if text.starts_with('#') || dashes => through("\n"),
        () => 0,
    }
}

/// Where it ends: where `stops` says so outside quotes, brackets and comments, at an unmatched bracket, or a semicolon.
/// Before that, where its last word ends, without blanks and comments behind it.
fn end(text: &str, stops: impl Fn(&str, usize) -> bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut depth, mut quote, mut at, mut last) = (0usize, 0u8, 0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        if quote != 0 {
            // A backslash takes the next character along, which may end the text.
            at += usize::from(byte == b'\\' && quote != b'`');
            if byte == quote {
                quote = 0;
            }
        } else {
            match byte {
                b'\'' | b'"' | b'`' => quote = byte,
                b'(' => depth += 1,
                b')' | b';' if depth == 0 => return (last, at),
                b')' => depth -= 1,
                b'/' | b'#' | b'-' if comment(&text[at..]) > 0 => {
                    at += comment(&text[at..]);
                    continue;
                }
                _ if depth == 0 && stops(text, at) => return (last, at),
                _ => {}
            }
        }
        at = (at + 1).min(bytes.len());
        if !byte.is_ascii_whitespace() {
            last = at;
        }
    }
    (last, bytes.len())
}

fn is_end(text: &str, at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| text.as_bytes()[before]);
    let starts = before.is_none_or(|byte| byte.is_ascii_whitespace() || byte == b')');
    starts && ENDS.iter().any(|end| end.eq_ignore_ascii_case(word(text, at)))
}

fn word(text: &str, at: usize) -> &str {
    let bytes = &text.as_bytes()[at..];
    let length = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    &text[at..at + length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Parsed, parse};
    use sqlparser::ast::{SelectItem, SetExpr, Statement};

    fn labels(text: &str) -> Vec<String> {
        let parsed = parse(text, &Default::default()).unwrap().remove(0);
        let Parsed::Statement(statement) = parsed else { panic!("{text}") };
        let Statement::Query(query) = *statement else { panic!("{text}") };
        let SetExpr::Select(select) = *query.body else { panic!("{text}") };
        let written = items(&select, text);
        let of = |(item, written): (&SelectItem, &&str)| match item {
            SelectItem::UnnamedExpr(expr) => Some(of(expr, Some(*written))),
            _ => None,
        };
        select.projection.iter().zip(&written).filter_map(of).collect()
    }

    /// What MariaDB 10.11 gives for the same items. CAST and others lost their first words: their places in the syntax
    /// tree begin within them.
    #[test]
    fn a_label_is_the_item_as_it_is_written() {
        for item in [
            "CAST(1 AS CHAR)",
            "cast( 2 as  signed )",
            "1+CAST(1 AS CHAR)",
            "CAST(CAST(1 AS CHAR) AS SIGNED)",
            "UPPER(CAST(a AS CHAR))",
            "CAST(t.a  AS CHAR)",
            "CONVERT(3, CHAR)",
            "convert('a' using utf8mb4)",
            "EXTRACT(YEAR FROM '2020-01-01')",
            "TRIM(LEADING 'a' FROM 'aab')",
            "SUBSTRING('abc' FROM 2 FOR 1)",
            "POSITION('a' IN 'ba')",
            "CASE WHEN 1 THEN 2 END",
            "CASE 1 WHEN 1 THEN 2 END",
            "NOT 1",
            "NOT (1)",
            "EXISTS (SELECT 1)",
            "INTERVAL(1,2)",
            "- 1",
            "~1",
            "(1)+2",
            "BINARY 'a'",
            "COUNT(DISTINCT 1)",
            "NOW() IS NULL",
            "GROUP_CONCAT(1 ORDER BY 1)",
            "FLOOR( 1 )",
            "DATE_ADD('2020-01-01', INTERVAL 1 DAY)",
            "'2020-01-01' + INTERVAL 1 DAY",
            "-(a)",
            "CONCAT(')', 'it''s, FROM', \"\\\"\")",
        ] {
            let text = format!(
                "SELECT  DISTINCT 'x' AS `a, b`, {item} ,{item}, t.*, /* it's */ {item} AS c,\n {item} -- it's\n \
                 FROM t WHERE a IN (1, 2)"
            );
            assert_eq!(labels(&text), [item; 3], "{text}");
        }
    }

    #[test]
    fn a_label_has_as_many_characters_as_an_identifier() {
        for (letters, length) in [(MAX_LABEL - 2, MAX_LABEL), (MAX_LABEL - 1, MAX_LABEL)] {
            let item = format!("-'{}'", "é".repeat(letters - 1));
            let label = labels(&format!("SELECT {item}")).remove(0);
            assert_eq!((label.chars().count(), item.starts_with(&label)), (length, true));
        }
    }
}
