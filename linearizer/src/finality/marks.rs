//! What was proved against authors, and who is behind a dispute over main (R6, R15, R16).
//!
//! Promises: only proofs mark an author, never another's word; a mark stays until the author is cut. Does not know what
//! a proof looks like: whoever finds one brings it.

use super::Finality;
use dag::id::AuthorId;
use std::collections::BTreeSet;

/// What an author was found to have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Two commits with one number (R6).
    Equivocated,
    /// A commit at or below its own announced promise (R15).
    BrokePromise,
    /// Two hashes of main at one floor (R16).
    TwoTongues,
    /// A commit in what was closed for it here (R16, `dag::admit::Closed`).
    BelowClosed,
}

impl Finality {
    /// Something was proved against an author.
    pub fn mark(&mut self, author: AuthorId, mark: Mark) {
        self.marks.entry(author).or_default().insert(mark);
    }

    /// What was proved against an author.
    pub fn marks(&self, author: &AuthorId) -> BTreeSet<Mark> {
        self.marks.get(author).cloned().unwrap_or_default()
    }

    /// Who is to be cut for stable to go on; empty without a dispute (R16). A member whose main differs may be as honest
    /// as we are: both have what an author sent to each. So an author against whom there is a proof is named before it,
    /// and the member only where there is no proof.
    pub fn culprits(&self) -> Vec<AuthorId> {
        let disputed: Vec<AuthorId> = self.disputes().map(|(author, _)| author).collect();
        if disputed.is_empty() {
            return disputed;
        }
        // One that was removed, too: what it wrote stays until it is cut.
        if self.marks.is_empty() { disputed } else { self.marks.keys().copied().collect() }
    }
}
