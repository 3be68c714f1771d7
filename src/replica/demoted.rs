//! Own commits that later arrivals parked or voided, so that their sessions can be told (R32).
//!
//! Promises: bounded; a session that looks rarely may miss the oldest of very many, which headwaters.conflicts still has.

use super::local::Local;
use super::writer::Writer;
use crate::limits::REMEMBERED_DEMOTIONS;
use dag::id::CommitId;
use linearizer::outcome::Outcome;
use linearizer::window::Changes;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The last of them.
#[derive(Default)]
pub struct Demoted {
    count: AtomicU64,
    last: Mutex<VecDeque<(CommitId, String)>>,
}

impl Demoted {
    /// One more, and why.
    pub fn add(&self, commit: CommitId, why: String) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == REMEMBERED_DEMOTIONS {
            last.pop_front();
        }
        last.push_back((commit, why));
        self.count.fetch_add(1, Ordering::Release);
    }

    /// How many since the start.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Those behind the first `since`.
    pub fn since(&self, since: u64) -> Vec<(CommitId, String)> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let new = self.count().saturating_sub(since).min(last.len() as u64) as usize;
        last.iter().skip(last.len() - new).cloned().collect()
    }
}

impl Local {
    /// Looks through what a fold changed.
    pub fn note_demoted(&self, writer: &Writer, changes: &Changes) {
        let view = writer.linearizer.view();
        for (commit, was, is) in &changes.outcomes {
            let is_own = || writer.known.graph.get(commit).is_some_and(|vertex| vertex.author == self.author);
            if was.as_ref().is_some_and(Outcome::is_applied) && !is.is_applied() && is_own() {
                let why = is.reason().map(|reason| reason.describe(view.catalogue()).to_string());
                self.demoted.add(*commit, why.unwrap_or_else(|| "it was cut off and is void".to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_told_and_the_oldest_forgotten() {
        let demoted = Demoted::default();
        let id = |n: usize| CommitId([n as u8; 32]);
        (0..=REMEMBERED_DEMOTIONS).for_each(|n| demoted.add(id(n), String::new()));
        assert_eq!(demoted.since(demoted.count() - 1), [(id(REMEMBERED_DEMOTIONS), String::new())]);
        assert_eq!(demoted.since(0).len(), REMEMBERED_DEMOTIONS);
        assert!(demoted.since(demoted.count()).is_empty());
    }
}
