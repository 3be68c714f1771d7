//! The one order of commits: by (HLC, author, run, id) (R20).
//!
//! Promises: total, the same on every peer, and parents come before children. Proof of the latter: admission demands
//! that a commit's HLC is greater than every parent's (R7), and HLC is compared first. Hence every prefix of the order
//! is closed under parents, and a commit is last in its own closure.

use crate::commit::Ordered;
use crate::fault::{Fault, planted};
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, RunId};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A place in the order, without its commit: what a checkpoint remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// When.
    pub hlc: Hlc,
    /// Who; breaks ties of HLC.
    pub author: AuthorId,
    /// Which run; breaks ties of author.
    pub run: RunId,
    /// Which commit; breaks the rest.
    pub id: CommitId,
}

impl Place {
    /// A place from the parts of a header.
    pub fn new(hlc: Hlc, author: AuthorId, run: RunId, id: CommitId) -> Self {
        Place { hlc, author, run, id }
    }

    /// Behind every commit of that time and before every later one.
    pub fn end_of(hlc: Hlc) -> Self {
        Place { hlc, author: AuthorId([0xff; 32]), run: RunId(u64::MAX), id: CommitId([0xff; 32]) }
    }
}

/// A commit at its place; a clone shares the commit. The HLC is kept beside the pointer, so that most comparisons do
/// not follow it.
#[derive(Clone)]
pub struct Seat {
    hlc: Hlc,
    commit: Arc<Ordered>,
}

impl Seat {
    /// The seat of a commit.
    pub fn of(commit: Arc<Ordered>) -> Self {
        Seat { hlc: commit.hlc, commit }
    }

    /// A seat for comparing only: at `place`, of a commit that changes nothing.
    pub fn marker(place: Place) -> Self {
        Seat::of(Arc::new(Ordered {
            id: place.id,
            parents: Vec::new(),
            hlc: place.hlc,
            author: place.author,
            run: place.run,
            seq: 0,
            settles: Vec::new(),
            changes: Arc::default(),
            bytes: 0,
        }))
    }

    /// The commit.
    pub fn commit(&self) -> &Arc<Ordered> {
        &self.commit
    }

    /// Its id.
    pub fn id(&self) -> CommitId {
        self.commit.id
    }

    /// Its place.
    pub fn place(&self) -> Place {
        Place::new(self.hlc, self.commit.author, self.commit.run, self.commit.id)
    }

    fn break_tie(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.commit, &other.commit) {
            return Ordering::Equal;
        }
        let (a, b) = (&self.commit, &other.commit);
        if planted(Fault::TieBrokenById) {
            return a.id.cmp(&b.id);
        }
        (a.author, a.run, a.id).cmp(&(b.author, b.run, b.id))
    }
}

impl Ord for Seat {
    fn cmp(&self, other: &Self) -> Ordering {
        self.hlc.cmp(&other.hlc).then_with(|| self.break_tie(other))
    }
}

impl PartialOrd for Seat {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Seat {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Seat {}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({} {})", self.hlc, self.commit.id.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(hlc: u64, author: u8, run: u64, id: u8) -> Place {
        Place::new(Hlc(hlc), AuthorId([author; 32]), RunId(run), CommitId([id; 32]))
    }

    #[test]
    fn hlc_then_author_then_run_then_id() {
        let sorted = [place(1, 9, 9, 9), place(2, 1, 9, 9), place(2, 2, 1, 9), place(2, 2, 2, 1), place(2, 2, 2, 2)];
        for pair in sorted.windows(2) {
            assert!(pair[0] < pair[1]);
            assert!(Seat::marker(pair[0]) < Seat::marker(pair[1]));
        }
    }
}
