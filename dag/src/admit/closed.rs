//! How far an author's commits may still enter here (R16).
//!
//! Promises: nothing enters below what is stable, whoever wrote it; of an author for whose promise nobody waits (removed,
//! made a reader) nothing enters below the floor that this replica has told either, because others' stable may rest on
//! it. A writing member's commit between stable and floor enters: its own floors keep everybody's stable back meanwhile.

use crate::hlc::Hlc;
use crate::id::AuthorId;

/// What is closed here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Nothing at or below this changes any more.
    pub stable: Hlc,
    /// The floor of this replica's last tip.
    pub told: Hlc,
    /// Those whose promises count.
    pub writing: Vec<AuthorId>,
}

impl Closed {
    /// The time at or below which nothing of this author enters.
    pub fn through(&self, author: &AuthorId) -> Hlc {
        if self.writing.contains(author) { self.stable } else { self.stable.max(self.told) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_no_more_is_closed_at_the_told_floor() {
        let author = |n: u8| AuthorId([n; 32]);
        let closed = Closed { stable: Hlc(10), told: Hlc(20), writing: vec![author(1)] };
        assert_eq!((closed.through(&author(1)), closed.through(&author(2))), (Hlc(10), Hlc(20)));
        assert_eq!(Closed { told: Hlc(5), ..closed }.through(&author(2)), Hlc(10), "a reader tells no floor");
    }
}
