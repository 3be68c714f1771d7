//! Tables about the server, and those that are empty by truth.

use super::Source;
use crate::catalog::collations::COLLATIONS;
use crate::show::listing::{Listing, count, long, maybe, number, text};
use crate::show::server::{CHARACTER_SETS, ENGINE, process_rows, status_values, variable_values};
use dag::value::Value;

/// A table without rows whose columns are texts.
fn empty(columns: &[&'static str]) -> Listing {
    Listing::new(columns.iter().map(|name| maybe(name)).collect())
}

pub(super) fn views(_: &Source<'_>) -> Listing {
    empty(&[
        "TABLE_CATALOG",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        "VIEW_DEFINITION",
        "CHECK_OPTION",
        "IS_UPDATABLE",
        "DEFINER",
        "SECURITY_TYPE",
        "CHARACTER_SET_CLIENT",
        "COLLATION_CONNECTION",
    ])
}

pub(super) fn referential_constraints(_: &Source<'_>) -> Listing {
    empty(&[
        "CONSTRAINT_CATALOG",
        "CONSTRAINT_SCHEMA",
        "CONSTRAINT_NAME",
        "UNIQUE_CONSTRAINT_CATALOG",
        "UNIQUE_CONSTRAINT_SCHEMA",
        "UNIQUE_CONSTRAINT_NAME",
        "MATCH_OPTION",
        "UPDATE_RULE",
        "DELETE_RULE",
        "TABLE_NAME",
        "REFERENCED_TABLE_NAME",
    ])
}

pub(super) fn check_constraints(_: &Source<'_>) -> Listing {
    empty(&["CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "CHECK_CLAUSE"])
}

pub(super) fn routines(_: &Source<'_>) -> Listing {
    empty(&[
        "SPECIFIC_NAME",
        "ROUTINE_CATALOG",
        "ROUTINE_SCHEMA",
        "ROUTINE_NAME",
        "ROUTINE_TYPE",
        "DATA_TYPE",
        "DTD_IDENTIFIER",
        "ROUTINE_BODY",
        "ROUTINE_DEFINITION",
        "IS_DETERMINISTIC",
        "SQL_DATA_ACCESS",
        "SECURITY_TYPE",
        "CREATED",
        "LAST_ALTERED",
        "SQL_MODE",
        "ROUTINE_COMMENT",
        "DEFINER",
    ])
}

pub(super) fn triggers(_: &Source<'_>) -> Listing {
    empty(&[
        "TRIGGER_CATALOG",
        "TRIGGER_SCHEMA",
        "TRIGGER_NAME",
        "EVENT_MANIPULATION",
        "EVENT_OBJECT_CATALOG",
        "EVENT_OBJECT_SCHEMA",
        "EVENT_OBJECT_TABLE",
        "ACTION_ORDER",
        "ACTION_CONDITION",
        "ACTION_STATEMENT",
        "ACTION_ORIENTATION",
        "ACTION_TIMING",
        "CREATED",
        "SQL_MODE",
        "DEFINER",
    ])
}

pub(super) fn events(_: &Source<'_>) -> Listing {
    empty(&[
        "EVENT_CATALOG",
        "EVENT_SCHEMA",
        "EVENT_NAME",
        "DEFINER",
        "TIME_ZONE",
        "EVENT_DEFINITION",
        "EVENT_TYPE",
        "STATUS",
    ])
}

pub(super) fn partitions(_: &Source<'_>) -> Listing {
    empty(&["TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "PARTITION_NAME", "SUBPARTITION_NAME", "PARTITION_METHOD"])
}

pub(super) fn keywords(_: &Source<'_>) -> Listing {
    Listing::new(vec![maybe("WORD"), number("RESERVED")])
}

pub(super) fn engines(_: &Source<'_>) -> Listing {
    let mut listing =
        Listing::new(["ENGINE", "SUPPORT", "COMMENT", "TRANSACTIONS", "XA", "SAVEPOINTS"].map(text).to_vec());
    listing.push_text(&ENGINE);
    listing
}

pub(super) fn collations(_: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("COLLATION_NAME"),
        text("CHARACTER_SET_NAME"),
        number("ID"),
        text("IS_DEFAULT"),
        text("IS_COMPILED"),
        number("SORTLEN"),
        text("PAD_ATTRIBUTE"),
    ]);
    for entry in COLLATIONS {
        let mut row = [entry.name, entry.character_set].map(Value::text).to_vec();
        row.extend([count(u64::from(entry.id)), Value::text(if entry.default { "Yes" } else { "" })]);
        row.extend([Value::text("Yes"), count(u64::from(entry.id != 255)), Value::text(entry.pad)]);
        listing.push(row);
    }
    listing
}

pub(super) fn applicability(_: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![text("COLLATION_NAME"), text("CHARACTER_SET_NAME")]);
    COLLATIONS.iter().for_each(|entry| listing.push_text(&[entry.name, entry.character_set]));
    listing
}

pub(super) fn character_sets(_: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("CHARACTER_SET_NAME"),
        text("DEFAULT_COLLATE_NAME"),
        text("DESCRIPTION"),
        number("MAXLEN"),
    ]);
    for (name, description, collation, length) in CHARACTER_SETS {
        let texts = [name, collation, description].map(Value::text);
        listing.push(texts.into_iter().chain([count(length)]).collect());
    }
    listing
}

pub(super) fn processes(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        number("ID"),
        text("USER"),
        text("HOST"),
        maybe("DB"),
        text("COMMAND"),
        number("TIME"),
        maybe("STATE"),
        long("INFO"),
    ]);
    process_rows(source.state, true).into_iter().for_each(|row| listing.push(row));
    listing
}

fn pairs(values: Vec<(&'static str, String)>) -> Listing {
    let mut listing = Listing::new(vec![text("VARIABLE_NAME"), long("VARIABLE_VALUE")]);
    values.into_iter().for_each(|(name, value)| listing.push(vec![Value::text(name), Value::text(value)]));
    listing
}

pub(super) fn status(source: &Source<'_>) -> Listing {
    pairs(status_values(source.state))
}

pub(super) fn global_variables(source: &Source<'_>) -> Listing {
    pairs(variable_values(source.state, true))
}

pub(super) fn session_variables(source: &Source<'_>) -> Listing {
    pairs(variable_values(source.state, false))
}
