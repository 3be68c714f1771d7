//! The binder: syntax trees to bound expressions and plans.
//!
//! Promises: every name is resolved, every expression has its MySQL type, collation and nullability, and every clause
//! of the syntax tree is either carried out or refused with 1235 by name (R39): trees are taken apart whole, so that a
//! clause a newer parser learns does not compile until someone decides about it. Reads no rows.

mod aggregate;
mod call;
mod cast;
mod cte;
mod definition;
mod expression;
mod from;
mod full_group_by;
mod join;
mod label;
mod literal;
mod operator;
mod predicate;
mod query;
mod scope;
mod select;
mod set_operation;
mod subquery;
mod walk;

#[cfg(test)]
mod tests;

pub use call::VALUES_ALIAS;
pub(crate) use walk::{children, for_each, in_conjunction};

use crate::engine::system_table::SystemTable;
use crate::error::SqlError;
use crate::expression::{Expression, Type};
use crate::function::SqlMode;
use crate::journal::ReadMode;
use crate::limits::MAX_BOUND_NESTING;
use crate::plan::{Plan, Subplan};
use crate::response::ColumnDefinition;
use dag::catalogue::Catalogue;
use dag::collation::Collation;
use dag::schema::Table;
use scope::{Aggregates, Scope};
use sqlparser::ast;
use std::sync::Arc;

/// Where tables come from that are not stored: `information_schema` and `headwaters`.
pub trait SystemTables {
    /// Whether there is such a database; names without regard to case.
    fn has_database(&self, database: &str) -> bool;
    /// The table of that name, without regard to case.
    fn table(&self, database: &str, table: &str) -> Option<Arc<dyn SystemTable>>;
}

/// No system tables at all.
pub struct NoSystemTables;

impl SystemTables for NoSystemTables {
    fn has_database(&self, _database: &str) -> bool {
        false
    }

    fn table(&self, _database: &str, _table: &str) -> Option<Arc<dyn SystemTable>> {
        None
    }
}

/// What names and literals mean where a statement is bound.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The schema.
    pub catalogue: &'a Catalogue,
    /// DATABASE().
    pub database: Option<&'a str>,
    /// sql_mode.
    pub mode: SqlMode,
    /// collation_connection: of literals.
    pub collation: Collation,
    /// Tables that are not stored.
    pub system: &'a dyn SystemTables,
    /// Types of the parameters' values; those missing are text.
    pub parameter_types: &'a [Type],
    /// group_concat_max_len; `None` is the default.
    pub group_concat_max_len: Option<usize>,
    /// About how many rows a table has, to order joins; `None` keeps the order written.
    pub sizes: Option<&'a dyn Fn(&Table) -> u64>,
    /// The statement's text, for labels of columns without alias; may be empty.
    pub text: &'a str,
}

/// Binds one statement.
pub struct Binder<'a> {
    env: Environment<'a>,
    subqueries: Vec<Subplan>,
    parameters: u32,
    tables: Vec<Arc<Table>>,
    reads_system_tables: bool,
    ctes: Vec<cte::Frame>,
    rounds: u32,
    blocks: u32,
    nesting: u32,
    /// How often expressions of WITH were bound.
    with_uses: u32,
    /// The `@rev` of the first stored table.
    revision: Option<Option<ReadMode>>,
}

/// The names of one stored table, for the expressions of DML.
pub struct TableScope {
    scope: Scope<'static>,
}

impl TableScope {
    /// The columns of `table` under `alias` (or its name), in slots from 0.
    pub fn new(database: &str, table: &Table, alias: Option<&str>) -> Self {
        let mut scope = Scope::new(None);
        let alias = alias.map_or_else(|| table.name.clone(), Arc::from);
        scope.tables.push(from::stored_columns(database.into(), table, alias, 0));
        TableScope { scope }
    }

