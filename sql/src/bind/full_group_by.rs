//! ONLY_FULL_GROUP_BY: an expression outside aggregates must have one value a group.

use super::children;
use super::scope::Scope;
use crate::error::SqlError;
use crate::expression::{Comparison, Expression, Node};
use crate::plan::Block;
use dag::schema::Table;
use std::sync::Arc;

/// What is the same within a group.
struct Group<'a> {
    /// Printed keys: equal expressions print equally.
    keys: Vec<String>,
    /// Slots that are fixed: keys, columns equal to constants, and all columns of tables whose unique key is fixed.
    slots: Vec<bool>,
    scope: &'a Scope<'a>,
}

/// Errors: 1055 with GROUP BY, 1140 without.
pub(crate) fn check(
    scope: &Scope<'_>,
    block: &Block,
    tables: &[Arc<Table>],
    condition: Option<&Expression>,
) -> Result<(), SqlError> {
    let Some(grouping) = &block.grouping else { return Ok(()) };
    let mut group = Group {
        keys: grouping.keys.iter().map(|k| format!("{:?}", k.node)).collect(),
        slots: vec![false; scope.width()],
        scope,
    };
    for key in &grouping.keys {
        group.fix(key);
    }
    if let Some(condition) = condition {
        group.fix_constants(condition);
    }
    group.fix_dependent(tables);
    for (position, expression) in block.output.iter().enumerate() {
        let list = if position < block.visible { "SELECT list" } else { "ORDER BY clause" };
        group.expect(expression, position + 1, list, grouping.keys.is_empty())?;
    }
    match &block.having {
        Some(having) => group.expect(having, 1, "HAVING clause", grouping.keys.is_empty()),
        None => Ok(()),
    }
}

impl Group<'_> {
    fn fix(&mut self, expression: &Expression) {
        if let Node::Column { depth: 0, index } = expression.node
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            *slot = true;
        }
    }

    /// `column = constant` in a conjunction fixes the column.
    fn fix_constants(&mut self, condition: &Expression) {
        match &condition.node {
            Node::And(left, right) => {
                self.fix_constants(left);
                self.fix_constants(right);
            }
            Node::Compare { op: Comparison::Equal, left, right, .. } => {
                let constant = |e: &Expression| matches!(e.node, Node::Constant(_) | Node::Parameter(_));
                if constant(right) {
                    self.fix(left);
                } else if constant(left) {
                    self.fix(right);
                }
            }
            _ => {}
        }
    }

    /// A table with a fixed unique key over NOT NULL columns has one row a group.
    fn fix_dependent(&mut self, tables: &[Arc<Table>]) {
        for in_sight in &self.scope.tables {
            let Some(table) =
                tables.iter().find(|t| t.name == in_sight.org_name && t.columns.len() == in_sight.columns.len())
            else {
                continue;
            };
            let fixed = |index: &&dag::schema::Index| {
                index.unique
                    && index.parts.iter().all(|part| {
                        let place = table.columns.iter().position(|c| c.id == part.column);
                        place.is_some_and(|p| self.slots[in_sight.offset + p] && !table.columns[p].nullable)
                    })
            };
            let primary = table.primary.as_ref().map(|p| dag::schema::Index { unique: true, ..p.clone() });
            if primary.iter().chain(&table.indexes).any(|i| fixed(&i)) {
                self.slots[in_sight.offset..in_sight.offset + in_sight.columns.len()].fill(true);
            }
        }
    }

    fn expect(&self, expression: &Expression, number: usize, list: &str, implicit: bool) -> Result<(), SqlError> {
        let Some(slot) = self.loose(expression) else { return Ok(()) };
        let name = self.name(slot);
        Err(if implicit {
            SqlError::new(
                1140,
                format!(
                    "In aggregated query without GROUP BY, expression #{number} of {list} contains nonaggregated column '{name}'; this is incompatible with sql_mode=only_full_group_by"
                ),
            )
        } else {
            SqlError::new(
                1055,
                format!(
                    "Expression #{number} of {list} is not in GROUP BY clause and contains nonaggregated column '{name}' which is not functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by"
                ),
            )
        })
    }

    /// The first column that may differ within a group.
    fn loose(&self, expression: &Expression) -> Option<usize> {
        if self.keys.contains(&format!("{:?}", expression.node)) {
            return None;
        }
        match &expression.node {
            Node::Column { depth: 0, index } => {
                let slot = *index as usize;
                (slot < self.slots.len() && !self.slots[slot]).then_some(slot)
            }
            Node::Call { function, .. } if function.name == "ANY_VALUE" => None,
            _ => children(expression).into_iter().find_map(|child| self.loose(child)),
        }
    }

    fn name(&self, slot: usize) -> String {
        let table = self.scope.tables.iter().find(|t| t.offset <= slot && slot < t.offset + t.columns.len());
        table.map_or_else(String::new, |t| format!("{}.{}.{}", t.schema, t.alias, t.columns[slot - t.offset].name))
    }
}
