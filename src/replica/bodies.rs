//! The changes of fetched commits that are kept in trees: whether all of their objects are here, and what they say (R10).
//!
//! Promises: a segment is whole only when every object of every body is on the disk and holds what its body promises; the
//! work is done before the commit latch is taken. Does not fetch: whoever brings objects stores them, and the segment
//! is tried again.

use super::local::{Local, stopped};
use super::record;
use crate::failure::Failure;
use dag::change::ChangeSet;
use dag::commit::{Commit, Segment};
use dag::id::{CommitId, NodeId};
use dag::store::object_record;
use dag::tree::{Need, Tree, TreeError};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most missing objects that are named: as many as one request asks for.
const NAMED_OBJECTS: usize = 256;

/// The changes of a segment's commits.
#[derive(Default)]
pub struct Bodies(HashMap<CommitId, Arc<ChangeSet>>);

/// Why a segment cannot enter.
pub enum Lack {
    /// Objects of this commit's body are not here.
    Objects(CommitId, usize),
    /// The body says what its trees do not hold: the commit is invalid everywhere.
    Invalid(CommitId, String),
    /// What is here cannot be read.
    Unreadable(String),
}

/// Most commits whose objects are wanted at once; the others are named when they come again.
const WANTED_COMMITS: usize = 64;

/// The bodies whose objects are to be gathered: the roots of each commit's trees.
#[derive(Default)]
pub struct Wanted(Mutex<BTreeMap<CommitId, Vec<NodeId>>>);

impl Wanted {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CommitId, Vec<NodeId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lacks(&self, commit: &Commit) {
        let mut wanted = self.lock();
        if wanted.len() < WANTED_COMMITS {
            wanted.insert(commit.id, commit.body.roots().collect());
        }
    }
}

impl Bodies {
    /// The changes of one of the segment's commits.
    pub fn changes(&self, commit: &Commit) -> Option<Arc<ChangeSet>> {
        commit.changes().or_else(|| self.0.get(&commit.id).cloned())
    }
}

impl Local {
    /// The changes of a verified segment. Costs nothing for changes that are inline.
    pub fn bodies(&self, segment: &Segment) -> Result<Bodies, Lack> {
        let mut bodies = Bodies::default();
        for commit in segment.commits.iter().filter(|commit| commit.changes().is_none()) {
            let missing = self.log.missing_objects(&commit.body, &self.runs, NAMED_OBJECTS);
            match missing.map(|missing| missing.len()) {
                Ok(0) => drop(self.wanted_bodies.lock().remove(&commit.id)),
                Ok(count) => {
                    self.wanted_bodies.lacks(commit);
                    return Err(Lack::Objects(commit.id, count));
                }
                Err(TreeError::Damaged { reason, .. }) => return Err(Lack::Invalid(commit.id, reason.to_owned())),
                Err(error) => return Err(Lack::Unreadable(error.to_string())),
            }
            let changes = record::changes(commit, &self.runs).map_err(|why| Lack::Invalid(commit.id, why))?;
            bodies.0.insert(commit.id, changes);
        }
        Ok(bodies)
    }

    /// What is to be gathered so that the segments that were turned away for it can enter, sorted by commit.
    pub fn wanted_bodies(&self) -> Vec<Need> {
        let wanted = self.wanted_bodies.lock();
        let roots = wanted.values().flatten();
        roots.filter_map(|root| Need::root(Tree { root: Some(*root) })).collect()
    }

    /// Stores objects of bodies that came from elsewhere; on the disk on return.
    pub fn store_objects(&self, objects: Vec<(NodeId, Arc<[u8]>)>) -> Result<(), Failure> {
        if let Some(refused) = self.refusal() {
            return Err(refused.into());
        }
        let mut batch = Vec::with_capacity(objects.len());
        for (id, bytes) in objects {
            let damaged = || Failure::Damaged(format!("object {id}: its bytes do not have its hash; get it again"));
            batch.push(object_record(id, bytes).ok_or_else(damaged)?);
        }
        if !batch.is_empty() {
            self.enqueue_all(batch)?.wait_blocking().map_err(|e| stopped(&e))?;
        }
        Ok(())
    }
}
