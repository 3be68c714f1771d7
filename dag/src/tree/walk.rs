//! Walking the objects of a tree: what must be kept, copied or fetched so that the tree can be read.

use super::node::{Cell, Node};
use super::{Tree, TreeError, Trees};
use crate::id::NodeId;

/// One object that a tree is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// A node that names other nodes.
    Inner(NodeId),
    /// A node that holds rows.
    Leaf(NodeId),
    /// A value kept out of line.
    Value(NodeId),
}

impl Object {
    /// Its id.
    pub fn id(self) -> NodeId {
        let (Object::Inner(id) | Object::Leaf(id) | Object::Value(id)) = self;
        id
    }
}

impl Trees {
    /// Names every object of a tree, each before what it names itself. What lies below a node is skipped when `enter`
    /// answers false for it. Leaves are read only if they hold values out of line.
    pub fn walk_objects(
        &self,
        tree: Tree,
        enter: &mut dyn FnMut(Object) -> Result<bool, TreeError>,
    ) -> Result<(), TreeError> {
        let Some(root) = tree.root else { return Ok(()) };
        let node = self.node(root)?;
        let object = if node.level() == 0 { Object::Leaf(root) } else { Object::Inner(root) };
        if enter(object)? { self.walk_below(&node, enter) } else { Ok(()) }
    }

    fn walk_below(
        &self,
        node: &Node,
        enter: &mut dyn FnMut(Object) -> Result<bool, TreeError>,
    ) -> Result<(), TreeError> {
        for index in 0..node.count() {
            match node.level() {
                0 => {
                    if let Cell::Outside { id, .. } = node.cell(index) {
                        enter(Object::Value(id))?;
                    }
                }
                1 => {
                    let child = node.child(index);
                    if enter(Object::Leaf(child.id))? && child.below.has_outside {
                        self.walk_below(&*self.child(node, index)?, enter)?;
                    }
                }
                _ => {
                    if enter(Object::Inner(node.child(index).id))? {
                        self.walk_below(&*self.child(node, index)?, enter)?;
                    }
                }
            }
        }
        Ok(())
    }
}
