//! What readers hold: one immutable state of a closure (design, seam View).
//!
//! A *space* is a table (its id: primary key -> row bytes) or an index (its id: entry key -> primary key bytes).
//! Entry keys of a unique index without NULL parts are the parts alone; every other entry key is the parts followed by
//! the primary key. Does not know how the state came about, nor SQL.

use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId};
use dag::row_key::Key;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Row bytes, or the primary key bytes an index entry points to.
pub type Bytes = Arc<[u8]>;

/// Keys between two bounds, in byte order.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRange {
    /// Lower bound.
    pub from: Bound<Key>,
    /// Upper bound.
    pub to: Bound<Key>,
}

/// Which way a scan walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending key bytes.
    Forward,
    /// Descending key bytes.
    Backward,
}

/// Takes one entry of a scan; `Break` ends it. A reader that streams breaks after a batch and resumes behind the last
/// key it was given.
pub type Sink<'a> = dyn FnMut(&Key, &Bytes) -> ControlFlow<()> + 'a;

/// One state. Cheap to clone behind its `Arc`, never changes, safe to hold for as long as a transaction lives.
pub trait View: Send + Sync {
    /// The heads of the closure this state is the fold of, sorted.
    fn frontier(&self) -> &[CommitId];

    /// The schema of this state.
    fn catalogue(&self) -> &Arc<Catalogue>;

    /// The bytes under a key; `None` if there is none or the space is unknown.
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError>;

    /// Every entry in the range, in the direction's order, until the sink breaks. An unknown space is empty.
    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError>;

    /// About how many entries the range holds: exact below 1,000, within a factor of four above. Never reads rows.
    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64;
}

/// A state could not be read: a tree node is missing or damaged on disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot read the stored state: {0}; run `headwaters verify`, and `headwaters doctor` for the way out")]
pub struct ViewError(pub Arc<str>);
