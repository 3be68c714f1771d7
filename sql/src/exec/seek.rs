//! Turns an access path and the values at hand into keys to get and ranges to scan.
//!
//! Promises: together they cover every row that fulfils the path's conditions; in the order of the index if there is
//! one range.

use super::place::{self, Place};
use super::run::Frame;
use crate::error::SqlError;
use crate::plan::{Access, IndexPath, KeyBound, KeyTerm};
use dag::id::EntityId;
use dag::row_key::Key;
use dag::schema::{Index, Table};
use dag::value::Value;
use linearizer::view::KeyRange;
use std::ops::Bound;

/// One thing to read.
#[derive(Clone, Debug, PartialEq)]
pub enum Seek {
    /// The entry under a key.
    Key(Vec<u8>),
    /// Entries in a range.
    Range(KeyRange),
}

impl Seek {
    /// The keys it looks at.
    pub fn range(&self) -> KeyRange {
        match self {
            Seek::Key(key) => {
                let key = Key::from(key.clone());
                KeyRange { from: Bound::Included(key.clone()), to: Bound::Included(key) }
            }
            Seek::Range(range) => range.clone(),
        }
    }
}

/// Everything to read, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeks {
    /// The table's or an index's key space.
    pub space: EntityId,
    /// Whether entries hold primary keys instead of rows.
    pub secondary: bool,
    /// In order.
    pub seeks: Vec<Seek>,
}

/// All of a space.
pub(crate) fn everything() -> KeyRange {
    KeyRange { from: Bound::Unbounded, to: Bound::Unbounded }
}

fn full(table: &Table) -> Seeks {
    Seeks { space: table.id, secondary: false, seeks: vec![Seek::Range(everything())] }
}

/// All of an index, in its order.
fn whole(table: &Table, index: &Index, path: &IndexPath) -> Seeks {
    let secondary = path.index.is_some();
    let space = if secondary { index.id } else { table.id };
    Seeks { space, secondary, seeks: vec![Seek::Range(everything())] }
}

/// What an access path reads; `row` holds the slots that its key values read.
pub(crate) fn seeks(table: &Table, access: &Access, row: &[Value], frame: &mut Frame<'_>) -> Result<Seeks, SqlError> {
    let Access::Index(path) = access else { return Ok(full(table)) };
    let index = match path.index {
        None => table.primary.as_ref(),
        Some(place) => table.indexes.get(place),
    };
    let Some(index) = index else { return Ok(full(table)) };
    let mut prefixes: Vec<Vec<Value>> = vec![Vec::with_capacity(path.equal.len())];
    for term in &path.equal {
        match alternatives(table, term, row, frame)? {
            Some(values) => prefixes = extended(prefixes, &values),
            // A value without a place: all of the index has to be read, in its order.
            None => return Ok(whole(table, index, path)),
        }
    }
    let bounds = match next_part(table, path, row, frame)? {
        Bounds::Nothing => return Ok(Seeks { space: table.id, secondary: false, seeks: Vec::new() }),
        Bounds::Between(lower, upper) => (lower, upper),
    };
    let mut seeks = Vec::with_capacity(prefixes.len());
    for prefix in prefixes {
        match seek(table, index, path, prefix, &bounds) {
            Some(seek) => seeks.push(seek),
            None => return Ok(whole(table, index, path)),
        }
    }
    let secondary = path.index.is_some();
    Ok(Seeks { space: if secondary { index.id } else { table.id }, secondary, seeks })
}

