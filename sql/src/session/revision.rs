//! The state a statement's own text asks for: a hint behind its verb, or `db@rev` before a table's name (R32).
//!
//! Promises: a hint inside a literal or elsewhere in the text is no hint; one that cannot be followed is an error, never
//! passed over. Whether every table of the statement is named at that revision is the binder's to check.

use super::state::split_revision;
use crate::ddl::lexer::{Lexeme, tokens};
use crate::error::SqlError;
use crate::function::SqlMode;
use crate::journal::ReadMode;

/// The mode a text names. Errors: 1231 for a hint with an unknown mode, 1235 for two different modes.
pub(super) fn of_text(text: &str, mode: SqlMode) -> Result<Option<ReadMode>, SqlError> {
    let hinted = hint(text)?;
    let named = named(text, mode)?;
    match (&hinted, &named) {
        (Some(a), Some(b)) if a != b => Err(SqlError::unsupported("a hint and a database name of different revisions")),
        _ => Ok(hinted.or(named)),
    }
}

/// The hint comment that follows the first word, where MySQL takes hints.
fn hint(text: &str) -> Result<Option<ReadMode>, SqlError> {
    let behind = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let behind = behind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start();
    let Some(comment) = behind.strip_prefix("/*+").and_then(|rest| rest.split("*/").next()) else { return Ok(None) };
    let comment = comment.to_ascii_lowercase();
    let words = ["headwaters_read(", "set_var(headwaters_read="];
    let Some(inside) = words.iter().find_map(|word| comment.split_once(word)) else { return Ok(None) };
    let name = argument(inside.1).trim().trim_matches(['\'', '"']);
    let wrong = || {
        SqlError::new(
            1231,
            format!(
                "Hint headwaters_read({name}): use merge, head, main, stable, @<commit>, quorum(k) or after(<token>)"
            ),
        )
    };
    ReadMode::parse(name).map(Some).ok_or_else(wrong)
}

/// Up to the parenthesis that closes the hint.
fn argument(inside: &str) -> &str {
    let mut depth = 0;
    let end = inside.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth < 0
    });
    end.map_or(inside, |(at, _)| &inside[..at])
}

/// The revision of the quoted names that stand before a dot.
fn named(text: &str, mode: SqlMode) -> Result<Option<ReadMode>, SqlError> {
    // Nearly every text ends here, unread.
    if !text.contains('@') {
        return Ok(None);
    }
    let tokens = tokens(text, mode)?;
    let mut found = None;
    for pair in tokens.windows(2) {
        let (Lexeme::Name(name), Lexeme::Sign('.')) = (&pair[0].lexeme, &pair[1].lexeme) else { continue };
        let Some(mode) = split_revision(name).1 else { continue };
        if *found.get_or_insert_with(|| mode.clone()) != mode {
            return Err(SqlError::unsupported("tables of different revisions in one statement"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_their_state_or_are_refused() {
        let (main, stable) = (Ok(Some(ReadMode::Main)), Ok(Some(ReadMode::Stable)));
        for (text, wanted) in [
            ("SELECT 1", Ok(None)),
            ("SELECT /*+ headwaters_read(main) */ 1", main.clone()),
            ("select /*+ HEADWATERS_READ('stable') */ 1", stable.clone()),
            ("SELECT /*+ SET_VAR(headwaters_read='main') */ 1", main.clone()),
            ("SELECT /*+ headwaters_read(quorum(2)) */ 1", Ok(Some(ReadMode::Quorum(2)))),
            ("SELECT /*+ SET_VAR(headwaters_read='quorum(2)') NO_MERGE(t) */ 1", Ok(Some(ReadMode::Quorum(2)))),
            ("SELECT /*+ NO_MERGE(t) */ 1", Ok(None)),
            ("SELECT '/*+ headwaters_read(main) */'", Ok(None)),
            ("SELECT /*+ headwaters_read(often) */ 1", Err(1231)),
            ("SELECT * FROM `b@main`.t", main),
            ("SELECT 'b@main' . 'x', @main", Ok(None)),
            ("SELECT * FROM `b@stable`.t JOIN `c@stable`.u", stable),
            ("SELECT * FROM `b@stable`.t JOIN `c@main`.u", Err(1235)),
            ("SELECT /*+ headwaters_read(main) */ * FROM `b@stable`.t", Err(1235)),
        ] {
            assert_eq!(of_text(text, SqlMode::default()).map_err(|e| e.code), wanted, "{text}");
        }
    }
}
