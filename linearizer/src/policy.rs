//! Merge policies: when a change that does not find its before is still no conflict (R21, R22).

use crate::fault::{Fault, planted};
use dag::change::{CellBefore, CellChange};
use dag::schema::{MergePolicy, Table};
use dag::value::Value;

/// The policy of a column: its own, or its table's.
pub(crate) fn of_column(table: &Table, column: usize) -> MergePolicy {
    table.columns.get(column).and_then(|c| c.policy).unwrap_or(table.policy)
}

/// Whether a changed cell applies to what is there: its before must match; under `agree` the equal result will do. Under
/// every other policy an equal result is a conflict: both peers that ran `n = n + 1` from 5 wrote 6 (R21).
pub(crate) fn cell_applies(table: &Table, column: usize, change: &CellChange, current: &Value) -> bool {
    let agree = of_column(table, column) == MergePolicy::Agree || planted(Fault::EqualIsNoConflict);
    change.before.matches(current) || agree && change.after == *current
}

/// The guards to be compared.
pub(crate) fn guards(guards: &[CellBefore]) -> &[CellBefore] {
    if planted(Fault::GuardIgnored) { &[] } else { guards }
}