/// The values a part may have, as the column holds them; `None` if one has no place.
fn alternatives(
    table: &Table,
    term: &KeyTerm,
    row: &[Value],
    frame: &mut Frame<'_>,
) -> Result<Option<Vec<Value>>, SqlError> {
    let column = &table.columns[term.column];
    let mut values = Vec::with_capacity(term.values.len());
    for (expression, _) in &term.values {
        let value = frame.value(expression, row)?;
        match place::of(column, value, &expression.ty, frame.context) {
            Place::At(value) if !values.contains(&value) => values.push(value),
            Place::Null if term.null_matches && column.nullable => values.push(Value::Null),
            Place::Unknown => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(values))
}

fn extended(prefixes: Vec<Vec<Value>>, values: &[Value]) -> Vec<Vec<Value>> {
    if let ([value], [_]) = (values, &prefixes[..]) {
        let mut only = prefixes;
        only[0].push(value.clone());
        return only;
    }
    let mut out = Vec::with_capacity(prefixes.len() * values.len());
    for prefix in prefixes {
        for value in values {
            let mut longer = prefix.clone();
            longer.push(value.clone());
            out.push(longer);
        }
    }
    out
}

/// Bounds of the part behind the fixed ones.
enum Bounds {
    Nothing,
    Between(Option<(Value, bool)>, Option<(Value, bool)>),
}

fn next_part(table: &Table, path: &IndexPath, row: &[Value], frame: &mut Frame<'_>) -> Result<Bounds, SqlError> {
    let mut place = |bound: &Option<KeyBound>| -> Result<Option<(Place, bool)>, SqlError> {
        let Some(bound) = bound else { return Ok(None) };
        let value = frame.value(&bound.value, row)?;
        let place = place::of(&table.columns[bound.column], value, &bound.value.ty, frame.context);
        Ok(Some((place, bound.inclusive)))
    };
    let lower = match place(&path.lower)? {
        Some((Place::Null | Place::Above, _)) => return Ok(Bounds::Nothing),
        Some((Place::At(value), inclusive)) => Some((value, inclusive)),
        Some((Place::After(value), _)) => Some((value, false)),
        _ => None,
    };
    let upper = match place(&path.upper)? {
        Some((Place::Null | Place::Below, _)) => return Ok(Bounds::Nothing),
        Some((Place::At(value), inclusive)) => Some((value, inclusive)),
        Some((Place::After(value), _)) => Some((value, true)),
        _ => None,
    };
    Ok(Bounds::Between(lower, upper))
}

type Edges = (Option<(Value, bool)>, Option<(Value, bool)>);

/// The key or range of one combination of fixed values; `None` if a value does not fit the key.
fn seek(table: &Table, index: &Index, path: &IndexPath, mut prefix: Vec<Value>, bounds: &Edges) -> Option<Seek> {
    let fixed = index.seek_key(table, &prefix).ok()?;
    if path.unique {
        return Some(Seek::Key(fixed));
    }
    if let Some(start) = &path.start {
        return index.start_key(table, &prefix, &start.text).map(|key| Seek::Range(with_prefix(key)));
    }
    let (lower, upper) = bounds;
    if lower.is_none() && upper.is_none() {
        return Some(Seek::Range(with_prefix(fixed)));
    }
    let part = &index.parts[prefix.len()];
    let mut edge = |bound: &Option<(Value, bool)>| -> Option<Option<(Vec<u8>, bool)>> {
        let Some((value, inclusive)) = bound else { return Some(None) };
        prefix.push(value.clone());
        let key = index.seek_key(table, &prefix).ok();
        prefix.pop();
        // A cut value stands for all that begin with it.
        Some(Some((key?, *inclusive || part.prefix.is_some())))
    };
    let (lower, upper) = (edge(lower)?, edge(upper)?);
    let (low, high) = if part.descending { (upper, lower) } else { (lower, upper) };
    let from = match low {
        Some((key, true)) => Bound::Included(key.into()),
        Some((key, false)) => Key::after_prefix(&key).map_or(Bound::Unbounded, Bound::Included),
        None => Bound::Included(fixed.clone().into()),
    };
    let to = match high {
        Some((key, true)) => Key::after_prefix(&key).map_or(Bound::Unbounded, Bound::Excluded),
        Some((key, false)) => Bound::Excluded(key.into()),
        None => Key::after_prefix(&fixed).map_or(Bound::Unbounded, Bound::Excluded),
    };
    Some(Seek::Range(KeyRange { from, to }))
}

fn with_prefix(prefix: Vec<u8>) -> KeyRange {
    let to = Key::after_prefix(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    KeyRange { from: Bound::Included(prefix.into()), to }
}
