//! Puts conditions where they cost least, orders inner joins, and picks access paths and join methods.
//!
//! Promises: the arranged block yields the rows of the block as written. Conditions with subqueries, side effects or
//! randomness stay where MySQL runs them: on whole rows.

use super::access::conjuncts;
use super::{Access, Block, Conditions, HashKey, Join, JoinMethod, Source, TableSource, access_path};
use crate::bind::{for_each, in_conjunction};
use crate::expression::{CompareAs, Comparison, Expression, Node, Type};
use std::ops::Range;
use std::sync::Arc;

/// Arranges a block: `used` says which slots anything reads.
pub(crate) fn arrange(block: &mut Block, source: Source, condition: Option<Expression>, used: &[bool]) {
    let mut pool = condition.as_ref().map(conjuncts).unwrap_or_default();
    let source = needed(source, used);
    let mut filled = vec![false; used.len()];
    block.source = place(source, &mut pool, &mut filled);
    block.filter = in_conjunction(pool);
    super::order::by_index(block);
}

/// Notes in each table which columns are read.
fn needed(source: Source, used: &[bool]) -> Source {
    match source {
        Source::Table(table) => {
            let mut table = Arc::unwrap_or_clone(table);
            let columns = 0..table.table.columns.len();
            table.needed = columns.filter(|c| used[table.offset + c]).map(|c| c as u32).collect();
            Source::Table(Arc::new(table))
        }
        Source::Join(join) => {
            let join = Arc::unwrap_or_clone(join);
            let (left, right) = (needed(join.left, used), needed(join.right, used));
            Source::Join(Arc::new(Join { left, right, ..join }))
        }
        other => other,
    }
}

/// Whether a condition may run earlier than on the whole row.
fn movable(condition: &Expression) -> bool {
    let mut movable = true;
    for_each(condition, &mut |e| {
        movable &= match &e.node {
            Node::Subquery { .. } | Node::AssignUserVariable(..) | Node::UserVariable(_) => false,
            Node::Call { function, .. } => function.deterministic,
            _ => true,
        };
    });
    movable
}

/// Whether all slots a condition reads are among those.
fn reads_only(condition: &Expression, allowed: &dyn Fn(usize) -> bool) -> bool {
    let mut only = true;
    for_each(condition, &mut |e| {
        if let Node::Column { depth: 0, index } = e.node {
            only &= allowed(index as usize);
        }
    });
    only
}

/// Takes out of the pool what reads only allowed slots and may move.
fn take(pool: &mut Vec<Expression>, allowed: &dyn Fn(usize) -> bool) -> Vec<Expression> {
    let (taken, left) = std::mem::take(pool).into_iter().partition(|c| movable(c) && reads_only(c, allowed));
    *pool = left;
    taken
}

/// Slots that a source fills.
fn slots(source: &Source, into: &mut Vec<Range<usize>>) {
    match source {
        Source::One => {}
        Source::Table(t) => into.push(t.offset..t.offset + t.table.columns.len()),
        Source::System(s) => into.push(s.offset..s.offset + s.table.columns().len()),
        Source::Derived(d) => into.push(d.offset..d.offset + d.query.types.len()),
        Source::Join(join) => {
            slots(&join.left, into);
            slots(&join.right, into);
        }
    }
}

fn fills(source: &Source) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    slots(source, &mut ranges);
    ranges
}

fn contains(ranges: &[Range<usize>], slot: usize) -> bool {
    ranges.iter().any(|r| r.contains(&slot))
}

/// Arranges a source whose conditions are in the pool; `filled` are slots of sources that run before it.
fn place(source: Source, pool: &mut Vec<Expression>, filled: &mut [bool]) -> Source {
    match source {
        Source::Join(join) if !join.left_outer => inner(Source::Join(join), pool, filled),
        Source::Join(join) => outer(Arc::unwrap_or_clone(join), pool, filled),
        // The row without tables holds no conditions: they stay with the block.
        Source::One => Source::One,
        leaf => {
            let ranges = fills(&leaf);
            let conditions = take(pool, &|slot| contains(&ranges, slot) || filled[slot]);
            with_conditions(leaf, conditions, filled)
        }
    }
}

