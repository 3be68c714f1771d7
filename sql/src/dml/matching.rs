//! The rows an UPDATE or DELETE works on: found by its access path, locked, and checked on the newest state.

use super::target::{Target, current, newest};
use crate::bind::{Binder, TableScope};
use crate::error::SqlError;
use crate::evaluate::{RowStack, evaluate, sort_order, truth};
use crate::exec::{Evaluator, Seek, TableReader};
use crate::expression::Expression;
use crate::plan::{Access, access_for};
use crate::session::query::refuse;
use crate::session::scene::StatementContext;
use crate::session::state::State;
use crate::session::stop::{Stop, unreadable};
use crate::transaction::lock::LockKey;
use crate::transaction::read_set::Seen;
use crate::transaction::write_set::ColumnSet;
use crate::variables::Isolation;
use dag::row_key::Key;
use dag::value::Value;
use linearizer::view::{Bytes, Direction};
use sqlparser::ast::{Expr, OrderByExpr};
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// WHERE, ORDER BY and LIMIT of a single-table UPDATE or DELETE.
#[derive(Debug)]
pub(crate) struct Matching {
    access: Access,
    filter: Option<Expression>,
    order: Vec<(Expression, bool)>,
    limit: Option<Expression>,
    /// Columns the conditions read.
    pub guards: ColumnSet,
}

/// A row that matches, locked.
pub(super) struct Matched {
    pub key: Key,
    pub values: Vec<Value>,
}

impl Matching {
    /// Binds the clauses.
    pub fn bind(
        binder: &mut Binder<'_>,
        scope: &TableScope,
        target: &Target,
        selection: Option<&Expr>,
        order_by: &[OrderByExpr],
        limit: Option<&Expr>,
    ) -> Result<Matching, SqlError> {
        let filter = selection.map(|expr| binder.bind_expression(scope, expr)).transpose()?;
        let mut order = Vec::new();
        for key in order_by {
            refuse(&[(key.with_fill.is_some(), "WITH FILL"), (key.options.nulls_first.is_some(), "NULLS FIRST")])?;
            order.push((binder.bind_expression(scope, &key.expr)?, key.options.asc == Some(false)));
        }
        let limit = limit.map(|expr| binder.bind_constant(expr)).transpose()?;
        let access = access_for(&target.table, filter.as_ref());
        Ok(Matching { access, filter, order, limit, guards: used(scope, target) })
    }

    /// Every matching row, locked, in order, at most LIMIT of them.
    pub fn rows(
        &self,
        state: &mut State,
        target: &Target,
        context: &mut StatementContext,
        evaluator: &mut Evaluator,
    ) -> Result<Vec<Matched>, Stop> {
        let limit = self.count(context)?;
        let mut found = self.find(state, target, context, evaluator)?;
        if !self.order.is_empty() || limit != usize::MAX {
            found = self.choose(found, limit, target, context, evaluator)?;
        }
        let mut matched = Vec::with_capacity(found.len().min(1024));
        for (key, bytes) in found {
            matched.extend(self.take(state, target, key, bytes, context, evaluator)?);
        }
        Ok(matched)
    }

    fn count(&self, context: &mut StatementContext) -> Result<usize, SqlError> {
        let Some(limit) = &self.limit else { return Ok(usize::MAX) };
        match crate::evaluate::constant(limit, context)? {
            Value::Int(n) if n >= 0 => Ok(n as usize),
            Value::UInt(n) => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            _ => Err(SqlError::new(1210, "Incorrect arguments to LIMIT")),
        }
    }

