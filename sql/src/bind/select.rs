//! One SELECT: its clauses bound in the order MySQL sees them, put together as a block.

use super::from::refuse;
use super::full_group_by;
use super::query::{Bound, Tail, plain, position, sort_key};
use super::scope::{Aggregates, Aliases, Scope, qualifies};
use super::{Binder, Columns, definition, label};
use crate::error::SqlError;
use crate::expression::{Expression, Node};
use crate::limits::MAX_COLUMNS;
use crate::plan::{self, Block, Body, Grouping, SortKey, Source};
use sqlparser::ast::{self, Distinct, GroupByExpr, Select, SelectFlavor, SelectItem};
use std::sync::Arc;

/// The select list and what ORDER BY adds to it.
struct Output {
    expressions: Vec<Expression>,
    columns: Columns,
    order: Vec<SortKey>,
}

impl Binder<'_> {
    pub(crate) fn select(
        &mut self,
        parent: Option<&Scope<'_>>,
        select: &Select,
        tail: Tail<'_>,
    ) -> Result<Bound, SqlError> {
        refuse_clauses(select)?;
        self.blocks += 1;
        let number = self.blocks;
        let mut scope = Scope::new(parent);
        let source = self.from(&mut scope, &select.from)?;
        let scope = scope;
        let condition = select.selection.as_ref().map(|e| self.expression(&scope, e, "where clause")).transpose()?;
        let mut output = self.select_list(&scope, select)?;
        let visible = output.expressions.len();
        let keys = self.group_by(&scope, &select.group_by, &output)?;
        let having = self.having(&scope, select.having.as_ref())?;
        let distinct = is_distinct(select)?;
        self.order_by(&scope, tail, &mut output, distinct)?;
        let limit = self.limit(tail.limit)?;
        let grouping = grouping(&scope, keys);
        let mut block = Block {
            width: scope.width() + grouping.as_ref().map_or(0, |g| g.aggregates.len()),
            source: Source::One,
            filter: None,
            grouping,
            having,
            output: output.expressions,
            visible,
            distinct,
            order: output.order,
            limit,
            number,
        };
        if self.env.mode.only_full_group_by {
            full_group_by::check(&scope, &block, &self.tables, condition.as_ref())?;
        }
        plan::arrange(&mut block, source, condition, &scope_used(&scope));
        let types = block.output[..visible].iter().map(|e| e.ty.clone()).collect();
        let query = plain(types, Body::Block(Arc::new(block)));
        Ok(Bound { query, columns: output.columns, reach: scope.reach.get() })
    }

    fn select_list(&mut self, scope: &Scope<'_>, select: &Select) -> Result<Output, SqlError> {
        let mut output = Output { expressions: Vec::new(), columns: Vec::new(), order: Vec::new() };
        let written = label::items(select, self.env.text);
        for (number, item) in select.projection.iter().enumerate() {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let bound = self.item_expression(scope, expr)?;
                    let label = match bound.node {
                        Node::Column { depth: 0, index } if (index as usize) < scope.width() => None,
                        _ => Some(Arc::from(label::of(expr, written.get(number).copied()))),
                    };
                    push(scope, &mut output, bound, label);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let bound = self.item_expression(scope, expr)?;
                    let alias: Arc<str> = alias.value.as_str().into();
                    scope.aliases.borrow_mut().push((alias.clone(), bound.clone()));
                    push(scope, &mut output, bound, Some(alias));
                }
                SelectItem::Wildcard(options) => {
                    plain_wildcard(options)?;
                    star(scope, &mut output)?;
                }
                SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    plain_wildcard(options)?;
                    qualified_star(scope, name, &mut output)?;
                }
                other => return Err(SqlError::unsupported(format!("select item {other}"))),
            }
            if output.columns.len() > MAX_COLUMNS {
                return Err(SqlError::new(1117, "Too many columns"));
            }
        }
        Ok(output)
    }

    fn item_expression(&mut self, scope: &Scope<'_>, expr: &ast::Expr) -> Result<Expression, SqlError> {
        self.with_aggregates(scope, Aggregates::Allowed, |binder| binder.expression(scope, expr, "field list"))
    }

    /// GROUP BY; `None` if there is none.
    fn group_by(
        &mut self,
        scope: &Scope<'_>,
        group_by: &GroupByExpr,
        output: &Output,
    ) -> Result<Option<Vec<Expression>>, SqlError> {
        let GroupByExpr::Expressions(keys, modifiers) = group_by else {
            return Err(SqlError::unsupported("GROUP BY ALL"));
        };
        if let Some(modifier) = modifiers.first() {
            return Err(SqlError::unsupported(format!("GROUP BY {modifier}")));
        }
        scope.aliases_at.set(Aliases::Behind);
        let mut bound = Vec::with_capacity(keys.len());
        for key in keys {
            let expression = match position(key, output.expressions.len(), "group statement")? {
                Some(position) => output.expressions[position].clone(),
                None => self.expression(scope, key, "group statement")?,
            };
            if reads_aggregate(scope, &expression) {
                return Err(SqlError::new(1056, format!("Can't group on '{key}'")));
            }
            bound.push(expression);
        }
        scope.aliases_at.set(Aliases::Hidden);
        Ok(if bound.is_empty() { None } else { Some(bound) })
    }

    fn having(&mut self, scope: &Scope<'_>, having: Option<&ast::Expr>) -> Result<Option<Expression>, SqlError> {
        let Some(having) = having else { return Ok(None) };
        scope.aliases_at.set(Aliases::Before);
        let bound = self.with_aggregates(scope, Aggregates::Allowed, |b| b.expression(scope, having, "having clause"));
        scope.aliases_at.set(Aliases::Hidden);
        bound.map(Some)
    }

    /// ORDER BY: positions and aliases are columns of the output, everything else becomes a hidden one.
    fn order_by(
        &mut self,
        scope: &Scope<'_>,
        tail: Tail<'_>,
        output: &mut Output,
        distinct: bool,
    ) -> Result<(), SqlError> {
        scope.aliases_at.set(Aliases::Before);
        let visible = output.columns.len();
        for key in tail.order {
            let (expr, descending) = sort_key(key)?;
            let column = match position(expr, visible, "order clause")? {
                Some(position) => position,
                None => {
                    let bound = self
                        .with_aggregates(scope, Aggregates::Allowed, |b| b.expression(scope, expr, "order clause"))?;
                    self.sort_column(output, bound, visible, distinct)?
                }
            };
            if !matches!(output.expressions[column].node, Node::Constant(_)) {
                output.order.push(SortKey { column, descending });
            }
        }
        scope.aliases_at.set(Aliases::Hidden);
        Ok(())
    }

    fn sort_column(
        &mut self,
        output: &mut Output,
        bound: Expression,
        visible: usize,
        distinct: bool,
    ) -> Result<usize, SqlError> {
        let same = |e: &Expression| match (&e.node, &bound.node) {
            (Node::Column { depth: a, index: b }, Node::Column { depth: c, index: d }) => a == c && b == d,
            (Node::Column { .. }, _) | (_, Node::Column { .. }) => false,
            _ => format!("{:?}", e.node) == format!("{:?}", bound.node),
        };
        if let Some(position) = output.expressions.iter().position(same) {
            return Ok(position);
        }
        if distinct && self.env.mode.only_full_group_by {
            return Err(SqlError::new(
                3065,
                format!(
                    "Expression #{} of ORDER BY clause is not in SELECT list, references column which is not in SELECT list; this is incompatible with DISTINCT",
                    output.expressions.len() - visible + 1
                ),
            ));
        }
        output.expressions.push(bound);
        Ok(output.expressions.len() - 1)
    }
}

