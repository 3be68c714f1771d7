//! UNION, EXCEPT, INTERSECT, VALUES, and parentheses with their own ORDER BY or LIMIT.

use super::query::{Bound, Tail, output_scope, plain, position, sort_key};
use super::scope::Scope;
use super::{Binder, Columns, definition};
use crate::error::SqlError;
use crate::expression::{Coercibility, Expression, Node, Type};
use crate::limits::ARM_LEVELS;
use crate::plan::{Block, Body, DerivedSource, Limit, Query, SetKind, SetOperation, SortKey, Source};
use crate::types;
use sqlparser::ast::{self, SetExpr, SetOperator, SetQuantifier};
use std::sync::Arc;

impl Binder<'_> {
    pub(crate) fn set_operation(
        &mut self,
        parent: Option<&Scope<'_>>,
        arms: [&SetExpr; 2],
        op: SetOperator,
        quantifier: SetQuantifier,
        tail: Tail<'_>,
    ) -> Result<Bound, SqlError> {
        let kind = match op {
            SetOperator::Union => SetKind::Union,
            SetOperator::Except => SetKind::Except,
            SetOperator::Intersect => SetKind::Intersect,
            SetOperator::Minus => return Err(SqlError::unsupported("MINUS; write EXCEPT")),
        };
        let all = match quantifier {
            SetQuantifier::All => true,
            SetQuantifier::Distinct | SetQuantifier::None => false,
            _ => return Err(SqlError::unsupported("BY NAME")),
        };
        let left = self.deeper(ARM_LEVELS, |b| b.body(parent, arms[0], Tail::NONE))?;
        let right = self.deeper(ARM_LEVELS, |b| b.body(parent, arms[1], Tail::NONE))?;
        if left.columns.len() != right.columns.len() {
            return Err(SqlError::new(1222, "The used SELECT statements have a different number of columns"));
        }
        let mut merged = Vec::with_capacity(left.columns.len());
        for (a, b) in left.query.types.iter().zip(&right.query.types) {
            merged.push(types::merge(&[a.clone(), b.clone()])?);
        }
        let casts = [&left.query, &right.query]
            .map(|arm| merged.iter().enumerate().map(|(at, ty)| converted(at, &arm.types[at], ty)).collect());
        let columns = columns(left.columns, &merged);
        let (keys, order) = self.order_output(parent, &columns, tail)?;
        let limit = self.limit(tail.limit)?;
        let body = SetOperation { kind, all, left: left.query, right: right.query, casts, order, keys, limit };
        let query = Query { types: merged, body: Body::Set(Arc::new(body)) };
        Ok(Bound { query, columns, reach: left.reach.max(right.reach) })
    }

    /// ORDER BY over output columns: hidden keys, and the sort keys over columns and hidden keys.
    fn order_output(
        &mut self,
        parent: Option<&Scope<'_>>,
        columns: &Columns,
        tail: Tail<'_>,
    ) -> Result<(Vec<Expression>, Vec<SortKey>), SqlError> {
        let scope = output_scope(parent, columns);
        let (mut keys, mut order) = (Vec::new(), Vec::new());
        for key in tail.order {
            let (expr, descending) = sort_key(key)?;
            let column = match position(expr, columns.len(), "order clause")? {
                Some(position) => position,
                None => {
                    let bound = self.expression(&scope, expr, "order clause")?;
                    match bound.node {
                        Node::Column { depth: 0, index } => index as usize,
                        _ => {
                            keys.push(bound);
                            columns.len() + keys.len() - 1
                        }
                    }
                }
            };
            order.push(SortKey { column, descending });
        }
        Ok((keys, order))
    }

    /// `(SELECT ... LIMIT 3) ORDER BY a LIMIT 1`: a block over the inner query.
    pub(crate) fn wrapped(
        &mut self,
        parent: Option<&Scope<'_>>,
        inner: Bound,
        tail: Tail<'_>,
    ) -> Result<Bound, SqlError> {
        let (keys, order) = self.order_output(parent, &inner.columns, tail)?;
        let visible = inner.columns.len();
        let column = |(index, ty): (usize, &Type)| Expression {
            node: Node::Column { depth: 0, index: index as u32 },
            ty: ty.clone(),
        };
        let mut output: Vec<Expression> = inner.query.types.iter().enumerate().map(column).collect();
        output.extend(keys);
        self.blocks += 1;
        let types = inner.query.types.clone();
        let source =
            DerivedSource { alias: "".into(), query: inner.query, offset: 0, filter: None, block: self.blocks };
        let limit = self.limit(tail.limit)?;
        let block = whole(Source::Derived(Arc::new(source)), visible, output, order, limit, self.blocks);
        Ok(Bound { query: plain(types, Body::Block(Arc::new(block))), columns: inner.columns, reach: inner.reach })
    }

    /// `VALUES ROW(1, 2), ROW(3, 4)`: a UNION ALL of its rows.
    pub(crate) fn values(
        &mut self,
        parent: Option<&Scope<'_>>,
        values: &ast::Values,
        tail: Tail<'_>,
    ) -> Result<Bound, SqlError> {
        let ast::Values { explicit_row: _, value_keyword: _, rows } = values;
        let scope = Scope::new(parent);
        let mut whole: Option<Bound> = None;
        for row in rows {
            let next = self.values_row(&scope, &row.content)?;
            whole = Some(match whole {
                None => next,
                Some(before) => union_all(before, next)?,
            });
        }
        let Some(whole) = whole else { return Err(SqlError::syntax("VALUES without a row")) };
        let whole = Bound { reach: scope.reach.get(), ..whole };
        if tail.order.is_empty() && tail.limit.is_none() { Ok(whole) } else { self.wrapped(parent, whole, tail) }
    }

    fn values_row(&mut self, scope: &Scope<'_>, row: &[ast::Expr]) -> Result<Bound, SqlError> {
        let output = row.iter().map(|e| self.expression(scope, e, "field list")).collect::<Result<Vec<_>, _>>()?;
        self.blocks += 1;
        let name = |position: usize| format!("column_{position}").into();
        let columns = output.iter().enumerate().map(|(at, e)| definition::unnamed(&e.ty, name(at))).collect();
        let types = output.iter().map(|e| e.ty.clone()).collect();
        let block = whole(Source::One, output.len(), output, Vec::new(), Limit::default(), self.blocks);
        Ok(Bound { query: plain(types, Body::Block(Arc::new(block))), columns, reach: 0 })
    }
}

