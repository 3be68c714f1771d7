//! Checked nodes by hash, bounded in bytes. An entry never goes stale, because its key is its content's hash.
//!
//! Two generations stand in for an order of use: a hit in the old one moves to the young, and when the young one is
//! half of the bound it becomes the old one and the old one goes. So a hit costs one lock and no list.

use super::node::Node;
use crate::id::NodeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Locks that readers spread over; more than the cores a small server has.
const SHARDS: usize = 16;
/// What an entry costs beside its bytes: two map slots, the id and the Arc headers.
const ENTRY_OVERHEAD: usize = 160;

#[derive(Default)]
struct Generations {
    young: HashMap<NodeId, Arc<Node>>,
    old: HashMap<NodeId, Arc<Node>>,
    young_bytes: usize,
}

impl Generations {
    fn insert(&mut self, id: NodeId, node: Arc<Node>, half: usize) {
        let bytes = node.bytes().len() + ENTRY_OVERHEAD;
        if self.young_bytes + bytes > half {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(id, node).is_none() {
            self.young_bytes += bytes;
        }
    }
}

/// The cache.
pub(super) struct NodeCache {
    shards: [Mutex<Generations>; SHARDS],
    shard_half: usize,
}

impl NodeCache {
    pub fn new(bytes: usize) -> Self {
        NodeCache { shards: Default::default(), shard_half: bytes / SHARDS / 2 }
    }

    fn shard(&self, id: NodeId) -> MutexGuard<'_, Generations> {
        let shard = &self.shards[usize::from(id.0[31]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, id: NodeId) -> Option<Arc<Node>> {
        let mut shard = self.shard(id);
        if let Some(node) = shard.young.get(&id) {
            return Some(node.clone());
        }
        let node = shard.old.remove(&id)?;
        shard.insert(id, node.clone(), self.shard_half);
        Some(node)
    }

    pub fn insert(&self, id: NodeId, node: Arc<Node>) {
        self.shard(id).insert(id, node, self.shard_half);
    }
}
