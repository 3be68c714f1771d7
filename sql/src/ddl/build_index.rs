//! From an index as written to an index of the schema: its parts checked, its name chosen.

use super::statement::{IndexKind, IndexSpec, PartSpec};
use crate::error::SqlError;
use dag::id::EntityId;
use dag::row_key::MAX_KEY;
use dag::schema::{Column, ColumnType, Index, IndexPart};
use std::sync::Arc;

/// A column by its name, without case.
pub(super) fn find_column<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))
}

/// Builds an index over these columns. Errors: 1060, 1061, 1070, 1071, 1072, 1089, 1170, 1280, 3152.
pub(super) fn build_index(spec: &IndexSpec, columns: &[Column], taken: &[Arc<str>]) -> Result<Index, SqlError> {
    let mut parts = Vec::new();
    let mut length = 0;
    for (at, part) in spec.parts.iter().enumerate() {
        let column = find_column(columns, &part.column)
            .ok_or_else(|| SqlError::new(1072, format!("Key column '{}' doesn't exist in table", part.column)))?;
        if spec.parts[..at].iter().any(|other| other.column.eq_ignore_ascii_case(&part.column)) {
            return Err(SqlError::new(1060, format!("Duplicate column name '{}'", part.column)));
        }
        let (prefix, bytes) = part_of(part, column)?;
        length += bytes;
        parts.push(IndexPart { column: column.id, prefix, descending: part.descending });
    }
    if parts.len() > 16 {
        return Err(SqlError::new(1070, "Too many key parts specified; max 16 parts allowed"));
    }
    if length > MAX_KEY as u64 {
        return Err(SqlError::new(1071, format!("Specified key was too long; max key length is {MAX_KEY} bytes")));
    }
    Ok(Index {
        id: EntityId::ZERO,
        name: name_of(spec, taken)?,
        unique: spec.kind != IndexKind::Plain,
        parts,
        comment: spec.comment.as_str().into(),
    })
}

/// The prefix kept, and the most bytes the part takes in InnoDB's counting.
fn part_of(part: &PartSpec, column: &Column) -> Result<(Option<u32>, u64), SqlError> {
    let (whole, width) = match column.kind {
        ColumnType::Char(n) | ColumnType::VarChar(n) => (Some(n), 4),
        ColumnType::Binary(n) | ColumnType::VarBinary(n) => (Some(n), 1),
        ColumnType::Text(_) => (None, 4),
        ColumnType::Blob(_) => (None, 1),
        ColumnType::Json => {
            let text = format!(
                "JSON column '{}' supports indexing only via generated columns on a specified JSON path.",
                column.name
            );
            return Err(SqlError::new(3152, text));
        }
        _ if part.prefix.is_some() => return Err(wrong_prefix()),
        _ => return Ok((None, 8)),
    };
    match (part.prefix, whole) {
        (Some(0), _) => Err(SqlError::new(1391, format!("Key part '{}' length cannot be 0", column.name))),
        (Some(prefix), Some(whole)) if prefix > whole => Err(wrong_prefix()),
        (Some(prefix), Some(whole)) if prefix == whole => Ok((None, u64::from(whole) * width)),
        (Some(prefix), _) => Ok((Some(prefix), u64::from(prefix) * width)),
        (None, Some(whole)) => Ok((None, u64::from(whole) * width)),
        (None, None) => {
            let text = format!("BLOB/TEXT column '{}' used in key specification without a key length", column.name);
            Err(SqlError::new(1170, text))
        }
    }
}

fn wrong_prefix() -> SqlError {
    let text = "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, \
                or the storage engine doesn't support unique prefix keys";
    SqlError::new(1089, text)
}

/// A nameless index takes its first column's name, with a number if that is taken.
fn name_of(spec: &IndexSpec, taken: &[Arc<str>]) -> Result<Arc<str>, SqlError> {
    if spec.kind == IndexKind::Primary {
        return Ok("PRIMARY".into());
    }
    let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    if let Some(name) = &spec.name {
        if name.eq_ignore_ascii_case("PRIMARY") {
            return Err(SqlError::new(1280, format!("Incorrect index name '{name}'")));
        }
        if is_taken(name) {
            return Err(SqlError::new(1061, format!("Duplicate key name '{name}'")));
        }
        return Ok(name.clone());
    }
    let first = spec.parts.first().map_or("", |p| &p.column);
    let mut name = first.to_owned();
    let mut number = 2;
    while is_taken(&name) {
        name = format!("{first}_{number}");
        number += 1;
    }
    Ok(name.into())
}
