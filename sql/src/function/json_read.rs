//! JSON that is asked: JSON_EXTRACT, JSON_UNQUOTE, JSON_CONTAINS, JSON_TYPE, JSON_SEARCH (MySQL 8.0 manual, 14.17.3).

use super::result::{Typed, boolean, long_text, small};
use super::{Call, Function, MANY};
use crate::error::SqlError;
use crate::evaluate::like;
use crate::expression::{Coercibility, Expression, Kind, Type};
use crate::json::path::{Leg, Path, Position};
use crate::json::{self, Document};
use dag::collation::Collation;
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("JSON_EXTRACT", (2, MANY), json_type, extract),
    Function::new("JSON_VALUE", (2, 2), long_text, value_of),
    Function::new("JSON_UNQUOTE", (1, 1), unquoted_type, unquote),
    Function::new("JSON_QUOTE", (1, 1), unquoted_type, |c| {
        Ok(c.text(0).map_or(Value::Null, |t| Value::text(json::quote(&t))))
    }),
    Function::new("JSON_TYPE", (1, 1), unquoted_type, |c| {
        Ok(document(c, 0, "json_type")?.map_or(Value::Null, |d| Value::text(d.type_name())))
    }),
    Function::new("JSON_VALID", (1, 1), boolean, valid),
    Function::new("JSON_LENGTH", (1, 2), small, |c| measured(c, "json_length", Document::length)),
    Function::new("JSON_DEPTH", (1, 1), small, |c| measured(c, "json_depth", Document::depth)),
    Function::new("JSON_KEYS", (1, 2), json_type, keys),
    Function::new("JSON_CONTAINS", (2, 3), |_| Ok(Type::boolean()), contains),
    Function::new("JSON_CONTAINS_PATH", (3, MANY), |_| Ok(Type::boolean()), contains_path),
    Function::new("JSON_OVERLAPS", (2, 2), |_| Ok(Type::boolean()), overlaps),
    Function::new("MEMBER OF", (2, 2), |_| Ok(Type::boolean()), member_of),
    Function::new("JSON_SEARCH", (3, MANY), json_type, search),
    Function::new("JSON_PRETTY", (1, 1), long_text, |c| {
        Ok(document(c, 0, "json_pretty")?.map_or(Value::Null, |d| Value::text(pretty(&d, 0))))
    }),
];

pub(super) fn json_type(_: &[Expression]) -> Typed {
    Ok(Type::json())
}

/// Text out of JSON compares as utf8mb4_bin (manual, 13.5).
fn unquoted_type(_: &[Expression]) -> Typed {
    let text = Type::text(crate::types::MAX_LENGTH);
    Ok(Type { collation: Collation::Utf8mb4Bin, coercibility: Coercibility::Literal, ..text })
}

/// The document of an argument; `None` for SQL NULL. Errors: 3141 for text that is not JSON, 3146 for other types.
pub(super) fn document(call: &Call<'_>, index: usize, function: &str) -> Result<Option<Document>, SqlError> {
    match &call.arguments[index] {
        Value::Null => Ok(None),
        Value::Text(text) | Value::Json(text) => match json::parse(text) {
            Ok(document) => Ok(Some(document)),
            Err(error) => Err(json::invalid(index + 1, function, &error)),
        },
        _ => Err(SqlError::new(
            3146,
            format!(
                "Invalid data type for JSON data in argument {} to function {function}; a JSON string or JSON type is required.",
                index + 1
            ),
        )),
    }
}

/// The path of an argument; `None` for NULL. Errors: 3143, and 3149 if wildcards are not allowed here.
pub(super) fn path(call: &Call<'_>, index: usize, wild: bool) -> Result<Option<Path>, SqlError> {
    let Some(text) = call.text(index) else { return Ok(None) };
    let path = Path::parse(&text)?;
    if path.is_wild() && !wild {
        return Err(SqlError::new(
            3149,
            "In this situation, path expressions may not contain the * and ** tokens or an array range.",
        ));
    }
    Ok(Some(path))
}

fn extract(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(root) = document(call, 0, "json_extract")? else { return Ok(Value::Null) };
    let (mut found, mut many) = (Vec::new(), call.count() > 2);
    for index in 1..call.count() {
        let Some(path) = path(call, index, true)? else { return Ok(Value::Null) };
        many |= path.is_wild();
        found.extend(path.find(&root).into_iter().cloned());
    }
    Ok(match (found.len(), many) {
        (0, _) => Value::Null,
        (_, true) => Document::Array(found).into_value(),
        _ => found.swap_remove(0).into_value(),
    })
}

