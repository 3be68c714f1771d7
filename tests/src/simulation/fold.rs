//! What a simulated replica demands of the linearizer, and the report that every step is checked by.
//!
//! Stand-in until the linearizer is on trunk: the fold of a set of commits is the set.

use super::pack::Opened;
use dag::id::CommitId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The result of a fold, as the checks compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Digest of every table, index and the catalogue.
    pub state: [u8; 32],
    /// main's hash (R29).
    pub main: [u8; 32],
    /// What became of each commit, and why.
    pub outcomes: BTreeMap<CommitId, String>,
}

/// A replica's linearizer.
pub trait Fold {
    /// Commits enter, each after its parents.
    fn arrive(&mut self, commits: &[Arc<Opened>]);
    /// What would become of a commit on top of everything (R27); `Ok` is applied.
    fn check(&self, commit: &Opened) -> Result<(), String>;
    /// Everything that is known.
    fn report(&self) -> Report;
    /// Compares with the reference; says what differs.
    fn verify(&self) -> Result<(), String>;
}

/// Makes an empty fold; planted bugs are folds of their own.
pub type NewFold = dyn Fn(usize) -> Box<dyn Fold> + Sync;

/// The set.
#[derive(Debug, Default)]
pub struct Plain {
    commits: BTreeMap<CommitId, String>,
}

impl Fold for Plain {
    fn arrive(&mut self, commits: &[Arc<Opened>]) {
        for commit in commits {
            assert!(commit.header.parents.iter().all(|p| self.commits.contains_key(p)), "a parent is missing");
            self.commits.insert(commit.id, "applied".into());
        }
    }
    fn check(&self, _: &Opened) -> Result<(), String> {
        Ok(())
    }
    fn report(&self) -> Report {
        let mut hasher = blake3::Hasher::new();
        for id in self.commits.keys() {
            hasher.update(id.as_bytes());
        }
        let state = *hasher.finalize().as_bytes();
        Report { state, main: state, outcomes: self.commits.clone() }
    }
    fn verify(&self) -> Result<(), String> {
        Ok(())
    }
}
