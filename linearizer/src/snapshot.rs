//! A [`View`] of a window at a place: what readers hold.
//!
//! Promises: never changes, whatever happens to the window it was taken from; its frontier is worked out when first
//! asked for.

use crate::order::Seat;
use crate::slot::Until;
use crate::view::{Bytes, Direction, KeyRange, Sink, View, ViewError};
use crate::window::Window;
use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// One state of a window.
pub struct Snapshot {
    window: Window,
    through: Option<Seat>,
    catalogue: Arc<Catalogue>,
    frontier: OnceLock<Vec<CommitId>>,
}

impl Snapshot {
    /// Everything in the window.
    pub fn newest(window: Window) -> Self {
        let catalogue = window.catalogue(Until::Newest).clone();
        Snapshot { window, through: None, catalogue, frontier: OnceLock::new() }
    }

    /// The prefix of the order that ends with a commit, which is in the window.
    pub fn through(window: Window, last: Seat) -> Self {
        let catalogue = window.catalogue(Until::Through(&last)).clone();
        Snapshot { window, through: Some(last), catalogue, frontier: OnceLock::new() }
    }

    /// Whether the space is a dropped table's: its rows may still be here, yet they are nobody's.
    fn is_dropped(&self, space: EntityId) -> bool {
        self.catalogue.dropped.contains(&space)
    }

    fn until(&self) -> Until<'_> {
        self.through.as_ref().map_or(Until::Newest, Until::Through)
    }
}

/// The heads of the prefix that ends with a commit.
pub(crate) fn heads_through(window: &Window, last: &Seat) -> Vec<CommitId> {
    let mut heads: BTreeSet<CommitId> = window.base().frontier.iter().copied().collect();
    for (seat, _) in window.above().take_while(|(seat, _)| *seat <= last) {
        for parent in &seat.commit().parents {
            heads.remove(parent);
        }
        heads.insert(seat.id());
    }
    heads.into_iter().collect()
}

impl View for Snapshot {
    fn frontier(&self) -> &[CommitId] {
        self.frontier.get_or_init(|| match &self.through {
            None => self.window.heads().iter().copied().collect(),
            Some(last) => heads_through(&self.window, last),
        })
    }

    fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        if self.is_dropped(space) {
            return Ok(None);
        }
        self.window.state().get(space, key, self.until())
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        if self.is_dropped(space) {
            return Ok(());
        }
        self.window.state().range(space, range, direction, self.until(), sink)
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        if self.is_dropped(space) {
            return 0;
        }
        self.window.state().estimate(space, range, self.until())
    }
}
