//! What the executor reads rows from: a transaction's snapshot with its own writes, or a plain view.

use crate::error::SqlError;
use dag::id::EntityId;
use dag::row_key::Key;
use linearizer::view::{Bytes, Direction, KeyRange, Sink, View, ViewError};
use std::sync::Arc;

/// The rows and index entries a statement sees. Spaces and keys are those of [`View`]. A locking reader locks what it
/// gives out; if it must wait it fails, and the statement runs again (R36).
pub trait TableReader: Send + Sync {
    /// The bytes under a key.
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError>;
    /// Every entry in the range, in the direction's order, until the sink breaks.
    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError>;
    /// About how many entries the range holds.
    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64;
    /// Whether entries may be read before they are asked for: one that locks would lock rows behind a LIMIT.
    fn reads_ahead(&self) -> bool {
        true
    }
    /// A row that was given out does not match its table's conditions: nothing of the answer comes from it.
    fn unmatched(&self, _table: EntityId, _key: &Key) {}
}

/// A view as it is.
pub struct Snapshot(pub Arc<dyn View>);

impl TableReader for Snapshot {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        self.0.get(space, key).map_err(unreadable)
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError> {
        self.0.range(space, range, direction, sink).map_err(unreadable)
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        self.0.estimate(space, range)
    }
}

/// The error for a state that cannot be read.
pub fn unreadable(error: ViewError) -> SqlError {
    SqlError::new(1105, error.to_string())
}