    /// Adds the same table's other row in the slots behind, seen only when qualified: `VALUES(col)` under
    /// [`VALUES_ALIAS`], row aliases of INSERT.
    pub fn with(mut self, database: &str, table: &Table, alias: &str) -> Self {
        let offset = self.scope.width();
        let mut other = from::stored_columns(database.into(), table, alias.into(), offset);
        other.columns.iter_mut().for_each(|column| column.merged = true);
        self.scope.tables.push(other);
        self
    }

    /// Positions of the slots that expressions bound so far read.
    pub fn used(&self) -> Vec<u32> {
        let cells = self.scope.tables.iter().flat_map(|t| t.used.iter().enumerate().map(|(p, u)| (t.offset + p, u)));
        cells.filter(|(_, used)| used.get()).map(|(slot, _)| slot as u32).collect()
    }
}

impl<'a> Binder<'a> {
    /// A binder for one statement.
    pub fn new(env: Environment<'a>) -> Self {
        Binder {
            env,
            subqueries: Vec::new(),
            parameters: 0,
            tables: Vec::new(),
            reads_system_tables: false,
            ctes: Vec::new(),
            rounds: 0,
            blocks: 0,
            nesting: 0,
            with_uses: 0,
            revision: None,
        }
    }

    /// An expression over one table's row, or over no row at all. Its subqueries are in [`Binder::finish`].
    pub fn bind_expression(&mut self, scope: &TableScope, expr: &ast::Expr) -> Result<Expression, SqlError> {
        self.expression(&scope.scope, expr, "field list")
    }

    /// An expression without columns: SET, DO, LIMIT.
    pub fn bind_constant(&mut self, expr: &ast::Expr) -> Result<Expression, SqlError> {
        self.expression(&Scope::new(None), expr, "field list")
    }

    /// What [`Binder::bind_expression`] collected: subqueries, number of parameters, stored tables read.
    pub fn finish(self) -> Surroundings {
        Surroundings {
            subqueries: self.subqueries.into(),
            parameters: self.parameters,
            tables: self.tables,
            reads_system_tables: self.reads_system_tables,
        }
    }

    /// A whole query.
    pub fn bind_query(mut self, query: &ast::Query) -> Result<Plan, SqlError> {
        let mut top = query::Top::default();
        let bound = self.top_query(query, &mut top)?;
        Ok(Plan {
            columns: top.columns.into(),
            query: bound,
            lock: top.lock,
            count_found_rows: top.count_found_rows,
            subqueries: self.subqueries.into(),
            parameters: self.parameters,
            tables: self.tables,
            reads_system_tables: self.reads_system_tables,
        })
    }

    /// Counts levels of nesting for as long as `inner` runs. Errors: 1436.
    fn deeper<T>(&mut self, levels: u32, inner: impl FnOnce(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        if self.nesting + levels > MAX_BOUND_NESTING {
            return Err(SqlError::new(
                1436,
                format!("The statement nests deeper than {MAX_BOUND_NESTING} levels; split it"),
            ));
        }
        self.nesting += levels;
        let result = inner(self);
        self.nesting -= levels;
        result
    }

    /// Binds with aggregates treated as `aggregates` says.
    fn with_aggregates<T>(
        &mut self,
        scope: &Scope<'_>,
        aggregates: Aggregates,
        inner: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let before = scope.aggregates_at.replace(aggregates);
        let result = inner(self);
        scope.aggregates_at.set(before);
        result
    }
}

/// What the expressions of a statement share.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Subqueries by number.
    pub subqueries: Arc<[Subplan]>,
    /// How many `?` there are.
    pub parameters: u32,
    /// Stored tables that subqueries read.
    pub tables: Vec<Arc<Table>>,
    /// Whether subqueries read system tables.
    pub reads_system_tables: bool,
}

/// A visible column of a query: its definition and bound expression's type.
pub(crate) type Columns = Vec<ColumnDefinition>;

/// The NULL literal.
pub(crate) fn null() -> Expression {
    literal::constant(dag::value::Value::Null, Type::null())
}
