//! JSON that is made or changed: JSON_OBJECT, JSON_ARRAY, JSON_SET, JSON_REMOVE, JSON_MERGE_PATCH (manual, 14.17.4).

use super::json_read::{document, json_type, last_step, path, place};
use super::{Call, Function, MANY};
use crate::error::SqlError;
use crate::json::path::{Leg, Path, Position};
use crate::json::{self, Document};
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("JSON_ARRAY", (0, MANY), json_type, array),
    Function::new("JSON_OBJECT", (0, MANY), json_type, object),
    Function::new("JSON_SET", (3, MANY), json_type, |c| changed(c, "json_set", Change { insert: true, replace: true })),
    Function::new("JSON_INSERT", (3, MANY), json_type, |c| {
        changed(c, "json_insert", Change { insert: true, replace: false })
    }),
    Function::new("JSON_REPLACE", (3, MANY), json_type, |c| {
        changed(c, "json_replace", Change { insert: false, replace: true })
    }),
    Function::new("JSON_REMOVE", (2, MANY), json_type, remove),
    Function::new("JSON_ARRAY_APPEND", (3, MANY), json_type, array_append),
    Function::new("JSON_ARRAY_INSERT", (3, MANY), json_type, array_insert),
    Function::new("JSON_MERGE_PATCH", (2, MANY), json_type, |c| merged(c, "json_merge_patch", patch)),
    Function::new("JSON_MERGE_PRESERVE", (2, MANY), json_type, |c| merged(c, "json_merge_preserve", preserve)),
    Function::new("JSON_MERGE", (2, MANY), json_type, |c| merged(c, "json_merge", preserve)),
];

/// A value that goes into a document: text is a JSON string.
fn item(call: &Call<'_>, index: usize) -> Result<Document, SqlError> {
    json::document(&call.arguments[index], call.ty(index), false)
}

fn array(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let items = (0..call.count()).map(|i| item(call, i)).collect::<Result<Vec<_>, _>>()?;
    Ok(Document::Array(items).into_value())
}

fn object(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() % 2 == 1 {
        return Err(SqlError::new(1582, "Incorrect parameter count in the call to native function 'JSON_OBJECT'"));
    }
    let mut members = Vec::new();
    for index in (0..call.count()).step_by(2) {
        let Some(key) = call.text(index) else {
            return Err(SqlError::new(3158, "JSON documents may not contain NULL member names."));
        };
        members.push((key.into_owned(), item(call, index + 1)?));
    }
    Ok(Document::object(members).into_value())
}

/// Whether a missing place is filled, and a present one overwritten.
#[derive(Clone, Copy)]
struct Change {
    insert: bool,
    replace: bool,
}

/// The pairs of path and value behind the document, each applied to what the one before left.
fn pairs(
    call: &mut Call<'_>,
    name: &str,
    apply: fn(&mut Document, &Path, Document, Change) -> Result<(), SqlError>,
    change: Change,
) -> Result<Value, SqlError> {
    if call.count().is_multiple_of(2) {
        let upper = name.to_ascii_uppercase();
        return Err(SqlError::new(1582, format!("Incorrect parameter count in the call to native function '{upper}'")));
    }
    let Some(mut root) = document(call, 0, name)? else { return Ok(Value::Null) };
    for index in (1..call.count()).step_by(2) {
        let Some(path) = path(call, index, false)? else { return Ok(Value::Null) };
        let value = item(call, index + 1)?;
        apply(&mut root, &path, value, change)?;
    }
    Ok(root.into_value())
}

fn changed(call: &mut Call<'_>, name: &str, change: Change) -> Result<Value, SqlError> {
    pairs(
        call,
        name,
        |root, path, value, change| {
            put(root, path, value, change);
            Ok(())
        },
        change,
    )
}

/// The document at a path without wildcards.
fn find_mut<'d>(root: &'d mut Document, legs: &[Leg]) -> Option<&'d mut Document> {
    let Some((leg, rest)) = legs.split_first() else { return Some(root) };
    match (leg, root) {
        (Leg::Member(key), Document::Object(members)) => {
            find_mut(members.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v)?, rest)
        }
        (Leg::Item(position), Document::Array(items)) => {
            let index = position.index(items.len())?;
            find_mut(items.get_mut(index)?, rest)
        }
        (Leg::Item(position), scalar) if position.index(1) == Some(0) => find_mut(scalar, rest),
        _ => None,
    }
}

