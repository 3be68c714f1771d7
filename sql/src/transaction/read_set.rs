//! What a transaction's locking reads saw, as the guards that its commit carries (R11).
//!
//! Promises: a guard speaks of the state *below* the transaction's own writes, for that is what the fold compares it with
//! (`linearizer::guard`); whatever a read gave out is covered, and rows that appear in a range while it is being read
//! are not, so that COMMIT meets them. Does not know which reads are guarded: the session does.

use crate::error::SqlError;
use crate::session::stop::unreadable;
use dag::change::{MAX_READS, ReadGuard};
use dag::id::{EntityId, NodeId};
use dag::row_key::Key;
use linearizer::guard::{RangeDigest, row_digest};
use linearizer::view::{Bytes, Direction, KeyRange, View, ViewError};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

/// What of a locking read is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarded {
    /// Nothing.
    Nothing,
    /// Rows, and keys without one: what READ COMMITTED and SKIP LOCKED rely on.
    Rows,
    /// The ranges that were searched too.
    Ranges,
}

/// What one statement has read so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    rows: BTreeMap<(EntityId, Key), Option<NodeId>>,
    /// Searched parts of each space: first key, and the end that is not in it (`None`: no end). They do not touch.
    ranges: BTreeMap<EntityId, BTreeMap<Key, Option<Key>>>,
}

/// The key right behind another.
fn successor(key: &Key) -> Key {
    Key::from([&key.0[..], &[0]].concat())
}

impl Seen {
    /// A key was looked up; the first look counts, for the row is locked from then on.
    pub fn row(&mut self, table: EntityId, key: &[u8], found: Option<&Bytes>) {
        self.rows.entry((table, Key(key.into()))).or_insert_with(|| found.map(|row| row_digest(row)));
    }

    /// The row was let go again: it did not match.
    pub fn forget(&mut self, table: EntityId, key: &Key) {
        self.rows.remove(&(table, key.clone()));
    }

    /// A range was searched in a direction, up to and with `reached`, or to its end.
    pub fn range(&mut self, space: EntityId, range: &KeyRange, direction: Direction, reached: Option<&Key>) {
        let mut from = match &range.from {
            Bound::Unbounded => Key::from(Vec::new()),
            Bound::Included(key) => key.clone(),
            Bound::Excluded(key) => successor(key),
        };
        let mut to = match &range.to {
            Bound::Unbounded => None,
            Bound::Included(key) => Some(successor(key)),
            Bound::Excluded(key) => Some(key.clone()),
        };
        match (direction, reached) {
            (Direction::Forward, Some(key)) => to = Some(successor(key)),
            (Direction::Backward, Some(key)) => from = key.clone(),
            (_, None) => {}
        }
        self.join(space, from, to);
    }

    /// Adds a part and makes one of all that touch it: a scan that goes row by row leaves one guard.
    fn join(&mut self, space: EntityId, mut from: Key, mut to: Option<Key>) {
        if to.as_ref().is_some_and(|to| *to <= from) {
            return;
        }
        let parts = self.ranges.entry(space).or_default();
        loop {
            let below = match &to {
                Some(to) => parts.range(..=to.clone()).next_back(),
                None => parts.last_key_value(),
            };
            let Some((start, end)) = below else { break };
            if end.as_ref().is_some_and(|end| *end < from) {
                break;
            }
            let (start, end) = (start.clone(), end.clone());
            parts.remove(&start);
            from = from.min(start);
            to = to.zip(end).map(|(a, b)| a.max(b));
        }
        parts.insert(from, to);
    }

    /// The guards. Which entries stood in a range is told by `view`, the state the statement searched; what the rows of
    /// tables held by `newest`, since each was read again when it was locked.
    pub fn guards(
        &self,
        view: &dyn View,
        newest: &dyn View,
        is_table: &dyn Fn(EntityId) -> bool,
    ) -> Result<Vec<ReadGuard>, SqlError> {
        let rows =
            self.rows.iter().map(|((table, key), row)| ReadGuard::Row { table: *table, key: key.clone(), row: *row });
        let mut guards: Vec<ReadGuard> = rows.collect();
        for (space, parts) in &self.ranges {
            for (from, to) in parts {
                let (count, digest) = digest(view, is_table(*space).then_some(newest), *space, from, to.as_ref())?;
                let to = to.clone().unwrap_or_else(|| Key::from(Vec::new()));
                guards.push(ReadGuard::Range { space: *space, from: from.clone(), to, count, digest });
            }
        }
        Ok(guards)
    }
}

