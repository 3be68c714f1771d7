//! SCHEMATA, TABLES, COLUMNS, STATISTICS and the constraints.

use super::Source;
use crate::catalog::collations::describe;
use crate::catalog::names::{HEADWATERS, INFORMATION_SCHEMA};
use crate::show::definition::{column_type, data_type, default_text, extra, is_text, key_of};
use crate::show::listing::{Listing, count, long, maybe, moment, number, or_null, text};
use crate::show::tables::{character_length, next_id, row_estimate};
use dag::collation::Collation;
use dag::schema::{Column, ColumnType, Database, Index, Table};
use dag::value::Value;
use std::sync::Arc;

const CATALOG: &str = "def";

/// Databases with their tables, by name.
fn databases<'a>(source: &'a Source<'_>) -> Vec<(&'a Arc<Database>, Vec<&'a Arc<Table>>)> {
    let mut all: Vec<_> = source.catalogue.databases.values().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.into_iter().map(|d| (d, source.catalogue.tables_of(d.id))).collect()
}

fn all_tables<'a>(source: &'a Source<'_>) -> Vec<(&'a Arc<Database>, &'a Arc<Table>)> {
    databases(source).into_iter().flat_map(|(d, tables)| tables.into_iter().map(move |t| (d, t))).collect()
}

pub(super) fn schemata(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("CATALOG_NAME"),
        text("SCHEMA_NAME"),
        text("DEFAULT_CHARACTER_SET_NAME"),
        text("DEFAULT_COLLATION_NAME"),
        maybe("SQL_PATH"),
        text("DEFAULT_ENCRYPTION"),
    ]);
    let stored = source.catalogue.databases.values().map(|d| (d.name.to_string(), d.collation));
    let system = [INFORMATION_SCHEMA, HEADWATERS].map(|name| (name.to_owned(), Collation::Utf8mb4_0900AiCi));
    for (name, collation) in stored.chain(system) {
        let collation = describe(collation);
        listing.push(vec![
            Value::text(CATALOG),
            Value::text(name),
            Value::text(collation.character_set),
            Value::text(collation.name),
            Value::Null,
            Value::text("NO"),
        ]);
    }
    listing
}

pub(super) fn tables(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("TABLE_CATALOG"),
        text("TABLE_SCHEMA"),
        text("TABLE_NAME"),
        text("TABLE_TYPE"),
        maybe("ENGINE"),
        number("VERSION"),
        maybe("ROW_FORMAT"),
        number("TABLE_ROWS"),
        number("AVG_ROW_LENGTH"),
        number("DATA_LENGTH"),
        number("MAX_DATA_LENGTH"),
        number("INDEX_LENGTH"),
        number("DATA_FREE"),
        number("AUTO_INCREMENT"),
        moment("CREATE_TIME"),
        moment("UPDATE_TIME"),
        moment("CHECK_TIME"),
        maybe("TABLE_COLLATION"),
        number("CHECKSUM"),
        maybe("CREATE_OPTIONS"),
        long("TABLE_COMMENT"),
    ]);
    for (database, table) in all_tables(source) {
        let mut row = [CATALOG, &database.name, &table.name, "BASE TABLE", "InnoDB"].map(Value::text).to_vec();
        row.extend([count(10), Value::text("Dynamic"), count(row_estimate(source.state, table))]);
        row.extend([count(0), count(0), count(0), count(0), count(0)]);
        row.push(next_id(source.state, table).map_or(Value::Null, Value::UInt));
        row.extend([Value::Null, Value::Null, Value::Null]);
        row.extend([Value::text(describe(table.collation).name), Value::Null, Value::text("")]);
        row.push(Value::text(table.comment.clone()));
        listing.push(row);
    }
    for database in [INFORMATION_SCHEMA, HEADWATERS] {
        for name in super::names_in(source.state, database) {
            let mut row = [CATALOG, database, &name, "SYSTEM VIEW"].map(Value::text).to_vec();
            row.extend([Value::Null, count(10)]);
            row.extend(std::iter::repeat_n(Value::Null, 14));
            row.push(Value::text(""));
            listing.push(row);
        }
    }
    listing
}

pub(super) fn columns(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("TABLE_CATALOG"),
        text("TABLE_SCHEMA"),
        text("TABLE_NAME"),
        maybe("COLUMN_NAME"),
        number("ORDINAL_POSITION"),
        long("COLUMN_DEFAULT"),
        text("IS_NULLABLE"),
        long("DATA_TYPE"),
        number("CHARACTER_MAXIMUM_LENGTH"),
        number("CHARACTER_OCTET_LENGTH"),
        number("NUMERIC_PRECISION"),
        number("NUMERIC_SCALE"),
        number("DATETIME_PRECISION"),
        maybe("CHARACTER_SET_NAME"),
        maybe("COLLATION_NAME"),
        long("COLUMN_TYPE"),
        text("COLUMN_KEY"),
        maybe("EXTRA"),
        maybe("PRIVILEGES"),
        long("COLUMN_COMMENT"),
        long("GENERATION_EXPRESSION"),
        number("SRS_ID"),
    ]);
    for (database, table) in all_tables(source) {
        for (column, place) in table.columns.iter().zip(1..) {
            listing.push(column_row(database, table, column, place));
        }
    }
    listing
}

