//! What a replica says of its objects: where they hang from, where they lie, how many bytes (design, section 3).
//!
//! Promises: bounded; of now, whenever it is asked for. Nothing in it is believed: a clone checks every object by its
//! hash. Shown to people in `headwaters.peers`.

pub use crate::limits::{MAX_SOURCE, MAX_SOURCES};
use dag::id::NodeId;
use serde::{Deserialize, Serialize};

/// The answer to [`crate::Message::Root`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Consensus root of the newest stable checkpoint that is served (R30, R31); `None`: there is none yet.
    pub root: Option<NodeId>,
    /// Where objects lie, for people.
    pub sources: Vec<String>,
    /// Bytes of all of them, at most: some may wait to be swept.
    pub size: u64,
}

impl Stock {
    /// Whether it keeps its bounds.
    pub fn is_bounded(&self) -> bool {
        self.sources.len() <= MAX_SOURCES && self.sources.iter().all(|source| source.len() <= MAX_SOURCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_places_as_allowed_and_one_more() {
        for (count, length, well) in
            [(MAX_SOURCES, MAX_SOURCE, true), (MAX_SOURCES + 1, 1, false), (1, MAX_SOURCE + 1, false)]
        {
            let stock = Stock { sources: vec!["x".repeat(length); count], ..Stock::default() };
            assert_eq!(stock.is_bounded(), well, "{count} of {length}");
        }
    }
}
