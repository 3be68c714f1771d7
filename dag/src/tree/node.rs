//! The bytes of one node, checked once and then read in place.
//!
//! Layout, little endian: version 1, level (0 is a leaf), entry count u32, end offset u32 of each entry, entries. An
//! entry is key length u16, key, payload. Leaf payload: 0 and the value, or 1, hash and u64 length of a value kept as
//! an object of its own. Inner payload: child hash and u64: twice the count of the rows below it, plus one if any of them
//! has its value out of line (so that a walk over all objects need not read every leaf); its key is the child's last.
//! Promises: [`Node::parse`] accepts exactly what [`OpenNode`] writes for some content; accessors then cannot fail.

use super::TreeError;
use super::boundary::Shape;
use crate::encode::Domain;
use crate::id::NodeId;
pub(crate) use crate::limits::MAX_LEVEL;
use crate::limits::MAX_NODE;
pub use crate::limits::{MAX_INLINE_VALUE, MAX_NODE_KEY};
use std::sync::Arc;

const VERSION: u8 = 1;
const HEAD: usize = 6;
const INLINE: u8 = 0;
const OUTSIDE: u8 = 1;
/// A hash and a u64, in both payloads that refer to another object.
const REFERENCE: usize = 40;

/// The id of a node's bytes.
pub fn node_id(bytes: &[u8]) -> NodeId {
    NodeId(Domain::TREE_NODE.hash(bytes))
}

/// The id of a value that is kept out of line.
pub fn value_id(bytes: &[u8]) -> NodeId {
    NodeId(Domain::VALUE.hash(bytes))
}

/// A leaf's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Inline(&'a [u8]),
    Outside { id: NodeId, length: u64 },
}

/// An inner node's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub id: NodeId,
    pub below: Below,
}

/// What lies in a node and below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Below {
    pub rows: u64,
    /// Whether any value is an object of its own.
    pub has_outside: bool,
}

impl Below {
    fn add(self, other: Below) -> Option<Below> {
        let rows = self.rows.checked_add(other.rows).filter(|rows| *rows < 1 << 63)?;
        Some(Below { rows, has_outside: self.has_outside | other.has_outside })
    }
}

impl Child {
    pub fn payload(self) -> [u8; REFERENCE] {
        reference(self.id, self.below.rows << 1 | u64::from(self.below.has_outside))
    }
}

fn read_child(payload: &[u8]) -> Option<Child> {
    let (id, number) = read_reference(payload)?;
    (number > 1).then_some(Child { id, below: Below { rows: number >> 1, has_outside: number & 1 == 1 } })
}

fn read_below(level: u8, payload: &[u8]) -> Option<Below> {
    match level {
        0 => read_cell(payload).map(|cell| Below { rows: 1, has_outside: matches!(cell, Cell::Outside { .. }) }),
        _ => read_child(payload).map(|child| child.below),
    }
}

fn reference(id: NodeId, number: u64) -> [u8; REFERENCE] {
    let mut bytes = [0; REFERENCE];
    bytes[..32].copy_from_slice(&id.0);
    bytes[32..].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn read_reference(bytes: &[u8]) -> Option<(NodeId, u64)> {
    let (id, number) = bytes.split_first_chunk::<32>()?;
    Some((NodeId(*id), u64::from_le_bytes(number.try_into().ok()?)))
}

/// The payload of an inline value.
pub(super) fn inline_payload(value: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(1 + value.len());
    payload.push(INLINE);
    payload.extend_from_slice(value);
    payload
}

/// The payload of a value kept as object `id`.
pub(super) fn outside_payload(id: NodeId, length: usize) -> Vec<u8> {
    let mut payload = vec![OUTSIDE];
    payload.extend_from_slice(&reference(id, length as u64));
    payload
}

fn read_cell(payload: &[u8]) -> Option<Cell<'_>> {
    match payload.split_first()? {
        (&INLINE, value) if value.len() <= MAX_INLINE_VALUE => Some(Cell::Inline(value)),
        (&OUTSIDE, rest) => {
            let (id, length) = read_reference(rest)?;
            (length > MAX_INLINE_VALUE as u64).then_some(Cell::Outside { id, length })
        }
        _ => None,
    }
}

/// A checked node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    bytes: Arc<[u8]>,
    count: usize,
    below: Below,
}

impl Node {
    /// Checks bytes against the id they are said to have, and every promise a node makes about itself.
    pub fn parse(id: NodeId, bytes: Arc<[u8]>) -> Result<Node, TreeError> {
        let damaged = |reason| TreeError::Damaged { id, reason };
        if bytes.len() > MAX_NODE {
            return Err(damaged("it is longer than any node"));
        }
        if node_id(&bytes) != id {
            return Err(damaged("its bytes do not have its hash"));
        }
        Node::check(bytes).map_err(damaged)
    }

