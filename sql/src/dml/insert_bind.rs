//! Binds INSERT and REPLACE.

use super::duplicate::OnDuplicate;
use super::insert::{InsertPlan, Mode, Rows};
use super::row::Cell;
use super::target::Target;
use crate::bind::{Binder, TableScope, VALUES_ALIAS};
use crate::error::SqlError;
use crate::session::query::{Resolver, name_of, refuse};
use crate::transaction::write_set::ColumnSet;
use dag::schema::Table;
use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, Insert, ObjectName, OnInsert, Query, SetExpr, SqliteOnConflict, TableObject,
};

/// The position of a column. Error: 1054.
pub(super) fn column_at(table: &Table, name: &str) -> Result<usize, SqlError> {
    let found = table.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| SqlError::new(1054, format!("Unknown column '{name}' in 'field list'")))
}

/// The column an assignment names: `a`, `t.a` or `db.t.a`.
pub(super) fn assigned(table: &Table, alias: &str, target: &AssignmentTarget) -> Result<usize, SqlError> {
    let AssignmentTarget::ColumnName(name) = target else { return Err(SqlError::unsupported("SET (a, b) = ...")) };
    let parts = name_of(name)?;
    let (column, qualifier) = parts.split_last().ok_or_else(|| SqlError::syntax("an empty name"))?;
    if qualifier.last().is_some_and(|q| !q.eq_ignore_ascii_case(alias)) {
        return Err(SqlError::new(1054, format!("Unknown column '{}' in 'field list'", parts.join("."))));
    }
    column_at(table, column)
}

/// DEFAULT, DEFAULT(column), or an expression.
pub(super) fn cell(binder: &mut Binder<'_>, scope: &TableScope, expr: &Expr) -> Result<Cell, SqlError> {
    match expr {
        Expr::Identifier(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("DEFAULT") => {
            Ok(Cell::Default)
        }
        _ => binder.bind_expression(scope, expr).map(Cell::Expression),
    }
}

/// The query of INSERT ... SELECT, which the caller binds and runs.
pub(crate) fn source_query(insert: &Insert) -> Option<&Query> {
    let query = insert.source.as_deref()?;
    match &*query.body {
        SetExpr::Values(values) if !values.explicit_row => None,
        _ => Some(query),
    }
}

/// Binds everything but the query of INSERT ... SELECT, whose column types come as `selected`.
pub(crate) fn bind(
    resolver: &Resolver<'_>,
    binder: &mut Binder<'_>,
    insert: &Insert,
    selected: Option<Vec<crate::expression::Type>>,
) -> Result<InsertPlan, SqlError> {
    check_clauses(insert)?;
    let TableObject::TableName(name) = &insert.table else {
        return Err(SqlError::unsupported("INSERT INTO FUNCTION"));
    };
    let target = resolver.target(name)?;
    let columns = columns(insert, &target.table)?;
    let scope = TableScope::new(&target.database, &target.table, None);
    let rows = match selected {
        Some(types) => {
            check_count(columns.len(), types.len(), 1)?;
            Rows::Query(types)
        }
        None => Rows::Values(values(insert, binder, &scope, columns.len())?),
    };
    let mode = match (insert.replace_into, insert.ignore || matches!(insert.or, Some(SqliteOnConflict::Ignore))) {
        (true, _) => Mode::Replace,
        (false, true) => Mode::Ignore,
        (false, false) => Mode::Plain,
    };
    let on_duplicate = match &insert.on {
        None => None,
        Some(OnInsert::DuplicateKeyUpdate(assignments)) => Some(on_duplicate(binder, &target, insert, assignments)?),
        Some(_) => return Err(SqlError::unsupported("ON CONFLICT")),
    };
    Ok(InsertPlan { target, columns, rows, mode, on_duplicate })
}

/// Clauses of other databases that the parser knows.
fn check_clauses(insert: &Insert) -> Result<(), SqlError> {
    refuse(&[
        (insert.overwrite, "INSERT OVERWRITE"),
        (insert.partitioned.is_some(), "PARTITION"),
        (!insert.after_columns.is_empty(), "columns behind PARTITION"),
        (insert.has_table_keyword, "INSERT TABLE"),
        (insert.returning.is_some(), "RETURNING"),
        (insert.output.is_some(), "OUTPUT"),
        (insert.settings.is_some(), "SETTINGS"),
        (insert.format_clause.is_some(), "FORMAT"),
        (insert.multi_table_insert_type.is_some(), "INSERT ALL"),
        (!insert.multi_table_into_clauses.is_empty(), "INSERT ALL"),
        (matches!(insert.or, Some(ref or) if !matches!(or, SqliteOnConflict::Ignore)), "INSERT OR"),
        (
            insert.insert_alias.as_ref().is_some_and(|a| a.col_aliases.as_ref().is_some_and(|c| !c.is_empty())),
            "column aliases of the row alias",
        ),
        (insert.table_alias.is_some(), "an alias of the table"),
    ])
}

fn columns(insert: &Insert, table: &Table) -> Result<Vec<usize>, SqlError> {
    let mut columns = Vec::new();
    if !insert.assignments.is_empty() {
        for assignment in &insert.assignments {
            columns.push(assigned(table, &table.name, &assignment.target)?);
        }
    } else if insert.columns.is_empty() {
        let empty = insert.source.as_ref().is_some_and(|q| is_empty_row(q));
        // `INSERT INTO t () VALUES ()`: all defaults.
        return Ok(if empty { Vec::new() } else { (0..table.columns.len()).collect() });
    } else {
        for name in &insert.columns {
            columns.push(column_at(table, last_name(name)?.as_str())?);
        }
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            let name = &table.columns[*column].name;
            return Err(SqlError::new(1110, format!("Column '{name}' specified twice")));
        }
    }
    Ok(columns)
}

