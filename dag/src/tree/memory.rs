//! Tree nodes in memory: for tests, the simulator, and runs that never reach the disk.

use super::{NodeSink, Nodes, TreeError};
use crate::id::NodeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared map of objects; clones are the same map. Unbounded: its owner bounds what it puts.
#[derive(Clone, Default)]
pub struct MemoryNodes(Arc<Mutex<HashMap<NodeId, Arc<[u8]>>>>);

impl MemoryNodes {
    fn map(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<[u8]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many objects it holds.
    pub fn len(&self) -> usize {
        self.map().len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.map().is_empty()
    }
}

impl Nodes for MemoryNodes {
    fn get(&self, id: NodeId) -> Result<Arc<[u8]>, TreeError> {
        self.map().get(&id).cloned().ok_or(TreeError::Missing(id))
    }
}

impl NodeSink for MemoryNodes {
    fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        self.map().entry(id).or_insert_with(|| bytes.into());
        Ok(())
    }
}
