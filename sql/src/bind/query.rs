//! Queries: WITH, the body, ORDER BY and LIMIT around it, and locking clauses.

use super::from::refuse;
use super::scope::{Scope, ScopeColumn, ScopeTable};
use super::{Binder, Columns};
use crate::error::SqlError;
use crate::expression::{Expression, Kind, Node};
use crate::limits::QUERY_LEVELS;
use crate::plan::{Body, Limit, Lock, LockWait, Query};
use crate::response::ColumnFlags;
use dag::value::Value;
use sqlparser::ast::{self, Expr, LimitClause, OrderByExpr, OrderByKind, SetExpr};

/// What only the outermost query says.
#[derive(Default)]
pub(crate) struct Top {
    pub columns: Columns,
    pub lock: Option<Lock>,
    pub count_found_rows: bool,
}

/// A bound query with what its surroundings need.
pub(crate) struct Bound {
    pub query: Query,
    pub columns: Columns,
    /// How many queries out its names reach; 0 if it stands alone.
    pub reach: u16,
}

/// ORDER BY and LIMIT as written.
#[derive(Clone, Copy)]
pub(crate) struct Tail<'q> {
    pub order: &'q [OrderByExpr],
    pub limit: Option<&'q LimitClause>,
}

impl Tail<'_> {
    pub(crate) const NONE: Tail<'static> = Tail { order: &[], limit: None };

    fn is_empty(&self) -> bool {
        self.order.is_empty() && self.limit.is_none()
    }
}

