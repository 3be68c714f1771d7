//! Whether a value fits a variable, and its stored form.

use super::{Kind, VariableId, Zone, parse_default};
use crate::catalog::collations;
use crate::error::SqlError;
use crate::function::SqlMode;
use crate::journal::ReadMode;
use crate::peers::{MAX_REPLICAS, Spread};
use dag::value::Value;

/// A value ready to store, and the warning MySQL gives when it had to be brought into range.
#[derive(Debug, PartialEq)]
pub(crate) struct Assigned {
    pub value: Value,
    pub truncated: bool,
}

impl Assigned {
    fn plain(value: Value) -> Self {
        Assigned { value, truncated: false }
    }
}

/// Converts and checks a value. Errors: 1231 wrong value, 1232 wrong type, 1235 a value behind which there is nothing.
pub(crate) fn check(id: VariableId, value: &Value) -> Result<Assigned, SqlError> {
    let definition = id.definition();
    let assigned = convert(id, value)?;
    if definition.fixed && assigned.value != parse_default(definition.kind, definition.default) {
        let shown = super::show(id, &assigned.value);
        return Err(SqlError::unsupported(format!("{} = {shown}", definition.name)));
    }
    Ok(assigned)
}

fn convert(id: VariableId, value: &Value) -> Result<Assigned, SqlError> {
    let text = || text_of(id, value);
    match id.definition().kind {
        Kind::Switch => switch(id, value).map(Assigned::plain),
        Kind::Integer(low, high) => integer(id, value, low, high),
        Kind::Text => Ok(Assigned::plain(Value::text(text()?))),
        Kind::Choice(words) => choice(id, value, words).map(Assigned::plain),
        Kind::Collation => Ok(Assigned::plain(Value::text(collations::find(&text()?)?.name))),
        Kind::CharacterSet => character_set(id, value).map(Assigned::plain),
        Kind::SqlMode => sql_mode(id, value).map(Assigned::plain),
        Kind::TimeZone => zone(&text()?).map(Assigned::plain),
        Kind::ReadMode => read_mode(&text()?).map(Assigned::plain),
        Kind::Spread => spread(&text()?).map(Assigned::plain),
    }
}

fn wrong_value(id: VariableId, shown: &str) -> SqlError {
    SqlError::new(1231, format!("Variable '{}' can't be set to the value of '{shown}'", id.definition().name))
}

fn wrong_type(id: VariableId) -> SqlError {
    SqlError::new(1232, format!("Incorrect argument type to variable '{}'", id.definition().name))
}

fn text_of(id: VariableId, value: &Value) -> Result<String, SqlError> {
    match value {
        Value::Text(text) => Ok(text.to_string()),
        Value::Int(n) => Ok(n.to_string()),
        Value::Null => Err(wrong_value(id, "NULL")),
        _ => Err(wrong_type(id)),
    }
}

fn switch(id: VariableId, value: &Value) -> Result<Value, SqlError> {
    match value {
        Value::Int(n @ (0 | 1)) => Ok(Value::Int(*n)),
        Value::UInt(n @ (0 | 1)) => Ok(Value::Int(*n as i64)),
        Value::Text(text) => match text.to_ascii_uppercase().as_str() {
            "ON" | "TRUE" | "1" => Ok(Value::Int(1)),
            "OFF" | "FALSE" | "0" => Ok(Value::Int(0)),
            _ => Err(wrong_value(id, text)),
        },
        Value::Null => Err(wrong_value(id, "NULL")),
        Value::Int(n) => Err(wrong_value(id, &n.to_string())),
        _ => Err(wrong_type(id)),
    }
}

fn integer(id: VariableId, value: &Value, low: i64, high: i64) -> Result<Assigned, SqlError> {
    let wanted = match value {
        Value::Int(n) => *n,
        Value::UInt(n) => i64::try_from(*n).unwrap_or(i64::MAX),
        _ => return Err(wrong_type(id)),
    };
    let kept = wanted.clamp(low, high);
    Ok(Assigned { value: Value::Int(kept), truncated: kept != wanted })
}

