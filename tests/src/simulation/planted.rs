//! Planted bugs: folds that make one mistake around the real one, for the tests that must catch them.

use super::fold::{Fold, Real};
use super::report::Report;
use dag::change::ChangeSet;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId};
use linearizer::commit::Ordered;
use linearizer::outcome::Outcome;
use linearizer::view::View;
use std::sync::Arc;

/// A mistake in a linearizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Equal HLCs are ordered by falling author.
    WrongTieBreak,
    /// Commits are folded in the order in which they arrive.
    OrderOfArrival,
    /// A commit that comes after a later one is forgotten.
    LateCommitLost,
    /// COMMIT does not check the change set (R27).
    UncheckedCommit,
}

/// The real fold, with a mistake.
pub struct Mistaken {
    mistake: Mistake,
    real: Real,
    newest: Hlc,
}

impl Mistaken {
    /// An empty one.
    pub fn new(mistake: Mistake) -> Self {
        Mistaken { mistake, real: Real::new(), newest: Hlc::default() }
    }

    fn mistake(&mut self, commit: Arc<Ordered>) -> Option<Arc<Ordered>> {
        let is_late = commit.hlc <= self.newest;
        let mut changed = (*commit).clone();
        match self.mistake {
            Mistake::WrongTieBreak => changed.author = AuthorId(commit.author.0.map(|byte| !byte)),
            Mistake::OrderOfArrival if is_late => changed.hlc = Hlc(self.newest.0 + 1),
            Mistake::LateCommitLost if is_late => return None,
            _ => {}
        }
        self.newest = self.newest.max(changed.hlc);
        Some(Arc::new(changed))
    }
}

impl Fold for Mistaken {
    fn arrive(&mut self, commits: Vec<Arc<Ordered>>) -> usize {
        let commits: Vec<Arc<Ordered>> = commits.into_iter().filter_map(|commit| self.mistake(commit)).collect();
        self.real.arrive(commits)
    }
    fn check(&self, changes: &ChangeSet) -> Outcome {
        if self.mistake == Mistake::UncheckedCommit { Outcome::Applied } else { self.real.check(changes) }
    }
    fn view(&self) -> Arc<dyn View> {
        self.real.view()
    }
    fn outcome(&self, id: &CommitId) -> Option<Outcome> {
        self.real.outcome(id)
    }
    fn hash_at(&mut self, hlc: Hlc) -> Option<NodeId> {
        self.real.hash_at(hlc)
    }
    fn last_through(&self, hlc: Hlc) -> Hlc {
        self.real.last_through(hlc)
    }
    fn report(&self) -> Report {
        self.real.report()
    }
}
