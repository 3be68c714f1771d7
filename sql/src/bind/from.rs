//! FROM: stored, system and derived tables, CTEs, and joins of them in the order written.

use super::Binder;
use super::scope::{Scope, ScopeColumn, ScopeTable};
use crate::engine::system_table::SystemTable;
use crate::error::SqlError;
use crate::expression::{Coercibility, Type};
use crate::limits::MAX_TABLES;
use crate::plan::{Access, DerivedSource, Join, JoinMethod, Source, SystemSource, TableSource};
use crate::response::{ColumnDefinition, ColumnFlags};
use crate::session::state::split_revision;
use crate::types;
use dag::schema::{Column, ColumnType, Table};
use sqlparser::ast::{self, TableFactor, TableWithJoins};
use std::sync::Arc;

impl Binder<'_> {
    /// The whole FROM; the tables are in `scope` afterwards.
    pub(crate) fn from(&mut self, scope: &mut Scope<'_>, items: &[TableWithJoins]) -> Result<Source, SqlError> {
        let mut whole = None;
        for item in items {
            let next = self.item(scope, item)?;
            whole = Some(match whole {
                None => next,
                Some((left, _)) => (inner(left, next.0, next.1, None), 0),
            });
        }
        scope.first_table.set(0);
        Ok(whole.map_or(Source::One, |(source, _)| source))
    }

    /// One comma-separated item, and its first slot.
    fn item(&mut self, scope: &mut Scope<'_>, item: &TableWithJoins) -> Result<(Source, usize), SqlError> {
        let TableWithJoins { relation, joins } = item;
        let (first_table, start) = (scope.tables.len(), scope.width());
        let mut source = self.factor(scope, relation)?;
        for join in joins {
            source = self.join(scope, source, start, first_table, join)?;
        }
        Ok((source, start))
    }

    pub(crate) fn factor(&mut self, scope: &mut Scope<'_>, factor: &TableFactor) -> Result<Source, SqlError> {
        if scope.tables.len() >= MAX_TABLES {
            return Err(SqlError::new(
                1116,
                format!("Too many tables; MySQL can only use {MAX_TABLES} tables in a join"),
            ));
        }
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                let refused = [
                    (args.is_some(), "table function"),
                    (!with_hints.is_empty(), "WITH (...) table hints"),
                    (version.is_some(), "a table version"),
                    (*with_ordinality, "WITH ORDINALITY"),
                    (!partitions.is_empty(), "PARTITION (...)"),
                    (json_path.is_some(), "a path behind a table"),
                    (sample.is_some(), "TABLESAMPLE"),
                ];
                refuse(&refused)?;
                self.named_table(scope, name, alias.as_ref(), index_hints)
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                refuse(&[(*lateral, "LATERAL"), (sample.is_some(), "TABLESAMPLE")])?;
                let Some(alias) = alias else {
                    return Err(SqlError::new(1248, "Every derived table must have its own alias"));
                };
                let bound = self.query(scope.parent, subquery)?;
                scope.reach.set(scope.reach.get().max(bound.reach));
                let names = column_names(alias)?;
                Ok(self.derived(scope, &alias.name.value, &names, bound.query, &bound.columns)?)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => Ok(self.item(scope, table_with_joins)?.0),
            other => Err(SqlError::unsupported(format!("FROM {other}"))),
        }
    }

    fn named_table(
        &mut self,
        scope: &mut Scope<'_>,
        name: &ast::ObjectName,
        alias: Option<&ast::TableAlias>,
        hints: &[ast::TableIndexHints],
    ) -> Result<Source, SqlError> {
        let parts = name_parts(name)?;
        if let Some(alias) = alias
            && !column_names(alias)?.is_empty()
        {
            return Err(SqlError::syntax("column names behind the alias of a table"));
        }
        let alias = alias.map(|a| a.name.value.as_str());
        if let [table] = &parts[..] {
            if table.eq_ignore_ascii_case("dual") && scope.tables.is_empty() && alias.is_none() {
                return Ok(Source::One);
            }
            if let Some(source) = self.cte(scope, table, alias)? {
                return Ok(source);
            }
        }
        let (database, table) = self.qualified(&parts)?;
        if self.env.system.has_database(database) {
            return self.system_table(scope, database, table, alias);
        }
        let database = self.revised(database)?;
        let found = self.stored(database, table)?;
        for hint in hints {
            check_hint(&found, hint)?;
        }
        let alias: Arc<str> = alias.map_or_else(|| found.name.clone(), Arc::from);
        self.unique(scope, database, &alias)?;
        let offset = scope.width();
        scope.tables.push(stored_columns(database.into(), &found, alias.clone(), offset));
        self.tables.push(found.clone());
        Ok(Source::Table(Arc::new(TableSource {
            alias,
            size: self.env.sizes.map_or(0, |size| size(&found)),
            table: found,
            offset,
            needed: Vec::new(),
            access: Access::Full,
            direction: linearizer::view::Direction::Forward,
            filter: None,
            block: self.blocks,
        })))
    }

    /// 1066: two tables of one FROM go by one name.
    fn unique(&self, scope: &Scope<'_>, database: &str, alias: &str) -> Result<(), SqlError> {
        match scope.tables.iter().any(|t| &*t.alias == alias && &*t.schema == database) {
            true => Err(SqlError::new(1066, format!("Not unique table/alias: '{alias}'"))),
            false => Ok(()),
        }
    }

    /// The stored table of that name. Errors: 1049, 1146.
    pub(crate) fn stored(&self, database: &str, table: &str) -> Result<Arc<Table>, SqlError> {
        let Some(found) = self.env.catalogue.database(database) else {
            return Err(SqlError::new(1049, format!("Unknown database '{database}'")));
        };
        match self.env.catalogue.table(found.id, table) {
            Some(table) => Ok(table.clone()),
            None => Err(SqlError::new(1146, format!("Table '{database}.{table}' doesn't exist"))),
        }
    }

    /// The database of `db@rev`. All tables of a statement are read at one revision: its journal opened that one state.
    fn revised<'n>(&mut self, name: &'n str) -> Result<&'n str, SqlError> {
        let (database, mode) = split_revision(name);
        if *self.revision.get_or_insert_with(|| mode.clone()) != mode {
            return Err(SqlError::unsupported("tables of different revisions in one statement"));
        }
        Ok(database)
    }

    fn system_table(
        &mut self,
        scope: &mut Scope<'_>,
        database: &str,
        name: &str,
        alias: Option<&str>,
    ) -> Result<Source, SqlError> {
        let Some(table) = self.env.system.table(database, name) else {
            return Err(SqlError::new(1109, format!("Unknown table '{name}' in {database}")));
        };
        let alias: Arc<str> = alias.unwrap_or(name).into();
        let offset = scope.width();
        scope.tables.push(system_columns(database, &*table, alias.clone(), offset));
        self.reads_system_tables = true;
        Ok(Source::System(Arc::new(SystemSource { alias, table, offset, filter: None, block: self.blocks })))
    }

    /// Puts a query's columns in sight under an alias.
    pub(crate) fn derived(
        &mut self,
        scope: &mut Scope<'_>,
        alias: &str,
        names: &[String],
        query: crate::plan::Query,
        columns: &[ColumnDefinition],
    ) -> Result<Source, SqlError> {
        if !names.is_empty() && names.len() != columns.len() {
            return Err(SqlError::new(
                1353,
                "In definition of view, derived table or common table expression, SELECT list and column names list have different column counts",
            ));
        }
        self.unique(scope, "", alias)?;
        let alias: Arc<str> = alias.into();
        let column = |(position, column): (usize, &ColumnDefinition)| {
            let name: Arc<str> = names.get(position).map_or_else(|| column.name.clone(), |n| n.as_str().into());
            let ty = Type { coercibility: column.ty.coercibility.min(Coercibility::Implicit), ..column.ty.clone() };
            ScopeColumn { org_name: name.clone(), name, ty, flags: ColumnFlags::default(), merged: false }
        };
        let columns: Vec<ScopeColumn> = columns.iter().enumerate().map(column).collect();
        for (position, column) in columns.iter().enumerate() {
            if columns[..position].iter().any(|c| c.name.eq_ignore_ascii_case(&column.name)) {
                return Err(SqlError::new(1060, format!("Duplicate column name '{}'", column.name)));
            }
        }
        let offset = scope.width();
        scope.tables.push(ScopeTable::new("".into(), alias.clone(), alias.clone(), columns, offset));
        Ok(Source::Derived(Arc::new(DerivedSource { alias, query, offset, filter: None, block: self.blocks })))
    }
}

