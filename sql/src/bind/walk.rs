//! Walks over bound expressions.

use crate::expression::{Expression, Node, SubqueryTest};

/// The direct operands of an expression, in order. Subqueries are numbers: their own expressions are not operands.
pub(crate) fn children(expression: &Expression) -> Vec<&Expression> {
    match &expression.node {
        Node::Constant(_)
        | Node::Column { .. }
        | Node::Parameter(_)
        | Node::UserVariable(_)
        | Node::SystemVariable { .. } => Vec::new(),
        Node::AssignUserVariable(_, inner) | Node::Not(inner) | Node::Cast(inner) => vec![inner],
        Node::And(a, b) | Node::Or(a, b) | Node::Xor(a, b) => vec![a, b],
        Node::Compare { left, right, .. } => vec![left, right],
        Node::CompareRows { parts, .. } => parts.iter().flat_map(|(a, b, _)| [a, b]).collect(),
        Node::IsNull { operand, .. } | Node::IsTruth { operand, .. } => vec![operand],
        Node::InList { operand, list, .. } => std::iter::once(&**operand).chain(list.iter().map(|(e, _)| e)).collect(),
        Node::Like { operand, pattern, .. } => vec![operand, pattern],
        Node::Case { branches, otherwise } => {
            branches.iter().flat_map(|(a, b)| [a, b]).chain(otherwise.as_deref()).collect()
        }
        Node::Call { arguments, .. } => arguments.iter().collect(),
        Node::Subquery { test, .. } => match test {
            SubqueryTest::Scalar | SubqueryTest::Exists { .. } => Vec::new(),
            SubqueryTest::Quantified { operands, .. } => operands.iter().map(|(e, _)| e).collect(),
        },
    }
}

/// Shows every expression of the tree, the root first.
pub(crate) fn for_each<'e>(expression: &'e Expression, visit: &mut dyn FnMut(&'e Expression)) {
    visit(expression);
    for child in children(expression) {
        for_each(child, visit);
    }
}

/// The conditions joined by AND; `None` if there are none.
pub(crate) fn in_conjunction(conditions: Vec<Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(super::operator::and)
}
