//! Aggregate calls: collected by their block, read as slots behind the tables' columns.

use super::Binder;
use super::scope::{Aggregates, Scope};
use crate::aggregate::{AggregateFunction, GROUP_CONCAT_MAX_LENGTH, Settings};
use crate::error::SqlError;
use crate::expression::{Expression, Node};
use crate::plan::Aggregate;
use sqlparser::ast::{self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArgumentClause};
use std::sync::Arc;

/// Sort keys, with DESC.
type Keys = Vec<(Expression, bool)>;

/// The aggregate of that upper-case name.
pub(crate) fn by_name(name: &str) -> Option<AggregateFunction> {
    AggregateFunction::by_name(name)
}

impl Binder<'_> {
    pub(crate) fn aggregate(
        &mut self,
        scope: &Scope<'_>,
        function: AggregateFunction,
        list: &ast::FunctionArgumentList,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        if scope.aggregates_at.get() != Aggregates::Allowed {
            return Err(SqlError::new(1111, "Invalid use of group function"));
        }
        let ast::FunctionArgumentList { duplicate_treatment, args, clauses } = list;
        let bound = self.with_aggregates(scope, Aggregates::Inside, |binder| {
            let mut arguments = Vec::new();
            for argument in args {
                match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Wildcard)
                        if function == AggregateFunction::Count && args.len() == 1 => {}
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Tuple(parts))) => {
                        for part in parts {
                            arguments.push(binder.expression(scope, part, clause)?);
                        }
                    }
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                        arguments.push(binder.expression(scope, expr, clause)?)
                    }
                    other => return Err(SqlError::syntax(format!("near '{other}'"))),
                }
            }
            let (order, separator) = binder.clauses(scope, function, clauses, clause)?;
            Ok((arguments, order, separator))
        });
        let (arguments, order, separator) = bound?;
        let distinct = matches!(duplicate_treatment, Some(DuplicateTreatment::Distinct));
        let wildcard = args.len() == 1 && arguments.is_empty();
        if arguments.is_empty() && !wildcard || arguments.len() > 1 && !function.takes_many(distinct) {
            return Err(SqlError::syntax("wrong number of arguments of an aggregate"));
        }
        let types: Vec<_> = arguments.iter().map(|a| a.ty.clone()).collect();
        let result = function.result(&types)?;
        let settings = Settings {
            arguments: types,
            result,
            distinct,
            order: order.iter().map(|(key, descending)| (key.ty.clone(), *descending)).collect(),
            separator,
            max_length: self.env.group_concat_max_len.unwrap_or(GROUP_CONCAT_MAX_LENGTH),
        };
        let order = order.into_iter().map(|(key, _)| key).collect();
        let aggregate = Aggregate { function, arguments, order, settings };
        Ok(collected(scope, aggregate))
    }

    fn clauses(
        &mut self,
        scope: &Scope<'_>,
        function: AggregateFunction,
        clauses: &[FunctionArgumentClause],
        clause: &str,
    ) -> Result<(Keys, Arc<str>), SqlError> {
        let (mut order, mut separator): (_, Arc<str>) = (Vec::new(), ",".into());
        for written in clauses {
            match written {
                FunctionArgumentClause::OrderBy(keys) if function == AggregateFunction::GroupConcat => {
                    for key in keys {
                        let (expr, descending) = super::query::sort_key(key)?;
                        order.push((self.expression(scope, expr, clause)?, descending));
                    }
                }
                FunctionArgumentClause::Separator(value) if function == AggregateFunction::GroupConcat => {
                    match &value.value {
                        ast::Value::SingleQuotedString(s) | ast::Value::DoubleQuotedString(s) => {
                            separator = s.as_str().into()
                        }
                        other => return Err(SqlError::syntax(format!("near '{other}'"))),
                    }
                }
                other => return Err(SqlError::unsupported(format!("{other} in an aggregate"))),
            }
        }
        Ok((order, separator))
    }
}

/// The slot of an aggregate; equal calls share one.
fn collected(scope: &Scope<'_>, aggregate: Aggregate) -> Expression {
    let mut all = scope.aggregates.borrow_mut();
    let printed = format!("{aggregate:?}");
    let position = all.iter().position(|a| format!("{a:?}") == printed).unwrap_or_else(|| {
        all.push(aggregate);
        all.len() - 1
    });
    let ty = all[position].settings.result.clone();
    let index = (scope.width() + position) as u32;
    Expression { node: Node::Column { depth: 0, index }, ty }
}
