//! main's hash at earlier places, kept so that no question costs a pass over the whole window.
//!
//! Promises: a mark is main's hash behind exactly the commits up to its place, or it is gone. Marks are sparse: an
//! answer costs fewer than [`SPACING`] steps from the mark before it. Does not know the commits.

pub use crate::limits::SPACING;
use crate::main_log::MainHash;
use crate::order::Place;

/// The marks, by place.
#[derive(Clone, Debug, Default)]
pub struct Prefix(Vec<(Place, MainHash)>);

impl Prefix {
    /// The last mark at or before a place; the last of all for `None`.
    pub fn before(&self, place: Option<Place>) -> Option<&(Place, MainHash)> {
        let end = place.map_or(self.0.len(), |place| self.0.partition_point(|(at, _)| *at <= place));
        self.0[..end].last()
    }

    /// A mark behind all others.
    pub fn push(&mut self, place: Place, hash: MainHash) {
        self.0.push((place, hash));
    }

    /// Something at this place is different now: marks at and behind it are void.
    pub fn forget_from(&mut self, place: Place) {
        self.0.truncate(self.0.partition_point(|(at, _)| *at < place));
    }

    /// The window begins behind this place now.
    pub fn forget_through(&mut self, place: Place) {
        self.0.drain(..self.0.partition_point(|(at, _)| *at <= place));
    }
}
