//! What a tree needs to be whole: the objects it names, each checked when its bytes come.
//!
//! Promises: bytes pass only if they have the hash and are what their parent says (level, rows below, length), so that
//! a tree fetched from strangers is the tree that its root names. Does not know where bytes come from or go to.

use super::node::{Below, Cell, Node};
use super::{Tree, TreeError, value_id};
use crate::id::NodeId;
use std::sync::Arc;

/// An object that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its hash.
    pub id: NodeId,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The root of a tree: nobody says more of it.
    Root,
    /// A node, with what its parent says of it.
    Node { level: u8, below: Below },
    /// A value kept out of line; the length as its leaf says it, none for a value that stands alone.
    Value { length: Option<u64> },
}

impl Need {
    /// A tree's root; `None` for the empty tree.
    pub fn root(tree: Tree) -> Option<Need> {
        tree.root.map(|id| Need { id, what: What::Root })
    }

    /// A value that stands alone, such as a checkpoint's schema.
    pub fn value(id: NodeId) -> Need {
        Need { id, what: What::Value { length: None } }
    }

    /// Whether it may name further objects, so that its bytes are worth reading where it is already.
    pub fn may_name_others(&self) -> bool {
        match self.what {
            What::Root => true,
            What::Node { level, below } => level > 0 || below.has_outside,
            What::Value { .. } => false,
        }
    }

    /// Levels above the leaves; what is not known counts as 1.
    pub fn level(&self) -> u8 {
        match self.what {
            What::Root => 1,
            What::Node { level, .. } => level,
            What::Value { .. } => 0,
        }
    }

    /// How long a value is, if its leaf said so.
    pub fn length(&self) -> Option<u64> {
        match self.what {
            What::Value { length } => length,
            _ => None,
        }
    }

    /// Checks the bytes, and names what they name themselves, in key order.
    pub fn check(&self, bytes: &Arc<[u8]>) -> Result<Vec<Need>, TreeError> {
        let damaged = |reason| Err(TreeError::Damaged { id: self.id, reason });
        if let What::Value { length } = self.what {
            let fits = length.is_none_or(|length| length == bytes.len() as u64) && value_id(bytes) == self.id;
            return if fits { Ok(Vec::new()) } else { damaged("the value's bytes do not have its hash and length") };
        }
        let node = Node::parse(self.id, bytes.clone())?;
        match self.what {
            What::Node { level, below } if node.level() != level || node.below() != below => {
                damaged("it is not what its parent says")
            }
            _ => Ok(named_by(&node)),
        }
    }
}

fn named_by(node: &Node) -> Vec<Need> {
    let entry = |index| match node.level() {
        0 => match node.cell(index) {
            Cell::Outside { id, length } => Some(Need { id, what: What::Value { length: Some(length) } }),
            Cell::Inline(_) => None,
        },
        level => {
            let child = node.child(index);
            Some(Need { id: child.id, what: What::Node { level: level - 1, below: child.below } })
        }
    };
    if node.below().has_outside || node.level() > 0 {
        (0..node.count()).filter_map(entry).collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Builder, MemoryNodes, Nodes, Shape};

    fn grown(shape: &Shape, rows: u32, nodes: &mut MemoryNodes) -> Tree {
        let mut builder = Builder::new(shape, nodes);
        for n in 0..rows {
            let long = if n % 50 == 0 { 20_000 } else { 10 };
            builder.push(&n.to_be_bytes(), &vec![n as u8; long]).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn every_object_of_a_tree_is_named_once_and_nothing_else_passes_for_it() {
        let mut nodes = MemoryNodes::default();
        let shape = Shape::with_target([7; 32], 256);
        let tree = grown(&shape, 2_000, &mut nodes);
        let (mut open, mut seen) = (vec![Need::root(tree).unwrap()], std::collections::HashSet::new());
        while let Some(need) = open.pop() {
            let bytes = nodes.get(need.id).unwrap();
            let named = need.check(&bytes).unwrap();
            assert!(need.may_name_others() || named.is_empty());
            seen.insert(need.id);
            open.extend(named);
            let mut other = bytes.to_vec();
            other[bytes.len() / 2] ^= 1;
            assert!(need.check(&other.into()).is_err());
        }
        assert_eq!(seen.len(), nodes.len());
    }

    #[test]
    fn a_node_that_is_not_what_its_parent_says_is_refused() {
        let mut nodes = MemoryNodes::default();
        let shape = Shape::with_target([7; 32], 256);
        let tree = grown(&shape, 500, &mut nodes);
        let root = Need::root(tree).unwrap();
        let child = root.check(&nodes.get(root.id).unwrap()).unwrap()[0];
        let What::Node { level, below } = child.what else { panic!("a node") };
        let more = Below { rows: below.rows + 1, ..below };
        let bytes = nodes.get(child.id).unwrap();
        assert!(Need { id: child.id, what: What::Node { level, below: more } }.check(&bytes).is_err());
        assert!(Need { id: child.id, what: What::Node { level: level + 1, below } }.check(&bytes).is_err());
        assert!(child.check(&bytes).is_ok());
    }
}
