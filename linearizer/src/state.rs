//! The state: what the last checkpoint stored, and above it an ordered map of versions for each key space.
//!
//! Promises: a clone costs two counters; a read costs the same however many heads or commits led here. Readers pass the
//! place they read at, so that one map serves the newest state, main's and stable's.

use crate::ground::Ground;
use crate::limits::EXACT_ESTIMATE;
use crate::order::Seat;
use crate::slot::{Slot, Until};
use crate::view::{Bytes, Direction, KeyRange, Sink, ViewError};
use dag::id::{CommitId, EntityId};
use dag::row_key::Key;
use imbl::OrdMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Every key space, with versions above a stored ground.
#[derive(Clone)]
pub struct State {
    ground: Arc<dyn Ground>,
    spaces: OrdMap<EntityId, OrdMap<Key, Slot>>,
}

/// A value and the commit above the ground that wrote it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The bytes, if there are any.
    pub value: Option<Bytes>,
    /// Who wrote (or removed) them; `None`: they come from the ground.
    pub writer: Option<CommitId>,
}

impl State {
    /// A state without versions.
    pub fn new(ground: Arc<dyn Ground>) -> Self {
        State { ground, spaces: OrdMap::new() }
    }

    /// Puts another ground below the versions; the caller vouches that it holds what the lowest versions hold.
    pub fn set_ground(&mut self, ground: Arc<dyn Ground>) {
        self.ground = ground;
    }

    /// What a key holds at a place, and who wrote it.
    pub fn find(&self, space: EntityId, key: &[u8], until: Until<'_>) -> Result<Found, ViewError> {
        let slot = self.spaces.get(&space).and_then(|slots| slots.get(key));
        match slot.and_then(|slot| slot.read(until)) {
            Some((seat, value)) => Ok(Found { value: value.clone(), writer: Some(seat.id()) }),
            None => Ok(Found { value: self.ground.get(space, key)?, writer: None }),
        }
    }

    /// What a key holds at a place.
    pub fn get(&self, space: EntityId, key: &[u8], until: Until<'_>) -> Result<Option<Bytes>, ViewError> {
        let slot = self.spaces.get(&space).and_then(|slots| slots.get(key));
        match slot.and_then(|slot| slot.read(until)) {
            Some((_, value)) => Ok(value.clone()),
            None => self.ground.get(space, key),
        }
    }

    /// Every entry of a range at a place, merged from ground and versions.
    pub fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        until: Until<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let Some(slots) = self.spaces.get(&space) else { return self.ground.range(space, range, direction, sink) };
        if is_empty(range) {
            return Ok(());
        }
        let above = slots.range::<_, Key>((range.from.as_ref(), range.to.as_ref()));
        let above = above.filter_map(|(key, slot)| slot.read(until).map(|(_, value)| (key, value)));
        match direction {
            Direction::Forward => self.merge(space, range, direction, above, sink),
            Direction::Backward => {
                let above = slots.range::<_, Key>((range.from.as_ref(), range.to.as_ref())).rev();
                let above = above.filter_map(|(key, slot)| slot.read(until).map(|(_, value)| (key, value)));
                self.merge(space, range, direction, above, sink)
            }
        }
    }

    /// Merges versions (pulled) into the ground's scan (pushed); a version hides the ground's entry under its key.
    fn merge<'a>(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        above: impl Iterator<Item = (&'a Key, &'a Option<Bytes>)>,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let mut above = above.peekable();
        let mut broke = false;
        self.ground.range(space, range, direction, &mut |key, value| {
            loop {
                let order = match above.peek() {
                    None => break,
                    Some((k, _)) if direction == Direction::Forward => (*k).cmp(key),
                    Some((k, _)) => key.cmp(*k),
                };
                if order.is_gt() {
                    break;
                }
                if let Some((k, Some(v))) = above.next()
                    && sink(k, v).is_break()
                {
                    broke = true;
                    return ControlFlow::Break(());
                }
                if order.is_eq() {
                    return ControlFlow::Continue(());
                }
            }
            let flow = sink(key, value);
            broke = flow.is_break();
            flow
        })?;
        if !broke {
            above.try_for_each(|(k, v)| v.as_ref().map_or(ControlFlow::Continue(()), |v| sink(k, v))).is_break();
        }
        Ok(())
    }

    /// About how many entries a range holds; see [`crate::view::View::estimate`].
    pub fn estimate(&self, space: EntityId, range: &KeyRange, until: Until<'_>) -> u64 {
        let below = self.ground.estimate(space, range);
        let above = self.spaces.get(&space).map_or(0, |slots| count(slots, range));
        if below.saturating_add(above) > 2 * EXACT_ESTIMATE as u64 {
            return below.saturating_add(above);
        }
        let mut exact = 0;
        let counted = self.range(space, range, Direction::Forward, until, &mut |_, _| {
            exact += 1;
            ControlFlow::Continue(())
        });
        counted.map_or(below + above, |()| exact)
    }

    /// Writes the version of a key at a place; says whether anything is different now.
    pub(crate) fn write(&mut self, space: EntityId, key: &Key, seat: &Seat, value: Option<Bytes>) -> bool {
        let slots = self.spaces.entry(space).or_default();
        match slots.get_mut(key) {
            Some(slot) => slot.write(seat, value),
            None => {
                slots.insert(key.clone(), Slot::One(seat.clone(), value));
                true
            }
        }
    }

    /// Forgets the version of a key at a place.
    pub(crate) fn erase(&mut self, space: EntityId, key: &Key, seat: &Seat) {
        let Some(slots) = self.spaces.get_mut(&space) else { return };
        if slots.get_mut(key).is_some_and(|slot| slot.erase(seat)) {
            slots.remove(key);
        }
    }

    /// The first version of a key behind a place.
    pub(crate) fn next_after(&self, space: EntityId, key: &Key, seat: &Seat) -> Option<&Seat> {
        self.spaces.get(&space)?.get(key)?.next_after(seat)
    }

    /// The versions of each space at a place, in key order: what a checkpoint writes over the one before.
    pub(crate) fn edits<'a>(
        &'a self,
        space: EntityId,
        until: Until<'a>,
    ) -> impl Iterator<Item = (&'a Key, &'a Option<Bytes>)> {
        let slots = self.spaces.get(&space).into_iter().flatten();
        slots.filter_map(move |(key, slot)| slot.read(until).map(|(_, value)| (key, value)))
    }
}

/// Versions in a range; counted one by one up to a bound, guessed as the geometric mean of bound and whole beyond it.
fn count(slots: &OrdMap<Key, Slot>, range: &KeyRange) -> u64 {
    // 16 exact answers' worth: beyond it the planner scans anyway, and counting would cost more than the plan saves.
    const COUNTED: usize = 16 * EXACT_ESTIMATE;
    if matches!((&range.from, &range.to), (Bound::Unbounded, Bound::Unbounded)) {
        return slots.len() as u64;
    }
    if is_empty(range) {
        return 0;
    }
    let counted = slots.range::<_, Key>((range.from.as_ref(), range.to.as_ref())).take(COUNTED).count();
    if counted < COUNTED { counted as u64 } else { ((COUNTED * slots.len()) as f64).sqrt() as u64 }
}

/// Whether no key can lie in the range; an ordered map may refuse such bounds.
fn is_empty(range: &KeyRange) -> bool {
    match (&range.from, &range.to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}
