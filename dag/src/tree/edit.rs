//! Editing: a sorted batch of puts and deletes makes a new tree beside the old one.
//!
//! Level by level: the nodes an edit falls into are cut anew from their start until a cut meets an old node's end;
//! what was replaced becomes the batch of edits of the level above. Every old node starts behind a real boundary, and
//! a cut depends only on what follows the last one, so the result is what building from all rows would give.

use super::build::{Builder, check_key, store_value};
use super::node::{Child, Closed, Node, OpenNode};
use super::{NodeSink, Tree, TreeError, Trees};
use crate::id::NodeId;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

/// One edit: a key and its new value, or `None` to delete it. Deleting what is not there is no error.
pub type Edit<K, V> = (K, Option<V>);

type Payload = Option<Box<[u8]>>;
type RawEdit = (Box<[u8]>, Payload);

impl Trees {
    /// The tree after a batch of edits in strictly ascending key order; new nodes go to the sink.
    pub fn apply<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        tree: Tree,
        edits: impl IntoIterator<Item = Edit<K, V>>,
        sink: &mut dyn NodeSink,
    ) -> Result<Tree, TreeError> {
        let Some(root) = tree.root else { return self.build(edits, sink) };
        let root = self.node(root)?;
        let mut pass = Pass::new(self, &root, 0, sink);
        pass.run(edits.into_iter().map(|(key, value)| (Box::from(key.as_ref()), value)), |value, sink| {
            store_value(sink, value.as_ref()).map(Vec::into_boxed_slice)
        })?;
        let (mut above, newest) = pass.finish();
        let mut newest = vec![newest];
        for level in 1..=root.level() {
            let mut pass = Pass::new(self, &root, level, sink);
            pass.run(above, |payload, _| Ok(payload))?;
            let (next, last) = pass.finish();
            newest.push(last);
            above = next;
        }
        self.crown(&root, above, &newest, sink)
    }

    fn build<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        edits: impl IntoIterator<Item = Edit<K, V>>,
        sink: &mut dyn NodeSink,
    ) -> Result<Tree, TreeError> {
        let mut builder = Builder::new(self.shape(), sink);
        for (key, value) in edits {
            if let Some(value) = value {
                builder.push(key.as_ref(), value.as_ref())?;
            }
        }
        builder.finish()
    }

    /// Finds or builds the root over the nodes of the old root's level, after `edits` to that list of one.
    fn crown(
        &self,
        root: &Node,
        edits: Vec<RawEdit>,
        newest: &[Option<Newest>],
        sink: &mut dyn NodeSink,
    ) -> Result<Tree, TreeError> {
        let old = Child { id: super::node_id(root.bytes()), below: root.below() };
        let mut tops = BTreeMap::from([(Box::from(root.last_key()), Box::from(old.payload()))]);
        for (key, payload) in edits {
            match payload {
                Some(payload) => tops.insert(key, payload),
                None => tops.remove(&key),
            };
        }
        if tops.len() < 2 {
            let top = tops.into_values().next().and_then(|payload| payload.first_chunk().copied());
            return Ok(Tree { root: top.map(|id| self.collapse(NodeId(id), newest)).transpose()? });
        }
        let mut builder = Builder::above(self.shape(), sink, root.level() + 1);
        tops.iter().try_for_each(|(key, payload)| builder.push_entry(0, key, payload))?;
        builder.finish()
    }

    /// Steps down from an inner root with one child. A sole node of a level is the last one written there or an old
    /// one, so only the last written of each level need be remembered.
    fn collapse(&self, mut id: NodeId, newest: &[Option<Newest>]) -> Result<NodeId, TreeError> {
        loop {
            let sole = match newest.iter().flatten().find(|written| written.id == id) {
                Some(written) => written.sole,
                None => {
                    let node = self.node(id)?;
                    (node.level() > 0 && node.count() == 1).then(|| node.child(0).id)
                }
            };
            match sole {
                Some(child) => id = child,
                None => return Ok(id),
            }
        }
    }
}

/// The node written last on a level.
#[derive(Clone, Copy)]
struct Newest {
    id: NodeId,
    /// Its child, if it has only one.
    sole: Option<NodeId>,
}

/// The rewriting of one level.
struct Pass<'a> {
    trees: &'a Trees,
    sink: &'a mut dyn NodeSink,
    cursor: Cursor<'a>,
    open: OpenNode,
    /// Edits for the level above: nodes replaced by nodes written, in key order.
    above: BTreeMap<Box<[u8]>, Payload>,
    newest: Option<Newest>,
}

impl<'a> Pass<'a> {
    fn new(trees: &'a Trees, root: &Arc<Node>, level: u8, sink: &'a mut dyn NodeSink) -> Self {
        let cursor = Cursor { trees, root: root.clone(), level, path: Vec::new() };
        Pass { trees, sink, cursor, open: OpenNode::new(level), above: BTreeMap::new(), newest: None }
    }