fn grouping(scope: &Scope<'_>, keys: Option<Vec<Expression>>) -> Option<Grouping> {
    let aggregates = scope.aggregates.take();
    match keys {
        None if aggregates.is_empty() => None,
        keys => Some(Grouping { keys: keys.unwrap_or_default(), aggregates, first: scope.width() }),
    }
}

/// Slots that are read.
fn scope_used(scope: &Scope<'_>) -> Vec<bool> {
    scope.tables.iter().flat_map(|t| t.used.iter().map(std::cell::Cell::get)).collect()
}

fn reads_aggregate(scope: &Scope<'_>, expression: &Expression) -> bool {
    let mut found = false;
    super::for_each(expression, &mut |e| {
        found |= matches!(e.node, Node::Column { depth: 0, index } if index as usize >= scope.width());
    });
    found
}

fn push(scope: &Scope<'_>, output: &mut Output, expression: Expression, label: Option<Arc<str>>) {
    output.columns.push(definition::of(scope, &expression, label));
    output.expressions.push(expression);
}

fn star(scope: &Scope<'_>, output: &mut Output) -> Result<(), SqlError> {
    if scope.tables.is_empty() {
        return Err(SqlError::new(1096, "No tables used"));
    }
    for (table, position) in &scope.joined {
        if !scope.tables[*table].columns[*position].merged {
            push_column(scope, *table, *position, output);
        }
    }
    let as_written = (0..scope.tables.len()).filter(|table| !scope.shown.contains(table));
    for table in scope.shown.iter().copied().chain(as_written) {
        let in_sight = &scope.tables[table];
        for position in 0..in_sight.columns.len() {
            if !in_sight.columns[position].merged && !scope.joined.contains(&(table, position)) {
                push_column(scope, table, position, output);
            }
        }
    }
    Ok(())
}

