//! ALTER TABLE ADD and DROP COLUMN and INDEX, CREATE and DROP INDEX.

use super::build_column::{build_column, provisional_id};
use super::build_index::{build_index, find_column};
use super::build_table::{check_auto_increment, column_indexes};
use super::cursor::TableName;
use super::statement::{Alteration, ColumnSpec, IndexKind, IndexSpec, Place};
use super::submit;
use super::table::home;
use crate::catalog::names::{catalogue, stored_table};
use crate::error::SqlError;
use crate::session::scene::ddl_context;
use crate::session::state::State;
use crate::session::stop::Stop;
use crate::transaction::lock::Mode;
use dag::catalogue::Catalogue;
use dag::schema::{Column, ColumnDefault, SchemaChange, Table};
use dag::temporal::DateTime;
use dag::value::Value;
use std::sync::Arc;

/// The catalogue as the changes so far leave it.
struct Draft {
    catalogue: Catalogue,
    table: Arc<Table>,
    changes: Vec<SchemaChange>,
}

impl Draft {
    fn push(&mut self, change: SchemaChange) -> Result<(), SqlError> {
        self.catalogue.apply(&change).map_err(|conflict| SqlError::new(1105, format!("{conflict}")))?;
        self.changes.push(change);
        let id = self.table.id;
        if let Some(table) = self.catalogue.tables.get(&id) {
            self.table = table.clone();
        }
        Ok(())
    }
}

/// Applies the changes in order, as one commit.
pub(super) fn alter(state: &mut State, name: &TableName, changes: &[Alteration]) -> Result<(), Stop> {
    let database = home(state, name)?;
    state.lock_name(&database, &name.table, Mode::Exclusive)?;
    let now = catalogue(state);
    let table = stored_table(&now, &database, &name.table)?;
    let mut draft = Draft { catalogue: (*now).clone(), table, changes: Vec::new() };
    for change in changes {
        match change {
            Alteration::AddColumn(spec, place) => add_column(state, &mut draft, spec, place)?,
            Alteration::DropColumn(name) => drop_column(&mut draft, name)?,
            Alteration::AddIndex(spec) => add_index(&mut draft, spec)?,
            Alteration::DropIndex(name) => drop_index(&mut draft, name)?,
        }
    }
    check_auto_increment(&draft.table)?;
    if draft.changes.is_empty() {
        return Ok(());
    }
    Ok(submit(state, draft.changes)?)
}

fn add_column(state: &State, draft: &mut Draft, spec: &ColumnSpec, place: &Place) -> Result<(), SqlError> {
    let table = draft.table.clone();
    if find_column(&table.columns, &spec.name).is_some() {
        return Err(SqlError::new(1060, format!("Duplicate column name '{}'", spec.name)));
    }
    if spec.primary {
        return Err(SqlError::unsupported("ALTER TABLE ADD PRIMARY KEY"));
    }
    if spec.auto_increment {
        return Err(SqlError::unsupported("ALTER TABLE ADD COLUMN ... AUTO_INCREMENT"));
    }
    let mut context = ddl_context(state)?;
    let id = provisional_id(table.columns.len());
    let mut column = build_column(spec, id, table.collation, false, &mut context)?;
    column.missing = missing(&column, &context);
    let column = draft.catalogue.identify_column(table.id, column);
    let position = match place {
        Place::First => 0,
        Place::Last => u32::MAX,
        Place::After(name) => {
            let found = table.columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
            let at = found.ok_or_else(|| unknown_column(name, &table))?;
            at as u32 + 1
        }
    };
    let layout = table.newest_layout().id;
    draft.push(SchemaChange::AddColumn { table: table.id, column, position, layout })?;
    column_indexes(spec).iter().try_for_each(|index| add_index(draft, index))
}

/// Rows that are there already take the time of the ALTER where the default is the current time.
fn missing(column: &Column, context: &dyn crate::function::Context) -> Value {
    let now = context.now_micros();
    let cut = |fsp: u8| {
        let unit = 10_i64.pow(6 - u32::from(fsp.min(6)));
        now - now.rem_euclid(unit)
    };
    match (&column.default, &column.kind) {
        (Some(ColumnDefault::CurrentTimestamp(fsp)), dag::schema::ColumnType::Timestamp(_)) => {
            Value::Timestamp(cut(*fsp))
        }
        (Some(ColumnDefault::CurrentTimestamp(fsp)), _) => {
            let local: DateTime = crate::convert::local_of_instant(cut(*fsp), context);
            Value::DateTime(local)
        }
        _ => column.missing.clone(),
    }
}

fn unknown_column(name: &str, table: &Table) -> SqlError {
    SqlError::new(1054, format!("Unknown column '{name}' in '{}'", table.name))
}

fn cannot_drop(name: &str) -> SqlError {
    SqlError::new(1091, format!("Can't DROP '{name}'; check that column/key exists"))
}

fn drop_column(draft: &mut Draft, name: &str) -> Result<(), SqlError> {
    let table = draft.table.clone();
    let column = find_column(&table.columns, name).ok_or_else(|| cannot_drop(name))?;
    if table.columns.len() == 1 {
        let text = "You can't delete all columns with ALTER TABLE; use DROP TABLE instead";
        return Err(SqlError::new(1090, text));
    }
    if table.primary.iter().any(|p| p.parts.iter().any(|part| part.column == column.id)) {
        return Err(SqlError::unsupported("ALTER TABLE DROP COLUMN of a primary key column"));
    }
    let layout = table.newest_layout().id;
    draft.push(SchemaChange::DropColumn { table: table.id, column: column.id, layout })
}

fn add_index(draft: &mut Draft, spec: &IndexSpec) -> Result<(), SqlError> {
    let table = draft.table.clone();
    if spec.kind == IndexKind::Primary {
        if table.primary.is_some() {
            return Err(SqlError::new(1068, "Multiple primary key defined"));
        }
        return Err(SqlError::unsupported("ALTER TABLE ADD PRIMARY KEY"));
    }
    if table.policy == dag::schema::MergePolicy::AppendOnly && spec.kind == IndexKind::Unique {
        return Err(SqlError::new(1105, "An append_only table takes no UNIQUE index (R26); drop the policy first"));
    }
    let taken: Vec<Arc<str>> = table.indexes.iter().map(|i| i.name.clone()).collect();
    let index = build_index(spec, &table.columns, &taken)?;
    let index = draft.catalogue.identify_index(table.id, index);
    draft.push(SchemaChange::AddIndex { table: table.id, index })
}

fn drop_index(draft: &mut Draft, name: &str) -> Result<(), SqlError> {
    let table = draft.table.clone();
    if name.eq_ignore_ascii_case("PRIMARY") && table.primary.is_some() {
        return Err(SqlError::unsupported("ALTER TABLE DROP PRIMARY KEY"));
    }
    let found = table.indexes.iter().find(|i| i.name.eq_ignore_ascii_case(name)).ok_or_else(|| cannot_drop(name))?;
    draft.push(SchemaChange::DropIndex { table: table.id, index: found.id })
}