    fn run<V>(
        &mut self,
        edits: impl IntoIterator<Item = Edit<Box<[u8]>, V>>,
        mut payload: impl FnMut(V, &mut dyn NodeSink) -> Result<Box<[u8]>, TreeError>,
    ) -> Result<(), TreeError> {
        let mut edits = edits.into_iter().peekable();
        let mut last_key = None;
        while let Some((key, _)) = edits.peek() {
            let mut node = self.cursor.seek(key)?;
            loop {
                let is_last = self.cursor.is_last();
                self.rewrite(&node, is_last, &mut edits, &mut last_key, &mut payload)?;
                if self.open.is_empty() || is_last {
                    break;
                }
                node = self.cursor.next()?;
            }
            if !self.open.is_empty() {
                self.close(None)?;
            }
        }
        Ok(())
    }

    /// Merges one old node with the edits that fall into it; the last node of a level takes all that are left.
    fn rewrite<V>(
        &mut self,
        node: &Node,
        is_last: bool,
        edits: &mut Peekable<impl Iterator<Item = Edit<Box<[u8]>, V>>>,
        last_key: &mut Option<Box<[u8]>>,
        payload: &mut impl FnMut(V, &mut dyn NodeSink) -> Result<Box<[u8]>, TreeError>,
    ) -> Result<(), TreeError> {
        let id = self.cursor.id();
        self.above.insert(node.last_key().into(), None);
        for index in 0..node.count() {
            let old = node.key(index);
            let mut kept = true;
            while let Some((key, value)) = edits.next_if(|(key, _)| **key <= *old) {
                kept &= *key != *old;
                self.put(id, key, value, last_key, payload)?;
            }
            if kept {
                self.push(id, old, node.payload(index))?;
            }
        }
        if is_last {
            for (key, value) in edits {
                self.put(id, key, value, last_key, payload)?;
            }
        }
        Ok(())
    }

    fn put<V>(
        &mut self,
        within: NodeId,
        key: Box<[u8]>,
        value: Option<V>,
        last_key: &mut Option<Box<[u8]>>,
        payload: &mut impl FnMut(V, &mut dyn NodeSink) -> Result<Box<[u8]>, TreeError>,
    ) -> Result<(), TreeError> {
        check_key(&key)?;
        if last_key.as_ref().is_some_and(|last| *last >= key) {
            return Err(TreeError::Unsorted);
        }
        if let Some(value) = value {
            let payload = payload(value, &mut *self.sink)?;
            self.push(within, &key, &payload)?;
        }
        *last_key = Some(key);
        Ok(())
    }

    fn push(&mut self, within: NodeId, key: &[u8], payload: &[u8]) -> Result<(), TreeError> {
        match self.open.push(self.trees.shape(), key, payload) {
            true => self.close(Some(within)),
            false => Ok(()),
        }
    }

    /// Ends the open node. A node equal to the one being rewritten ends where that one ends, so that comparing with
    /// `within` finds every unchanged node; the last of a level is compared by its absence from the store instead.
    fn close(&mut self, within: Option<NodeId>) -> Result<(), TreeError> {
        let Closed { last_key, child, bytes, sole } = self.open.close();
        let within = within.unwrap_or_else(|| self.cursor.id());
        if child.id == within {
            self.above.remove(&last_key);
            return Ok(());
        }
        self.sink.put(child.id, &bytes)?;
        self.newest = Some(Newest { id: child.id, sole });
        self.above.insert(last_key, Some(Box::from(child.payload())));
        Ok(())
    }

    fn finish(self) -> (Vec<RawEdit>, Option<Newest>) {
        (self.above.into_iter().collect(), self.newest)
    }
}

/// Walks the nodes of one level of the old tree.
struct Cursor<'a> {
    trees: &'a Trees,
    root: Arc<Node>,
    level: u8,
    /// Inner nodes above the level, each with the index of the child taken.
    path: Vec<(Arc<Node>, usize)>,
}

impl Cursor<'_> {
    /// The node that holds, or would hold, a key.
    fn seek(&mut self, key: &[u8]) -> Result<Arc<Node>, TreeError> {
        self.path.clear();
        let mut node = self.root.clone();
        while node.level() > self.level {
            let index = node.search(key).min(node.count() - 1);
            let child = self.trees.child(&node, index)?;
            self.path.push((node, index));
            node = child;
        }
        Ok(node)
    }

    fn is_last(&self) -> bool {
        self.path.iter().all(|(node, index)| index + 1 == node.count())
    }

    /// The id of the node the cursor is at.
    fn id(&self) -> NodeId {
        match self.path.last() {
            Some((node, index)) => node.child(*index).id,
            None => super::node_id(self.root.bytes()),
        }
    }

    /// The next node of the level; there is one unless `is_last`.
    fn next(&mut self) -> Result<Arc<Node>, TreeError> {
        let depth = self.path.len();
        while self.path.last().is_some_and(|(node, index)| index + 1 == node.count()) {
            self.path.pop();
        }
        let (parent, index) = self.path.last_mut().expect("only called when a later node exists");
        *index += 1;
        let mut node = self.trees.child(parent, *index)?;
        while self.path.len() < depth {
            let child = self.trees.child(&node, 0)?;
            self.path.push((node, 0));
            node = child;
        }
        Ok(node)
    }
}
