//! main's newest position and its hash at any place above the last checkpoint.
//!
//! Promises: a hash costs fewer than `prefix::SPACING` steps from a kept mark, once [`Linearizer::advance`] has passed.

use super::Linearizer;
use crate::main_log::MainHash;
use crate::order::Place;
use crate::prefix::SPACING;
use crate::window::Changes;
use dag::hlc::Hlc;
use dag::id::NodeId;

impl Linearizer {
    /// Brings main up to date with all that is here: the linearizer's run.
    pub fn advance(&mut self) {
        self.main = self.window.last().cloned();
        let (mut hash, from) = self.hash_before(None);
        for (seat, outcome) in self.window.above_from(from) {
            hash.push(seat.commit().hlc, self.cuts.epoch_millis, seat.id(), outcome.code());
            if hash.position % SPACING == 0 {
                self.prefix.push(seat.place(), hash.clone());
            }
        }
    }

    /// main's hash over all commits here, also those that the linearizer has not run over yet.
    pub fn main_hash(&self) -> NodeId {
        self.hash_through(None).hash()
    }

    /// main's hash over the commits up to a time; `None` if that lies below the last checkpoint.
    pub fn main_hash_at(&self, hlc: Hlc) -> Option<NodeId> {
        let place = Place::end_of(hlc);
        let known = self.window.base().place.is_none_or(|base| base <= place);
        known.then(|| self.hash_through(Some(place)).hash())
    }

    /// main's hash over the commits up to a place above the last checkpoint: for comparing a stored checkpoint with
    /// main folded again.
    pub fn main_hash_through(&self, place: Place) -> NodeId {
        self.hash_through(Some(place)).hash()
    }

    pub(super) fn hash_through(&self, through: Option<Place>) -> MainHash {
        let (mut hash, from) = self.hash_before(through);
        let commits =
            self.window.above_from(from).take_while(|(seat, _)| through.is_none_or(|end| seat.place() <= end));
        commits.for_each(|(seat, outcome)| {
            hash.push(seat.commit().hlc, self.cuts.epoch_millis, seat.id(), outcome.code());
        });
        hash
    }

    /// The last hash known at or before a place, and where: the base's, or a mark above it.
    fn hash_before(&self, through: Option<Place>) -> (MainHash, Option<Place>) {
        match self.prefix.before(through) {
            Some((place, hash)) => (hash.clone(), Some(*place)),
            None => {
                let base = self.checkpoints.last().map(|kept| kept.checkpoint.main.clone());
                (base.unwrap_or_default(), self.window.base().place)
            }
        }
    }

    /// main's hash is another from the first new outcome on.
    pub(super) fn forget_hashes(&mut self, changes: &Changes) {
        let first = changes.outcomes.first().and_then(|(id, ..)| self.window.find(*id));
        if let Some(place) = first.map(|(seat, _)| seat.place()) {
            self.prefix.forget_from(place);
        }
    }
}
