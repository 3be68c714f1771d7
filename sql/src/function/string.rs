//! Text made of text: CONCAT, SUBSTRING, TRIM, REPLACE, padding (MySQL 8.0 manual, 14.8). Positions count characters,
//! bytes for binary strings.

use super::result::{Typed, joined, like_first};
use super::{Call, Function, MANY};
use crate::error::SqlError;
use crate::expression::Expression;
use crate::limits::MAX_RESULT;
use crate::types::{MAX_LENGTH, text_result};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("CONCAT", (1, MANY), joined, concat),
    Function::new("||", (2, 2), joined, concat),
    Function::new("CONCAT_WS", (2, MANY), joined, concat_ws),
    Function::new("SUBSTRING", (2, 3), like_first, substring),
    Function::new("SUBSTR", (2, 3), like_first, substring),
    Function::new("MID", (2, 3), like_first, substring),
    Function::new("SUBSTRING_INDEX", (3, 3), like_first, substring_index),
    Function::new("LEFT", (2, 2), like_first, |c| Ok(cut(c, |text, n| take(text, n)))),
    Function::new("RIGHT", (2, 2), like_first, |c| Ok(cut(c, take_last))),
    Function::new("TRIM", (1, 2), like_first, |c| Ok(trim(c, true, true))),
    Function::new("LTRIM", (1, 2), like_first, |c| Ok(trim(c, true, false))),
    Function::new("RTRIM", (1, 2), like_first, |c| Ok(trim(c, false, true))),
    Function::new("REPLACE", (3, 3), grown, replace),
    Function::new("INSERT", (4, 4), joined, insert),
    Function::new("REPEAT", (2, 2), grown, repeat),
    Function::new("SPACE", (1, 1), |_| super::result::long_text(&[]), space),
    Function::new("REVERSE", (1, 1), like_first, |c| {
        Ok(c.letters(0).map_or(Value::Null, |t| c.string(&t.chars().rev().collect::<String>())))
    }),
    Function::new("LPAD", (3, 3), grown, |c| pad(c, true)),
    Function::new("RPAD", (3, 3), grown, |c| pad(c, false)),
];

/// Text like the first argument, but longer.
fn grown(arguments: &[Expression]) -> Typed {
    let ty = text_result(&[&arguments[0].ty], MAX_LENGTH, "string")?;
    Ok(ty.nullable(true))
}

/// NULL and a warning for what would be longer than [`MAX_RESULT`].
fn bounded(call: &mut Call<'_>, name: &str, bytes: usize) -> bool {
    if bytes <= MAX_RESULT {
        return true;
    }
    let message = format!("Result of {name}() was larger than max_allowed_packet ({MAX_RESULT}) - truncated");
    call.context.warn(1301, message);
    false
}

fn concat(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mut out = String::new();
    for index in 0..call.count() {
        let Some(part) = call.letters(index) else { return Ok(Value::Null) };
        out.push_str(&part);
    }
    if !bounded(call, "concat", out.len()) {
        return Ok(Value::Null);
    }
    Ok(call.string(&out))
}

fn concat_ws(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(separator) = call.letters(0) else { return Ok(Value::Null) };
    let parts: Vec<_> = (1..call.count()).filter_map(|i| call.letters(i)).collect();
    Ok(call.string(&parts.join(&*separator)))
}

/// The first `count` characters.
fn take(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

/// What is left after `count` characters.
pub(super) fn skip(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or("", |(start, _)| &text[start..])
}

fn take_last(text: &str, count: usize) -> &str {
    let length = text.chars().count();
    if count >= length { text } else { skip(text, length - count) }
}

fn cut(call: &mut Call<'_>, part: fn(&str, usize) -> &str) -> Value {
    let (Some(text), Some(count)) = (call.letters(0), call.int(1)) else { return Value::Null };
    call.string(part(&text, usize::try_from(count).unwrap_or(0)))
}

/// Positions count from 1, negative ones from the end; 0 is nowhere.
fn substring(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(position)) = (call.letters(0), call.int(1)) else { return Ok(Value::Null) };
    let count = if call.count() > 2 {
        let Some(count) = call.int(2) else { return Ok(Value::Null) };
        usize::try_from(count).unwrap_or(0)
    } else {
        usize::MAX
    };
    let start = match position {
        0 => None,
        1.. => Some(position as usize - 1),
        _ => text.chars().count().checked_sub(position.unsigned_abs() as usize),
    };
    Ok(call.string(start.map_or("", |start| take(skip(&text, start), count))))
}

