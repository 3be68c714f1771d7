//! Reads table and database options: those that mean something, R39's list of those MySQL ignores too, the rest refused.

use super::cursor::Cursor;
use super::statement::{CharacterOptions, TableOptions};
use crate::error::SqlError;

/// Options that change nothing a client of a replica can see: storage details of another engine.
const IGNORED: &[&str] = &[
    "ENGINE",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "AVG_ROW_LENGTH",
    "MAX_ROWS",
    "MIN_ROWS",
    "CHECKSUM",
    "DELAY_KEY_WRITE",
    "PACK_KEYS",
    "COMPRESSION",
    "AUTOEXTEND_SIZE",
];

/// CHARSET, COLLATE and their spellings; false if none begins here.
pub(super) fn characters(cursor: &mut Cursor<'_>, out: &mut CharacterOptions) -> Result<bool, SqlError> {
    let place = cursor.place();
    cursor.accept("DEFAULT");
    if cursor.accept("CHARSET") || cursor.accept("CHARACTER SET") {
        cursor.accept_sign('=');
        out.character_set = Some(cursor.name_or_text()?);
    } else if cursor.accept("COLLATE") {
        cursor.accept_sign('=');
        out.collation = Some(cursor.name_or_text()?);
    } else {
        cursor.back_to(place);
        return Ok(false);
    }
    Ok(true)
}

/// Everything behind the closing parenthesis of CREATE TABLE.
pub(super) fn table_options(cursor: &mut Cursor<'_>) -> Result<TableOptions, SqlError> {
    let mut options = TableOptions::default();
    while !cursor.at_end() && !cursor.sees_sign(';') {
        if characters(cursor, &mut options.characters)? {
        } else if cursor.accept("COMMENT") {
            cursor.accept_sign('=');
            options.comment = cursor.text_literal()?;
        } else if cursor.accept("AUTO_INCREMENT") {
            cursor.accept_sign('=');
            options.auto_increment = Some(cursor.number()?);
        } else if cursor.accept("ENCRYPTION") {
            cursor.accept_sign('=');
            if !cursor.text_literal()?.eq_ignore_ascii_case("N") {
                return Err(SqlError::unsupported("ENCRYPTION = 'Y'"));
            }
        } else if IGNORED.iter().any(|word| cursor.accept(word)) {
            cursor.accept_sign('=');
            if cursor.next().is_none() {
                return Err(cursor.error());
            }
        } else if cursor.sees("IGNORE") || cursor.sees("REPLACE") || cursor.sees("AS") || cursor.sees("SELECT") {
            return Err(SqlError::unsupported("CREATE TABLE ... SELECT"));
        } else {
            return Err(cursor.unsupported());
        }
        cursor.accept_sign(',');
    }
    Ok(options)
}
