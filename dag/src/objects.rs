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

#[cfg(test)]
mod tests {
    use super::*;

    /// An object of as many bytes as its id says.
    struct Sized;

    impl Objects for Sized {
        fn get(&self, id: NodeId) -> Result<Option<Bytes>, TreeError> {
            Ok(id.0.first_chunk().map(|length| vec![0; u32::from_be_bytes(*length) as usize].into()))
        }
        fn has(&self, _: NodeId) -> Result<bool, TreeError> {
            Ok(true)
        }
        fn root(&self) -> Option<NodeId> {
            None
        }
        fn rebase(&self) -> Result<Option<NodeId>, TreeError> {
            Ok(None)
        }
        fn sources(&self) -> Vec<String> {
            Vec::new()
        }
        fn size(&self) -> u64 {
            0
        }
    }

    #[test]
    fn an_answer_ends_where_it_would_pass_its_bytes_but_has_one_object() {
        let all = ANSWER_BYTES;
        for (lengths, given) in [(&[all - 1, 1, 1][..], 2), (&[all - 1, 2, 1], 1), (&[all + 1, 1], 1), (&[], 0)] {
            let id = |length: &usize| {
                NodeId(std::array::from_fn(|i| (*length as u32).to_be_bytes().get(i).copied().unwrap_or(0)))
            };
            let ids: Vec<NodeId> = lengths.iter().map(id).collect();
            assert_eq!(Sized.get_many(&ids).unwrap().len(), given, "{lengths:?}");
        }
    }
}