/// Gives a leaf its conditions, and a table its access path.
fn with_conditions(leaf: Source, conditions: Vec<Expression>, filled: &[bool]) -> Source {
    match leaf {
        Source::Table(table) => {
            let mut table: TableSource = Arc::unwrap_or_clone(table);
            let available = |slot: usize| filled.get(slot).copied().unwrap_or(false);
            let given = Conditions { all: &conditions, offset: table.offset, available: &available };
            table.access = access_path(&table.table, &given);
            table.filter = in_conjunction(conditions);
            Source::Table(Arc::new(table))
        }
        Source::System(system) => {
            let mut system = Arc::unwrap_or_clone(system);
            system.filter = in_conjunction(conditions);
            Source::System(Arc::new(system))
        }
        Source::Derived(derived) => {
            let mut derived = Arc::unwrap_or_clone(derived);
            derived.filter = in_conjunction(conditions);
            Source::Derived(Arc::new(derived))
        }
        other => other,
    }
}

/// The members of a tree of inner joins; their ON conditions go to the pool.
fn members(source: Source, pool: &mut Vec<Expression>, into: &mut Vec<Source>) {
    match source {
        Source::Join(join) if !join.left_outer => {
            let join = Arc::unwrap_or_clone(join);
            if let Some(on) = &join.on {
                pool.extend(conjuncts(on));
            }
            members(join.left, pool, into);
            members(join.right, pool, into);
        }
        other => into.push(other),
    }
}

fn inner(source: Source, pool: &mut Vec<Expression>, filled: &mut [bool]) -> Source {
    let mut waiting = Vec::new();
    members(source, pool, &mut waiting);
    let first = best(&waiting, pool, filled);
    let mut whole = place(waiting.remove(first), pool, filled);
    mark(&whole, filled);
    while !waiting.is_empty() {
        let next = waiting.remove(best(&waiting, pool, filled));
        whole = attach(whole, next, pool, filled);
        mark(&whole, filled);
    }
    whole
}

fn mark(source: &Source, filled: &mut [bool]) {
    for range in fills(source) {
        filled[range].fill(true);
    }
}

/// Which source to run next: the one whose rows are found quickest with what is filled already; of equals the
/// smaller, then the first written.
fn best(waiting: &[Source], pool: &[Expression], filled: &[bool]) -> usize {
    let cost = |source: &Source| match source {
        Source::Table(table) => {
            let ranges = fills(source);
            let allowed = |slot: usize| contains(&ranges, slot) || filled[slot];
            let all: Vec<Expression> = pool.iter().filter(|c| movable(c) && reads_only(c, &allowed)).cloned().collect();
            let available = |slot: usize| filled[slot];
            let path =
                access_path(&table.table, &Conditions { all: &all, offset: table.offset, available: &available });
            access_cost(&path, equalities(&all, &ranges, filled).is_empty())
        }
        Source::Derived(_) | Source::System(_) => 5,
        _ => 7,
    };
    let size = |source: &Source| if let Source::Table(table) = source { table.size } else { 0 };
    (0..waiting.len()).min_by_key(|at| (cost(&waiting[*at]), size(&waiting[*at]))).unwrap_or(0)
}

fn access_cost(access: &Access, cross: bool) -> u32 {
    match access {
        Access::Index(path) if path.unique => 0,
        Access::Index(path) if !path.equal.is_empty() => 1,
        Access::Index(_) => 2,
        Access::Full if cross => 6,
        Access::Full => 4,
    }
}

/// Joins `right` to what runs before it.
fn attach(left: Source, right: Source, pool: &mut Vec<Expression>, filled: &mut [bool]) -> Source {
    let ranges = fills(&right);
    let own = take(pool, &|slot| contains(&ranges, slot));
    let both = take(pool, &|slot| contains(&ranges, slot) || filled[slot]);
    build(left, right, own, both, filled, false)
}

fn outer(join: Join, pool: &mut Vec<Expression>, filled: &mut [bool]) -> Source {
    let before = filled.to_vec();
    let left = place(join.left, pool, filled);
    mark(&left, filled);
    let mut on = join.on.as_ref().map(conjuncts).unwrap_or_default();
    let ranges = fills(&join.right);
    // What reads no right slot decides matches, not left rows: it stays with the pairs.
    let reads_right = |c: &Expression| !reads_only(c, &|slot| !contains(&ranges, slot));
    let (mut right_side, rest): (Vec<_>, Vec<_>) = on.drain(..).partition(reads_right);
    let own = take(&mut right_side, &|slot| contains(&ranges, slot));
    let both = take(&mut right_side, &|slot| contains(&ranges, slot) || filled[slot]);
    let mut whole = build(left, join.right, own, both, filled, true);
    let rest: Vec<Expression> = rest.into_iter().chain(right_side).collect();
    if let (Source::Join(join), false) = (&mut whole, rest.is_empty()) {
        let mut with_rest = Arc::unwrap_or_clone(join.clone());
        let all = with_rest.on.take().into_iter().chain(rest).collect();
        with_rest.on = in_conjunction(all);
        *join = Arc::new(with_rest);
    }
    filled.copy_from_slice(&before);
    whole
}

