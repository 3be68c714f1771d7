//! Calls of the function library.

use super::Binder;
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Expression, Node};
use crate::function;
use sqlparser::ast::{self, DateTimeField, Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

/// The alias under which the row that INSERT would have written is seen: `VALUES(column)`.
pub const VALUES_ALIAS: &str = "\u{1}values";

/// Functions of locks between sessions: held on one replica only, they would promise what they do not keep.
const REFUSED: [&str; 5] = ["GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "IS_FREE_LOCK", "IS_USED_LOCK"];

impl Binder<'_> {
    /// A call as written: an aggregate, or a function of the library.
    pub(crate) fn function(
        &mut self,
        scope: &Scope<'_>,
        call: &ast::Function,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let ast::Function { name, uses_odbc_syntax, parameters, args, filter, null_treatment, over, within_group } =
            call;
        let written = name.to_string();
        let refused = [
            (*uses_odbc_syntax, "{fn ...}"),
            (!matches!(parameters, FunctionArguments::None), "parameters of a function"),
            (filter.is_some(), "FILTER"),
            (null_treatment.is_some(), "NULLS treatment"),
            (over.is_some(), "window functions (OVER)"),
            (!within_group.is_empty(), "WITHIN GROUP"),
        ];
        if let Some((_, what)) = refused.iter().find(|(written, _)| *written) {
            return Err(SqlError::unsupported(what));
        }
        let upper = written.trim_matches('`').to_ascii_uppercase();
        let list = match args {
            FunctionArguments::None => &[][..],
            FunctionArguments::Subquery(_) => return Err(SqlError::unsupported("a subquery as bare argument")),
            FunctionArguments::List(list) => {
                if let Some(kind) = super::aggregate::by_name(&upper) {
                    return self.aggregate(scope, kind, list, clause);
                }
                if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
                    return Err(SqlError::unsupported(format!("clauses inside {upper}()")));
                }
                &list.args[..]
            }
        };
        let arguments = list.iter().map(plain).collect::<Result<Vec<&Expr>, SqlError>>()?;
        match (upper.as_str(), &arguments[..]) {
            ("VALUES", [Expr::Identifier(column)]) => scope.resolve(&[VALUES_ALIAS], &column.value, clause),
            ("TIMESTAMPADD" | "TIMESTAMPDIFF", [Expr::Identifier(unit), rest @ ..]) => {
                let unit = unit.value.to_ascii_uppercase();
                let unit = self.unit(unit.strip_prefix("SQL_TSI_").unwrap_or(&unit));
                let mut bound = vec![unit];
                bound.extend(self.arguments(scope, rest.iter().copied(), clause)?);
                self.call(&upper, bound)
            }
            _ => self.call_of(scope, &upper, arguments, clause),
        }
    }

    /// A call of `name` with arguments yet to bind.
    pub(crate) fn call_of<'e>(
        &mut self,
        scope: &Scope<'_>,
        name: &str,
        arguments: impl IntoIterator<Item = &'e Expr>,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let bound = self.arguments(scope, arguments, clause)?;
        self.call(name, bound)
    }

    /// Arguments in order; `INTERVAL v UNIT` is two of them.
    fn arguments<'e>(
        &mut self,
        scope: &Scope<'_>,
        arguments: impl IntoIterator<Item = &'e Expr>,
        clause: &str,
    ) -> Result<Vec<Expression>, SqlError> {
        let mut bound = Vec::new();
        for argument in arguments {
            match argument {
                Expr::Interval(ast::Interval {
                    value,
                    leading_field: Some(DateTimeField::Custom(unit)),
                    leading_precision: None,
                    last_field: None,
                    fractional_seconds_precision: None,
                }) => {
                    bound.push(self.expression(scope, value, clause)?);
                    bound.push(self.unit(&unit.value));
                }
                other => bound.push(self.expression(scope, other, clause)?),
            }
        }
        Ok(bound)
    }

    /// A call of the library. Errors: 1305, 1582, and what the function says of the types.
    pub(crate) fn call(&mut self, name: &str, arguments: Vec<Expression>) -> Result<Expression, SqlError> {
        let Some(function) = function::find(name) else {
            let database = self.env.database.unwrap_or("headwaters");
            if REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(name)) {
                return Err(SqlError::unsupported(format!("{}()", name.to_ascii_uppercase())));
            }
            return Err(SqlError::new(1305, format!("FUNCTION {database}.{name} does not exist")));
        };
        let (fewest, most) = function.arity;
        if arguments.len() < fewest || arguments.len() > most {
            return Err(SqlError::new(
                1582,
                format!("Incorrect parameter count in the call to native function '{name}'"),
            ));
        }
        let ty = (function.result)(&arguments)?;
        Ok(Expression { node: Node::Call { function, arguments }, ty })
    }
}

fn plain(argument: &FunctionArg) -> Result<&Expr, SqlError> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
        other => Err(SqlError::syntax(format!("near '{other}'"))),
    }
}
