//! Schema changes, folded: the next catalogue, and the entries of indexes that are new or lost a part (R25).
//!
//! Building an index reads the whole table at its place, so such a commit is redone for every late change of the table.

use crate::constraint::IndexEdits;
use crate::fold::{Fold, Stop};
use crate::footprint::Use;
use crate::outcome::Reason;
use crate::table_fold::malformed;
use dag::schema::{Index, SchemaChange, Table};
use std::ops::Bound;
use std::sync::Arc;

/// Applies the changes in order; parks where one does not fit.
pub(crate) fn apply(fold: &mut Fold<'_>, changes: &[SchemaChange]) -> Result<(), Stop> {
    let before = fold.catalogue.clone();
    let after = Arc::make_mut(&mut fold.catalogue);
    for change in changes {
        after.apply(change).map_err(|conflict| Stop::Park(Reason::Schema(conflict.to_string().into())))?;
    }
    let after = fold.catalogue.clone();
    for (id, table) in &after.tables {
        // A table that is new here is empty: ids of dropped tables never come back.
        if let Some(old) = before.tables.get(id)
            && !Arc::ptr_eq(old, table)
        {
            let is_new = |new: &&Index| !old.indexes.iter().any(|i| same_entries(i, new));
            table.indexes.iter().filter(is_new).try_for_each(|index| build(fold, table, index))?;
        }
    }
    Ok(())
}

fn same_entries(a: &Index, b: &Index) -> bool {
    a.id == b.id && a.unique == b.unique && a.parts == b.parts
}

/// Fills an index from the rows at this place, over whatever entries were there.
fn build(fold: &mut Fold<'_>, table: &Table, index: &Index) -> Result<(), Stop> {
    fold.uses.push(Use::all(table.id));
    fold.built.push(table.id);
    let mut edits = IndexEdits::new(index);
    fold.at.scan(index.id, Bound::Unbounded, Bound::Unbounded, |key, _| {
        edits.forget(key);
        Ok(())
    })?;
    fold.at.scan(table.id, Bound::Unbounded, Bound::Unbounded, |key, row| {
        let values = table.read(row).map_err(|e| malformed(table, e))?;
        edits.enter(table, key, &values)
    })?;
    edits.check(table, fold.at)?;
    fold.writes.extend(edits.into_writes());
    Ok(())
}
