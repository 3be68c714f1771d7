//! A commit as the fold needs it: its place in the order, what it descends from, what it settles and what it changes.
//!
//! Promises nothing about signatures or bytes: whoever builds one has admitted the commit already.

use dag::change::ChangeSet;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, RunId};
use std::sync::Arc;

/// An admitted commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered {
    /// Its id.
    pub id: CommitId,
    /// The heads its author knew; each is already here or below the last checkpoint.
    pub parents: Vec<CommitId>,
    /// When; greater than every parent's (R7).
    pub hlc: Hlc,
    /// Who.
    pub author: AuthorId,
    /// Which start of the author's process.
    pub run: RunId,
    /// Number within the run.
    pub seq: u64,
    /// Parked commits that this one settles (R24); all of them its ancestors.
    pub settles: Vec<CommitId>,
    /// What it changes.
    pub changes: Arc<ChangeSet>,
    /// Canonical bytes of its body: what extra cuts count (R30).
    pub bytes: u64,
}