fn digest(
    view: &dyn View,
    newest: Option<&dyn View>,
    space: EntityId,
    from: &Key,
    to: Option<&Key>,
) -> Result<(u64, NodeId), SqlError> {
    let range = KeyRange {
        from: Bound::Included(from.clone()),
        to: to.map_or(Bound::Unbounded, |to| Bound::Excluded(to.clone())),
    };
    let (mut seen, mut failed) = (RangeDigest::default(), None);
    view.range(space, &range, Direction::Forward, &mut |key, bytes| {
        let now = newest.map_or_else(|| Ok(Some(bytes.clone())), |newest| newest.get(space, &key.0));
        match now {
            Ok(Some(bytes)) => seen.add(&key.0, &bytes),
            Ok(None) => {}
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })
    .map_err(unreadable)?;
    failed.map_or(Ok(seen.finish()), |error: ViewError| Err(unreadable(error)))
}

/// The guards of a transaction, each thing as it was first read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadSet(BTreeMap<(EntityId, Key, Option<Key>), ReadGuard>);

impl ReadSet {
    /// Takes a statement's guards in. Error: 1206 beyond [`MAX_READS`], the most a commit may carry.
    pub fn add(&mut self, guards: Vec<ReadGuard>) -> Result<(), SqlError> {
        for guard in guards {
            let name = match &guard {
                ReadGuard::Row { table, key, .. } => (*table, key.clone(), None),
                ReadGuard::Range { space, from, to, .. } => (*space, from.clone(), Some(to.clone())),
            };
            self.0.entry(name).or_insert(guard);
        }
        if self.0.len() > MAX_READS {
            let text = format!(
                "The total number of locks exceeds the lock table size: a transaction guards at most {MAX_READS} rows \
                 and ranges that it reads with locks; read fewer, or by one range of the primary key"
            );
            return Err(SqlError::new(1206, text));
        }
        Ok(())
    }

    /// For the commit.
    pub fn into_guards(self) -> Vec<ReadGuard> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::from(text.as_bytes().to_vec())
    }

    #[test]
    fn parts_that_touch_become_one() {
        let space = EntityId([1; 32]);
        let mut seen = Seen::default();
        let mut join = |from: &str, to: &str| {
            seen.join(space, key(from), (!to.is_empty()).then(|| key(to)));
            let show = |(from, to): (&Key, &Option<Key>)| {
                let text = |key: &Key| String::from_utf8_lossy(&key.0).into_owned();
                format!("{}-{}", text(from), to.as_ref().map(text).unwrap_or_default())
            };
            seen.ranges[&space].iter().map(show).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(join("c", "e"), "c-e");
        assert_eq!(join("e", "g"), "c-g", "a scan that goes on");
        assert_eq!(join("a", "b"), "a-b c-g");
        assert_eq!(join("m", "m"), "a-b c-g", "nothing");
        assert_eq!(join("b", "c"), "a-g", "the gap closes");
        assert_eq!(join("x", ""), "a-g x-");
        assert_eq!(join("d", ""), "a-");
    }

    #[test]
    fn a_read_set_holds_as_much_as_a_commit_may_carry() {
        let guard =
            |n: usize| ReadGuard::Row { table: EntityId([1; 32]), key: Key::from(n.to_be_bytes().to_vec()), row: None };
        let mut set = ReadSet::default();
        set.add((0..MAX_READS).map(guard).collect()).unwrap();
        set.add(vec![guard(0)]).unwrap();
        assert_eq!(set.add(vec![guard(MAX_READS)]).unwrap_err().code, 1206);
    }
}
