//! Names in sight: the tables of a block, its aggregates and aliases, and the blocks around it.
//!
//! Promises: every column that is looked up is remembered as used, so that scans decode no other.

use crate::error::SqlError;
use crate::expression::{Expression, Node, Type};
use crate::plan::Aggregate;
use crate::response::ColumnFlags;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A column in sight.
#[derive(Clone, Debug)]
pub(crate) struct ScopeColumn {
    pub name: Arc<str>,
    pub org_name: Arc<str>,
    pub ty: Type,
    pub flags: ColumnFlags,
    /// Merged into another by USING or NATURAL: seen only when qualified.
    pub merged: bool,
}

/// A table in sight.
#[derive(Debug)]
pub(crate) struct ScopeTable {
    pub schema: Arc<str>,
    pub alias: Arc<str>,
    pub org_name: Arc<str>,
    pub columns: Vec<ScopeColumn>,
    /// Slot of the first column.
    pub offset: usize,
    pub used: Vec<Cell<bool>>,
}

impl ScopeTable {
    pub(crate) fn new(
        schema: Arc<str>,
        alias: Arc<str>,
        org_name: Arc<str>,
        columns: Vec<ScopeColumn>,
        offset: usize,
    ) -> Self {
        let used = columns.iter().map(|_| Cell::new(false)).collect();
        ScopeTable { schema, alias, org_name, columns, offset, used }
    }
}

/// What aggregates do where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregates {
    /// 1111.
    Forbidden,
    /// They are collected.
    Allowed,
    /// Inside an aggregate's arguments: 1111.
    Inside,
}

/// How aliases of the select list are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aliases {
    /// Not at all.
    Hidden,
    /// After columns: GROUP BY.
    Behind,
    /// Before columns: ORDER BY, HAVING.
    Before,
}

/// The names of one block.
#[derive(Debug)]
pub(crate) struct Scope<'s> {
    pub parent: Option<&'s Scope<'s>>,
    pub tables: Vec<ScopeTable>,
    /// Tables before this one are out of sight: an ON sees only its own join.
    pub first_table: Cell<usize>,
    /// Columns that USING and NATURAL put first in `*`, by table and position.
    pub joined: Vec<(usize, usize)>,
    /// Tables in the order of `*`: RIGHT JOIN with USING shows its right side first.
    pub shown: Vec<usize>,
    pub aggregates_at: Cell<Aggregates>,
    pub aggregates: RefCell<Vec<Aggregate>>,
    pub aliases_at: Cell<Aliases>,
    pub aliases: RefCell<Vec<(Arc<str>, Expression)>>,
    /// How many queries out the farthest name was found while binding this block.
    pub reach: Cell<u16>,
}

/// A column that was found.
pub(crate) struct Found<'a> {
    pub table: &'a ScopeTable,
    pub position: usize,
}

impl<'s> Scope<'s> {
    pub(crate) fn new(parent: Option<&'s Scope<'s>>) -> Self {
        Scope {
            parent,
            tables: Vec::new(),
            first_table: Cell::new(0),
            joined: Vec::new(),
            shown: Vec::new(),
            aggregates_at: Cell::new(Aggregates::Forbidden),
            aggregates: RefCell::new(Vec::new()),
            aliases_at: Cell::new(Aliases::Hidden),
            aliases: RefCell::new(Vec::new()),
            reach: Cell::new(0),
        }
    }

    /// Slots of all tables: the slot of the first aggregate.
    pub(crate) fn width(&self) -> usize {
        self.tables.last().map_or(0, |t| t.offset + t.columns.len())
    }

    fn visible(&self) -> &[ScopeTable] {
        &self.tables[self.first_table.get()..]
    }

    /// The column of that name among this block's tables. Errors: 1052 if two tables have it.
    fn find(&self, qualifier: &[&str], name: &str, clause: &str) -> Result<Option<Found<'_>>, SqlError> {
        let mut found: Option<Found<'_>> = None;
        for table in self.visible() {
            if !qualifies(table, qualifier) {
                continue;
            }
            for (position, column) in table.columns.iter().enumerate() {
                if column.merged && qualifier.is_empty() || !column.name.eq_ignore_ascii_case(name) {
                    continue;
                }
                if found.is_some() {
                    return Err(ambiguous(qualifier, name, clause));
                }
                found = Some(Found { table, position });
            }
        }
        Ok(found)
    }

    fn alias(&self, name: &str) -> Option<Expression> {
        self.aliases.borrow().iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)).map(|(_, e)| e.clone())
    }

    /// The expression a name stands for, here or in the blocks around. Errors: 1054, 1052.
    pub(crate) fn resolve(&self, qualifier: &[&str], name: &str, clause: &str) -> Result<Expression, SqlError> {
        let (mut scope, mut depth) = (self, 0u16);
        loop {
            if let Some(expression) = scope.resolve_here(qualifier, name, clause, depth)? {
                self.reach_out(depth);
                return Ok(expression);
            }
            match scope.parent {
                Some(parent) => (scope, depth) = (parent, depth + 1),
                None => return Err(unknown(qualifier, name, clause)),
            }
        }
    }

    fn reach_out(&self, depth: u16) {
        let (mut scope, mut left) = (self, depth);
        while left > 0 {
            scope.reach.set(scope.reach.get().max(left));
            let Some(parent) = scope.parent else { return };
            (scope, left) = (parent, left - 1);
        }
    }

    fn resolve_here(
        &self,
        qualifier: &[&str],
        name: &str,
        clause: &str,
        depth: u16,
    ) -> Result<Option<Expression>, SqlError> {
        let alias = || if qualifier.is_empty() && depth == 0 { self.alias(name) } else { None };
        let inside = self.aggregates_at.get() == Aggregates::Inside;
        if self.aliases_at.get() == Aliases::Before
            && !inside
            && let Some(expression) = alias()
        {
            return Ok(Some(expression));
        }
        if let Some(found) = self.find(qualifier, name, clause)? {
            return Ok(Some(found.expression(depth)));
        }
        Ok(if self.aliases_at.get() == Aliases::Hidden { None } else { alias() })
    }
}

impl Found<'_> {
    /// The column as an expression, marked as used.
    pub(crate) fn expression(&self, depth: u16) -> Expression {
        self.table.used[self.position].set(true);
        let index = (self.table.offset + self.position) as u32;
        Expression { node: Node::Column { depth, index }, ty: self.table.columns[self.position].ty.clone() }
    }
}

/// Whether `t` or `db.t` names the table.
pub(crate) fn qualifies(table: &ScopeTable, qualifier: &[&str]) -> bool {
    match qualifier {
        [] => true,
        [alias] => &*table.alias == *alias,
        [schema, alias] => &*table.alias == *alias && &*table.schema == *schema,
        _ => false,
    }
}

fn full(qualifier: &[&str], name: &str) -> String {
    qualifier.iter().chain([&name]).copied().collect::<Vec<_>>().join(".")
}

fn unknown(qualifier: &[&str], name: &str, clause: &str) -> SqlError {
    SqlError::new(1054, format!("Unknown column '{}' in '{clause}'", full(qualifier, name)))
}

fn ambiguous(qualifier: &[&str], name: &str, clause: &str) -> SqlError {
    SqlError::new(1052, format!("Column '{}' in {clause} is ambiguous", full(qualifier, name)))
}