fn choice(id: VariableId, value: &Value, words: &[&'static str]) -> Result<Value, SqlError> {
    if let Value::Int(n) = value
        && let Some(word) = usize::try_from(*n).ok().and_then(|n| words.get(n))
    {
        return Ok(Value::text(*word));
    }
    let text = text_of(id, value)?;
    let found = words.iter().find(|w| w.eq_ignore_ascii_case(&text));
    found.map(|w| Value::text(*w)).ok_or_else(|| wrong_value(id, &text))
}

/// `character_set_results` may be NULL: no conversion.
fn character_set(id: VariableId, value: &Value) -> Result<Value, SqlError> {
    let name = id.definition().name;
    if value.is_null() && name == "character_set_results" {
        return Ok(Value::text(""));
    }
    let text = text_of(id, value)?.to_ascii_lowercase();
    match text.as_str() {
        "" if name == "character_set_results" => {}
        "utf8" => return Ok(Value::text("utf8mb3")),
        _ => drop(collations::of_character_set(&text)?),
    }
    Ok(Value::text(text))
}

/// sql_mode words that are accepted: the ones that change meaning here, and the ones that only change what is not there.
const MODES: &[&str] = &[
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "NO_ENGINE_SUBSTITUTION",
];
const REFUSED_MODES: &[&str] = &[
    "IGNORE_SPACE",
    "HIGH_NOT_PRECEDENCE",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
    "ALLOW_INVALID_DATES",
];

/// What the two combination modes stand for.
fn parts_of(mode: &str) -> &'static [&'static str] {
    match mode {
        "ANSI" => &["PIPES_AS_CONCAT", "ANSI_QUOTES", "ONLY_FULL_GROUP_BY"],
        "TRADITIONAL" => &[
            "STRICT_TRANS_TABLES",
            "STRICT_ALL_TABLES",
            "NO_ZERO_IN_DATE",
            "NO_ZERO_DATE",
            "ERROR_FOR_DIVISION_BY_ZERO",
            "NO_ENGINE_SUBSTITUTION",
        ],
        _ => &[],
    }
}

fn sql_mode(id: VariableId, value: &Value) -> Result<Value, SqlError> {
    let text = text_of(id, value)?;
    let mut on: Vec<&str> = Vec::new();
    for word in text.split(',').map(|w| w.trim().to_ascii_uppercase()).filter(|w| !w.is_empty()) {
        if REFUSED_MODES.contains(&word.as_str()) {
            return Err(SqlError::unsupported(format!("sql_mode {word}")));
        }
        let Some(mode) = MODES.iter().find(|m| **m == word) else { return Err(wrong_value(id, &word)) };
        on.push(mode);
        on.extend(parts_of(mode));
    }
    let ordered: Vec<&str> = MODES.iter().copied().filter(|m| on.contains(m)).collect();
    Ok(Value::text(ordered.join(",")))
}

/// The stored text of sql_mode as flags.
pub(super) fn parse_sql_mode(text: &str) -> SqlMode {
    let has = |word: &str| text.split(',').any(|w| w == word);
    SqlMode {
        strict: has("STRICT_TRANS_TABLES") || has("STRICT_ALL_TABLES"),
        no_zero_date: has("NO_ZERO_DATE"),
        no_zero_in_date: has("NO_ZERO_IN_DATE"),
        error_for_division_by_zero: has("ERROR_FOR_DIVISION_BY_ZERO"),
        only_full_group_by: has("ONLY_FULL_GROUP_BY"),
        ansi_quotes: has("ANSI_QUOTES"),
        pipes_as_concat: has("PIPES_AS_CONCAT"),
        no_backslash_escapes: has("NO_BACKSLASH_ESCAPES"),
        no_auto_value_on_zero: has("NO_AUTO_VALUE_ON_ZERO"),
        no_unsigned_subtraction: has("NO_UNSIGNED_SUBTRACTION"),
    }
}

