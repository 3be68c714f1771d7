//! What can go wrong with a tree: nodes that are missing or damaged, and callers that break a bound.

use super::node::MAX_NODE_KEY;
use crate::id::NodeId;
use std::sync::Arc;

/// An operation on a tree failed; the tree it started from is unchanged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TreeError {
    /// The store does not hold an object that a tree names.
    #[error("tree node {0} is not in the store; the trees can be rebuilt from the log with `headwaters doctor`")]
    Missing(NodeId),
    /// Bytes that are not a node, or not the node they are said to be.
    #[error("tree node {id} is damaged: {reason}; the trees can be rebuilt from the log with `headwaters doctor`")]
    Damaged {
        /// The object asked for.
        id: NodeId,
        /// What does not hold.
        reason: &'static str,
    },
    /// A key over the bound.
    #[error("a key of {0} bytes does not fit a tree; the limit is {max}", max = MAX_NODE_KEY)]
    KeyTooLong(usize),
    /// Rows or edits that do not come in ascending order, or twice.
    #[error("rows for a tree must come in strictly ascending key order")]
    Unsorted,
    /// More levels than any tree of real size has.
    #[error("a tree of more than {0} levels is refused")]
    TooDeep(u8),
    /// The store below failed.
    #[error("the store of tree nodes failed: {0}")]
    Store(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl TreeError {
    /// Wraps an error of the store below.
    pub fn store(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        TreeError::Store(Arc::new(error))
    }
}
