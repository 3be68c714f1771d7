//! Column definitions: what the wire says of each column of a result.

use super::scope::Scope;
use crate::expression::{Expression, Kind, Node, Type};
use crate::response::{ColumnDefinition, ColumnFlags};
use crate::variables;
use std::sync::Arc;

/// The definition of an output column: a plain column keeps its table, everything else has only a label.
pub(crate) fn of(scope: &Scope<'_>, expression: &Expression, label: Option<Arc<str>>) -> ColumnDefinition {
    if let Node::Column { depth: 0, index } = expression.node {
        let index = index as usize;
        let table = scope.tables.iter().rev().find(|t| t.offset <= index && index < t.offset + t.columns.len());
        if let Some(table) = table {
            let column = &table.columns[index - table.offset];
            return ColumnDefinition {
                schema: table.schema.clone(),
                table: table.alias.clone(),
                org_table: table.org_name.clone(),
                name: label.unwrap_or_else(|| column.name.clone()),
                org_name: column.org_name.clone(),
                ty: expression.ty.clone(),
                flags: column.flags,
            };
        }
    }
    unnamed(&expression.ty, label.unwrap_or_default())
}

/// A column that comes from no table.
pub(crate) fn unnamed(ty: &Type, label: Arc<str>) -> ColumnDefinition {
    let empty: Arc<str> = "".into();
    let long = ty.length > 16_383 && matches!(ty.kind, Kind::Text | Kind::Binary);
    ColumnDefinition {
        schema: empty.clone(),
        table: empty.clone(),
        org_table: empty.clone(),
        name: label,
        org_name: empty,
        ty: ty.clone(),
        flags: ColumnFlags { blob: long, ..ColumnFlags::default() },
    }
}

/// The type of `@@name`; unknown names fail when they are read, with 1193.
pub(crate) fn system_variable_type(name: &str) -> Type {
    let kind = variables::find(name).map(|id| id.definition().kind);
    match kind {
        Ok(variables::Kind::Switch) => Type::boolean(),
        Ok(variables::Kind::Integer(low, _)) if low >= 0 => Type::unsigned(),
        Ok(variables::Kind::Integer(..)) => Type::bigint(),
        _ => Type::system_text(1_024),
    }
}
