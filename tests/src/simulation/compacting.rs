//! A linearizer that cuts checkpoints as it goes, and falls back when a late commit comes below one (R30).
//!
//! Promises: its state, main and outcome codes are those of a linearizer that never cuts. Keeps all commits as its
//! history, as a replica's log does.

use super::fold::{EPOCH_MILLIS, Fold};
use super::report::{Report, digest_view};
use dag::change::ChangeSet;
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId};
use dag::tree::{MemoryNodes, Shape, Trees};
use linearizer::Linearizer;
use linearizer::checkpoint::{Checkpoint, Cut};
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::linearizer::History;
use linearizer::order::Place;
use linearizer::outcome::Outcome;
use linearizer::view::{View, ViewError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of decoded nodes kept: small, so that nodes are read again.
const CACHE_BYTES: usize = 64 << 10;

/// The linearizer with its checkpoints.
pub struct Compacting {
    linearizer: Linearizer,
    nodes: MemoryNodes,
    trees: Trees,
    log: Log,
    outcomes: BTreeMap<CommitId, Outcome>,
    /// Arrivals between two cuts.
    every: usize,
    arrivals: usize,
}

/// Every commit that ever arrived, above the checkpoint that it began with.
#[derive(Default)]
struct Log {
    commits: Vec<Arc<Ordered>>,
    begins: Option<Place>,
}

impl History for Log {
    fn between(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        if after < self.begins {
            return Err(ViewError("a clone does not have what lies below its checkpoint".into()));
        }
        let place = |c: &Arc<Ordered>| Place::new(c.hlc, c.author, c.run, c.id);
        let inside = |c: &&Arc<Ordered>| after.is_none_or(|after| place(c) > after) && place(c) <= through;
        Ok(self.commits.iter().filter(inside).cloned().collect())
    }
}

impl Compacting {
    /// An empty one that cuts after every so many arrivals.
    pub fn new(every: usize) -> Self {
        let nodes = MemoryNodes::default();
        let trees = Trees::new(Arc::new(nodes.clone()), Shape::new([7; 32]), CACHE_BYTES);
        Compacting {
            linearizer: Linearizer::new(Compacting::cuts()),
            nodes,
            trees,
            log: Log::default(),
            outcomes: BTreeMap::new(),
            every,
            arrivals: 0,
        }
    }

    /// One that cuts stable places only.
    pub fn stable() -> Self {
        Compacting::new(usize::MAX)
    }

    fn cuts() -> Cuts {
        Cuts { epoch_millis: EPOCH_MILLIS, ..Cuts::default() }
    }

    fn adopt(&mut self, cut: Option<Cut>) {
        let Some(cut) = cut else { return };
        let checkpoint = cut.write(&self.trees, &mut self.nodes).expect("memory takes every node");
        let base = checkpoint.open(&self.nodes, &self.trees).expect("what was written can be read");
        assert!(self.linearizer.adopt(checkpoint, base, cut.weight()), "nothing came between");
    }
}

impl Fold for Compacting {
    fn arrive(&mut self, commits: Vec<Arc<Ordered>>) -> usize {
        let changes = self.linearizer.add(commits.clone(), &self.log).expect("the log has everything");
        self.log.commits.extend(commits);
        let rejudged = changes.outcomes.iter().filter(|(_, before, _)| before.is_some()).count();
        self.outcomes.extend(changes.outcomes.into_iter().map(|(id, _, outcome)| (id, outcome)));
        self.arrivals += 1;
        if self.arrivals.is_multiple_of(self.every) {
            self.linearizer.advance();
            self.adopt(self.linearizer.cut());
        }
        rejudged
    }
    fn check(&self, changes: &ChangeSet) -> Outcome {
        self.linearizer.check(changes, &[]).expect("every node is in memory").outcome().clone()
    }
    fn view(&self) -> Arc<dyn View> {
        self.linearizer.view()
    }
    fn outcome(&self, id: &CommitId) -> Option<Outcome> {
        self.outcomes.get(id).cloned()
    }
    fn hash_at(&mut self, hlc: Hlc) -> Option<NodeId> {
        self.linearizer.advance();
        self.linearizer.main_hash_at(hlc)
    }
    fn set_stable(&mut self, hlc: Hlc) {
        self.linearizer.set_stable(hlc);
    }
    fn cut_stable(&mut self, behind: &[CommitId]) {
        self.linearizer.advance();
        let cut = self.linearizer.stable_cut();
        self.adopt(cut.or_else(|| self.linearizer.cut_behind(&mut behind.iter().copied())));
    }
    fn newest_stable(&self) -> Option<(Checkpoint, MemoryNodes)> {
        let newest = self.linearizer.checkpoints().rev().find(|checkpoint| checkpoint.stable);
        newest.map(|checkpoint| (checkpoint.clone(), self.nodes.clone()))
    }
    fn stand_on(&mut self, checkpoint: &Checkpoint, nodes: &MemoryNodes) {
        self.nodes = nodes.clone();
        self.trees = Trees::new(Arc::new(nodes.clone()), Shape::new([7; 32]), CACHE_BYTES);
        let base = checkpoint.open(nodes, &self.trees).expect("the members have every object");
        self.linearizer = Linearizer::open(Compacting::cuts(), vec![(checkpoint.clone(), base)]);
        self.log.begins = Some(checkpoint.place);
    }
    fn last_through(&self, hlc: Hlc) -> Hlc {
        self.linearizer.last_through(hlc).map_or(Hlc::default(), |place| place.hlc)
    }
    fn parked(&self) -> Option<BTreeSet<CommitId>> {
        let parked = self.linearizer.parked().expect("every node is in memory");
        Some(parked.into_iter().map(|parked| parked.commit).collect())
    }
    fn report(&self) -> Report {
        let state = digest_view(&*self.linearizer.view());
        Report { state, main: self.linearizer.main_hash(), outcomes: self.outcomes.clone() }
    }
    fn forgets_reasons(&self) -> bool {
        true
    }
}
