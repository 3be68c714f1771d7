//! The objects of this replica: checkpoints' trees, large bodies' trees and large values (design, section 3).
//!
//! Promises: reads only, also while a checkpoint is written or swept; what was swept is simply not here. Does not know
//! who asks.

use super::stand::Stand;
use crate::replica::local::Local;
use dag::id::NodeId;
use dag::objects::{Bytes, Objects};
use dag::store::{Log, TreeStore};
use dag::tree::{Nodes, TreeError};
use gossip::Stock;
use std::sync::{Arc, Mutex, PoisonError};

/// A view of the objects, hanging from the newest stable checkpoint as of its last `rebase`.
pub struct Shelf {
    trees: Arc<TreeStore>,
    log: Arc<Log>,
    root: Mutex<Option<NodeId>>,
}

impl Shelf {
    /// Over the two stores.
    pub fn new(trees: Arc<TreeStore>, log: Arc<Log>) -> Self {
        Shelf { trees, log, root: Mutex::new(None) }
    }
}

fn present(found: Result<Bytes, TreeError>) -> Result<Option<Bytes>, TreeError> {
    match found {
        Ok(bytes) => Ok(Some(bytes)),
        Err(TreeError::Missing(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Objects for Shelf {
    fn get(&self, id: NodeId) -> Result<Option<Bytes>, TreeError> {
        match present(self.trees.get(id))? {
            Some(bytes) => Ok(Some(bytes)),
            None => present(Nodes::get(&*self.log, id)),
        }
    }

    fn has(&self, id: NodeId) -> Result<bool, TreeError> {
        Ok(self.trees.has(id).map_err(TreeError::store)? || self.log.holds(id).map_err(TreeError::store)?)
    }

    fn root(&self) -> Option<NodeId> {
        *self.root.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rebase(&self) -> Result<Option<NodeId>, TreeError> {
        let root = Stand::load(&self.log).map_err(TreeError::store)?.map(|stand| stand.checkpoint);
        *self.root.lock().unwrap_or_else(PoisonError::into_inner) = root;
        Ok(root)
    }

    fn sources(&self) -> Vec<String> {
        vec!["trees/".to_owned(), "log/".to_owned()]
    }

    fn size(&self) -> u64 {
        self.trees.bytes()
    }
}

impl Local {
    /// Which of these objects are here; what cannot be looked up is not.
    pub fn has_objects(&self, ids: &[NodeId]) -> Vec<bool> {
        let shelf = Shelf::new(self.tree_store.clone(), self.log.clone());
        shelf.has_many(ids).unwrap_or_else(|error| {
            tracing::error!(%error, "objects that a peer asked about cannot be looked up");
            vec![false; ids.len()]
        })
    }

    /// What the objects here hang from now, where they lie, and their bytes.
    pub fn stock(&self) -> Stock {
        let shelf = Shelf::new(self.tree_store.clone(), self.log.clone());
        let root = shelf.rebase().unwrap_or_else(|error| {
            tracing::error!(%error, "the stable checkpoint's record cannot be read");
            None
        });
        Stock { root, sources: shelf.sources(), size: shelf.size() }
    }

    /// The first of these objects, at least one, up to about 1 MiB; `None` for what is not here or cannot be read.
    pub fn objects(&self, ids: &[NodeId]) -> Vec<Option<Bytes>> {
        let shelf = Shelf::new(self.tree_store.clone(), self.log.clone());
        shelf.get_many(ids).unwrap_or_else(|error| {
            tracing::error!(%error, "an object that a peer asked for cannot be read");
            vec![None; ids.len()]
        })
    }
}
