//! What admission asks about the commits that are already here.
//!
//! Promises: every question is about ancestors of the commit at hand, or about proofs (twins, promises); answers are
//! functions of the admitted commits. Implemented over the graph's window and the store beneath it.

use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId};
use crate::vertex::{Chain, Vertex};
use std::collections::BTreeSet;

/// What an author is in the member set of a closure (R12); each may do what the ones before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Never admitted, or removed.
    Stranger,
    /// Reads.
    Reader,
    /// Writes commits.
    Writer,
    /// Writes control records, too.
    Admin,
}

/// An announced promise (R15): the author writes nothing at or below `through` that is not in the past of `commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The promised time.
    pub through: Hlc,
    /// The commit of the signed tip that carries the promise.
    pub commit: CommitId,
}

/// The admitted commits, as admission sees them. Nothing here reads a clock or a setting (R3).
pub trait Known {
    /// The vertex of an admitted commit, from the window or from disk.
    fn vertex(&self, id: &CommitId) -> Option<Vertex>;
    /// Whether an admitted commit is one of `heads` or an ancestor of one.
    fn in_closure(&self, id: &CommitId, heads: &[CommitId]) -> bool;
    /// What the author is in the closure of `heads`.
    fn standing(&self, author: &AuthorId, heads: &[CommitId]) -> Standing;
    /// Whether this commit's control records admit the author: then its first commit follows it (R6).
    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool;
    /// The rules level that the closure of `heads` has in force.
    fn rules_level(&self, heads: &[CommitId]) -> u32;
    /// Admitted commits with this number: more than one if the author equivocated.
    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId>;
    /// The greatest promise of the author's tips whose commits are admitted here.
    fn promise(&self, author: &AuthorId) -> Option<Promise>;
    /// The time at or below which nothing of this author enters here any more ([`super::Closed`]).
    fn closed(&self, author: &AuthorId) -> Hlc;
}

/// Whether a commit is one of `heads` or an ancestor of one, by a walk down to its generation: for commits that no graph in
/// memory links.
pub fn walks_to(known: &dyn Known, id: &CommitId, heads: &[CommitId]) -> bool {
    let Some(wanted) = known.vertex(id) else { return false };
    let (mut open, mut seen) = (heads.to_vec(), BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == *id {
            return true;
        }
        let Some(vertex) = known.vertex(&at).filter(|v| v.generation > wanted.generation) else { continue };
        if seen.insert(at) {
            open.extend(vertex.parents);
        }
    }
    false
}
