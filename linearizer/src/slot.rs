//! What one key held at every place above the last checkpoint: a short list of versions, each named by its writer.
//!
//! Promises: reading before a place costs at most a binary search; a clone shares all but the newest nodes, so that a
//! row written ten thousand times (64 clients counting in one row) costs no more to write than a fresh one.

use crate::order::Seat;
use crate::view::Bytes;
use imbl::OrdMap;
use std::ops::Bound;

/// Up to which place to read.
#[derive(Clone, Copy, Debug)]
pub enum Until<'a> {
    /// Everything.
    Newest,
    /// What lies before this place.
    Before(&'a Seat),
    /// What lies before this place, and the place itself.
    Through(&'a Seat),
}

impl Until<'_> {
    fn covers(self, seat: &Seat) -> bool {
        match self {
            Until::Newest => true,
            Until::Before(end) => seat < end,
            Until::Through(end) => seat <= end,
        }
    }
}

/// The versions of one key, never empty. Most keys have one; it is kept inline.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// One version.
    One(Seat, Option<Bytes>),
    /// Two or more.
    Many(OrdMap<Seat, Option<Bytes>>),
}

impl Slot {
    /// The last version up to a place.
    pub(crate) fn read(&self, until: Until<'_>) -> Option<(&Seat, &Option<Bytes>)> {
        match self {
            Slot::One(seat, value) => until.covers(seat).then_some((seat, value)),
            Slot::Many(versions) => {
                let (seat, value) = versions.get_max()?;
                if until.covers(seat) {
                    return Some((seat, value));
                }
                let end = match until {
                    Until::Newest => Bound::Unbounded,
                    Until::Before(end) => Bound::Excluded(end),
                    Until::Through(end) => Bound::Included(end),
                };
                versions.range::<_, Seat>((Bound::Unbounded, end)).next_back()
            }
        }
    }

    /// Writes the version at a place; says whether anything is different now.
    pub(crate) fn write(&mut self, at: &Seat, new: Option<Bytes>) -> bool {
        match self {
            Slot::One(seat, value) if seat == at => std::mem::replace(value, new.clone()) != new,
            Slot::One(seat, value) => {
                *self = Slot::Many(OrdMap::from_iter([(seat.clone(), value.take()), (at.clone(), new)]));
                true
            }
            Slot::Many(versions) => versions.insert(at.clone(), new.clone()) != Some(new),
        }
    }

    /// Forgets the version at a place; says whether the slot is empty now and must be dropped.
    pub(crate) fn erase(&mut self, at: &Seat) -> bool {
        match self {
            Slot::One(seat, _) => seat == at,
            Slot::Many(versions) => {
                versions.remove(at);
                if versions.len() == 1
                    && let Some((seat, value)) = versions.get_min().cloned()
                {
                    *self = Slot::One(seat, value);
                }
                false
            }
        }
    }

    /// The first version behind a place.
    pub(crate) fn next_after(&self, at: &Seat) -> Option<&Seat> {
        match self {
            Slot::One(seat, _) => (seat > at).then_some(seat),
            Slot::Many(versions) => {
                versions.range::<_, Seat>((Bound::Excluded(at), Bound::Unbounded)).next().map(|(seat, _)| seat)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Place;
    use dag::hlc::Hlc;

    fn seat(at: u64) -> Seat {
        Seat::marker(Place::end_of(Hlc(at)))
    }

    fn bytes(text: &str) -> Option<Bytes> {
        Some(text.as_bytes().into())
    }

    #[test]
    fn a_slot_reads_as_of_each_place() {
        let mut slot = Slot::One(seat(10), bytes("a"));
        assert!(slot.write(&seat(30), None));
        assert!(slot.write(&seat(20), bytes("b")));
        assert!(!slot.write(&seat(20), bytes("b")), "the same again changes nothing");
        let read =
            |until: Until<'_>| slot.read(until).map(|(s, v)| (s.place().hlc.0, v.as_deref().map(<[u8]>::to_vec)));
        for (at, before, through) in [
            (5, None, None),
            (10, None, Some((10, Some(b"a".to_vec())))),
            (15, Some((10, Some(b"a".to_vec()))), Some((10, Some(b"a".to_vec())))),
            (30, Some((20, Some(b"b".to_vec()))), Some((30, None))),
        ] {
            let place = seat(at);
            assert_eq!((read(Until::Before(&place)), read(Until::Through(&place))), (before, through), "{at}");
        }
        assert_eq!(read(Until::Newest), Some((30, None)));
        assert_eq!(slot.next_after(&seat(20)), Some(&seat(30)));
    }

    #[test]
    fn erasing_the_last_version_empties_the_slot() {
        let mut slot = Slot::One(seat(1), None);
        slot.write(&seat(2), bytes("x"));
        assert!(!slot.erase(&seat(1)));
        assert!(!slot.erase(&seat(7)));
        assert!(slot.erase(&seat(2)));
    }
}
