//! Regular expressions: REGEXP_LIKE, REGEXP_REPLACE, REGEXP_SUBSTR, REGEXP_INSTR (MySQL 8.0 manual, 14.8.2).
//!
//! Patterns are compiled once and kept; backtracking is bounded, so that no pattern runs away.

use super::result::{boolean, long_text, small};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::Kind;
use crate::limits::{BACKTRACK_LIMIT, KEPT_PATTERNS};
use crate::types;
use dag::collation::Collation;
use dag::value::Value;
use fancy_regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("REGEXP_LIKE", (2, 3), boolean, matches),
    Function::new("REGEXP", (2, 2), boolean, matches),
    Function::new("RLIKE", (2, 2), boolean, matches),
    Function::new("REGEXP_REPLACE", (3, 6), long_text, replace),
    Function::new("REGEXP_SUBSTR", (2, 5), long_text, substring),
    Function::new("REGEXP_INSTR", (2, 6), small, position),
];

thread_local! {
    /// Emptied when it is full.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

fn error(detail: impl std::fmt::Display) -> SqlError {
    SqlError::new(3685, format!("Illegal argument to a regular expression: {detail}"))
}

fn timed_out(_: fancy_regex::Error) -> SqlError {
    SqlError::new(3699, "Timeout exceeded in regular expression match.")
}

/// Letters of match_type and the collation as flags in front of the pattern.
fn flags(call: &Call<'_>, match_type: Option<usize>) -> Result<Option<String>, SqlError> {
    let binary = call.ty(0).kind == Kind::Binary || call.ty(1).kind == Kind::Binary;
    let (collation, _) = types::aggregate_collation(&[call.ty(0), call.ty(1)], "regexp")?;
    let mut insensitive = !binary && !matches!(collation, Collation::Utf8mb4Bin | Collation::Binary);
    let (mut lines, mut dots) = (false, false);
    if let Some(index) = match_type.filter(|i| *i < call.count()) {
        let Some(letters) = call.text(index) else { return Ok(None) };
        for letter in letters.chars() {
            match letter {
                'c' => insensitive = false,
                'i' => insensitive = true,
                'm' => lines = true,
                'n' => dots = true,
                'u' => {}
                other => return Err(error(format!("match type '{other}'"))),
            }
        }
    }
    let set: String = [('i', insensitive), ('m', lines), ('s', dots)].iter().filter(|f| f.1).map(|f| f.0).collect();
    Ok(Some(if set.is_empty() { set } else { format!("(?{set})") }))
}

fn regex(source: String) -> Result<Regex, SqlError> {
    COMPILED.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(&source) {
            return Ok(regex.clone());
        }
        let regex = RegexBuilder::new(&source).backtrack_limit(BACKTRACK_LIMIT).build().map_err(error)?;
        if kept.len() >= KEPT_PATTERNS {
            kept.clear();
        }
        kept.insert(source, regex.clone());
        Ok(regex)
    })
}

/// The compiled pattern of argument 1; `None` for NULL.
fn compiled(call: &Call<'_>, match_type: Option<usize>) -> Result<Option<Regex>, SqlError> {
    let (Some(pattern), Some(flags)) = (call.text(1), flags(call, match_type)?) else { return Ok(None) };
    if pattern.is_empty() {
        return Err(error("an empty pattern"));
    }
    regex(format!("{flags}{pattern}")).map(Some)
}

fn matches(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(regex)) = (call.text(0), compiled(call, Some(2))?) else { return Ok(Value::Null) };
    Ok(Value::Int(regex.is_match(&*text).map_err(timed_out)?.into()))
}

/// Byte offset of the 1-based character position in argument `index`. Errors: 3686 outside the text.
fn start(call: &mut Call<'_>, index: usize, text: &str) -> Result<Option<usize>, SqlError> {
    if index >= call.count() {
        return Ok(Some(0));
    }
    let Some(position) = call.int(index) else { return Ok(None) };
    let skipped = usize::try_from(position.saturating_sub(1)).ok().filter(|n| *n <= text.chars().count());
    let Some(skipped) = skipped else {
        return Err(SqlError::new(3686, "Index out of bounds in regular expression search."));
    };
    Ok(Some(text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at)))
}

/// The n-th match from a place: its byte range.
fn occurrence(call: &mut Call<'_>, index: usize) -> Option<usize> {
    if index >= call.count() { Some(1) } else { call.int(index).map(|n| n.max(1) as usize) }
}

fn nth(regex: &Regex, text: &str, from: usize, wanted: usize) -> Result<Option<(usize, usize)>, SqlError> {
    let found = regex.find_iter(&text[from..]).nth(wanted - 1).transpose().map_err(timed_out)?;
    Ok(found.map(|m| (from + m.start(), from + m.end())))
}

fn substring(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(regex)) = (call.text(0), compiled(call, Some(4))?) else { return Ok(Value::Null) };
    let (Some(from), Some(wanted)) = (start(call, 2, &text)?, occurrence(call, 3)) else { return Ok(Value::Null) };
    Ok(nth(&regex, &text, from, wanted)?.map_or(Value::Null, |(a, b)| Value::text(&text[a..b])))
}

fn position(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(regex)) = (call.text(0), compiled(call, Some(5))?) else { return Ok(Value::Null) };
    let (Some(from), Some(wanted)) = (start(call, 2, &text)?, occurrence(call, 3)) else { return Ok(Value::Null) };
    let after = if call.count() > 4 { call.int(4) } else { Some(0) };
    let Some(after) = after else { return Ok(Value::Null) };
    let found = nth(&regex, &text, from, wanted)?;
    Ok(Value::Int(found.map_or(0, |(a, b)| text[..if after == 1 { b } else { a }].chars().count() as i64 + 1)))
}

/// MySQL names groups `$1`; occurrence 0 replaces all.
fn replace(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(regex), Some(by)) = (call.text(0), compiled(call, Some(5))?, call.text(2)) else {
        return Ok(Value::Null);
    };
    let wanted = if call.count() > 4 { call.int(4) } else { Some(0) };
    let (Some(from), Some(wanted)) = (start(call, 3, &text)?, wanted) else { return Ok(Value::Null) };
    let mut out = text[..from].to_owned();
    let rest = &text[from..];
    let mut last = 0;
    for (number, found) in regex.captures_iter(rest).enumerate() {
        let captures = found.map_err(timed_out)?;
        let Some(whole) = captures.get(0) else { continue };
        if wanted > 0 && number as i64 + 1 != wanted {
            continue;
        }
        out.push_str(&rest[last..whole.start()]);
        captures.expand(&grouped(&by), &mut out);
        last = whole.end();
    }
    out.push_str(&rest[last..]);
    Ok(Value::text(out))
}

/// `$1` as `${1}`, so that letters after it do not become part of the name; `\$` is a plain sign.
fn grouped(replacement: &str) -> String {
    let mut out = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\\' => out.extend(letters.next().map(|n| if n == '$' { "$$".to_owned() } else { n.to_string() })),
            '$' if letters.peek().is_some_and(char::is_ascii_digit) => {
                let digit = letters.next().unwrap_or('0');
                out.push_str(&format!("${{{digit}}}"));
            }
            '$' => out.push_str("$$"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_patterns_are_kept_and_one_more_drops_them() {
        for (patterns, kept) in [(KEPT_PATTERNS, KEPT_PATTERNS), (KEPT_PATTERNS + 1, 1)] {
            COMPILED.take();
            for n in 0..patterns {
                regex(format!("a{n}")).unwrap();
            }
            assert_eq!(COMPILED.with_borrow(HashMap::len), kept, "of {patterns}");
        }
    }
}