fn last_name(name: &ObjectName) -> Result<String, SqlError> {
    name_of(name)?.pop().ok_or_else(|| SqlError::syntax("an empty name"))
}

fn is_empty_row(query: &Query) -> bool {
    matches!(&*query.body, SetExpr::Values(values) if values.rows.iter().all(|row| row.content.is_empty()))
}

fn values(
    insert: &Insert,
    binder: &mut Binder<'_>,
    scope: &TableScope,
    columns: usize,
) -> Result<Vec<Vec<Cell>>, SqlError> {
    if !insert.assignments.is_empty() {
        let row = insert.assignments.iter().map(|a| cell(binder, scope, &a.value)).collect::<Result<Vec<_>, _>>()?;
        return Ok(vec![row]);
    }
    let Some(SetExpr::Values(values)) = insert.source.as_deref().map(|q| &*q.body) else {
        return Ok(vec![Vec::new()]);
    };
    let mut rows = Vec::with_capacity(values.rows.len());
    for (row, number) in values.rows.iter().zip(1..) {
        check_count(columns, row.content.len(), number)?;
        rows.push(row.content.iter().map(|expr| cell(binder, scope, expr)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(rows)
}

fn check_count(columns: usize, values: usize, row: usize) -> Result<(), SqlError> {
    if columns == values {
        return Ok(());
    }
    Err(SqlError::new(1136, format!("Column count doesn't match value count at row {row}")))
}

/// Assignments see the row that is there, and the new one through VALUES() or the row's alias.
fn on_duplicate(
    binder: &mut Binder<'_>,
    target: &Target,
    insert: &Insert,
    assignments: &[Assignment],
) -> Result<OnDuplicate, SqlError> {
    let alias = match &insert.insert_alias {
        Some(alias) => Some(last_name(&alias.row_alias)?),
        None => None,
    };
    let width = target.table.columns.len();
    let mut scope = TableScope::new(&target.database, &target.table, None);
    scope = scope.with(&target.database, &target.table, VALUES_ALIAS);
    if let Some(alias) = &alias {
        scope = scope.with(&target.database, &target.table, alias);
    }
    let mut bound = Vec::new();
    for assignment in assignments {
        let at = assigned(&target.table, &target.table.name, &assignment.target)?;
        bound.push((at, cell(binder, &scope, &assignment.value)?));
    }
    let mut guards = ColumnSet::default();
    scope.used().into_iter().map(|slot| slot as usize).filter(|slot| *slot < width).for_each(|s| guards.insert(s));
    Ok(OnDuplicate { assignments: bound, guards, aliased: alias.is_some() })
}
