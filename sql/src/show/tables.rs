//! SHOW TABLES, TABLE STATUS, COLUMNS, INDEX and CREATE TABLE.

use super::definition::{column_type, create_table, default_text, extra, is_text, key_of};
use super::listing::{Listing, count, long, maybe, moment, number, or_null, text};
use crate::catalog::collations::describe;
use crate::catalog::names::{catalogue, is_system, no_such_table, stored_table};
use crate::engine::system_table::{SystemColumn, SystemTable};
use crate::error::SqlError;
use crate::session::state::{State, split_revision};
use dag::schema::{ColumnType, Table};
use dag::value::Value;
use linearizer::view::KeyRange;
use std::ops::Bound;
use std::sync::Arc;

fn home(state: &State, database: Option<&str>) -> Result<String, SqlError> {
    let name = match database {
        Some(name) => name.to_owned(),
        None => state.current_database()?.to_string(),
    };
    Ok(split_revision(&name).0.to_owned())
}

/// Tables of a database: stored ones, or the names of the system tables. Error: 1049.
fn names_in(state: &State, database: &str) -> Result<Vec<(String, &'static str)>, SqlError> {
    if is_system(database) {
        let names = crate::information_schema::names_in(state, database);
        return Ok(names.into_iter().map(|name| (name, "SYSTEM VIEW")).collect());
    }
    let now = catalogue(state);
    let found = now.database(database).ok_or_else(|| SqlError::new(1049, format!("Unknown database '{database}'")))?;
    Ok(now.tables_of(found.id).into_iter().map(|t| (t.name.to_string(), "BASE TABLE")).collect())
}

/// The label of the first column names the database, and the pattern.
pub(super) fn tables(
    state: &State,
    database: Option<&str>,
    full: bool,
    like: Option<&str>,
) -> Result<Listing, SqlError> {
    let database = home(state, database)?;
    let label = match like {
        Some(pattern) => format!("Tables_in_{database} ({pattern})"),
        None => format!("Tables_in_{database}"),
    };
    let mut columns = vec![text("Tables_in")];
    if full {
        columns.push(text("Table_type"));
    }
    let mut listing = Listing::new(columns);
    listing.first_label = Some(label);
    for (name, kind) in names_in(state, &database)? {
        let mut row = vec![Value::text(name)];
        if full {
            row.push(Value::text(kind));
        }
        listing.push(row);
    }
    Ok(listing)
}

/// About how many rows a table has.
pub(crate) fn row_estimate(state: &State, table: &Table) -> u64 {
    let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
    state.engine.journal.newest().0.estimate(table.id, &all)
}

/// The next AUTO_INCREMENT number, for tables that have one.
pub(crate) fn next_id(state: &State, table: &Table) -> Option<u64> {
    let automatic = table.columns.iter().any(|c| c.auto_increment);
    automatic.then(|| state.engine.journal.peek_ids(table.id, table.first_auto_increment))
}

pub(super) fn status(state: &State, database: Option<&str>) -> Result<Listing, SqlError> {
    let database = home(state, database)?;
    let mut listing = Listing::new(vec![
        text("Name"),
        maybe("Engine"),
        number("Version"),
        maybe("Row_format"),
        number("Rows"),
        number("Avg_row_length"),
        number("Data_length"),
        number("Max_data_length"),
        number("Index_length"),
        number("Data_free"),
        number("Auto_increment"),
        moment("Create_time"),
        moment("Update_time"),
        moment("Check_time"),
        maybe("Collation"),
        number("Checksum"),
        maybe("Create_options"),
        maybe("Comment"),
    ]);
    let now = catalogue(state);
    for (name, _) in names_in(state, &database)? {
        let Some(table) = now.database(&database).and_then(|d| now.table(d.id, &name)) else { continue };
        let mut row = vec![
            Value::text(name),
            Value::text("InnoDB"),
            count(10),
            Value::text("Dynamic"),
            count(row_estimate(state, table)),
        ];
        row.extend([count(0), count(0), count(0), count(0), count(0)]);
        row.push(next_id(state, table).map_or(Value::Null, Value::UInt));
        row.extend([Value::Null, Value::Null, Value::Null]);
        row.extend([Value::text(describe(table.collation).name), Value::Null, Value::text("")]);
        row.push(Value::text(table.comment.clone()));
        listing.push(row);
    }
    Ok(listing)
}

pub(super) fn open() -> Listing {
    Listing::new(vec![text("Database"), text("Table"), number("In_use"), number("Name_locked")])
}

/// A system table by name. Error: 1146.
fn system_table(state: &State, database: &str, name: &str) -> Result<Arc<dyn SystemTable>, SqlError> {
    let now = catalogue(state);
    crate::information_schema::system_table(state, &now, database, name).ok_or_else(|| no_such_table(database, name))
}

