//! From CREATE TABLE as written to a table of the schema, without ids.

use super::build_column::{build_column, collation_of, provisional_id};
use super::build_index::{build_index, find_column};
use super::policy::policy_of;
use super::statement::{ColumnSpec, CreateTable, IndexKind, IndexSpec, PartSpec};
use crate::error::SqlError;
use crate::function::Context;
use dag::collation::Collation;
use dag::id::EntityId;
use dag::schema::{Column, Index, MergePolicy, Table};
use std::sync::Arc;

/// Builds the table. Errors: those of its parts, and 1050's kin: 1060, 1068, 1075, 1113.
pub(super) fn build_table(
    create: &CreateTable,
    database: EntityId,
    around: Collation,
    context: &mut dyn Context,
) -> Result<Table, SqlError> {
    let collation = collation_of(&create.options.characters, around)?;
    let indexes = all_indexes(create)?;
    let columns = columns(create, &indexes, collation, context)?;
    let mut table = Table {
        id: EntityId::ZERO,
        database,
        name: create.name.table.clone(),
        columns,
        primary: None,
        indexes: Vec::new(),
        layouts: Vec::new(),
        collation,
        policy: policy_of(&create.options.comment, true)?.unwrap_or_default(),
        comment: create.options.comment.as_str().into(),
        first_auto_increment: create.options.auto_increment.unwrap_or(1).max(1),
    };
    for spec in &indexes {
        add_index(&mut table, spec)?;
    }
    // MySQL keeps unique indexes before the others.
    table.indexes.sort_by_key(|index| !index.unique);
    check_auto_increment(&table)?;
    check_policy(&table)?;
    Ok(table)
}

/// Index clauses in order, those written at columns included.
fn all_indexes(create: &CreateTable) -> Result<Vec<IndexSpec>, SqlError> {
    let at_columns = create.columns.iter().flat_map(column_indexes);
    let all: Vec<IndexSpec> = at_columns.chain(create.indexes.iter().cloned()).collect();
    if all.iter().filter(|i| i.kind == IndexKind::Primary).count() > 1 {
        return Err(SqlError::new(1068, "Multiple primary key defined"));
    }
    Ok(all)
}

/// What PRIMARY KEY and UNIQUE at a column stand for.
pub(super) fn column_indexes(spec: &ColumnSpec) -> Vec<IndexSpec> {
    let index = |kind| IndexSpec {
        name: None,
        kind,
        parts: vec![PartSpec { column: spec.name.clone(), prefix: None, descending: false }],
        comment: String::new(),
    };
    let primary = spec.primary.then(|| index(IndexKind::Primary));
    primary.into_iter().chain(spec.unique.then(|| index(IndexKind::Unique))).collect()
}

fn columns(
    create: &CreateTable,
    indexes: &[IndexSpec],
    collation: Collation,
    context: &mut dyn Context,
) -> Result<Vec<Column>, SqlError> {
    let primary = indexes.iter().find(|i| i.kind == IndexKind::Primary);
    let in_primary = |name: &str| primary.is_some_and(|i| i.parts.iter().any(|p| p.column.eq_ignore_ascii_case(name)));
    let mut columns: Vec<Column> = Vec::new();
    for (position, spec) in create.columns.iter().enumerate() {
        if find_column(&columns, &spec.name).is_some() {
            return Err(SqlError::new(1060, format!("Duplicate column name '{}'", spec.name)));
        }
        let id = provisional_id(position);
        columns.push(build_column(spec, id, collation, in_primary(&spec.name), context)?);
    }
    if columns.is_empty() {
        return Err(SqlError::new(1113, "A table must have at least 1 column"));
    }
    if columns.len() > dag::schema::MAX_COLUMNS {
        return Err(SqlError::new(1117, "Too many columns"));
    }
    Ok(columns)
}

fn add_index(table: &mut Table, spec: &IndexSpec) -> Result<(), SqlError> {
    let taken: Vec<Arc<str>> = table.indexes.iter().map(|i| i.name.clone()).collect();
    let index = build_index(spec, &table.columns, &taken)?;
    if spec.kind == IndexKind::Primary {
        table.primary = Some(index);
        return Ok(());
    }
    if table.indexes.len() >= dag::schema::MAX_INDEXES {
        return Err(SqlError::new(
            1069,
            format!("Too many keys specified; max {} keys allowed", dag::schema::MAX_INDEXES),
        ));
    }
    table.indexes.push(index);
    Ok(())
}

/// One AUTO_INCREMENT column at most, and it leads a key.
pub(super) fn check_auto_increment(table: &Table) -> Result<(), SqlError> {
    let mut automatic = table.columns.iter().filter(|c| c.auto_increment);
    let Some(column) = automatic.next() else { return Ok(()) };
    let leads = |index: &Index| index.parts.first().is_some_and(|p| p.column == column.id);
    if automatic.next().is_some() || !table.primary.iter().chain(&table.indexes).any(leads) {
        let text = "Incorrect table definition; there can be only one auto column and it must be defined as a key";
        return Err(SqlError::new(1075, text));
    }
    Ok(())
}

/// R26: what never conflicts has no constraint beside its generated key.
fn check_policy(table: &Table) -> Result<(), SqlError> {
    if table.policy != MergePolicy::AppendOnly {
        return Ok(());
    }
    let generated = match &table.primary {
        None => true,
        Some(primary) => {
            primary.parts.iter().all(|part| table.columns.iter().any(|c| c.id == part.column && c.auto_increment))
        }
    };
    if generated && !table.indexes.iter().any(|i| i.unique) {
        return Ok(());
    }
    Err(SqlError::new(
        1105,
        "An append_only table has no UNIQUE index, and its key is AUTO_INCREMENT or none at all, so that no two \
         replicas' rows can conflict; drop the index or the policy",
    ))
}