    fn check(bytes: Arc<[u8]>) -> Result<Node, &'static str> {
        if bytes.len() < HEAD || bytes[0] != VERSION || bytes[1] > MAX_LEVEL {
            return Err("it has no head of this version");
        }
        let count = u32::from_le_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]) as usize;
        if count == 0 || count > (bytes.len() - HEAD) / 4 {
            return Err("its entry count does not fit its length");
        }
        let mut node = Node { bytes, count, below: Below::default() };
        node.below = node.check_entries().ok_or("its entries do not add up")?;
        Ok(node)
    }

    fn check_entries(&self) -> Option<Below> {
        let (mut start, mut previous, mut below) = (HEAD + 4 * self.count, None::<&[u8]>, Below::default());
        for index in 0..self.count {
            let end = (HEAD + 4 * self.count).checked_add(self.end_field(index))?;
            let entry = self.bytes.get(start..end)?;
            let (length, rest) = entry.split_first_chunk::<2>()?;
            let (key, payload) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            if key.len() > MAX_NODE_KEY || previous.is_some_and(|p| p >= key) {
                return None;
            }
            below = below.add(read_below(self.level(), payload)?)?;
            (start, previous) = (end, Some(key));
        }
        (start == self.bytes.len()).then_some(below)
    }

    fn end_field(&self, index: usize) -> usize {
        let at = HEAD + 4 * index;
        u32::from_le_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]]) as usize
    }

    fn entry(&self, index: usize) -> (&[u8], &[u8]) {
        let base = HEAD + 4 * self.count;
        let start = if index == 0 { base } else { base + self.end_field(index - 1) };
        let entry = &self.bytes[start..base + self.end_field(index)];
        let split = 2 + usize::from(u16::from_le_bytes([entry[0], entry[1]]));
        (&entry[2..split], &entry[split..])
    }

    pub fn level(&self) -> u8 {
        self.bytes[1]
    }

    /// How many entries it has; never 0.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What lies in it and below it.
    pub fn below(&self) -> Below {
        self.below
    }

    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    pub fn key(&self, index: usize) -> &[u8] {
        self.entry(index).0
    }

    pub fn payload(&self, index: usize) -> &[u8] {
        self.entry(index).1
    }

    pub fn last_key(&self) -> &[u8] {
        self.key(self.count - 1)
    }

    pub fn cell(&self, index: usize) -> Cell<'_> {
        read_cell(self.payload(index)).expect("parse checked every leaf payload")
    }

    pub fn child(&self, index: usize) -> Child {
        read_child(self.payload(index)).expect("parse checked every inner payload")
    }

    /// The first entry whose key is not below `key`; `count` if there is none.
    pub fn search(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = (low + high) / 2;
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// A node being filled.
pub(super) struct OpenNode {
    level: u8,
    ends: Vec<u32>,
    data: Vec<u8>,
    last: usize,
    below: Below,
}

/// A node that was closed: its entry for the level above, and its bytes.
pub(super) struct Closed {
    pub last_key: Box<[u8]>,
    pub child: Child,
    pub bytes: Vec<u8>,
    pub sole: Option<NodeId>,
}

impl OpenNode {
    pub fn new(level: u8) -> Self {
        OpenNode { level, ends: Vec::new(), data: Vec::new(), last: 0, below: Below::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn size(&self) -> usize {
        self.data.len() + 4 * self.ends.len()
    }

    /// Adds an entry, whose key is above the last and at most [`MAX_NODE_KEY`] long; true if the node must be closed now.
    pub fn push(&mut self, shape: &Shape, key: &[u8], payload: &[u8]) -> bool {
        let before = self.size();
        self.last = self.data.len();
        self.data.extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.data.extend_from_slice(key);
        self.data.extend_from_slice(payload);
        self.ends.push(self.data.len() as u32);
        // The payload is one that this module made or checked.
        self.below = read_below(self.level, payload).and_then(|below| self.below.add(below)).unwrap_or(self.below);
        shape.ends(self.level, key, self.ends.len(), before, self.size())
    }

    /// Ends the node, which has an entry, and starts the next of the level.
    pub fn close(&mut self) -> Closed {
        let mut bytes = Vec::with_capacity(HEAD + self.size());
        bytes.extend_from_slice(&[VERSION, self.level]);
        bytes.extend_from_slice(&(self.ends.len() as u32).to_le_bytes());
        self.ends.iter().for_each(|end| bytes.extend_from_slice(&end.to_le_bytes()));
        bytes.extend_from_slice(&self.data);
        let entry = &self.data[self.last..];
        let key_end = 2 + usize::from(u16::from_le_bytes([entry[0], entry[1]]));
        let sole = (self.level > 0 && self.ends.len() == 1).then(|| read_reference(&entry[key_end..])).flatten();
        let closed = Closed {
            last_key: entry[2..key_end].into(),
            child: Child { id: node_id(&bytes), below: self.below },
            bytes,
            sole: sole.map(|(id, _)| id),
        };
        (self.last, self.below) = (0, Below::default());
        self.ends.clear();
        self.data.clear();
        closed
    }
}