fn value_of(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(root), Some(path)) = (document(call, 0, "json_value")?, path(call, 1, false)?) else {
        return Ok(Value::Null);
    };
    Ok(match path.find_one(&root) {
        None | Some(Document::Null) => Value::Null,
        Some(Document::String(text)) => Value::text(text.as_str()),
        Some(other) => Value::text(other.to_string()),
    })
}

/// A JSON string without its quotes; text that is not a quoted string stays as it is.
fn unquote(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.text(0) else { return Ok(Value::Null) };
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    if !quoted {
        return Ok(Value::text(text.as_ref()));
    }
    match json::parse(&text) {
        Ok(Document::String(inner)) => Ok(Value::text(inner)),
        Ok(other) => Ok(Value::text(other.to_string())),
        Err(error) => Err(json::invalid(1, "json_unquote", &error)),
    }
}

fn valid(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(match &call.arguments[0] {
        Value::Null => Value::Null,
        Value::Json(_) => Value::Int(1),
        Value::Text(text) => Value::Int(json::parse(text).is_ok().into()),
        _ => Value::Int(0),
    })
}

/// The document, or the part of it that the second argument names.
fn part(call: &Call<'_>, function: &str) -> Result<Option<Document>, SqlError> {
    let Some(root) = document(call, 0, function)? else { return Ok(None) };
    if call.count() < 2 {
        return Ok(Some(root));
    }
    let Some(path) = path(call, 1, false)? else { return Ok(None) };
    Ok(path.find_one(&root).cloned())
}

fn measured(call: &mut Call<'_>, function: &str, measure: fn(&Document) -> usize) -> Result<Value, SqlError> {
    Ok(part(call, function)?.map_or(Value::Null, |d| Value::Int(measure(&d) as i64)))
}

fn keys(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(match part(call, "json_keys")? {
        Some(Document::Object(members)) => {
            Document::Array(members.into_iter().map(|(key, _)| Document::String(key)).collect()).into_value()
        }
        _ => Value::Null,
    })
}

/// Whether the target contains the candidate (manual, 14.17.3): every element of an array in an array, every member of
/// an object in an object, equal scalars.
fn holds(target: &Document, candidate: &Document) -> bool {
    match (target, candidate) {
        (Document::Array(_), Document::Array(wanted)) => wanted.iter().all(|w| holds(target, w)),
        (Document::Array(items), _) => items.iter().any(|item| match (item, candidate) {
            (Document::Array(_), _) => false,
            _ => holds(item, candidate),
        }),
        (Document::Object(_), Document::Object(wanted)) => {
            wanted.iter().all(|(key, value)| target.member(key).is_some_and(|found| holds(found, value)))
        }
        _ => target.compare(candidate).is_eq(),
    }
}

fn contains(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(root), Some(candidate)) = (document(call, 0, "json_contains")?, document(call, 1, "json_contains")?)
    else {
        return Ok(Value::Null);
    };
    if call.count() == 2 {
        return Ok(Value::Int(holds(&root, &candidate).into()));
    }
    let Some(path) = path(call, 2, false)? else { return Ok(Value::Null) };
    Ok(path.find_one(&root).map_or(Value::Null, |target| Value::Int(holds(target, &candidate).into())))
}

/// `one` or `all`. Errors: 3154.
fn wants_all(call: &Call<'_>, function: &str) -> Result<Option<bool>, SqlError> {
    match call.text(1).map(|t| t.to_ascii_lowercase()).as_deref() {
        None => Ok(None),
        Some("one") => Ok(Some(false)),
        Some("all") => Ok(Some(true)),
        Some(_) => Err(SqlError::new(
            3154,
            format!("The oneOrAll argument to {function} may take these values: 'one' or 'all'."),
        )),
    }
}

fn contains_path(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(root), Some(all)) = (document(call, 0, "json_contains_path")?, wants_all(call, "json_contains_path")?)
    else {
        return Ok(Value::Null);
    };
    for index in 2..call.count() {
        let Some(path) = path(call, index, true)? else { return Ok(Value::Null) };
        if path.find(&root).is_empty() == all {
            return Ok(Value::Int(i64::from(!all)));
        }
    }
    Ok(Value::Int(all.into()))
}

fn overlaps(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(a), Some(b)) = (document(call, 0, "json_overlaps")?, document(call, 1, "json_overlaps")?) else {
        return Ok(Value::Null);
    };
    let equal = |x: &Document, y: &Document| x.compare(y).is_eq();
    let found = match (&a, &b) {
        (Document::Array(x), Document::Array(y)) => x.iter().any(|i| y.iter().any(|j| equal(i, j))),
        (Document::Array(x), y) | (y, Document::Array(x)) => x.iter().any(|i| equal(i, y)),
        (Document::Object(x), y @ Document::Object(_)) => {
            x.iter().any(|(key, value)| y.member(key).is_some_and(|other| equal(value, other)))
        }
        (x, y) => equal(x, y),
    };
    Ok(Value::Int(found.into()))
}

