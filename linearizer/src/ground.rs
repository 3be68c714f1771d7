//! The state below the window: what the last checkpoint stored, read by key and by range.
//!
//! Promises: immutable and cheap to share. Does not know commits or order.

use crate::view::{Bytes, Direction, KeyRange, Sink, ViewError};
use dag::id::EntityId;

/// A stored state.
pub trait Ground: Send + Sync {
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

    /// About how many entries the range holds; never reads rows.
    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64;
}

/// The state before the first commit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

impl Ground for Empty {
    fn get(&self, _: EntityId, _: &[u8]) -> Result<Option<Bytes>, ViewError> {
        Ok(None)
    }

    fn range(&self, _: EntityId, _: &KeyRange, _: Direction, _: &mut Sink<'_>) -> Result<(), ViewError> {
        Ok(())
    }

    fn estimate(&self, _: EntityId, _: &KeyRange) -> u64 {
        0
    }
}
