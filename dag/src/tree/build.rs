//! Building a tree from sorted rows, in one pass and with one open node a level in memory.

use super::boundary::Shape;
use super::node::{
    Child, MAX_INLINE_VALUE, MAX_LEVEL, MAX_NODE_KEY, OpenNode, inline_payload, outside_payload, value_id,
};
use super::{NodeSink, Tree, TreeError};

struct Level {
    open: OpenNode,
    closed: u64,
    newest: Option<Child>,
}

/// Takes rows in ascending key order and hands finished nodes to its sink as it goes.
pub struct Builder<'s> {
    shape: Shape,
    sink: &'s mut dyn NodeSink,
    base: u8,
    levels: Vec<Level>,
    last_key: Option<Vec<u8>>,
}

impl<'s> Builder<'s> {
    /// A builder of an empty tree.
    pub fn new(shape: &Shape, sink: &'s mut dyn NodeSink) -> Self {
        Builder::above(shape, sink, 0)
    }

    /// A builder whose lowest nodes are of level `base`: what lies below exists already.
    pub(super) fn above(shape: &Shape, sink: &'s mut dyn NodeSink, base: u8) -> Self {
        Builder { shape: shape.clone(), sink, base, levels: Vec::new(), last_key: None }
    }

    /// Adds a row; its key must be above all before it.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), TreeError> {
        check_key(key)?;
        if self.last_key.as_deref().is_some_and(|last| last >= key) {
            return Err(TreeError::Unsorted);
        }
        let last = self.last_key.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        let payload = store_value(self.sink, value)?;
        self.push_entry(0, key, &payload)
    }

    /// Adds an entry to level `base + height`, closing what it fills.
    pub(super) fn push_entry(&mut self, height: usize, key: &[u8], payload: &[u8]) -> Result<(), TreeError> {
        if height == self.levels.len() {
            let level = self.base.saturating_add(height as u8);
            if level > MAX_LEVEL {
                return Err(TreeError::TooDeep(MAX_LEVEL));
            }
            self.levels.push(Level { open: OpenNode::new(level), closed: 0, newest: None });
        }
        match self.levels[height].open.push(&self.shape, key, payload) {
            true => self.close(height),
            false => Ok(()),
        }
    }

    fn close(&mut self, height: usize) -> Result<(), TreeError> {
        let level = &mut self.levels[height];
        let closed = level.open.close();
        level.closed += 1;
        level.newest = Some(closed.child);
        self.sink.put(closed.child.id, &closed.bytes)?;
        self.push_entry(height + 1, &closed.last_key, &closed.child.payload())
    }

    /// Closes what is open and names the root: the one node of the lowest level that has only one.
    pub fn finish(mut self) -> Result<Tree, TreeError> {
        let mut height = 0;
        while height < self.levels.len() {
            if !self.levels[height].open.is_empty() {
                self.close(height)?;
            }
            let level = &self.levels[height];
            if level.closed == 1 {
                return Ok(Tree { root: level.newest.map(|child| child.id) });
            }
            height += 1;
        }
        Ok(Tree::EMPTY)
    }
}

pub(super) fn check_key(key: &[u8]) -> Result<(), TreeError> {
    if key.len() > MAX_NODE_KEY { Err(TreeError::KeyTooLong(key.len())) } else { Ok(()) }
}

/// The leaf payload of a value; a long value goes to the sink as an object of its own.
pub(super) fn store_value(sink: &mut dyn NodeSink, value: &[u8]) -> Result<Vec<u8>, TreeError> {
    if value.len() <= MAX_INLINE_VALUE {
        return Ok(inline_payload(value));
    }
    let id = value_id(value);
    sink.put(id, value)?;
    Ok(outside_payload(id, value.len()))
}
