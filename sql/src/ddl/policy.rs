//! Merge policies in comments: `headwaters: merge=agree` (design, Merge policies).
//!
//! A comment survives dumps and tools, so a policy written there travels with the table. A bad value fails the DDL.

use crate::error::SqlError;
use dag::schema::MergePolicy;

/// What opens our part of a comment.
const OPENING: &str = "headwaters:";
/// Policies of the design that this version does not have yet.
const PLANNED: &[&str] = &["last_write_wins", "delete_wins", "counter", "max", "min", "set_union"];

/// The policy a comment declares. `append_only` is for tables. Errors: 1235, 1105.
pub(super) fn policy_of(comment: &str, of_table: bool) -> Result<Option<MergePolicy>, SqlError> {
    let Some(start) = comment.to_ascii_lowercase().find(OPENING) else { return Ok(None) };
    let settings = comment[start + OPENING.len()..].split(';').next().unwrap_or_default();
    let mut policy = None;
    for word in settings.split([',', ' ']).filter(|w| !w.is_empty()) {
        let value = word.to_ascii_lowercase();
        let Some(value) = value.strip_prefix("merge=") else { return Err(bad(word)) };
        policy = Some(match value {
            "first_write_wins" => MergePolicy::FirstWriteWins,
            "agree" => MergePolicy::Agree,
            "append_only" if of_table => MergePolicy::AppendOnly,
            planned if PLANNED.contains(&planned) => {
                return Err(SqlError::unsupported(format!("merge policy {planned}")));
            }
            _ => return Err(bad(word)),
        });
    }
    Ok(policy)
}

fn bad(word: &str) -> SqlError {
    SqlError::new(
        1105,
        format!(
            "Bad setting '{word}' in a comment after 'headwaters:'; \
             use merge=first_write_wins, merge=agree or, for tables, merge=append_only"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_declare_policies() {
        let cases = [
            ("just text", true, Ok(None)),
            ("headwaters: merge=agree", true, Ok(Some(MergePolicy::Agree))),
            ("Audit. Headwaters: merge=append_only; kept for ever", true, Ok(Some(MergePolicy::AppendOnly))),
            ("headwaters: merge=append_only", false, Err(1105)),
            ("headwaters: merge=counter", false, Err(1235)),
            ("headwaters: merge=nonsense", true, Err(1105)),
            ("headwaters: marge=agree", true, Err(1105)),
        ];
        for (comment, of_table, expected) in cases {
            assert_eq!(policy_of(comment, of_table).map_err(|e| e.code), expected, "{comment}");
        }
    }
}
