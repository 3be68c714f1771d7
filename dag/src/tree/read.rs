//! Reading: one key, a range either way, the number of rows in a range.
//!
//! Promises: every node is checked when it is first loaded, and against its parent when it is descended into, so a
//! tree fetched from a stranger gives answers or an error. Costs: a get touches one node a level, mostly cached.

use super::boundary::Shape;
use super::cache::NodeCache;
use super::node::{Cell, Node};
use super::{Nodes, Tree, TreeError, value_id};
use crate::id::NodeId;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Which way a range walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    Forward,
    /// Descending keys.
    Backward,
}

/// Takes one row; `Break` ends the walk. To resume, ask again for what lies beyond the last key.
pub type RowSink<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// All trees of one database: where their nodes are, how they are cut, and the nodes read last. Clones share the cache.
#[derive(Clone)]
pub struct Trees {
    nodes: Arc<dyn Nodes>,
    cache: Arc<NodeCache>,
    shape: Shape,
}

impl Trees {
    /// Trees over a store of nodes, keeping about `cache_bytes` of checked nodes in memory.
    pub fn new(nodes: Arc<dyn Nodes>, shape: Shape, cache_bytes: usize) -> Self {
        Trees { nodes, cache: Arc::new(NodeCache::new(cache_bytes)), shape }
    }

    /// How these trees are cut.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(super) fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        if let Some(node) = self.cache.get(id) {
            return Ok(node);
        }
        let node = Arc::new(Node::parse(id, self.nodes.get(id)?)?);
        self.cache.insert(id, node.clone());
        Ok(node)
    }

    /// The child at `index`, which must be what its parent says: one level below, ending at that key, so many rows.
    pub(super) fn child(&self, parent: &Node, index: usize) -> Result<Arc<Node>, TreeError> {
        let child = parent.child(index);
        let node = self.node(child.id)?;
        let fits =
            node.level() + 1 == parent.level() && node.below() == child.below && node.last_key() == parent.key(index);
        if fits { Ok(node) } else { Err(TreeError::Damaged { id: child.id, reason: "it is not what its parent says" }) }
    }

    fn value(&self, node: &Node, index: usize) -> Result<Arc<[u8]>, TreeError> {
        match node.cell(index) {
            Cell::Inline(value) => Ok(value.into()),
            Cell::Outside { id, length } => self.outside(id, length),
        }
    }

    /// A value kept as an object of its own, checked.
    pub(super) fn outside(&self, id: NodeId, length: u64) -> Result<Arc<[u8]>, TreeError> {
        let value = self.nodes.get(id)?;
        if value.len() as u64 != length || value_id(&value) != id {
            return Err(TreeError::Damaged { id, reason: "the value's bytes do not have its hash and length" });
        }
        Ok(value)
    }

    /// The value under a key.
    pub fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Arc<[u8]>>, TreeError> {
        let Some(root) = tree.root else { return Ok(None) };
        let mut node = self.node(root)?;
        loop {
            let index = node.search(key);
            if index == node.count() {
                return Ok(None);
            }
            if node.level() == 0 {
                return if node.key(index) == key { self.value(&node, index).map(Some) } else { Ok(None) };
            }
            node = self.child(&node, index)?;
        }
    }

    /// Every row between two bounds, in the direction's order, until the sink breaks; says whether it did.
    pub fn range(
        &self,
        tree: Tree,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
        direction: Direction,
        sink: &mut RowSink<'_>,
    ) -> Result<ControlFlow<()>, TreeError> {
        match tree.root {
            Some(root) => self.walk(&*self.node(root)?, None, (from, to), direction, sink),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// `floor` is the last key of what comes before the node: a tree whose nodes overlap would hand out rows unsorted.
    fn walk(
        &self,
        node: &Node,
        floor: Option<&[u8]>,
        (from, to): (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        sink: &mut RowSink<'_>,
    ) -> Result<ControlFlow<()>, TreeError> {
        if floor.is_some_and(|floor| node.key(0) <= floor) {
            let id = super::node_id(node.bytes());
            return Err(TreeError::Damaged { id, reason: "it overlaps the node before it" });
        }
        let start = first_within(node, from);
        // An inner entry covers what lies below its key, so the child that holds the upper bound is part of it.
        let end = if node.level() == 0 { end_of_rows(node, to) } else { end_of_children(node, to) };
        for step in start..end.max(start) {
            let index = if direction == Direction::Forward { step } else { start + (end - 1 - step) };
            let flow = if node.level() > 0 {
                let below = if index > 0 { Some(node.key(index - 1)) } else { floor };
                self.walk(&*self.child(node, index)?, below, (from, to), direction, sink)?
            } else {
                self.hand_out(node, index, sink)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn hand_out(&self, node: &Node, index: usize, sink: &mut RowSink<'_>) -> Result<ControlFlow<()>, TreeError> {
        Ok(match node.cell(index) {
            Cell::Inline(value) => sink(node.key(index), value),
            Cell::Outside { id, length } => sink(node.key(index), &self.outside(id, length)?),
        })
    }

    /// How many rows lie between two bounds: exact, for the price of two gets, because nodes count what is below them.
    pub fn count(&self, tree: Tree, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Result<u64, TreeError> {
        let Some(root) = tree.root else { return Ok(0) };
        let root = self.node(root)?;
        let end = match to {
            Bound::Unbounded => root.below().rows,
            Bound::Included(key) => self.rank(&root, Bound::Excluded(key))?,
            Bound::Excluded(key) => self.rank(&root, Bound::Included(key))?,
        };
        Ok(end.saturating_sub(self.rank(&root, from)?))
    }

    /// How many rows lie before a lower bound.
    fn rank(&self, root: &Arc<Node>, from: Bound<&[u8]>) -> Result<u64, TreeError> {
        let (mut node, mut rows) = (root.clone(), 0);
        loop {
            let index = first_within(&node, from);
            if node.level() == 0 {
                return Ok(rows + index as u64);
            }
            rows += (0..index).map(|i| node.child(i).below.rows).sum::<u64>();
            if index == node.count() {
                return Ok(rows);
            }
            node = self.child(&node, index)?;
        }
    }
}

fn first_within(node: &Node, from: Bound<&[u8]>) -> usize {
    match from {
        Bound::Unbounded => 0,
        Bound::Included(key) => node.search(key),
        Bound::Excluded(key) => after(node, key),
    }
}

/// The first entry whose key is above `key`.
fn after(node: &Node, key: &[u8]) -> usize {
    let index = node.search(key);
    if index < node.count() && node.key(index) == key { index + 1 } else { index }
}

fn end_of_rows(node: &Node, to: Bound<&[u8]>) -> usize {
    match to {
        Bound::Unbounded => node.count(),
        Bound::Included(key) => after(node, key),
        Bound::Excluded(key) => node.search(key),
    }
}

fn end_of_children(node: &Node, to: Bound<&[u8]>) -> usize {
    match to {
        Bound::Unbounded => node.count(),
        Bound::Included(key) | Bound::Excluded(key) => (node.search(key) + 1).min(node.count()),
    }
}