fn column_row(database: &Database, table: &Table, column: &Column, place: u64) -> Vec<Value> {
    let lengths = character_length(&column.kind);
    let (precision, scale) = numeric(&column.kind);
    let collation = is_text(&column.kind).then(|| describe(column.collation));
    let optional = |number: Option<u64>| number.map_or(Value::Null, count);
    let mut row = [CATALOG, &database.name, &table.name, &column.name].map(Value::text).to_vec();
    row.extend([
        count(place),
        or_null(default_text(column)),
        Value::text(if column.nullable { "YES" } else { "NO" }),
        Value::text(data_type(&column.kind)),
        optional(lengths.map(|l| l.0)),
        optional(lengths.map(|l| l.1)),
        optional(precision),
        optional(scale),
        optional(fraction(&column.kind)),
        or_null(collation.map(|c| c.character_set)),
        or_null(collation.map(|c| c.name)),
        Value::text(column_type(&column.kind)),
        Value::text(key_of(table, column)),
        Value::text(extra(column)),
        Value::text("select,insert,update,references"),
        Value::text(column.comment.clone()),
        Value::text(""),
        Value::Null,
    ]);
    row
}

/// NUMERIC_PRECISION and NUMERIC_SCALE.
fn numeric(kind: &ColumnType) -> (Option<u64>, Option<u64>) {
    match kind {
        ColumnType::Integer { bytes, unsigned, .. } => {
            let digits = match (bytes, unsigned) {
                (1, _) => 3,
                (2, _) => 5,
                (3, _) => 7,
                (4, _) => 10,
                (_, false) => 19,
                (_, true) => 20,
            };
            (Some(digits), Some(0))
        }
        ColumnType::Decimal { precision, scale, .. } => (Some(u64::from(*precision)), Some(u64::from(*scale))),
        ColumnType::Float { .. } => (Some(12), None),
        ColumnType::Double { .. } => (Some(22), None),
        _ => (None, None),
    }
}

fn fraction(kind: &ColumnType) -> Option<u64> {
    match kind {
        ColumnType::Time(fsp) | ColumnType::DateTime(fsp) | ColumnType::Timestamp(fsp) => Some(u64::from(*fsp)),
        _ => None,
    }
}

pub(super) fn statistics(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("TABLE_CATALOG"),
        text("TABLE_SCHEMA"),
        text("TABLE_NAME"),
        number("NON_UNIQUE"),
        text("INDEX_SCHEMA"),
        text("INDEX_NAME"),
        number("SEQ_IN_INDEX"),
        maybe("COLUMN_NAME"),
        maybe("COLLATION"),
        number("CARDINALITY"),
        number("SUB_PART"),
        maybe("PACKED"),
        text("NULLABLE"),
        text("INDEX_TYPE"),
        text("COMMENT"),
        long("INDEX_COMMENT"),
        text("IS_VISIBLE"),
        long("EXPRESSION"),
    ]);
    for (database, table) in all_tables(source) {
        let rows = row_estimate(source.state, table);
        for index in table.primary.iter().chain(&table.indexes) {
            for (part, place) in index.parts.iter().zip(1..) {
                let column = table.column(part.column).map(|(_, c)| c);
                let nullable = if column.is_some_and(|c| c.nullable) { "YES" } else { "" };
                let mut row = [CATALOG, &database.name, &table.name].map(Value::text).to_vec();
                row.extend([
                    count(u64::from(!index.unique)),
                    Value::text(database.name.clone()),
                    Value::text(index.name.clone()),
                    count(place),
                    or_null(column.map(|c| c.name.clone())),
                    Value::text(if part.descending { "D" } else { "A" }),
                    count(rows),
                    part.prefix.map_or(Value::Null, |n| count(u64::from(n))),
                    Value::Null,
                    Value::text(nullable),
                    Value::text("BTREE"),
                    Value::text(""),
                    Value::text(index.comment.clone()),
                    Value::text("YES"),
                    Value::Null,
                ]);
                listing.push(row);
            }
        }
    }
    listing
}

fn unique_indexes(table: &Table) -> impl Iterator<Item = &Index> {
    table.primary.iter().chain(table.indexes.iter().filter(|index| index.unique))
}

pub(super) fn key_column_usage(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(vec![
        text("CONSTRAINT_CATALOG"),
        text("CONSTRAINT_SCHEMA"),
        maybe("CONSTRAINT_NAME"),
        text("TABLE_CATALOG"),
        text("TABLE_SCHEMA"),
        text("TABLE_NAME"),
        maybe("COLUMN_NAME"),
        number("ORDINAL_POSITION"),
        number("POSITION_IN_UNIQUE_CONSTRAINT"),
        maybe("REFERENCED_TABLE_SCHEMA"),
        maybe("REFERENCED_TABLE_NAME"),
        maybe("REFERENCED_COLUMN_NAME"),
    ]);
    for (database, table) in all_tables(source) {
        for index in unique_indexes(table) {
            for (part, place) in index.parts.iter().zip(1..) {
                let column = table.column(part.column).map(|(_, c)| c.name.clone());
                let mut row = [CATALOG, &database.name, &index.name, CATALOG, &database.name, &table.name]
                    .map(Value::text)
                    .to_vec();
                row.extend([or_null(column), count(place)]);
                row.extend([Value::Null, Value::Null, Value::Null, Value::Null]);
                listing.push(row);
            }
        }
    }
    listing
}

pub(super) fn table_constraints(source: &Source<'_>) -> Listing {
    let mut listing = Listing::new(
        [
            "CONSTRAINT_CATALOG",
            "CONSTRAINT_SCHEMA",
            "CONSTRAINT_NAME",
            "TABLE_SCHEMA",
            "TABLE_NAME",
            "CONSTRAINT_TYPE",
            "ENFORCED",
        ]
        .map(text)
        .to_vec(),
    );
    for (database, table) in all_tables(source) {
        for index in unique_indexes(table) {
            let kind = if &*index.name == "PRIMARY" { "PRIMARY KEY" } else { "UNIQUE" };
            listing.push_text(&[CATALOG, &database.name, &index.name, &database.name, &table.name, kind, "YES"]);
        }
    }
    listing
}
