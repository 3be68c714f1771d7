//! What the graph keeps of a commit: names, times and links, no body.
//!
//! Promises: everything admission, order and sync ask of an ancestor is here, in about 200 bytes, so that bodies may
//! stay on disk. Does not know whether the commit was applied.

use crate::encode::positional::positional;
use crate::header::Header;
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, RunId};

/// An author's chain within one start of its process (R6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Chain {
    /// Who writes it.
    pub author: AuthorId,
    /// Which start of the author's process.
    pub run: RunId,
}

/// One commit as the graph sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    /// The commit.
    pub id: CommitId,
    /// Its parents, sorted and unique.
    pub parents: Vec<CommitId>,
    /// When.
    pub hlc: Hlc,
    /// Who.
    pub author: AuthorId,
    /// Which start of the author's process.
    pub run: RunId,
    /// Its number in the chain.
    pub seq: u64,
    /// The author's commit before it.
    pub prev: Option<CommitId>,
    /// 1 + the greatest generation of its parents; 1 without parents. An ancestor's is always smaller.
    pub generation: u64,
}

positional!(Vertex { id, parents, hlc, author, run, seq, prev, generation });

impl Vertex {
    /// The vertex of a header whose id is known; `generation` comes from [`crate::graph::Graph::generation_above`].
    pub fn of(id: CommitId, header: &Header, generation: u64) -> Self {
        Vertex {
            id,
            parents: header.parents.clone(),
            hlc: header.hlc,
            author: header.author,
            run: header.run,
            seq: header.seq,
            prev: header.prev,
            generation,
        }
    }

    /// The chain it belongs to.
    pub fn chain(&self) -> Chain {
        Chain { author: self.author, run: self.run }
    }

    /// How the read head is chosen among heads (design, words): greatest (HLC, author, id).
    pub fn head_rank(&self) -> (Hlc, AuthorId, CommitId) {
        (self.hlc, self.author, self.id)
    }
}

/// Names for tests that draw a graph: one character a commit.
#[cfg(test)]
pub(crate) mod drawing {
    use super::*;

    pub(crate) fn id(name: &str) -> CommitId {
        let mut bytes = [0; 32];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        CommitId(bytes)
    }

    pub(crate) fn names(ids: &[CommitId]) -> String {
        ids.iter().map(|id| char::from(id.0[0])).collect()
    }

    pub(crate) fn vertex(name: &str, parents: Vec<CommitId>, generation: u64) -> Vertex {
        let prev = parents.first().copied();
        let (author, run) = (AuthorId([7; 32]), RunId(1));
        Vertex { id: id(name), parents, hlc: Hlc::new(generation, 0), author, run, seq: generation, prev, generation }
    }
}
