//! What one member has said: its promise, and its floors until they can be compared with our main.
//!
//! Promises: a floor is compared only when everything up to it is here, and no floor that was heard is passed over
//! unless a later one was found equal (main's hash is a chain: equal there means equal below).

use super::Word;
use crate::limits::MAX_PENDING;
use dag::hlc::Hlc;
use dag::id::NodeId;
use std::collections::VecDeque;

/// What is known of one member.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voice {
    last: Word,
    agreed: Hlc,
    pending: VecDeque<(Hlc, NodeId)>,
    dispute: Option<Hlc>,
}

impl Voice {
    /// A member that said nothing yet since stable was here.
    pub(super) fn new(stable: Hlc) -> Self {
        Voice { agreed: stable, ..Voice::default() }
    }

    /// Stable was recorded as far as this, so that it agreed as far.
    pub(super) fn resume(&mut self, stable: Hlc) {
        self.agreed = self.agreed.max(stable);
    }

    /// The greatest promise, the newest floor and its hash.
    pub fn last(&self) -> Word {
        self.last
    }

    /// Up to here its main was seen to be ours.
    pub fn agreed(&self) -> Hlc {
        self.agreed
    }

    /// Where its main was seen to be another.
    pub fn dispute(&self) -> Option<Hlc> {
        self.dispute
    }

    /// Whether it told another hash of main at this floor before: it says one thing here and another there.
    pub(super) fn contradicts(&self, word: &Word) -> bool {
        let told = self.pending.iter().copied().chain([(self.last.floor, self.last.floor_hash)]);
        word.floor > Hlc::default() && told.into_iter().any(|(at, hash)| at == word.floor && hash != word.floor_hash)
    }

    /// Takes a tip's word; `false` if it is nothing new. Tips may come in any order.
    pub(super) fn hear(&mut self, word: Word) -> bool {
        let promises = word.promise > self.last.promise;
        if promises {
            self.last.promise = word.promise;
        }
        let floors = word.floor > self.last.floor;
        if floors {
            (self.last.floor, self.last.floor_hash) = (word.floor, word.floor_hash);
            if self.pending.len() >= MAX_PENDING {
                self.pending.pop_back();
            }
            self.pending.push_back((word.floor, word.floor_hash));
        }
        promises || floors
    }

    /// Compares the floors that our own has reached; gives how far this member agrees.
    pub(super) fn compare(&mut self, floor: Hlc, hash_at: &mut dyn FnMut(Hlc) -> Option<NodeId>) -> Hlc {
        let reached = self.pending.partition_point(|(hlc, _)| *hlc <= floor);
        let mut disputed = None;
        for (hlc, theirs) in self.pending.drain(..reached).rev() {
            match hash_at(hlc) {
                Some(ours) if ours == theirs => {
                    self.agreed = self.agreed.max(hlc);
                    self.dispute = disputed;
                    return self.agreed;
                }
                Some(_) => disputed = Some(hlc),
                // Below our last checkpoint, of which only the hash at its end is left; the next floor will do.
                None => {}
            }
        }
        // A dispute stands where it was seen first.
        self.dispute = self.dispute.or(disputed);
        self.agreed
    }
}
