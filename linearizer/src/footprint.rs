//! What a commit's outcome depends on beside the keys it wrote: who must be redone when a key changes (R28).
//!
//! The keys a commit wrote are found through their versions ([`crate::state`]); here are the others: keys that were only
//! read, and ranges. Promises: only commits that read a key at or before the next version are named for it, since
//! whoever comes later reads that version.

use crate::order::Seat;
use dag::id::EntityId;
use dag::row_key::Key;
use imbl::{OrdMap, OrdSet};
use std::collections::BTreeSet;
use std::ops::Bound;

/// Something a commit read without writing it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// One key.
    Key(EntityId, Key),
    /// Every key of a space from one key on, up to (excluding) another; `None` means no end.
    Range(EntityId, Key, Option<Key>),
}

impl Use {
    /// Every key of a space.
    pub fn all(space: EntityId) -> Self {
        Use::Range(space, Key::from(Vec::new()), None)
    }
}

type Ranges = OrdSet<(Key, Option<Key>, Seat)>;

/// Who reads what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readers {
    keys: OrdMap<(EntityId, Key), OrdSet<Seat>>,
    ranges: OrdMap<EntityId, Ranges>,
}

impl Readers {
    pub(crate) fn add(&mut self, used: &Use, seat: &Seat) {
        match used {
            Use::Key(space, key) => {
                self.keys.entry((*space, key.clone())).or_default().insert(seat.clone());
            }
            Use::Range(space, from, to) => {
                self.ranges.entry(*space).or_default().insert((from.clone(), to.clone(), seat.clone()));
            }
        }
    }

    pub(crate) fn remove(&mut self, used: &Use, seat: &Seat) {
        match used {
            Use::Key(space, key) => {
                let at = (*space, key.clone());
                let empty = self.keys.get_mut(&at).is_some_and(|seats| {
                    seats.remove(seat);
                    seats.is_empty()
                });
                if empty {
                    self.keys.remove(&at);
                }
            }
            Use::Range(space, from, to) => {
                let empty = self.ranges.get_mut(space).is_some_and(|ranges| {
                    ranges.remove(&(from.clone(), to.clone(), seat.clone()));
                    ranges.is_empty()
                });
                if empty {
                    self.ranges.remove(space);
                }
            }
        }
    }

    /// Adds to `dirty` who read the key behind `seat`: by key up to the next version, by range all.
    pub(crate) fn behind(
        &self,
        space: EntityId,
        key: &Key,
        seat: &Seat,
        next: Option<&Seat>,
        dirty: &mut BTreeSet<Seat>,
    ) {
        if !self.keys.is_empty()
            && let Some(seats) = self.keys.get(&(space, key.clone()))
        {
            let end = next.map_or(Bound::Unbounded, Bound::Included);
            dirty.extend(seats.range::<_, Seat>((Bound::Excluded(seat), end)).cloned());
        }
        if let Some(ranges) = self.ranges.get(&space) {
            let inside = |from: &Key, to: &Option<Key>| from <= key && to.as_ref().is_none_or(|to| key < to);
            dirty.extend(ranges.iter().filter(|(from, to, s)| s > seat && inside(from, to)).map(|(.., s)| s.clone()));
        }
    }
}
