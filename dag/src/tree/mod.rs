//! Content-addressed ordered trees: a sorted map whose shape, and so whose root hash, depends only on its content.
//!
//! Promises: equal rows give equal roots, whatever the order and the batches they came in (under one [`Shape`]); an
//! edit rewrites a path, not the tree; nodes are bounded in size, and hostile node bytes are an error, never a panic.
//! A node names its children by hash and says how many rows lie below each. Does not know what keys and values mean,
//! where nodes are kept (that is whoever implements [`Nodes`] and [`NodeSink`]), nor anything of commits.

mod boundary;
mod build;
mod cache;
mod diff;
mod edit;
mod error;
mod memory;
mod need;
mod node;
mod proof;
mod read;
#[cfg(test)]
mod tests;
mod walk;

use crate::id::NodeId;
use std::sync::Arc;

pub use boundary::{Shape, TARGET_NODE};
pub use build::Builder;
pub use diff::Difference;
pub use edit::Edit;
pub use error::TreeError;
pub use memory::MemoryNodes;
pub use need::Need;
pub use node::{MAX_INLINE_VALUE, MAX_NODE_KEY, node_id, value_id};
pub use proof::Proof;
pub use read::{Direction, Trees};
pub use walk::Object;

/// Where the nodes and out-of-line values of trees are read from.
///
/// Contract: `get` answers the very bytes that were put under that id, or [`TreeError::Missing`]; callers check the
/// hash themselves, so an implementation need not.
pub trait Nodes: Send + Sync {
    /// The bytes of one object.
    fn get(&self, id: NodeId) -> Result<Arc<[u8]>, TreeError>;
}

/// Where the new nodes and out-of-line values of a build or an edit go.
///
/// Contract: `put` is idempotent (equal ids have equal bytes); children arrive before the node that names them.
pub trait NodeSink {
    /// Takes one object.
    fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError>;
}

/// One tree: its root, or nothing for the empty tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tree {
    /// Hash of the root node.
    pub root: Option<NodeId>,
}

impl Tree {
    /// The tree without rows.
    pub const EMPTY: Tree = Tree { root: None };
}
