//! JOIN: its kind, and ON, USING or NATURAL as a condition.

use super::Binder;
use super::operator::{and, compare};
use super::scope::{Found, Scope};
use crate::error::SqlError;
use crate::expression::{Comparison, Expression};
use crate::plan::{Join, JoinMethod, Source};
use sqlparser::ast::{self, JoinConstraint, JoinOperator};
use std::sync::Arc;

/// The kinds of joins there are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Inner,
    Left,
    Right,
}

impl Binder<'_> {
    /// `left JOIN ...`: `start` and `first_table` say where the left side begins.
    pub(crate) fn join(
        &mut self,
        scope: &mut Scope<'_>,
        left: Source,
        start: usize,
        first_table: usize,
        join: &ast::Join,
    ) -> Result<Source, SqlError> {
        let ast::Join { relation, global, join_operator } = join;
        if *global {
            return Err(SqlError::unsupported("GLOBAL JOIN"));
        }
        let (kind, constraint) = kind_of(join_operator)?;
        let (middle, middle_table) = (scope.width(), scope.tables.len());
        let right = self.factor(scope, relation)?;
        let before = scope.first_table.replace(first_table);
        let on = self.constraint(scope, first_table, middle_table, kind, constraint);
        scope.first_table.set(before);
        let on = on?;
        if kind != Kind::Inner && on.is_none() {
            return Err(SqlError::syntax("an outer join needs ON or USING"));
        }
        let (left, right, right_slots) = match kind {
            Kind::Right => (right, left, start..middle),
            _ => (left, right, middle..scope.width()),
        };
        if kind == Kind::Right && matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural) {
            let rest = 0..first_table;
            scope.shown = rest.chain(middle_table..scope.tables.len()).chain(first_table..middle_table).collect();
        }
        mark_nullable(scope, kind, first_table, middle_table);
        let left_outer = kind != Kind::Inner;
        Ok(Source::Join(Arc::new(Join { left_outer, left, right, right_slots, on, method: JoinMethod::Buffer })))
    }

    fn constraint(
        &mut self,
        scope: &mut Scope<'_>,
        first_table: usize,
        middle_table: usize,
        kind: Kind,
        constraint: &JoinConstraint,
    ) -> Result<Option<Expression>, SqlError> {
        match constraint {
            JoinConstraint::None => Ok(None),
            JoinConstraint::On(expr) => self.expression(scope, expr, "on clause").map(Some),
            JoinConstraint::Using(names) => {
                let mut columns = Vec::new();
                for name in names {
                    columns.push(super::from::name_parts(name)?.concat());
                }
                merged(scope, first_table, middle_table, kind, &columns)
            }
            JoinConstraint::Natural => {
                let columns = common(scope, first_table, middle_table);
                merged(scope, first_table, middle_table, kind, &columns)
            }
        }
    }
}

fn kind_of(operator: &JoinOperator) -> Result<(Kind, &JoinConstraint), SqlError> {
    match operator {
        JoinOperator::Join(c) | JoinOperator::Inner(c) | JoinOperator::CrossJoin(c) | JoinOperator::StraightJoin(c) => {
            Ok((Kind::Inner, c))
        }
        JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => Ok((Kind::Left, c)),
        JoinOperator::Right(c) | JoinOperator::RightOuter(c) => Ok((Kind::Right, c)),
        JoinOperator::FullOuter(_) => Err(SqlError::unsupported("FULL OUTER JOIN")),
        _ => Err(SqlError::unsupported("this kind of join")),
    }
}

/// The side that outer joins fill with NULL gets nullable types.
fn mark_nullable(scope: &mut Scope<'_>, kind: Kind, first_table: usize, middle_table: usize) {
    let range = match kind {
        Kind::Inner => return,
        Kind::Left => middle_table..scope.tables.len(),
        Kind::Right => first_table..middle_table,
    };
    for table in &mut scope.tables[range] {
        table.columns.iter_mut().for_each(|c| c.ty.nullable = true);
    }
}

/// Column names on both sides, in the left side's order.
fn common(scope: &Scope<'_>, first_table: usize, middle_table: usize) -> Vec<String> {
    let has = |name: &str| {
        let right = &scope.tables[middle_table..];
        right.iter().flat_map(|t| &t.columns).any(|c| !c.merged && c.name.eq_ignore_ascii_case(name))
    };
    let left = scope.tables[first_table..middle_table].iter().flat_map(|t| &t.columns).filter(|c| !c.merged);
    left.filter(|c| has(&c.name)).map(|c| c.name.to_string()).collect()
}

/// Equal columns of both sides: one of them is from now on seen only when qualified.
fn merged(
    scope: &mut Scope<'_>,
    first_table: usize,
    middle_table: usize,
    kind: Kind,
    names: &[String],
) -> Result<Option<Expression>, SqlError> {
    let end = scope.tables.len();
    let mut all = None;
    for name in names {
        let left = place(scope, first_table..middle_table, name)?;
        let right = place(scope, middle_table..end, name)?;
        let expression =
            |(table, position): (usize, usize)| Found { table: &scope.tables[table], position }.expression(0);
        let equal = compare(expression(left), Comparison::Equal, expression(right))?;
        all = Some(match all {
            None => equal,
            Some(before) => and(before, equal),
        });
        let (hidden, kept) = if kind == Kind::Right { (left, right) } else { (right, left) };
        scope.tables[hidden.0].columns[hidden.1].merged = true;
        scope.joined.push(kept);
    }
    Ok(all)
}

fn place(scope: &Scope<'_>, tables: std::ops::Range<usize>, name: &str) -> Result<(usize, usize), SqlError> {
    let mut found = None;
    for table in tables {
        for (position, column) in scope.tables[table].columns.iter().enumerate() {
            if !column.merged && column.name.eq_ignore_ascii_case(name) {
                if found.is_some() {
                    return Err(SqlError::new(1052, format!("Column '{name}' in from clause is ambiguous")));
                }
                found = Some((table, position));
            }
        }
    }
    found.ok_or_else(|| SqlError::new(1054, format!("Unknown column '{name}' in 'from clause'")))
}