impl<'a> Binder<'a> {
    fn qualified<'n>(&self, parts: &'n [String]) -> Result<(&'n str, &'n str), SqlError>
    where
        'a: 'n,
    {
        match parts {
            [table] => match self.env.database {
                Some(database) => Ok((database, table)),
                None => Err(SqlError::new(1046, "No database selected")),
            },
            [database, table] => Ok((database, table)),
            _ => Err(SqlError::syntax(format!("'{}' has too many parts", parts.join(".")))),
        }
    }
}

/// 1235 for the first clause that was written.
pub(crate) fn refuse(clauses: &[(bool, &str)]) -> Result<(), SqlError> {
    match clauses.iter().find(|(written, _)| *written) {
        Some((_, what)) => Err(SqlError::unsupported(what)),
        None => Ok(()),
    }
}

/// An inner join in the order written.
pub(crate) fn inner(
    left: Source,
    right: Source,
    right_start: usize,
    on: Option<crate::expression::Expression>,
) -> Source {
    Source::Join(Arc::new(Join {
        left_outer: false,
        left,
        right,
        right_slots: right_start..right_start,
        on,
        method: JoinMethod::Buffer,
    }))
}

/// The parts of a name, without quotes.
pub(crate) fn name_parts(name: &ast::ObjectName) -> Result<Vec<String>, SqlError> {
    let part = |part: &ast::ObjectNamePart| match part {
        ast::ObjectNamePart::Identifier(ident) => Ok(ident.value.clone()),
        other => Err(SqlError::unsupported(format!("name {other}"))),
    };
    name.0.iter().map(part).collect()
}

