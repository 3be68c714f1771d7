//! The objects of a replica, read-only: tree nodes and large values by hash (design, section 3).
//!
//! Promises: what is answered under an id was put under that id; nobody writes through this. Whoever takes objects from
//! a stranger checks them ([`crate::tree::Need`]). Does not know trees' meaning or who may read.

use crate::id::NodeId;
pub use crate::limits::ANSWER_BYTES;
use crate::tree::TreeError;
use std::sync::Arc;

/// The bytes of one object.
pub type Bytes = Arc<[u8]>;

/// Objects by hash, hanging from one root at a time.
pub trait Objects: Send + Sync {
    /// One object; `None` if it is not here.
    fn get(&self, id: NodeId) -> Result<Option<Bytes>, TreeError>;

    /// The first of `ids`, at least one, in their order, until [`ANSWER_BYTES`] are passed.
    fn get_many(&self, ids: &[NodeId]) -> Result<Vec<Option<Bytes>>, TreeError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for id in ids {
            let object = self.get(*id)?;
            bytes += object.as_ref().map_or(0, |object| object.len());
            if bytes > ANSWER_BYTES && !found.is_empty() {
                break;
            }
            found.push(object);
        }
        Ok(found)
    }

    /// Whether an object is here.
    fn has(&self, id: NodeId) -> Result<bool, TreeError>;

    /// The same of several.
    fn has_many(&self, ids: &[NodeId]) -> Result<Vec<bool>, TreeError> {
        ids.iter().map(|id| self.has(*id)).collect()
    }

    /// What they hang from: the consensus root of a stable checkpoint (R31), as of the last `rebase`.
    fn root(&self) -> Option<NodeId>;

    /// Looks again for the newest stable checkpoint; what `root` answers from now on.
    fn rebase(&self) -> Result<Option<NodeId>, TreeError>;

    /// Where they are kept, for people.
    fn sources(&self) -> Vec<String>;

    /// Bytes of all objects here, at most: some may be garbage that was not swept yet.
    fn size(&self) -> u64;
}
