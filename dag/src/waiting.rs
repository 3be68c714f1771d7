//! The waiting room: verified commits that cannot enter yet, because a parent is missing or their time has not come
//! (R9), or because they need a newer program (R2).
//!
//! Promises: bounded per peer that brought them; a refusal names the bound, never drops what is already inside; what
//! becomes free comes out in the order of arrival. Generic over what waits, so that it knows neither bodies nor
//! segments; reads no clock.

use crate::id::CommitId;
pub use crate::limits::{MAX_WAITING_BYTES, MAX_WAITING_COMMITS};
use std::collections::{BTreeMap, BTreeSet};

/// Why something waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// These commits are missing here.
    Parents(BTreeSet<CommitId>),
    /// Its HLC is too far ahead of our clock; milliseconds since the Unix epoch (R9).
    Time(u64),
    /// This program does not know its version or rules level (R2).
    Upgrade,
    /// Its author had promised to write nothing at or below it: a proof, until the members cut the author (R15).
    Cut,
}

/// The room is full for this peer: stop fetching from it and try others. Nothing is invalid (R3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// Too many commits.
    #[error("{MAX_WAITING_COMMITS} commits of this peer wait already; fetch their parents first")]
    Commits,
    /// Too many bytes.
    #[error("{MAX_WAITING_BYTES} bytes of this peer's commits wait already; fetch their parents first")]
    Bytes,
}

/// What waits, with the bound it counts against.
#[derive(Clone, Debug)]
struct Guest<P, T> {
    peer: P,
    commits: usize,
    bytes: usize,
    until: Until,
    item: T,
}

/// The waiting room, for peers `P` and waiting things `T` (a segment, or one commit).
#[derive(Clone, Debug)]
pub struct WaitingRoom<P, T> {
    guests: BTreeMap<u64, Guest<P, T>>,
    next: u64,
    waits_for: BTreeMap<CommitId, BTreeSet<u64>>,
    used: BTreeMap<P, (usize, usize)>,
}

impl<P: Ord + Clone, T> Default for WaitingRoom<P, T> {
    fn default() -> Self {
        WaitingRoom { guests: BTreeMap::new(), next: 0, waits_for: BTreeMap::new(), used: BTreeMap::new() }
    }
}

impl<P: Ord + Clone, T> WaitingRoom<P, T> {
    /// Lets something in that `peer` brought: `commits` commits of `bytes` bytes together.
    pub fn enter(&mut self, peer: P, commits: usize, bytes: usize, until: Until, item: T) -> Result<(), RoomError> {
        self.room_for(&peer, commits, bytes)?;
        let (count, size) = self.used.get(&peer).copied().unwrap_or_default();
        self.used.insert(peer.clone(), (count + commits, size + bytes));
        if let Until::Parents(missing) = &until {
            for id in missing {
                self.waits_for.entry(*id).or_default().insert(self.next);
            }
        }
        self.guests.insert(self.next, Guest { peer, commits, bytes, until, item });
        self.next += 1;
        Ok(())
    }

    /// Whether the peer's share has room for so many commits and bytes.
    pub fn room_for(&self, peer: &P, commits: usize, bytes: usize) -> Result<(), RoomError> {
        let (count, size) = self.used.get(peer).copied().unwrap_or_default();
        if count + commits > MAX_WAITING_COMMITS {
            return Err(RoomError::Commits);
        }
        // One segment of the greatest size may wait alone.
        if size > 0 && size + bytes > MAX_WAITING_BYTES { Err(RoomError::Bytes) } else { Ok(()) }
    }

    /// A commit was admitted: whatever waited for it alone comes out, to be admitted anew.
    pub fn arrived(&mut self, id: &CommitId) -> Vec<(P, T)> {
        let waiting = self.waits_for.remove(id).unwrap_or_default();
        let free = |room: &mut Self, ticket: &u64| match &mut room.guests.get_mut(ticket)?.until {
            Until::Parents(missing) => (missing.remove(id) && missing.is_empty()).then_some(*ticket),
            _ => None,
        };
        let free: Vec<u64> = waiting.iter().filter_map(|ticket| free(self, ticket)).collect();
        free.into_iter().filter_map(|ticket| self.leave(ticket)).collect()
    }

    /// Whatever waited for a time that is now past comes out.
    pub fn due(&mut self, now_millis: u64) -> Vec<(P, T)> {
        let is_due = |guest: &Guest<P, T>| matches!(guest.until, Until::Time(at) if at <= now_millis);
        let due: Vec<u64> = self.guests.iter().filter(|(_, g)| is_due(g)).map(|(ticket, _)| *ticket).collect();
        due.into_iter().filter_map(|ticket| self.leave(ticket)).collect()
    }