fn zone(text: &str) -> Result<Value, SqlError> {
    match Zone::parse(text) {
        Some(zone) => Ok(Value::text(zone.name())),
        None => Err(SqlError::new(1298, format!("Unknown or incorrect time zone: '{text}'"))),
    }
}

/// `local`, `replicated(k)` or `stable`.
fn spread(text: &str) -> Result<Value, SqlError> {
    match Spread::parse(text) {
        Some(spread) => Ok(Value::text(spread.to_string())),
        None => Err(SqlError::new(
            1231,
            format!(
                "Variable 'headwaters_commit' can't be set to the value of '{text}'; \
                 use local, replicated(k) with k from 1 to {MAX_REPLICAS}, or stable"
            ),
        )),
    }
}

/// `merge`, `head`, `main`, `stable`, `@` and a commit id or its prefix, `quorum(k)` or `after(<token>)`.
fn read_mode(text: &str) -> Result<Value, SqlError> {
    match ReadMode::parse(text) {
        Some(mode) => Ok(Value::text(mode.to_string())),
        None => Err(SqlError::new(
            1231,
            format!(
                "Variable 'headwaters_read' can't be set to the value of '{text}'; \
                 use merge, head, main, stable, @<commit> (8 or more characters of its id), quorum(k) or \
                 after(<token>)"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::find;

    #[test]
    fn values_are_converted_or_refused() {
        let cases: &[(&str, Value, Result<Value, u16>)] = &[
            ("autocommit", Value::text("off"), Ok(Value::Int(0))),
            ("autocommit", Value::Int(2), Err(1231)),
            ("autocommit", Value::Double(1.0), Err(1232)),
            (
                "sql_mode",
                Value::text("strict_all_tables,ANSI_QUOTES"),
                Ok(Value::text("ANSI_QUOTES,STRICT_ALL_TABLES")),
            ),
            ("sql_mode", Value::text(""), Ok(Value::text(""))),
            ("sql_mode", Value::text("NO_SUCH"), Err(1231)),
            ("sql_mode", Value::text("IGNORE_SPACE"), Err(1235)),
            ("time_zone", Value::text("+02:00"), Ok(Value::text("+02:00"))),
            ("time_zone", Value::text("Mars/Olympus"), Err(1298)),
            ("transaction_isolation", Value::text("read-committed"), Ok(Value::text("READ-COMMITTED"))),
            ("sql_auto_is_null", Value::Int(1), Err(1235)),
            ("sql_auto_is_null", Value::Int(0), Ok(Value::Int(0))),
            ("innodb_lock_wait_timeout", Value::Int(0), Ok(Value::Int(1))),
            ("headwaters_read", Value::text("MAIN"), Ok(Value::text("main"))),
            ("headwaters_read", Value::text("@abc"), Err(1231)),
            ("headwaters_read", Value::text("Quorum( 3 )"), Ok(Value::text("quorum(3)"))),
            ("headwaters_read", Value::text("quorum(0)"), Err(1231)),
            ("headwaters_read", Value::text("after(yesterday)"), Err(1231)),
            ("headwaters_commit", Value::text("Replicated(2)"), Ok(Value::text("replicated(2)"))),
            ("headwaters_commit", Value::text("everywhere"), Err(1231)),
            ("headwaters_commit_timeout", Value::Int(-1), Ok(Value::Int(0))),
            ("collation_connection", Value::text("utf8mb4_bin"), Ok(Value::text("utf8mb4_bin"))),
            ("collation_connection", Value::text("latin1_swedish_ci"), Err(1235)),
            ("collation_connection", Value::text("klingon_ci"), Err(1273)),
        ];
        for (name, given, expected) in cases {
            let id = find(name).expect("a known variable");
            let got = check(id, given).map(|a| a.value).map_err(|e| e.code);
            assert_eq!(&got, expected, "{name} = {given:?}");
        }
    }
}
