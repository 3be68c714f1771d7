//! Reads index clauses: of CREATE TABLE, ALTER TABLE ADD and CREATE INDEX.

use super::cursor::Cursor;
use super::statement::{IndexKind, IndexSpec, PartSpec};
use crate::error::SqlError;
use std::sync::Arc;

/// An index or key clause, if one begins here. FOREIGN KEY, CHECK, FULLTEXT and SPATIAL are refused.
pub(super) fn index_clause(cursor: &mut Cursor<'_>) -> Result<Option<IndexSpec>, SqlError> {
    let constraint = cursor.accept("CONSTRAINT");
    let starts = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"];
    let symbol = if constraint && !starts.iter().any(|w| cursor.sees(w)) { Some(cursor.name()?) } else { None };
    for words in ["FOREIGN KEY", "CHECK", "FULLTEXT", "SPATIAL", "PERIOD"] {
        if cursor.sees(words) {
            return Err(cursor.unsupported());
        }
    }
    let kind = if cursor.accept("PRIMARY KEY") {
        IndexKind::Primary
    } else if cursor.accept("UNIQUE") {
        let _ = cursor.accept("KEY") || cursor.accept("INDEX");
        IndexKind::Unique
    } else if !constraint && (cursor.accept("KEY") || cursor.accept("INDEX")) {
        IndexKind::Plain
    } else if constraint {
        return Err(cursor.error());
    } else {
        return Ok(None);
    };
    index_body(cursor, kind, symbol).map(Some)
}

/// `[name] [USING BTREE] (parts) [options]`.
pub(super) fn index_body(
    cursor: &mut Cursor<'_>,
    kind: IndexKind,
    symbol: Option<Arc<str>>,
) -> Result<IndexSpec, SqlError> {
    let name = if cursor.sees_sign('(') || cursor.sees("USING") { symbol } else { Some(cursor.name()?) };
    using(cursor)?;
    let parts = index_parts(cursor)?;
    let comment = index_options(cursor)?;
    Ok(IndexSpec { name, kind, parts, comment })
}

/// BTREE and HASH are what InnoDB takes and ignores (R39's list).
pub(super) fn using(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    if cursor.accept("USING") && !(cursor.accept("BTREE") || cursor.accept("HASH")) {
        return Err(cursor.error());
    }
    Ok(())
}

pub(super) fn index_parts(cursor: &mut Cursor<'_>) -> Result<Vec<PartSpec>, SqlError> {
    cursor.expect_sign('(')?;
    let mut parts = Vec::new();
    loop {
        if cursor.sees_sign('(') {
            return Err(SqlError::unsupported("functional key parts"));
        }
        let column = cursor.name()?;
        let mut prefix = None;
        if cursor.accept_sign('(') {
            prefix = Some(cursor.number()?);
            cursor.expect_sign(')')?;
        }
        let descending = !cursor.accept("ASC") && cursor.accept("DESC");
        parts.push(PartSpec { column, prefix, descending });
        if !cursor.accept_sign(',') {
            cursor.expect_sign(')')?;
            return Ok(parts);
        }
    }
}

/// The options behind the parts; gives the comment.
pub(super) fn index_options(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let mut comment = String::new();
    loop {
        if cursor.sees("USING") {
            using(cursor)?;
        } else if cursor.accept("COMMENT") {
            comment = cursor.text_literal()?;
        } else if cursor.accept("KEY_BLOCK_SIZE") {
            cursor.accept_sign('=');
            cursor.number::<u32>()?;
        } else if cursor.sees("INVISIBLE") || cursor.sees("WITH PARSER") {
            return Err(cursor.unsupported());
        } else if !cursor.accept("VISIBLE") {
            return Ok(comment);
        }
    }
}
