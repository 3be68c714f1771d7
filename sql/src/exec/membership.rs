//! `IN (SELECT ...)` over a subquery that does not change: one hash set instead of a walk for each row.
//!
//! Only the question whether the test is true is answered, which is all that conditions ask.

use super::hash_join::brought;
use super::key;
use super::run::Frame;
use crate::error::SqlError;
use crate::expression::{CompareAs, Comparison, Expression, Node, SubqueryTest, Type};
use crate::plan::key_type;
use dag::value::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// The rows of a subquery by their keys.
#[derive(Default)]
pub(crate) struct Members {
    keys: HashSet<Vec<u8>>,
    has_null: bool,
    empty: bool,
}

/// Whether a condition that is IN or NOT IN of a constant subquery is true; `None` if it is anything else.
pub(crate) fn holds(condition: &Expression, row: &[Value], frame: &mut Frame<'_>) -> Result<Option<bool>, SqlError> {
    let Node::Subquery { index, test: SubqueryTest::Quantified { op, all, operands } } = &condition.node else {
        return Ok(None);
    };
    let within = match (op, all) {
        (Comparison::Equal, false) => true,
        // Several columns of which some are NULL are for the evaluator.
        (Comparison::NotEqual, true) if operands.len() == 1 => false,
        _ => return Ok(None),
    };
    let Some(columns) = frame.run.constant_types(*index) else { return Ok(None) };
    let Some(types) = types(operands, &columns) else { return Ok(None) };
    let members = members(*index, &columns, &types, frame)?;
    let mut wanted = Vec::new();
    let known = operand_key(operands, &types, row, frame, &mut wanted)?;
    let found = known && members.keys.contains(&wanted);
    Ok(Some(match within {
        true => found,
        false => members.empty || known && !found && !members.has_null,
    }))
}

fn types(operands: &[(Expression, CompareAs)], columns: &[Type]) -> Option<Vec<Type>> {
    operands.iter().zip(columns).map(|((operand, class), column)| key_type(&operand.ty, column, *class)).collect()
}

fn operand_key(
    operands: &[(Expression, CompareAs)],
    types: &[Type],
    row: &[Value],
    frame: &mut Frame<'_>,
    out: &mut Vec<u8>,
) -> Result<bool, SqlError> {
    for ((operand, _), ty) in operands.iter().zip(types) {
        let value = frame.value(operand, row)?;
        if !append(value, &operand.ty, ty, frame, out)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Appends a part of a key; false for NULL, which equals nothing.
fn append(value: Value, from: &Type, to: &Type, frame: &mut Frame<'_>, out: &mut Vec<u8>) -> Result<bool, SqlError> {
    if value.is_null() {
        return Ok(false);
    }
    let Some(value) = brought(value, from, to, frame)? else { return Ok(false) };
    key::append_one(&value, to, out);
    Ok(true)
}

/// The subquery's rows as a set, made at the first question.
fn members(index: u32, columns: &[Type], types: &[Type], frame: &mut Frame<'_>) -> Result<Arc<Members>, SqlError> {
    if let Some(members) = frame.run.members.get(&index) {
        return Ok(members.clone());
    }
    let rows = frame.run.answer(index as usize, frame.context)?;
    let mut members = Members { empty: rows.is_empty(), ..Members::default() };
    for row in rows.iter() {
        let mut bytes = Vec::new();
        let mut known = true;
        for ((value, from), to) in row.iter().zip(columns).zip(types) {
            known = known && append(value.clone(), from, to, frame, &mut bytes)?;
        }
        if known {
            frame.run.budget.take(bytes.len() + key::OVERHEAD)?;
            members.keys.insert(bytes);
        } else {
            members.has_null = true;
        }
    }
    let members = Arc::new(members);
    frame.run.members.insert(index, members.clone());
    Ok(members)
}
