//! What a COMMIT that would not be applied is told: the fold's reason as MySQL's error (R27 step 2).
//!
//! Promises: a duplicate names the value and the index as MySQL 8.0 does (1062); whatever another transaction got in
//! the way of is 1213, which applications retry. Decides nothing: the fold has decided.

use dag::catalogue::Catalogue;
use dag::change::ChangeSet;
use dag::id::EntityId;
use dag::row_key::Key;
use dag::schema::{Index, Table};
use dag::value::Value;
use linearizer::outcome::{Outcome, Reason};
use sql::error::SqlError;

/// The error for an outcome other than applied; `None` if the change set applies.
pub fn error(outcome: &Outcome, changes: &ChangeSet, catalogue: &Catalogue) -> Option<SqlError> {
    let reason = match outcome {
        Outcome::Applied => return None,
        Outcome::Void => {
            return Some(SqlError::new(
                1290,
                "This replica was cut off from the database: its commits are void; run headwaters doctor",
            ));
        }
        Outcome::Parked(reason) => reason,
    };
    Some(match reason {
        Reason::Duplicate { table, index, key, .. } => duplicate(catalogue, changes, *table, *index, key),
        Reason::Present { table, key, .. } => duplicate(catalogue, changes, *table, *table, key),
        Reason::Null { table, column, .. } => null(catalogue, *table, *column),
        Reason::AppendOnly(table) => append_only(catalogue, *table),
        Reason::Settled { commit, .. } => SqlError::new(1105, format!("Commit {commit} is already settled")),
        Reason::Changed { .. }
        | Reason::Gone { .. }
        | Reason::Read(_)
        | Reason::NoTable(_)
        | Reason::NoLayout(..)
        | Reason::Schema(_) => deadlock(),
        Reason::Malformed(_, why) => SqlError::new(1105, format!("The transaction contradicts itself: {why}")),
    })
}

/// 1213: somebody else's commit got in between; running the transaction again meets the new state.
pub fn deadlock() -> SqlError {
    SqlError::new(1213, "Deadlock found when trying to get lock; try restarting transaction")
}

fn null(catalogue: &Catalogue, table: EntityId, column: EntityId) -> SqlError {
    let name =
        catalogue.tables.get(&table).and_then(|t| t.columns.iter().find(|c| c.id == column)).map(|c| c.name.clone());
    SqlError::new(1048, format!("Column '{}' cannot be null", name.as_deref().unwrap_or("?")))
}

fn append_only(catalogue: &Catalogue, table: EntityId) -> SqlError {
    let name = catalogue.tables.get(&table).map(|t| t.name.clone());
    let name = name.as_deref().unwrap_or("?");
    SqlError::new(
        1290,
        format!(
            "Table '{name}' is append-only (headwaters: merge=append_only): it takes only inserts with generated keys"
        ),
    )
}

/// The commit check names the index by id, the primary key by the table's.
fn duplicate(catalogue: &Catalogue, changes: &ChangeSet, table: EntityId, index: EntityId, key: &Key) -> SqlError {
    let Some(table) = catalogue.tables.get(&table) else { return deadlock() };
    let found = table.indexes.iter().find(|i| i.id == index).or(table.primary.as_ref());
    let Some(index) = found else { return deadlock() };
    let entry = values(table, index, changes, key).unwrap_or_else(|| "?".to_owned());
    SqlError::new(1062, format!("Duplicate entry '{entry}' for key '{}.{}'", table.name, index.name))
}

/// The values of the entry, joined as MySQL joins them, from the inserted row that has that key.
fn values(table: &Table, index: &Index, changes: &ChangeSet, key: &Key) -> Option<String> {
    let part = changes.tables.iter().find(|t| t.table == table.id)?;
    for insert in &part.inserts {
        let row = table.read(&insert.row).ok()?;
        let is_primary = table.primary.as_ref().is_some_and(|p| p.id == index.id);
        let entry = if is_primary { insert.key.clone() } else { index.entry_key(table, &row, &insert.key).ok()?.0 };
        if entry == *key {
            return Some(index.parts.iter().map(|p| shown(table, p.column, &row)).collect::<Vec<_>>().join("-"));
        }
    }
    None
}

fn shown(table: &Table, column: EntityId, row: &[Value]) -> String {
    let at = table.columns.iter().position(|c| c.id == column);
    match at.and_then(|at| row.get(at)) {
        Some(Value::Int(n)) => n.to_string(),
        Some(Value::UInt(n)) => n.to_string(),
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Decimal(decimal)) => decimal.to_string(),
        Some(Value::Null) => "NULL".to_owned(),
        Some(other) => format!("{other:?}"),
        None => "?".to_owned(),
    }
}
