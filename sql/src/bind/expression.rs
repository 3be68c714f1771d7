//! The door of expression binding: one arm a kind of syntax, each handed to the file that knows it.

use super::Binder;
use super::literal::constant;
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Coercibility, Expression, Node, Type};
use dag::value::Value;
use sqlparser::ast::{self, Expr};
use std::sync::Arc;

impl Binder<'_> {
    /// Binds an expression; `clause` names the place in 1054.
    pub(crate) fn expression(&mut self, scope: &Scope<'_>, expr: &Expr, clause: &str) -> Result<Expression, SqlError> {
        self.deeper(1, |binder| binder.by_kind(scope, expr, clause))
    }

    fn by_kind(&mut self, scope: &Scope<'_>, expr: &Expr, clause: &str) -> Result<Expression, SqlError> {
        match expr {
            Expr::Identifier(ident) => self.identifier(scope, ident, clause),
            Expr::CompoundIdentifier(parts) => self.compound(scope, parts, clause),
            Expr::Value(value) => self.value(&value.value),
            Expr::TypedString(typed) => self.typed_text(typed),
            Expr::Nested(inner) => self.by_kind(scope, inner, clause),
            Expr::BinaryOp { left, op, right } => self.binary(scope, left, op, right, clause),
            Expr::UnaryOp { op, expr } => self.unary(scope, *op, expr, clause),
            Expr::Function(function) => self.function(scope, function, clause),
            Expr::IsNull(e) | Expr::IsUnknown(e) => self.is_null(scope, e, false, clause),
            Expr::IsNotNull(e) | Expr::IsNotUnknown(e) => self.is_null(scope, e, true, clause),
            Expr::IsTrue(e) => self.is_truth(scope, e, true, false, clause),
            Expr::IsNotTrue(e) => self.is_truth(scope, e, true, true, clause),
            Expr::IsFalse(e) => self.is_truth(scope, e, false, false, clause),
            Expr::IsNotFalse(e) => self.is_truth(scope, e, false, true, clause),
            Expr::InList { expr, list, negated } => self.in_list(scope, expr, list, *negated, clause),
            Expr::InSubquery { expr, subquery, negated } => self.in_subquery(scope, expr, subquery, *negated, clause),
            Expr::Between { expr, negated, low, high } => self.between(scope, expr, *negated, [low, high], clause),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(scope, *negated, [expr, pattern], escape_char.as_ref(), clause)
            }
            Expr::RLike { negated, expr, pattern, regexp: _ } => self.regexp(scope, *negated, expr, pattern, clause),
            Expr::AnyOp { left, compare_op, right, is_some: _ } => {
                self.quantified(scope, left, compare_op, right, false, clause)
            }
            Expr::AllOp { left, compare_op, right } => self.quantified(scope, left, compare_op, right, true, clause),
            Expr::Exists { subquery, negated } => self.exists(scope, subquery, *negated),
            Expr::Subquery(query) => self.scalar_subquery(scope, query),
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.case(scope, operand.as_deref(), conditions, else_result.as_deref(), clause)
            }
            Expr::Cast { kind: ast::CastKind::Cast, expr, data_type, array: false, format: None } => {
                self.cast(scope, expr, data_type, clause)
            }
            Expr::Convert { is_try: false, expr, data_type, charset, target_before_value: _, styles }
                if styles.is_empty() =>
            {
                self.convert(scope, expr, data_type.as_ref(), charset.as_ref(), clause)
            }
            Expr::Collate { expr, collation } => self.collate(scope, expr, collation, clause),
            Expr::Prefixed { prefix, value } => self.introduced(scope, prefix, value, clause),
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                let parts = [Some(&**expr), substring_from.as_deref(), substring_for.as_deref()];
                self.call_of(scope, "SUBSTRING", parts.into_iter().flatten(), clause)
            }
            Expr::Position { expr, r#in } => self.call_of(scope, "LOCATE", [&**expr, &**r#in], clause),
            Expr::MemberOf(member) => self.call_of(scope, "MEMBER OF", [&*member.value, &*member.array], clause),
            Expr::Tuple(_) => Err(SqlError::new(1241, "Operand should contain 1 column(s)")),
            Expr::Interval(_) => Err(SqlError::syntax("INTERVAL stands only beside + and - and in date functions")),
            Expr::MatchAgainst { .. } => Err(SqlError::unsupported("MATCH ... AGAINST (FULLTEXT)")),
            other => Err(SqlError::unsupported(format!("expression {other}"))),
        }
    }

    fn identifier(&mut self, scope: &Scope<'_>, ident: &ast::Ident, clause: &str) -> Result<Expression, SqlError> {
        if ident.quote_style.is_none() {
            if let Some(system) = ident.value.strip_prefix("@@") {
                return Ok(system_variable(system, false));
            }
            if let Some(user) = ident.value.strip_prefix('@') {
                return Ok(user_variable(user));
            }
        }
        scope.resolve(&[], &ident.value, clause)
    }

    fn compound(&mut self, scope: &Scope<'_>, parts: &[ast::Ident], clause: &str) -> Result<Expression, SqlError> {
        let names: Vec<&str> = parts.iter().map(|p| p.value.as_str()).collect();
        if let Some(first) = names[0].strip_prefix("@@") {
            let rest = names[1..].join(".");
            return Ok(match first.to_ascii_lowercase().as_str() {
                "global" => system_variable(&rest, true),
                "session" | "local" => system_variable(&rest, false),
                _ => system_variable(&format!("{first}.{rest}"), false),
            });
        }
        match names.split_last() {
            Some((name, qualifier)) if qualifier.len() <= 2 => scope.resolve(qualifier, name, clause),
            _ => Err(SqlError::syntax(format!("'{}' has too many parts", names.join(".")))),
        }
    }

    fn introduced(
        &mut self,
        scope: &Scope<'_>,
        prefix: &ast::Ident,
        value: &Expr,
        clause: &str,
    ) -> Result<Expression, SqlError> {
        let inner = self.expression(scope, value, clause)?;
        match prefix.value.to_ascii_lowercase().as_str() {
            "_utf8mb4" | "_utf8" | "_utf8mb3" => Ok(inner),
            "_binary" => {
                let length = inner.ty.length * 4;
                Ok(self.cast_to(inner, &Type { coercibility: Coercibility::Literal, ..Type::binary(length) }))
            }
            other => Err(SqlError::new(1115, format!("Unknown character set: '{}'", &other[1..]))),
        }
    }
}

/// `@name`: text of any length, unless its value at run time is a number.
fn user_variable(name: &str) -> Expression {
    let name: Arc<str> = name.trim_matches(['`', '\'', '"']).to_ascii_lowercase().into();
    let ty = Type { coercibility: Coercibility::Implicit, ..Type::text(65_535) };
    Expression { node: Node::UserVariable(name), ty }
}

/// `@@name`: a number or text, as `variables` says.
fn system_variable(name: &str, global: bool) -> Expression {
    let name: Arc<str> = name.trim_matches('`').to_ascii_lowercase().into();
    Expression { ty: super::definition::system_variable_type(&name), node: Node::SystemVariable { name, global } }
}

/// A truth value that is NULL if an operand is.
pub(crate) fn truth(node: Node, nullable: bool) -> Expression {
    Expression { node, ty: Type::boolean().nullable(nullable) }
}

/// The truth value `value`.
pub(crate) fn always(value: bool) -> Expression {
    constant(Value::Int(value.into()), Type::boolean())
}