    /// What the access path gives, unlocked, each row once.
    fn find(
        &self,
        state: &mut State,
        target: &Target,
        context: &mut StatementContext,
        evaluator: &mut Evaluator,
    ) -> Result<Vec<(Key, Bytes)>, Stop> {
        let now = newest(state)?;
        let seeks = evaluator.seeks(&target.table, &self.access, context)?;
        let mut seen = (state.transaction().isolation == Isolation::Serializable).then(Seen::default);
        let mut found: Vec<(Key, Bytes)> = Vec::new();
        for seek in &seeks.seeks {
            match seek {
                Seek::Key(key) => {
                    let entry = now.get(seeks.space, key)?;
                    found.extend(entry.map(|bytes| (Key::from(key.clone()), bytes)));
                }
                Seek::Range(range) => now.range(seeks.space, range, Direction::Forward, &mut |key, bytes| {
                    found.push((key.clone(), bytes.clone()));
                    ControlFlow::Continue(())
                })?,
            }
        }
        if seeks.secondary {
            let mut rows = Vec::with_capacity(found.len());
            for (_, primary) in found {
                if let Some(seen) = &mut seen {
                    let below = now.view.get(target.table.id, &primary).map_err(unreadable)?;
                    seen.row(target.table.id, &primary, below.as_ref());
                }
                if let Some(row) = now.get(target.table.id, &primary)? {
                    rows.push((Key(primary), row));
                }
            }
            found = rows;
        }
        if let Some(seen) = &mut seen {
            seeks.seeks.iter().for_each(|seek| seen.range(seeks.space, &seek.range(), Direction::Forward, None));
            // SERIALIZABLE relies on the rows it looked at and left alone, and on those that were not there (R11).
            context.guards.extend(seen.guards(&*now.view, &*now.view, &|space| space == target.table.id)?);
        }
        Ok(found)
    }

    /// ORDER BY and LIMIT among the rows that match now: only those are locked.
    fn choose(
        &self,
        found: Vec<(Key, Bytes)>,
        limit: usize,
        target: &Target,
        context: &mut StatementContext,
        evaluator: &mut Evaluator,
    ) -> Result<Vec<(Key, Bytes)>, SqlError> {
        let mut chosen = Vec::new();
        for (key, bytes) in found {
            let values = target.read(&bytes)?;
            if self.matches(&values, context, evaluator)? {
                let rows = RowStack::of(&values);
                let keys: Result<Vec<Value>, SqlError> =
                    self.order.iter().map(|(e, _)| evaluate(e, &rows, context, evaluator)).collect();
                chosen.push((keys?, key, bytes));
            }
            if self.order.is_empty() && chosen.len() >= limit {
                break;
            }
        }
        chosen.sort_by(|a, b| self.compare(&a.0, &b.0));
        chosen.truncate(limit);
        Ok(chosen.into_iter().map(|(_, key, bytes)| (key, bytes)).collect())
    }

    fn compare(&self, a: &[Value], b: &[Value]) -> Ordering {
        for ((expression, descending), (a, b)) in self.order.iter().zip(a.iter().zip(b)) {
            let order = sort_order(a, b, &expression.ty);
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    }

    /// Locks a row and looks at it again if it may have changed. READ COMMITTED passes over what does not match
    /// without waiting, and frees what does not match any more (R35).
    fn take(
        &self,
        state: &mut State,
        target: &Target,
        key: Key,
        bytes: Bytes,
        context: &mut StatementContext,
        evaluator: &mut Evaluator,
    ) -> Result<Option<Matched>, Stop> {
        let frees = state.transaction().isolation.per_statement();
        if frees && !self.matches(&target.read(&bytes)?, context, evaluator)? {
            return Ok(None);
        }
        let new = target.lock_key(state, &key)?;
        let bytes = match new {
            false => Some(bytes),
            true => current(&newest(state)?, target.table.id, &key)?,
        };
        if let Some(bytes) = bytes {
            let values = target.read(&bytes)?;
            if self.matches(&values, context, evaluator)? {
                return Ok(Some(Matched { key, values }));
            }
        }
        if new && frees {
            let id = state.transaction().id;
            state.engine.locks.release(id, LockKey::row(target.table.id, &key.0));
        }
        Ok(None)
    }

    fn matches(
        &self,
        values: &[Value],
        context: &mut StatementContext,
        evaluator: &mut Evaluator,
    ) -> Result<bool, SqlError> {
        let Some(filter) = &self.filter else { return Ok(true) };
        let value = evaluate(filter, &RowStack::of(values), context, evaluator)?;
        Ok(truth(&value, &filter.ty, context) == Some(true))
    }
}

/// The columns of the target that bound expressions read.
pub(super) fn used(scope: &TableScope, target: &Target) -> ColumnSet {
    let mut guards = ColumnSet::default();
    let width = target.table.columns.len();
    scope.used().into_iter().map(|slot| slot as usize).filter(|s| *s < width).for_each(|s| guards.insert(s));
    guards
}