/// A join by lookup if the right side's access path reads the left row, else by hash, else with a buffer.
fn build(
    left: Source,
    right: Source,
    own: Vec<Expression>,
    both: Vec<Expression>,
    filled: &mut [bool],
    left_outer: bool,
) -> Source {
    let ranges = fills(&right);
    let right_slots =
        ranges.iter().map(|r| r.start).min().unwrap_or(0)..ranges.iter().map(|r| r.end).max().unwrap_or(0);
    if let Source::Table(table) = &right {
        let all: Vec<Expression> = own.iter().chain(&both).cloned().collect();
        let available = |slot: usize| filled[slot];
        let path = access_path(&table.table, &Conditions { all: &all, offset: table.offset, available: &available });
        if reads_left(&path) {
            let right = with_conditions(right, all, filled);
            return Source::Join(Arc::new(Join {
                left_outer,
                left,
                right,
                right_slots,
                on: None,
                method: JoinMethod::Lookup,
            }));
        }
    }
    let keys = equalities(&both, &ranges, filled);
    let on = in_conjunction(
        both.into_iter().filter(|c| !keys.iter().any(|(printed, _)| *printed == format!("{c:?}"))).collect(),
    );
    let mut pool = own;
    // The right side runs once, before any left row is known.
    let mut nothing = vec![false; filled.len()];
    let right = place(right, &mut pool, &mut nothing);
    let on = in_conjunction(on.into_iter().chain(pool).collect());
    let method = match keys.is_empty() {
        true => JoinMethod::Buffer,
        false => JoinMethod::Hash(keys.into_iter().map(|(_, key)| key).collect()),
    };
    Source::Join(Arc::new(Join { left_outer, left, right, right_slots, on, method }))
}

fn reads_left(access: &Access) -> bool {
    let Access::Index(path) = access else { return false };
    let terms = path.equal.iter().flat_map(|t| t.values.iter().map(|(e, _)| e));
    let bounds = path.lower.iter().chain(&path.upper).map(|b| &b.value);
    terms.chain(bounds).any(|e| !reads_only(e, &|_| false))
}

/// Conditions `left = right` with each side reading one side of the join, printed and as hash keys.
fn equalities(conditions: &[Expression], right: &[Range<usize>], filled: &[bool]) -> Vec<(String, HashKey)> {
    let mut keys = Vec::new();
    for condition in conditions {
        let Node::Compare { op: Comparison::Equal, left: a, right: b, compare_as } = &condition.node else { continue };
        let Some(ty) = key_type(&a.ty, &b.ty, *compare_as) else { continue };
        let side = |e: &Expression, of_right: bool| {
            !reads_only(e, &|_| false)
                && reads_only(e, &|slot| {
                    if of_right { contains(right, slot) } else { filled[slot] && !contains(right, slot) }
                })
        };
        let (left, right) = if side(a, false) && side(b, true) {
            (a, b)
        } else if side(b, false) && side(a, true) {
            (b, a)
        } else {
            continue;
        };
        let key = HashKey { left: (**left).clone(), right: (**right).clone(), ty };
        keys.push((format!("{condition:?}"), key));
    }
    keys
}

/// The type under which equal values have equal keys.
pub(crate) fn key_type(left: &Type, right: &Type, compare_as: CompareAs) -> Option<Type> {
    Some(match compare_as {
        CompareAs::Text(collation) => Type { collation, ..Type::text(left.length.max(right.length)) },
        CompareAs::Bytes => Type::binary(left.length.max(right.length)),
        CompareAs::Integer if left.kind == right.kind => left.clone(),
        CompareAs::Integer | CompareAs::Decimal => Type::decimal(65, 30),
        CompareAs::Double => Type::double(),
        CompareAs::DateTime => Type::datetime(6),
        CompareAs::Time => Type::time(6),
        CompareAs::Json => return None,
    })
}
