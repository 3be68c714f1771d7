//! ORDER BY that an index already yields: the sort falls away, and LIMIT ends the scan.
//!
//! Joins keep the order of their left side, so the first table decides. An access path must keep its index's order
//! even where a value has no place in it (see `exec::seek`).

use super::{Access, Block, IndexPath, Join, Source, TableSource};
use crate::expression::Node;
use dag::schema::{IndexPart, Table};
use linearizer::view::Direction;
use std::sync::Arc;

/// Drops the block's sort if the first table can be read in its order.
pub(crate) fn by_index(block: &mut Block) {
    if block.grouping.is_some() || block.distinct || block.order.is_empty() {
        return;
    }
    let Some(table) = first_table(&block.source) else { return };
    let Some(keys) = wanted(block, table) else { return };
    let limited = block.limit.count.is_some();
    let Some((access, direction)) = ordered(table, &keys, limited) else { return };
    let changed = TableSource { access, direction, ..table.clone() };
    block.source = with_first(block.source.clone(), changed);
    block.order.clear();
}

fn first_table(source: &Source) -> Option<&TableSource> {
    match source {
        Source::Table(table) => Some(table),
        Source::Join(join) => first_table(&join.left),
        _ => None,
    }
}

fn with_first(source: Source, table: TableSource) -> Source {
    match source {
        Source::Join(join) => {
            let join = Arc::unwrap_or_clone(join);
            let left = with_first(join.left, table);
            Source::Join(Arc::new(Join { left, ..join }))
        }
        _ => Source::Table(Arc::new(table)),
    }
}

/// The sort keys as columns of the table, with DESC; `None` if one is anything else.
fn wanted(block: &Block, table: &TableSource) -> Option<Vec<(usize, bool)>> {
    let column = |key: &super::SortKey| match block.output[key.column].node {
        Node::Column { depth: 0, index } => {
            let column = (index as usize).checked_sub(table.offset)?;
            (column < table.table.columns.len()).then_some((column, key.descending))
        }
        _ => None,
    };
    block.order.iter().map(column).collect()
}

/// The access path and direction that yield the keys' order.
fn ordered(source: &TableSource, keys: &[(usize, bool)], limited: bool) -> Option<(Access, Direction)> {
    let table = &source.table;
    match &source.access {
        Access::Index(path) if path.equal.iter().all(|term| term.values.len() == 1) => {
            let fixed: Vec<usize> = path.equal.iter().map(|term| term.column).collect();
            let loose: Vec<_> = keys.iter().copied().filter(|(column, _)| !fixed.contains(column)).collect();
            let direction = if path.unique { Some(Direction::Forward) } else { follows(table, path, &loose) };
            Some((source.access.clone(), direction?))
        }
        Access::Index(_) => None,
        Access::Full => {
            let whole =
                |index| IndexPath { index, equal: Vec::new(), lower: None, upper: None, start: None, unique: false };
            if let Some(direction) = table.primary.as_ref().and_then(|_| follows(table, &whole(None), keys)) {
                return Some((Access::Full, direction));
            }
            // Without LIMIT, sorting is cheaper than looking every row up through an index.
            let places = if limited { 0..table.indexes.len() } else { 0..0 };
            places.into_iter().find_map(|place| {
                let path = whole(Some(place));
                let direction = follows(table, &path, keys)?;
                Some((Access::Index(Box::new(path)), direction))
            })
        }
    }
}

/// The direction in which the parts behind the fixed ones, then the primary key, are the wanted keys.
fn follows(table: &Table, path: &IndexPath, keys: &[(usize, bool)]) -> Option<Direction> {
    let primary = table.primary.as_ref().map_or(&[][..], |index| &index.parts);
    let parts: Vec<&IndexPart> = match path.index {
        None => primary.iter().collect(),
        Some(place) => table.indexes[place].parts.iter().chain(primary).collect(),
    };
    let rest = parts.get(path.equal.len()..)?;
    let mut direction = None;
    for (place, (column, descending)) in keys.iter().enumerate() {
        let part = rest.get(place)?;
        let backward = *descending != part.descending;
        let same = table.columns[*column].id == part.column && part.prefix.is_none();
        if !same || direction.is_some_and(|before| before != backward) {
            return None;
        }
        direction = Some(backward);
    }
    // A unique entry without NULL ends at its parts: what follows them in `parts` adds nothing.
    Some(if direction == Some(true) { Direction::Backward } else { Direction::Forward })
}
