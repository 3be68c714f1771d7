//! Proofs: the nodes from the root to where a key is, or would be, for someone who knows only the root.

use super::node::{Cell, Node};
use super::{Tree, TreeError, Trees, value_id};
use std::sync::Arc;

/// The path of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Bytes of the nodes, root first.
    pub nodes: Vec<Arc<[u8]>>,
    /// The value, if it is kept out of line.
    pub value: Option<Arc<[u8]>>,
}

impl Trees {
    /// Proves what a tree holds under a key, or that it holds nothing.
    pub fn prove(&self, tree: Tree, key: &[u8]) -> Result<Proof, TreeError> {
        let mut proof = Proof { nodes: Vec::new(), value: None };
        let Some(root) = tree.root else { return Ok(proof) };
        let mut node = self.node(root)?;
        loop {
            proof.nodes.push(node.bytes().clone());
            let index = node.search(key);
            if index == node.count() {
                return Ok(proof);
            }
            if node.level() == 0 {
                if let (true, Cell::Outside { id, length }) = (node.key(index) == key, node.cell(index)) {
                    proof.value = Some(self.outside(id, length)?);
                }
                return Ok(proof);
            }
            node = self.child(&node, index)?;
        }
    }
}

impl Proof {
    /// What the tree holds under the key, if this proves it; an error says which node does not.
    pub fn verify(&self, tree: Tree, key: &[u8]) -> Result<Option<Arc<[u8]>>, TreeError> {
        let mut wanted = tree.root;
        let mut nodes = self.nodes.iter();
        let mut level = None;
        while let Some(id) = wanted {
            let node = Node::parse(id, nodes.next().ok_or(TreeError::Missing(id))?.clone())?;
            if level.is_some_and(|above: u8| above != node.level() + 1) {
                return Err(TreeError::Damaged { id, reason: "it is not one level below its parent" });
            }
            let index = node.search(key);
            if index == node.count() || (node.level() == 0 && node.key(index) != key) {
                return Ok(None);
            }
            if node.level() == 0 {
                return self.value_of(node.cell(index)).map(Some);
            }
            (level, wanted) = (Some(node.level()), Some(node.child(index).id));
        }
        Ok(None)
    }

    fn value_of(&self, cell: Cell<'_>) -> Result<Arc<[u8]>, TreeError> {
        match cell {
            Cell::Inline(value) => Ok(value.into()),
            Cell::Outside { id, length } => match &self.value {
                Some(value) if value.len() as u64 == length && value_id(value) == id => Ok(value.clone()),
                _ => Err(TreeError::Missing(id)),
            },
        }
    }
}
