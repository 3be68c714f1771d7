//! Labels into ENUM and SET columns (MySQL 8.0 manual, 13.3.5 and 13.3.6).

use super::Storing;
use crate::convert::numeric;
use crate::error::SqlError;
use crate::render;
use dag::value::Value;
use std::sync::Arc;

/// The label that equals a text under the column's collation, trailing blanks aside.
fn find(storing: &Storing<'_>, labels: &[Arc<str>], text: &str) -> Option<usize> {
    let text = text.trim_end_matches(' ');
    labels.iter().position(|l| storing.column.collation.compare(l, text).is_eq())
}

/// The number a value is, when it is not text; text of digits counts too when no label matches.
fn number(storing: &mut Storing<'_>) -> Option<u64> {
    match storing.value {
        Value::Text(t) => t.trim_ascii().parse().ok(),
        Value::Bytes(_) | Value::Json(_) => None,
        other => u64::try_from(numeric::integer(other, storing.from, storing.context)).ok(),
    }
}

pub(super) fn one(storing: &mut Storing<'_>, labels: &[Arc<str>]) -> Result<Value, SqlError> {
    if storing.from.is_text() || matches!(storing.value, Value::Text(_) | Value::Bytes(_)) {
        let text = render::text(storing.value, storing.from).unwrap_or_default().into_owned();
        if let Some(at) = find(storing, labels, &text) {
            return Ok(Value::Text(labels[at].clone()));
        }
    }
    let chosen = number(storing).filter(|n| *n >= 1).and_then(|n| labels.get(n as usize - 1));
    match chosen {
        Some(label) => Ok(Value::Text(label.clone())),
        None => {
            storing.truncated()?;
            Ok(Value::text(""))
        }
    }
}

pub(super) fn many(storing: &mut Storing<'_>, labels: &[Arc<str>]) -> Result<Value, SqlError> {
    let all = if labels.len() >= 64 { u64::MAX } else { (1 << labels.len()) - 1 };
    let text = matches!(storing.value, Value::Text(_) | Value::Bytes(_));
    let mut unknown = false;
    let mut bits = 0u64;
    if text {
        let text = render::text(storing.value, storing.from).unwrap_or_default().into_owned();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            match find(storing, labels, part) {
                Some(at) => bits |= 1 << at,
                None => unknown = true,
            }
        }
    }
    if !text || unknown && bits == 0 {
        let chosen = number(storing);
        unknown = chosen.is_none_or(|n| n & !all != 0);
        bits = chosen.unwrap_or(0) & all;
    }
    if unknown {
        storing.truncated()?;
    }
    Ok(Value::text(join(labels, bits)))
}

/// The labels of the bits, in the order of the definition.
pub fn join(labels: &[Arc<str>], bits: u64) -> String {
    let chosen = labels.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, l)| &**l);
    chosen.collect::<Vec<_>>().join(",")
}
