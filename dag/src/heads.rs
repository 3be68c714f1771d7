//! The one mutable pointer: the set of heads known here (design, words).
//!
//! Promises: equal sets have equal digests on every peer; a commit enters only after its parents, so the closure of the
//! heads is always complete. Does not know bodies, held commits, or how heads are stored.

use crate::encode::Domain;
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId};
use crate::vertex::Vertex;
use std::collections::BTreeMap;

/// The heads: admitted commits without an admitted child.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heads {
    ids: BTreeMap<CommitId, (Hlc, AuthorId)>,
}

impl Heads {
    /// No heads: nothing is known, not even genesis' first commit.
    pub fn new() -> Self {
        Heads::default()
    }

    /// A commit whose parents are all known enters: it takes the place of those that were heads. The caller enters
    /// each commit once, parents first.
    pub fn advance(&mut self, vertex: &Vertex) {
        for parent in &vertex.parents {
            self.ids.remove(parent);
        }
        self.ids.insert(vertex.id, (vertex.hlc, vertex.author));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether the commit is a head.
    pub fn contains(&self, id: &CommitId) -> bool {
        self.ids.contains_key(id)
    }

    /// The frontier, sorted.
    pub fn frontier(&self) -> Vec<CommitId> {
        self.ids.keys().copied().collect()
    }

    /// The newest heads first, at most `limit`: what an announcement has room for.
    pub fn newest(&self, limit: usize) -> Vec<CommitId> {
        let mut ranked: Vec<(Hlc, AuthorId, CommitId)> = self.ids.iter().map(|(id, (h, a))| (*h, *a, *id)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.into_iter().take(limit).map(|(_, _, id)| id).collect()
    }

    /// The greatest (HLC, author, id): what `head` mode reads (R32).
    pub fn read_head(&self) -> Option<CommitId> {
        self.newest(1).first().copied()
    }

    /// The digest of the sorted frontier (R13, R41).
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Domain::FRONTIER.hasher();
        for id in self.ids.keys() {
            hasher.update(id.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vertex::drawing::{id, vertex};

    // a --- b, a --- c, then d joins both.
    #[test]
    fn heads_follow_the_commits_in_any_order_that_keeps_parents_first() {
        let (a, b) = (vertex("a", vec![], 1), vertex("b", vec![id("a")], 2));
        let (c, d) = (vertex("c", vec![id("a")], 3), vertex("d", vec![id("b"), id("c")], 4));
        let enter = |order: &[&Vertex]| {
            let mut heads = Heads::new();
            order.iter().for_each(|v| heads.advance(v));
            heads
        };
        let (one, other) = (enter(&[&a, &b, &c]), enter(&[&a, &c, &b]));
        assert_eq!(one.digest(), other.digest());
        assert_eq!((one.frontier(), one.read_head()), (vec![id("b"), id("c")], Some(id("c"))));
        let joined = enter(&[&a, &b, &c, &d]);
        assert_eq!(joined.frontier(), [id("d")]);
        assert_ne!(joined.digest(), one.digest());
    }
}
