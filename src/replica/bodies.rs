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
use std::collections::HashMap;
use std::sync::Arc;

/// Most missing objects that are named: as many as one request asks for.
const NAMED_OBJECTS: usize = 256;

/// The changes of a segment's commits.
#[derive(Default)]
pub struct Bodies(HashMap<CommitId, Arc<ChangeSet>>);

/// Why a segment cannot enter.
pub enum Lack {
    /// Objects of bodies are not here: the first commit that lacks some, how many at least, and the roots to gather.
    Objects(CommitId, usize, Vec<Need>),
    /// The body says what its trees do not hold: the commit is invalid everywhere.
    Invalid(CommitId, String),
    /// What is here cannot be read.
    Unreadable(String),
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
        let (mut bodies, mut lacking) = (Bodies::default(), Vec::new());
        let mut first = None;
        for commit in segment.commits.iter().filter(|commit| commit.changes().is_none()) {
            let missing = self.log.missing_objects(&commit.body, &self.runs, NAMED_OBJECTS);
            match missing.map(|missing| missing.len()) {
                Ok(0) => {}
                Ok(count) => {
                    first = first.or(Some((commit.id, count)));
                    lacking.extend(commit.body.roots().filter_map(|root| Need::root(Tree { root: Some(root) })));
                    continue;
                }
                Err(TreeError::Damaged { reason, .. }) => return Err(Lack::Invalid(commit.id, reason.to_owned())),
                Err(error) => return Err(Lack::Unreadable(error.to_string())),
            }
            if first.is_none() {
                let changes = record::changes(commit, &self.runs).map_err(|why| Lack::Invalid(commit.id, why))?;
                bodies.0.insert(commit.id, changes);
            }
        }
        first.map_or(Ok(bodies), |(id, count)| Err(Lack::Objects(id, count, lacking)))
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