impl Binder<'_> {
    /// The outermost query.
    pub(crate) fn top_query(&mut self, query: &ast::Query, top: &mut Top) -> Result<Query, SqlError> {
        top.lock = lock(&query.locks)?;
        if let SetExpr::Select(select) = &*query.body {
            top.count_found_rows = select.select_modifiers.as_ref().is_some_and(|m| m.sql_calc_found_rows);
        }
        let bound = self.unlocked(None, query)?;
        top.columns = bound.columns;
        Ok(bound.query)
    }

    /// A query inside another.
    pub(crate) fn query(&mut self, parent: Option<&Scope<'_>>, query: &ast::Query) -> Result<Bound, SqlError> {
        if !query.locks.is_empty() {
            return Err(SqlError::unsupported("FOR UPDATE or FOR SHARE in a subquery"));
        }
        self.unlocked(parent, query)
    }

    fn unlocked(&mut self, parent: Option<&Scope<'_>>, query: &ast::Query) -> Result<Bound, SqlError> {
        let ast::Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks: _,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        refuse(&[
            (fetch.is_some(), "FETCH"),
            (for_clause.is_some(), "FOR XML or JSON"),
            (settings.is_some(), "SETTINGS"),
            (format_clause.is_some(), "FORMAT"),
            (!pipe_operators.is_empty(), "|> operators"),
        ])?;
        let order = match order_by {
            None => &[][..],
            Some(ast::OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None }) => &keys[..],
            Some(other) => return Err(SqlError::unsupported(format!("{other}"))),
        };
        let tail = Tail { order, limit: limit_clause.as_ref() };
        let visible = self.ctes.len();
        if let Some(with) = with {
            self.with(with)?;
        }
        let bound = self.deeper(QUERY_LEVELS, |binder| binder.body(parent, body, tail));
        self.ctes.truncate(visible);
        bound
    }

    pub(crate) fn body(
        &mut self,
        parent: Option<&Scope<'_>>,
        body: &SetExpr,
        tail: Tail<'_>,
    ) -> Result<Bound, SqlError> {
        match body {
            SetExpr::Select(select) => self.select(parent, select, tail),
            SetExpr::Query(inner) if tail.is_empty() => self.query(parent, inner),
            SetExpr::Query(inner) => {
                let bound = self.query(parent, inner)?;
                self.wrapped(parent, bound, tail)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(parent, [left, right], *op, *set_quantifier, tail)
            }
            SetExpr::Values(values) => self.values(parent, values, tail),
            SetExpr::Table(_) => Err(SqlError::unsupported("TABLE t; write SELECT * FROM t")),
            other => Err(SqlError::unsupported(format!("{other} as a query"))),
        }
    }

    /// LIMIT and OFFSET: constants or parameters.
    pub(crate) fn limit(&mut self, clause: Option<&LimitClause>) -> Result<Limit, SqlError> {
        let (count, offset) = match clause {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                refuse(&[(!limit_by.is_empty(), "LIMIT BY")])?;
                (limit.as_ref(), offset.as_ref().map(|o| &o.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        if count.is_none() && offset.is_some() {
            return Err(SqlError::syntax("OFFSET stands behind LIMIT"));
        }
        let mut bind = |expr: Option<&Expr>| expr.map(|e| self.count(e)).transpose();
        Ok(Limit { count: bind(count)?, offset: bind(offset)? })
    }

    fn count(&mut self, expr: &Expr) -> Result<Expression, SqlError> {
        let bound = self.bind_constant(expr)?;
        match (&bound.node, &bound.ty.kind) {
            (Node::Constant(Value::Int(0..)) | Node::Constant(Value::UInt(_)) | Node::Parameter(_), _) => Ok(bound),
            (_, Kind::Null) => Err(SqlError::syntax("LIMIT takes whole numbers")),
            _ => Err(SqlError::syntax(format!("near '{expr}': LIMIT takes whole numbers"))),
        }
    }
}

/// The expression and direction of one part of ORDER BY.
pub(crate) fn sort_key(key: &OrderByExpr) -> Result<(&Expr, bool), SqlError> {
    let OrderByExpr { expr, options: ast::OrderByOptions { asc, nulls_first }, with_fill } = key;
    refuse(&[(nulls_first.is_some(), "NULLS FIRST or LAST"), (with_fill.is_some(), "WITH FILL")])?;
    Ok((expr, *asc == Some(false)))
}

/// `ORDER BY 2`: the position, from 0. Errors: 1054 if there is no such column.
pub(crate) fn position(expr: &Expr, columns: usize, clause: &str) -> Result<Option<usize>, SqlError> {
    let Expr::Value(value) = expr else { return Ok(None) };
    let ast::Value::Number(digits, _) = &value.value else { return Ok(None) };
    match digits.parse::<usize>() {
        Ok(number) if (1..=columns).contains(&number) => Ok(Some(number - 1)),
        Ok(_) => Err(SqlError::new(1054, format!("Unknown column '{digits}' in '{clause}'"))),
        Err(_) => Ok(None),
    }
}

/// The columns of a query as names in sight, in slots from 0.
pub(crate) fn output_scope<'s>(parent: Option<&'s Scope<'s>>, columns: &Columns) -> Scope<'s> {
    let mut scope = Scope::new(parent);
    let column = |c: &crate::response::ColumnDefinition| ScopeColumn {
        name: c.name.clone(),
        org_name: c.name.clone(),
        ty: c.ty.clone(),
        flags: ColumnFlags::default(),
        merged: false,
    };
    let columns = columns.iter().map(column).collect();
    scope.tables.push(ScopeTable::new("".into(), "".into(), "".into(), columns, 0));
    scope
}

/// The one locking clause there may be.
fn lock(clauses: &[ast::LockClause]) -> Result<Option<Lock>, SqlError> {
    match clauses {
        [] => Ok(None),
        [ast::LockClause { lock_type, of: None, nonblock }] => Ok(Some(Lock {
            exclusive: matches!(lock_type, ast::LockType::Update),
            wait: match nonblock {
                None => LockWait::Wait,
                Some(ast::NonBlock::Nowait) => LockWait::Nowait,
                Some(ast::NonBlock::SkipLocked) => LockWait::SkipLocked,
            },
        })),
        _ => Err(SqlError::unsupported("FOR UPDATE OF, or several locking clauses")),
    }
}

/// A query that is nothing but this body.
pub(crate) fn plain(types: Vec<crate::expression::Type>, body: Body) -> Query {
    Query { types, body }
}