fn push_column(scope: &Scope<'_>, table: usize, position: usize, output: &mut Output) {
    let found = super::scope::Found { table: &scope.tables[table], position };
    push(scope, output, found.expression(0), None);
}

fn qualified_star(scope: &Scope<'_>, name: &ast::ObjectName, output: &mut Output) -> Result<(), SqlError> {
    let parts = super::from::name_parts(name)?;
    let qualifier: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some(table) = scope.tables.iter().position(|t| qualifies(t, &qualifier)) else {
        return Err(SqlError::new(1051, format!("Unknown table '{}'", parts.join("."))));
    };
    (0..scope.tables[table].columns.len()).for_each(|position| push_column(scope, table, position, output));
    Ok(())
}

fn plain_wildcard(options: &ast::WildcardAdditionalOptions) -> Result<(), SqlError> {
    let ast::WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    refuse(&[
        (opt_ilike.is_some(), "* ILIKE"),
        (opt_exclude.is_some(), "* EXCLUDE"),
        (opt_except.is_some(), "* EXCEPT"),
        (opt_replace.is_some(), "* REPLACE"),
        (opt_rename.is_some(), "* RENAME"),
        (opt_alias.is_some(), "an alias of *"),
    ])
}

fn is_distinct(select: &Select) -> Result<bool, SqlError> {
    match &select.distinct {
        None | Some(Distinct::All) => Ok(false),
        Some(Distinct::Distinct) => Ok(true),
        Some(Distinct::On(_)) => Err(SqlError::unsupported("DISTINCT ON")),
    }
}

/// Clauses of other databases, and those of MySQL that we do not offer. Modifiers such as HIGH_PRIORITY and
/// SQL_NO_CACHE, and optimizer hints, change no answer: they are the stated list of what is read and not needed.
fn refuse_clauses(select: &Select) -> Result<(), SqlError> {
    let Select {
        select_token: _,
        optimizer_hints: _,
        distinct: _,
        select_modifiers: _,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    refuse(&[
        (top.is_some(), "TOP"),
        (exclude.is_some(), "EXCLUDE"),
        (into.is_some(), "SELECT ... INTO"),
        (!lateral_views.is_empty(), "LATERAL VIEW"),
        (prewhere.is_some(), "PREWHERE"),
        (!connect_by.is_empty(), "CONNECT BY"),
        (!cluster_by.is_empty(), "CLUSTER BY"),
        (!distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!sort_by.is_empty(), "SORT BY"),
        (!named_window.is_empty(), "WINDOW"),
        (qualify.is_some(), "QUALIFY"),
        (value_table_mode.is_some(), "SELECT AS"),
        (!matches!(flavor, SelectFlavor::Standard), "FROM before SELECT"),
    ])
}