fn substring_index(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(delimiter), Some(count)) = (call.letters(0), call.letters(1), call.int(2)) else {
        return Ok(Value::Null);
    };
    if delimiter.is_empty() || count == 0 {
        return Ok(call.string(""));
    }
    let nth = count.unsigned_abs() as usize - 1;
    let part = if count > 0 {
        text.match_indices(&*delimiter).nth(nth).map_or(&*text, |(at, _)| &text[..at])
    } else {
        text.rmatch_indices(&*delimiter).nth(nth).map_or(&*text, |(at, _)| &text[at + delimiter.len()..])
    };
    Ok(call.string(part))
}

fn trim(call: &mut Call<'_>, front: bool, back: bool) -> Value {
    let remove = if call.count() > 1 { call.letters(1) } else { Some(" ".into()) };
    let (Some(text), Some(remove)) = (call.letters(0), remove) else { return Value::Null };
    let mut rest = &*text;
    if !remove.is_empty() {
        while front && let Some(shorter) = rest.strip_prefix(&*remove) {
            rest = shorter;
        }
        while back && let Some(shorter) = rest.strip_suffix(&*remove) {
            rest = shorter;
        }
    }
    call.string(rest)
}

fn replace(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(from)) = (call.letters(0), call.letters(1)) else { return Ok(Value::Null) };
    // Nothing to look for: what would replace it is not looked at, even if it is NULL.
    if from.is_empty() {
        return Ok(call.string(&text));
    }
    let Some(to) = call.letters(2) else { return Ok(Value::Null) };
    let count = text.matches(&*from).count();
    if !bounded(call, "replace", text.len() + count * to.len()) {
        return Ok(Value::Null);
    }
    Ok(call.string(&text.replace(&*from, &to)))
}

/// INSERT(text, position, length, new); a position outside the text leaves it as it is.
fn insert(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(new)) = (call.letters(0), call.letters(3)) else { return Ok(Value::Null) };
    let (Some(position), Some(length)) = (call.int(1), call.int(2)) else { return Ok(Value::Null) };
    let total = text.chars().count() as i64;
    if position < 1 || position > total {
        return Ok(call.string(&text));
    }
    let start = position as usize - 1;
    let gone = if length < 0 { usize::MAX } else { length as usize };
    let after = skip(skip(&text, start), gone);
    Ok(call.string(&format!("{}{new}{after}", take(&text, start))))
}

fn repeat(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(text), Some(count)) = (call.letters(0), call.int(1)) else { return Ok(Value::Null) };
    let count = usize::try_from(count).unwrap_or(0);
    if !bounded(call, "repeat", text.len().saturating_mul(count)) {
        return Ok(Value::Null);
    }
    Ok(call.string(&text.repeat(count)))
}

fn space(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(count) = call.int(0) else { return Ok(Value::Null) };
    let count = usize::try_from(count).unwrap_or(0);
    Ok(if bounded(call, "space", count) { Value::text(" ".repeat(count)) } else { Value::Null })
}

fn pad(call: &mut Call<'_>, front: bool) -> Result<Value, SqlError> {
    let (Some(text), Some(length), Some(filler)) = (call.letters(0), call.int(1), call.letters(2)) else {
        return Ok(Value::Null);
    };
    let Ok(length) = usize::try_from(length) else { return Ok(Value::Null) };
    let have = text.chars().count();
    if length <= have {
        return Ok(call.string(take(&text, length)));
    }
    if filler.is_empty() {
        return Ok(call.string(""));
    }
    if !bounded(call, if front { "lpad" } else { "rpad" }, length) {
        return Ok(Value::Null);
    }
    let fill: String = filler.chars().cycle().take(length - have).collect();
    Ok(call.string(&if front { format!("{fill}{text}") } else { format!("{text}{fill}") }))
}
