//! A [`View`] of a window at a place: what readers hold.
//!
//! Promises: never changes, whatever happens to the window it was taken from; its frontier is worked out when first
//! asked for.

use crate::order::Seat;
use crate::slot::Until;
use crate::state::State;
use crate::view::{Bytes, Direction, KeyRange, Sink, View, ViewError};
use crate::window::{Lineage, Window};
use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId};
use imbl::OrdSet;
use std::sync::{Arc, OnceLock};

/// One state of a window.
pub struct Snapshot {
    state: State,
    catalogue: Arc<Catalogue>,
    extent: Extent,
    frontier: OnceLock<Vec<CommitId>>,
}

/// How far a snapshot reaches.
enum Extent {
    /// To the newest commit; these are the heads.
    All(OrdSet<CommitId>),
    /// Through this commit.
    Through(Seat, Lineage),
}

impl Snapshot {
    /// Everything in the window.
    pub fn newest(window: &Window) -> Self {
        Snapshot::of(window, Until::Newest, Extent::All(window.heads().clone()))
    }

    /// The prefix of the order that ends with a commit, which is in the window.
    pub fn through(window: &Window, last: &Seat) -> Self {
        Snapshot::of(window, Until::Through(last), Extent::Through(last.clone(), window.lineage()))
    }

    fn of(window: &Window, until: Until<'_>, extent: Extent) -> Self {
        let (state, catalogue) = (window.state().clone(), window.catalogue(until).clone());
        Snapshot { state, catalogue, extent, frontier: OnceLock::new() }
    }

    fn until(&self) -> Until<'_> {
        match &self.extent {
            Extent::All(_) => Until::Newest,
            Extent::Through(last, _) => Until::Through(last),
        }
    }

    /// Whether the space is a dropped table's: its rows may still be here, yet they are nobody's.
    fn is_dropped(&self, space: EntityId) -> bool {
        self.catalogue.dropped.contains(&space)
    }
}

impl View for Snapshot {
    fn frontier(&self) -> &[CommitId] {
        self.frontier.get_or_init(|| match &self.extent {
            Extent::All(heads) => heads.iter().copied().collect(),
            Extent::Through(last, lineage) => lineage.heads_through(last),
        })
    }

    fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        if self.is_dropped(space) {
            return Ok(None);
        }
        self.state.get(space, key, self.until())
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
        self.state.range(space, range, direction, self.until(), sink)
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        if self.is_dropped(space) {
            return 0;
        }
        self.state.estimate(space, range, self.until())
    }
}
