//! A tree planted for tests, and what is here of it.

use dag::id::NodeId;
use dag::objects::{Bytes, Objects};
use dag::tree::{Builder, MemoryNodes, Nodes, Shape, Tree, TreeError};

/// Small nodes, so that a small tree has several levels.
const NODE_BYTES: u32 = 256;
/// Longer than any value that stands in its node.
const LARGE: usize = 17_000;

/// A tree of so many rows; the first of every so many has a large value.
pub(crate) fn planted(rows: u32, large_every: u32) -> (Tree, MemoryNodes) {
    let (mut nodes, shape) = (MemoryNodes::default(), Shape::with_target([3; 32], NODE_BYTES));
    let mut builder = Builder::new(&shape, &mut nodes);
    for n in 0..rows {
        let length = if n % large_every == 0 { LARGE } else { 12 };
        builder.push(&n.to_be_bytes(), &[n.to_le_bytes().repeat(length / 4)].concat()).unwrap();
    }
    let tree = builder.finish().unwrap();
    (tree, nodes)
}

/// The objects of a replica.
pub(crate) struct Here(pub(crate) MemoryNodes);

impl Objects for Here {
    fn get(&self, id: NodeId) -> Result<Option<Bytes>, TreeError> {
        Ok(self.0.get(id).ok())
    }

    fn has(&self, id: NodeId) -> Result<bool, TreeError> {
        Ok(self.0.get(id).is_ok())
    }

    fn root(&self) -> Option<NodeId> {
        None
    }

    fn rebase(&self) -> Result<Option<NodeId>, TreeError> {
        Ok(None)
    }

    fn sources(&self) -> Vec<String> {
        vec!["memory".to_owned()]
    }

    fn size(&self) -> u64 {
        0
    }
}