fn member_of(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let Some(target) = document(call, 1, "member of")? else { return Ok(Value::Null) };
    let wanted = json::document(&call.arguments[0], call.ty(0), call.ty(0).kind == Kind::Json)?;
    let found = match &target {
        Document::Array(items) => items.iter().any(|i| i.compare(&wanted).is_eq()),
        scalar => scalar.compare(&wanted).is_eq(),
    };
    Ok(Value::Int(found.into()))
}

/// JSON_SEARCH: the paths of strings LIKE the third argument.
fn search(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(root), Some(all)) = (document(call, 0, "json_search")?, wants_all(call, "json_search")?) else {
        return Ok(Value::Null);
    };
    let Some(pattern) = call.text(2) else { return Ok(Value::Null) };
    let escape = if call.count() > 3 { call.text(3).and_then(|t| t.chars().next()) } else { None };
    let mut found = Vec::new();
    let matches = |text: &str| like(text, &pattern, Some(escape.unwrap_or('\\')), Collation::Utf8mb4Bin);
    if call.count() <= 4 {
        walk(&root, "$", &matches, &mut found);
    }
    for index in 4..call.count() {
        let Some(path) = path(call, index, true)? else { return Ok(Value::Null) };
        for (at, name) in located(&root, &path) {
            walk(at, &name, &matches, &mut found);
        }
    }
    let mut unique: Vec<String> = Vec::new();
    found.into_iter().for_each(|f| {
        if !unique.contains(&f) {
            unique.push(f)
        }
    });
    Ok(match (unique.len(), all) {
        (0, _) => Value::Null,
        (1, _) | (_, false) => Document::String(unique.swap_remove(0)).into_value(),
        _ => Document::Array(unique.into_iter().map(Document::String).collect()).into_value(),
    })
}

fn step_name(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    if plain { format!("{path}.{key}") } else { format!("{path}.{}", json::quote(key)) }
}

fn walk(at: &Document, path: &str, matches: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    match at {
        Document::String(text) if matches(text) => found.push(path.to_owned()),
        Document::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| walk(item, &format!("{path}[{i}]"), matches, found));
        }
        Document::Object(members) => {
            members.iter().for_each(|(key, value)| walk(value, &step_name(path, key), matches, found));
        }
        _ => {}
    }
}

/// The documents of a path with their own exact paths.
fn located<'d>(root: &'d Document, path: &Path) -> Vec<(&'d Document, String)> {
    let mut all = Vec::new();
    name_all(root, "$".to_owned(), &mut all);
    let found = path.find(root);
    all.retain(|(d, _)| found.iter().any(|f| std::ptr::eq(*f, *d)));
    all
}

fn name_all<'d>(at: &'d Document, path: String, out: &mut Vec<(&'d Document, String)>) {
    match at {
        Document::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| name_all(item, format!("{path}[{i}]"), out));
        }
        Document::Object(members) => {
            members.iter().for_each(|(key, value)| name_all(value, step_name(&path, key), out));
        }
        _ => {}
    }
    out.push((at, path));
}

/// Two blanks a level, one member a line.
fn pretty(document: &Document, level: usize) -> String {
    let inner = "  ".repeat(level + 1);
    let outer = "  ".repeat(level);
    let lines = match document {
        Document::Array(items) if !items.is_empty() => {
            items.iter().map(|i| format!("{inner}{}", pretty(i, level + 1))).collect::<Vec<_>>()
        }
        Document::Object(members) if !members.is_empty() => {
            members.iter().map(|(k, v)| format!("{inner}{}: {}", json::quote(k), pretty(v, level + 1))).collect()
        }
        other => return other.to_string(),
    };
    let (open, close) = if matches!(document, Document::Array(_)) { ('[', ']') } else { ('{', '}') };
    format!("{open}\n{}\n{outer}{close}", lines.join(",\n"))
}

/// Where the last step of a path without wildcards goes: its parent and the step.
pub(super) fn last_step(path: &Path) -> Option<(Path, Leg)> {
    let (last, parents) = path.legs.split_last()?;
    Some((Path { legs: parents.to_vec() }, last.clone()))
}

/// The index a position has in an array of that length, wherever it points.
pub(super) fn place(position: Position, length: usize) -> usize {
    position.index(length).unwrap_or(0)
}