fn put(root: &mut Document, path: &Path, value: Document, change: Change) {
    if let Some(at) = find_mut(root, &path.legs) {
        if change.replace {
            *at = value;
        }
        return;
    }
    let (Some((parent, last)), true) = (last_step(path), change.insert) else { return };
    let Some(parent) = find_mut(root, &parent.legs) else { return };
    match (last, &mut *parent) {
        (Leg::Member(key), Document::Object(members)) => {
            members.push((key, value));
            *parent = Document::object(std::mem::take(members));
        }
        (Leg::Item(Position::Last(_)), Document::Array(items)) => items.insert(0, value),
        (Leg::Item(_), Document::Array(items)) => items.push(value),
        // A scalar or object becomes the first element of an array.
        (Leg::Item(Position::First(_)), Document::Object(_)) | (Leg::Item(Position::First(_)), _) => {
            let old = std::mem::replace(parent, Document::Null);
            *parent = Document::Array(vec![old, value]);
        }
        _ => {}
    }
}

fn remove(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(mut root) = document(call, 0, "json_remove")? else { return Ok(Value::Null) };
    for index in 1..call.count() {
        let Some(path) = path(call, index, false)? else { return Ok(Value::Null) };
        let Some((parent, last)) = last_step(&path) else {
            return Err(SqlError::new(3153, "The path expression '$' is not allowed in this context."));
        };
        match (last, find_mut(&mut root, &parent.legs)) {
            (Leg::Member(key), Some(Document::Object(members))) => members.retain(|(k, _)| *k != key),
            (Leg::Item(position), Some(Document::Array(items))) => {
                if let Some(at) = position.index(items.len()).filter(|i| *i < items.len()) {
                    items.remove(at);
                }
            }
            _ => {}
        }
    }
    Ok(root.into_value())
}

fn array_append(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let append = |root: &mut Document, path: &Path, value: Document, _: Change| {
        if let Some(at) = find_mut(root, &path.legs) {
            if let Document::Array(items) = at {
                items.push(value);
            } else {
                let old = std::mem::replace(at, Document::Null);
                *at = Document::Array(vec![old, value]);
            }
        }
        Ok(())
    };
    pairs(call, "json_array_append", append, Change { insert: true, replace: true })
}

fn array_insert(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let insert = |root: &mut Document, path: &Path, value: Document, _: Change| {
        let Some((parent, Leg::Item(position))) = last_step(path) else {
            return Err(SqlError::new(3165, "A path expression is not a path to a cell in an array."));
        };
        if let Some(Document::Array(items)) = find_mut(root, &parent.legs) {
            let at = place(position, items.len()).min(items.len());
            items.insert(at, value);
        }
        Ok(())
    };
    pairs(call, "json_array_insert", insert, Change { insert: true, replace: true })
}

/// Folds the documents from the left; NULL makes NULL.
fn merged(call: &mut Call<'_>, name: &str, merge: fn(Document, Document) -> Document) -> Result<Value, SqlError> {
    let mut result: Option<Document> = None;
    for index in 0..call.count() {
        let Some(next) = document(call, index, name)? else { return Ok(Value::Null) };
        result = Some(match result {
            None => next,
            Some(so_far) => merge(so_far, next),
        });
    }
    Ok(result.map_or(Value::Null, Document::into_value))
}

/// RFC 7396: members of the patch replace, null removes.
fn patch(target: Document, patch_by: Document) -> Document {
    let Document::Object(changes) = patch_by else { return patch_by };
    let mut members = if let Document::Object(members) = target { members } else { Vec::new() };
    for (key, change) in changes {
        let old = members.iter().position(|(k, _)| *k == key).map(|at| members.remove(at).1);
        if change != Document::Null {
            members.push((key, patch(old.unwrap_or(Document::Null), change)));
        }
    }
    Document::object(members)
}

/// Arrays join, objects merge member by member, anything else becomes an array of both.
fn preserve(left: Document, right: Document) -> Document {
    match (left, right) {
        (Document::Object(mut members), Document::Object(more)) => {
            for (key, value) in more {
                match members.iter().position(|(k, _)| *k == key) {
                    Some(at) => {
                        let (_, old) = members.remove(at);
                        members.push((key, preserve(old, value)));
                    }
                    None => members.push((key, value)),
                }
            }
            Document::object(members)
        }
        (left, right) => {
            let list = |d| if let Document::Array(items) = d { items } else { vec![d] };
            let mut items = list(left);
            items.extend(list(right));
            Document::Array(items)
        }
    }
}
