//! WITH: common table expressions, bound anew at each use; recursive ones run round by round.

use super::query::{Bound, Tail, plain};
use super::scope::Scope;
use super::{Binder, Columns};
use crate::error::SqlError;
use crate::expression::Expression;
use crate::limits::MAX_WITH_USES;
use crate::plan::{Body, Query, Recursive, Source};
use sqlparser::ast::{self, SetExpr, SetOperator, SetQuantifier};
use std::sync::Arc;

/// A common table expression in sight.
#[derive(Clone)]
pub(crate) struct Frame {
    name: String,
    columns: Vec<String>,
    query: Arc<ast::Query>,
    recursive: bool,
    /// While its own step is bound: its number and columns.
    round: Option<(u32, Columns)>,
}

impl Binder<'_> {
    /// Puts the expressions of a WITH in sight.
    pub(crate) fn with(&mut self, with: &ast::With) -> Result<(), SqlError> {
        let ast::With { with_token: _, recursive, cte_tables } = with;
        let first = self.ctes.len();
        for cte in cte_tables {
            let ast::Cte { alias, query, from, materialized, closing_paren_token: _ } = cte;
            super::from::refuse(&[(from.is_some(), "FROM in WITH"), (materialized.is_some(), "MATERIALIZED")])?;
            let name = alias.name.value.clone();
            if self.ctes[first..].iter().any(|c| c.name.eq_ignore_ascii_case(&name)) {
                return Err(SqlError::new(1066, format!("Not unique table/alias: '{name}'")));
            }
            let columns = super::from::column_names(alias)?;
            let query = Arc::new((**query).clone());
            self.ctes.push(Frame { name, columns, query, recursive: *recursive, round: None });
        }
        Ok(())
    }

    /// The common table expression of that name as a source, if there is one.
    pub(crate) fn cte(
        &mut self,
        scope: &mut Scope<'_>,
        name: &str,
        alias: Option<&str>,
    ) -> Result<Option<Source>, SqlError> {
        let Some(place) = self.ctes.iter().rposition(|c| c.name.eq_ignore_ascii_case(name)) else { return Ok(None) };
        let frame = self.ctes[place].clone();
        let alias = alias.unwrap_or(&frame.name);
        if let Some((number, columns)) = &frame.round {
            let types = columns.iter().map(|c| c.ty.clone()).collect();
            let query = plain(types, Body::LastRound(*number));
            return self.derived(scope, alias, &[], query, columns).map(Some);
        }
        self.with_uses += 1;
        if self.with_uses > MAX_WITH_USES {
            let text = format!("The statement reads its WITH expressions more than {MAX_WITH_USES} times; split it");
            return Err(SqlError::new(1436, text));
        }
        // Its body sees only what stands before it.
        let hidden = self.ctes.split_off(place);
        let bound = self.deeper(1, |binder| binder.frame(&frame));
        self.ctes.truncate(place);
        self.ctes.extend(hidden);
        let bound = bound?;
        self.derived(scope, alias, &frame.columns, bound.query, &bound.columns).map(Some)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Bound, SqlError> {
        if frame.recursive && mentions(&frame.query.body, &frame.name) {
            return self.recursive(frame);
        }
        self.query(None, &frame.query)
    }

    fn recursive(&mut self, frame: &Frame) -> Result<Bound, SqlError> {
        let query = &*frame.query;
        let plain_union = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none();
        let SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier, right } = &*query.body else {
            return Err(SqlError::new(
                3573,
                format!(
                    "Recursive Common Table Expression '{}' should have one or more non-recursive query blocks followed by one or more recursive ones",
                    frame.name
                ),
            ));
        };
        if !plain_union {
            return Err(SqlError::unsupported("WITH, ORDER BY or LIMIT around a recursive common table expression"));
        }
        let all = matches!(set_quantifier, SetQuantifier::All);
        let seed = self.body(None, left, Tail::NONE)?;
        self.rounds += 1;
        let number = self.rounds;
        let columns = named(seed.columns, &frame.columns);
        let round = Frame { round: Some((number, columns.clone())), ..frame.clone() };
        self.ctes.push(round);
        let step = self.body(None, right, Tail::NONE);
        self.ctes.pop();
        let step = step?;
        if step.columns.len() != columns.len() {
            return Err(SqlError::new(1222, "The used SELECT statements have a different number of columns"));
        }
        let types: Vec<_> = columns.iter().map(|c| c.ty.clone()).collect();
        let casts = types
            .iter()
            .enumerate()
            .map(|(position, ty)| super::set_operation::converted(position, &step.query.types[position], ty));
        let casts: Vec<Expression> = casts.collect();
        let body = Recursive { number, seed: seed.query, step: step.query, casts, all };
        Ok(Bound { query: Query { types, body: Body::Recursive(Arc::new(body)) }, columns, reach: 0 })
    }
}

/// Columns renamed, all of them nullable: the step may bring NULL.
fn named(mut columns: Columns, names: &[String]) -> Columns {
    for (position, column) in columns.iter_mut().enumerate() {
        column.ty.nullable = true;
        if let Some(name) = names.get(position) {
            column.name = name.as_str().into();
        }
    }
    columns
}

/// Whether a block of the body names the table in its FROM: recursion stands nowhere else.
fn mentions(body: &SetExpr, name: &str) -> bool {
    match body {
        SetExpr::Select(select) => select
            .from
            .iter()
            .any(|item| names(&item.relation, name) || item.joins.iter().any(|join| names(&join.relation, name))),
        SetExpr::SetOperation { left, right, .. } => mentions(left, name) || mentions(right, name),
        SetExpr::Query(query) => mentions(&query.body, name),
        _ => false,
    }
}

fn names(factor: &ast::TableFactor, wanted: &str) -> bool {
    match factor {
        ast::TableFactor::Table { name, .. } => name.to_string().trim_matches('`').eq_ignore_ascii_case(wanted),
        ast::TableFactor::NestedJoin { table_with_joins, .. } => {
            names(&table_with_joins.relation, wanted)
                || table_with_joins.joins.iter().any(|join| names(&join.relation, wanted))
        }
        _ => false,
    }
}