    /// A peer left: what it brought and still misses parents is forgotten, another peer will bring it. Held commits
    /// stay (R9). Gives what left.
    pub fn forget(&mut self, peer: &P) -> Vec<T> {
        self.dismiss(&|of, until, _| of == peer && matches!(until, Until::Parents(_)))
    }

    /// Whatever a rule picks leaves.
    pub fn dismiss(&mut self, goes: &dyn Fn(&P, &Until, &T) -> bool) -> Vec<T> {
        let picked = |guest: &Guest<P, T>| goes(&guest.peer, &guest.until, &guest.item);
        let tickets: Vec<u64> = self.guests.iter().filter(|(_, g)| picked(g)).map(|(ticket, _)| *ticket).collect();
        tickets.into_iter().filter_map(|ticket| self.leave(ticket)).map(|(_, item)| item).collect()
    }

    /// Commits that are missing here and that something waits for, sorted: what to fetch next.
    pub fn missing(&self) -> Vec<CommitId> {
        self.waits_for.keys().copied().collect()
    }

    /// Everything inside with its reason, in order of arrival: `headwaters.held`.
    pub fn iter(&self) -> impl Iterator<Item = (&P, &Until, &T)> {
        self.guests.values().map(|guest| (&guest.peer, &guest.until, &guest.item))
    }

    /// The earliest time for which something waits, to set a timer.
    pub fn next_due(&self) -> Option<u64> {
        let time = |until: &Until| if let Until::Time(at) = until { Some(*at) } else { None };
        self.guests.values().filter_map(|guest| time(&guest.until)).min()
    }

    fn leave(&mut self, ticket: u64) -> Option<(P, T)> {
        let guest = self.guests.remove(&ticket)?;
        if let Some((commits, bytes)) = self.used.get_mut(&guest.peer) {
            (*commits, *bytes) = (*commits - guest.commits, *bytes - guest.bytes);
            if *commits == 0 {
                self.used.remove(&guest.peer);
            }
        }
        if let Until::Parents(missing) = &guest.until {
            for id in missing {
                let waiting = self.waits_for.get_mut(id);
                if waiting.is_some_and(|w| w.remove(&ticket) && w.is_empty()) {
                    self.waits_for.remove(id);
                }
            }
        }
        Some((guest.peer, guest.item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vertex::drawing::id;

    fn parents(names: &str) -> Until {
        Until::Parents(names.chars().map(|c| id(&c.to_string())).collect())
    }

    #[test]
    fn a_guest_leaves_when_its_last_parent_arrives_or_its_time_comes() {
        let mut room = WaitingRoom::default();
        room.enter(1, 1, 10, parents("ab"), "x").unwrap();
        room.enter(1, 1, 10, Until::Time(50), "y").unwrap();
        room.enter(2, 1, 10, parents("b"), "z").unwrap();
        assert_eq!(room.arrived(&id("b")), [(2, "z")]);
        assert_eq!((room.missing(), room.due(49), room.next_due()), (vec![id("a")], vec![], Some(50)));
        assert_eq!((room.arrived(&id("a")), room.due(50)), (vec![(1, "x")], vec![(1, "y")]));
        assert!(room.iter().next().is_none() && room.used.is_empty() && room.waits_for.is_empty());
    }

    #[test]
    fn one_peer_fills_its_own_share_only_and_leaving_frees_it() {
        let mut room = WaitingRoom::default();
        room.enter(1, MAX_WAITING_COMMITS, 1, parents("a"), ()).unwrap();
        assert_eq!(room.enter(1, 1, 1, parents("a"), ()), Err(RoomError::Commits));
        room.enter(3, 1, MAX_WAITING_BYTES + 1, parents("a"), ()).unwrap();
        assert_eq!(room.enter(3, 1, 1, parents("a"), ()), Err(RoomError::Bytes));
        room.enter(4, 1, MAX_WAITING_BYTES - 1, parents("a"), ()).unwrap();
        assert_eq!([1, 1].map(|bytes| room.enter(4, 1, bytes, parents("a"), ())), [Ok(()), Err(RoomError::Bytes)]);
        room.enter(2, 1, 1, Until::Time(9), ()).unwrap();
        room.forget(&1);
        room.forget(&2);
        assert_eq!(room.enter(1, MAX_WAITING_COMMITS, 1, parents("a"), ()), Ok(()));
        assert_eq!(room.due(9), [(2, ())], "held commits outlive the peer");
    }
}