/// A block without conditions and groups.
fn whole(
    source: Source,
    width: usize,
    output: Vec<Expression>,
    order: Vec<SortKey>,
    limit: Limit,
    number: u32,
) -> Block {
    Block {
        width,
        source,
        filter: None,
        grouping: None,
        having: None,
        visible: width,
        output,
        distinct: false,
        order,
        limit,
        number,
    }
}

fn union_all(left: Bound, right: Bound) -> Result<Bound, SqlError> {
    if left.columns.len() != right.columns.len() {
        return Err(SqlError::new(1136, "Column count doesn't match value count"));
    }
    let mut merged = Vec::new();
    for (a, b) in left.query.types.iter().zip(&right.query.types) {
        merged.push(types::merge(&[a.clone(), b.clone()])?);
    }
    let casts = [&left.query, &right.query]
        .map(|arm| merged.iter().enumerate().map(|(at, ty)| converted(at, &arm.types[at], ty)).collect());
    let columns = columns(left.columns, &merged);
    let body = SetOperation {
        kind: SetKind::Union,
        all: true,
        left: left.query,
        right: right.query,
        casts,
        order: Vec::new(),
        keys: Vec::new(),
        limit: Limit::default(),
    };
    Ok(Bound { query: Query { types: merged, body: Body::Set(Arc::new(body)) }, columns, reach: 0 })
}

/// The first arm's labels with the common types.
fn columns(left: Columns, types: &[Type]) -> Columns {
    left.iter().zip(types).map(|(column, ty)| definition::unnamed(ty, column.name.clone())).collect()
}

/// Column `position` of an arm, converted if its kind is another.
pub(crate) fn converted(position: usize, from: &Type, to: &Type) -> Expression {
    let column = Expression { node: Node::Column { depth: 0, index: position as u32 }, ty: from.clone() };
    if from.kind == to.kind || from.kind == crate::expression::Kind::Null {
        return column;
    }
    let ty = Type { coercibility: Coercibility::Implicit, ..to.clone() };
    Expression { node: Node::Cast(Box::new(column)), ty }
}