/// The column names behind an alias.
pub(crate) fn column_names(alias: &ast::TableAlias) -> Result<Vec<String>, SqlError> {
    let ast::TableAlias { explicit: _, name: _, columns, at } = alias;
    if at.is_some() || columns.iter().any(|c| c.data_type.is_some()) {
        return Err(SqlError::unsupported("types behind an alias"));
    }
    Ok(columns.iter().map(|c| c.name.value.clone()).collect())
}

/// 1176: a hint names an index that is not there. Otherwise hints change nothing here: they are the stated list of
/// clauses that MySQL may also ignore.
fn check_hint(table: &Table, hint: &ast::TableIndexHints) -> Result<(), SqlError> {
    let ast::TableIndexHints { hint_type: _, index_type: _, for_clause: _, index_names } = hint;
    for ident in index_names {
        let name = &ident.value;
        let known = table.primary.iter().chain(&table.indexes).any(|i| i.name.eq_ignore_ascii_case(name));
        if !known {
            return Err(SqlError::new(1176, format!("Key '{name}' doesn't exist in table '{}'", table.name)));
        }
    }
    Ok(())
}

/// A stored table's columns in sight.
pub(crate) fn stored_columns(schema: Arc<str>, table: &Table, alias: Arc<str>, offset: usize) -> ScopeTable {
    let column = |column: &Column| ScopeColumn {
        name: column.name.clone(),
        org_name: column.name.clone(),
        ty: types::of_column(column),
        flags: flags(table, column),
        merged: false,
    };
    ScopeTable::new(schema, alias, table.name.clone(), table.columns.iter().map(column).collect(), offset)
}

fn system_columns(database: &str, table: &dyn SystemTable, alias: Arc<str>, offset: usize) -> ScopeTable {
    let column = |column: &crate::engine::system_table::SystemColumn| ScopeColumn {
        name: column.name.into(),
        org_name: column.name.into(),
        ty: types::of_kind(&column.kind).nullable(column.nullable),
        flags: ColumnFlags {
            blob: matches!(column.kind, ColumnType::Text(_) | ColumnType::Blob(_)),
            ..ColumnFlags::default()
        },
        merged: false,
    };
    ScopeTable::new(database.into(), alias, table.name().into(), table.columns().iter().map(column).collect(), offset)
}

/// What the wire says of a column beside its type.
pub(crate) fn flags(table: &Table, column: &Column) -> ColumnFlags {
    let leads = |unique: bool| {
        table.indexes.iter().any(|i| i.unique == unique && i.parts.first().is_some_and(|p| p.column == column.id))
    };
    let primary = table.primary.as_ref().is_some_and(|i| i.parts.iter().any(|p| p.column == column.id));
    let alone = table.indexes.iter().any(|i| i.unique && i.parts.len() == 1 && i.parts[0].column == column.id);
    ColumnFlags {
        primary_key: primary,
        unique_key: !primary && alone,
        multiple_key: !primary && !alone && (leads(false) || leads(true)),
        auto_increment: column.auto_increment,
        no_default: column.default.is_none() && !column.nullable && !column.auto_increment,
        on_update_now: column.on_update.is_some(),
        blob: matches!(column.kind, ColumnType::Text(_) | ColumnType::Blob(_)),
        fixed_length: matches!(column.kind, ColumnType::Char(_) | ColumnType::Binary(_)),
    }
}