pub(super) fn columns(state: &State, database: &str, name: &str, full: bool) -> Result<Listing, SqlError> {
    let mut labels = vec![text("Field"), long("Type")];
    if full {
        labels.push(maybe("Collation"));
    }
    labels.extend([text("Null"), text("Key"), long("Default"), text("Extra")]);
    if full {
        labels.extend([text("Privileges"), long("Comment")]);
    }
    let mut listing = Listing::new(labels);
    if is_system(database) {
        for column in system_table(state, database, name)?.columns() {
            let nullable = if column.nullable { "YES" } else { "NO" };
            let kind = column_type(&column.kind);
            listing.push(column_row(full, column.name, &kind, None, nullable, "", None, "", "select", ""));
        }
        return Ok(listing);
    }
    let table = stored_table(&catalogue(state), database, name)?;
    for column in &table.columns {
        let collation = is_text(&column.kind).then(|| describe(column.collation).name);
        let nullable = if column.nullable { "YES" } else { "NO" };
        let default = default_text(column);
        let privileges = "select,insert,update,references";
        listing.push(column_row(
            full,
            &column.name,
            &column_type(&column.kind),
            collation,
            nullable,
            key_of(&table, column),
            default,
            &extra(column),
            privileges,
            &column.comment,
        ));
    }
    Ok(listing)
}

#[expect(clippy::too_many_arguments, reason = "one argument a column of the result")]
fn column_row(
    full: bool,
    field: &str,
    kind: &str,
    collation: Option<&str>,
    nullable: &str,
    key: &str,
    default: Option<String>,
    extra: &str,
    privileges: &str,
    comment: &str,
) -> Vec<Value> {
    let mut row = vec![Value::text(field), Value::text(kind)];
    if full {
        row.push(or_null(collation));
    }
    row.extend([Value::text(nullable), Value::text(key), or_null(default), Value::text(extra)]);
    if full {
        row.extend([Value::text(privileges), Value::text(comment)]);
    }
    row
}

pub(super) fn indexes(state: &State, database: &str, name: &str) -> Result<Listing, SqlError> {
    let mut listing = Listing::new(vec![
        text("Table"),
        number("Non_unique"),
        text("Key_name"),
        number("Seq_in_index"),
        maybe("Column_name"),
        maybe("Collation"),
        number("Cardinality"),
        number("Sub_part"),
        maybe("Packed"),
        text("Null"),
        text("Index_type"),
        text("Comment"),
        text("Index_comment"),
        text("Visible"),
        maybe("Expression"),
    ]);
    if is_system(database) {
        system_table(state, database, name)?;
        return Ok(listing);
    }
    let table = stored_table(&catalogue(state), database, name)?;
    let rows = row_estimate(state, &table);
    for index in table.primary.iter().chain(&table.indexes) {
        for (part, place) in index.parts.iter().zip(1..) {
            let column = table.column(part.column).map(|(_, column)| column);
            let nullable = column.is_some_and(|c| c.nullable);
            listing.push(vec![
                Value::text(table.name.clone()),
                count(u64::from(!index.unique)),
                Value::text(index.name.clone()),
                count(place),
                or_null(column.map(|c| c.name.clone())),
                Value::text(if part.descending { "D" } else { "A" }),
                count(rows),
                part.prefix.map_or(Value::Null, |n| count(u64::from(n))),
                Value::Null,
                Value::text(if nullable { "YES" } else { "" }),
                Value::text("BTREE"),
                Value::text(""),
                Value::text(index.comment.clone()),
                Value::text("YES"),
                Value::Null,
            ]);
        }
    }
    Ok(listing)
}

pub(super) fn create(state: &State, database: &str, name: &str) -> Result<Listing, SqlError> {
    let mut listing = Listing::new(vec![text("Table"), long("Create Table")]);
    let shown = if is_system(database) {
        let table = system_table(state, database, name)?;
        let line = |c: &SystemColumn| {
            let null = if c.nullable { "DEFAULT NULL" } else { "NOT NULL" };
            format!("  `{}` {} {null}", c.name, column_type(&c.kind))
        };
        let lines: Vec<String> = table.columns().iter().map(line).collect();
        format!("CREATE TEMPORARY TABLE `{}` (\n{}\n)", table.name(), lines.join(",\n"))
    } else {
        let table = stored_table(&catalogue(state), database, name)?;
        create_table(&table, next_id(state, &table).unwrap_or(1))
    };
    listing.push(vec![Value::text(name), Value::text(shown)]);
    Ok(listing)
}

/// Whether a type's columns have character lengths, for information_schema.
pub(crate) fn character_length(kind: &ColumnType) -> Option<(u64, u64)> {
    match kind {
        ColumnType::Char(n) | ColumnType::VarChar(n) => Some((u64::from(*n), u64::from(*n) * 4)),
        ColumnType::Binary(n) | ColumnType::VarBinary(n) | ColumnType::Blob(n) => Some((u64::from(*n), u64::from(*n))),
        ColumnType::Text(n) => Some((u64::from(*n), u64::from(*n))),
        ColumnType::Enum(labels) => {
            let longest = labels.iter().map(|l| l.chars().count() as u64).max().unwrap_or(0);
            Some((longest, longest * 4))
        }
        ColumnType::Set(labels) => {
            let letters: u64 = labels.iter().map(|l| l.chars().count() as u64 + 1).sum();
            Some((letters.saturating_sub(1), letters.saturating_sub(1) * 4))
        }
        _ => None,
    }
}
