//! Which tree segments the live roots really need, and moving what is left in nearly dead ones.
//!
//! A walk over inner nodes: about 0.1 s for each million rows, so for now and then, not for every checkpoint.

use super::trees::{TreeSegment, TreeStore, TreeWriter};
use crate::id::NodeId;
use crate::tree::{NodeSink, Nodes, Object, Tree, TreeError, Trees};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What must stay readable.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Trees, with everything below.
    pub trees: Vec<Tree>,
    /// Single objects, such as a checkpoint's schema.
    pub objects: Vec<NodeId>,
}

impl TreeStore {
    /// The segments that the roots need, each with how many of their objects it holds. A leaf that two trees share may
    /// be counted twice.
    pub fn reach(&self, trees: &Trees, roots: &Roots) -> Result<BTreeMap<TreeSegment, u64>, TreeError> {
        let mut needed = BTreeMap::new();
        self.each_object(trees, roots, &mut |id| {
            let segment = self.segment_of(id).map_err(TreeError::store)?.ok_or(TreeError::Missing(id))?;
            *needed.entry(segment).or_insert(0) += 1;
            Ok(())
        })?;
        Ok(needed)
    }

    /// Copies what the roots need from some segments to a writer, so that once it is finished those can be swept.
    /// Hashes stay as they are, so nothing that names the objects changes.
    pub fn evacuate(
        &self,
        trees: &Trees,
        roots: &Roots,
        from: &BTreeSet<TreeSegment>,
        to: &mut TreeWriter<'_>,
    ) -> Result<(), TreeError> {
        self.each_object(trees, roots, &mut |id| {
            let segment = self.segment_of(id).map_err(TreeError::store)?.ok_or(TreeError::Missing(id))?;
            if from.contains(&segment) { to.put(id, &self.get(id)?) } else { Ok(()) }
        })
    }

    /// Memory: the ids of inner nodes, one for each 60 leaves.
    fn each_object(
        &self,
        trees: &Trees,
        roots: &Roots,
        act: &mut dyn FnMut(NodeId) -> Result<(), TreeError>,
    ) -> Result<(), TreeError> {
        let mut seen = HashSet::new();
        roots.objects.iter().try_for_each(|id| act(*id))?;
        for root in &roots.trees {
            trees.walk_objects(*root, &mut |object| {
                if matches!(object, Object::Inner(id) if !seen.insert(id)) {
                    return Ok(false);
                }
                act(object.id()).map(|()| true)
            })?;
        }
        Ok(())
    }
}
