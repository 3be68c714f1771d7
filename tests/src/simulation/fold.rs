//! A simulated replica's linearizer, and the report by which every step is checked.

use super::kind::Kind;
use super::report::Report;
use dag::change::ChangeSet;
use dag::commit::Commit;
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId};
use dag::tree::MemoryNodes;
use linearizer::Linearizer;
use linearizer::checkpoint::Checkpoint;
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::linearizer::NoHistory;
use linearizer::outcome::Outcome;
use linearizer::view::View;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Length of an epoch of main in the worlds: short, so that a world has several.
pub const EPOCH_MILLIS: u64 = 5_000;

/// What a replica asks of its linearizer. A planted bug is a fold of its own around the real one.
pub trait Fold {
    /// Commits enter, each after its parents. Gives how many earlier outcomes changed.
    fn arrive(&mut self, commits: Vec<Arc<Ordered>>) -> usize;
    /// What would become of a change set on top of everything (R27).
    fn check(&self, changes: &ChangeSet) -> Outcome;
    /// The virtual merge.
    fn view(&self) -> Arc<dyn View>;
    /// What became of a commit.
    fn outcome(&self, id: &CommitId) -> Option<Outcome>;
    /// Parked commits; `None` for a fold that keeps every outcome anyway.
    fn parked(&self) -> Option<BTreeSet<CommitId>> {
        None
    }
    /// State, main's hash and outcomes.
    fn report(&self) -> Report;
    /// main's hash at a time; `None` below the last checkpoint.
    fn hash_at(&mut self, hlc: Hlc) -> Option<NodeId>;
    /// Nothing at or below this time changes any more.
    fn set_stable(&mut self, _: Hlc) {}
    /// Cuts where everybody would, or behind the greatest of these commits, if that is stable (R30).
    fn cut_stable(&mut self, _: &[CommitId]) {}
    /// The newest stable checkpoint, and where its objects are. `None` for a fold that cuts none.
    fn newest_stable(&self) -> Option<(Checkpoint, MemoryNodes)> {
        None
    }
    /// An empty fold goes on from a checkpoint.
    fn stand_on(&mut self, checkpoint: &Checkpoint, _: &MemoryNodes) {
        panic!("this fold knows no checkpoints, not even one at {}", checkpoint.position());
    }
    /// The last commit at or before a time.
    fn last_through(&self, hlc: Hlc) -> Hlc;
    /// Whether reasons of old outcomes may be poorer than the reference's: below a checkpoint nobody knows who wrote a
    /// row (R29: the code is what counts).
    fn forgets_reasons(&self) -> bool {
        false
    }
}

/// Makes the empty fold of the replica with this number, in a world of this kind.
pub type NewFold = dyn Fn(usize, Kind) -> Box<dyn Fold> + Sync;

/// A commit as the fold needs it.
pub fn ordered(commit: &Commit) -> Arc<Ordered> {
    let header = &commit.header;
    Arc::new(Ordered {
        id: commit.id,
        parents: header.parents.clone(),
        hlc: header.hlc,
        author: header.author,
        run: header.run,
        seq: header.seq,
        settles: header.settles.clone(),
        changes: commit.changes().expect("simulated change sets are small and inline"),
        bytes: header.body_length,
    })
}

/// The linearizer itself.
pub struct Real(Linearizer);

impl Real {
    /// An empty one, with short epochs.
    pub fn new() -> Self {
        Real(Linearizer::new(Cuts { epoch_millis: EPOCH_MILLIS, ..Cuts::default() }))
    }
}

impl Default for Real {
    fn default() -> Self {
        Real::new()
    }
}

impl Fold for Real {
    fn arrive(&mut self, commits: Vec<Arc<Ordered>>) -> usize {
        let changes = self.0.add(commits, &NoHistory).expect("nothing has left the window");
        changes.outcomes.iter().filter(|(_, before, _)| before.is_some()).count()
    }
    fn check(&self, changes: &ChangeSet) -> Outcome {
        self.0.check(changes, &[]).expect("the state is in memory").outcome().clone()
    }
    fn view(&self) -> Arc<dyn View> {
        self.0.view()
    }
    fn outcome(&self, id: &CommitId) -> Option<Outcome> {
        self.0.outcome(*id).cloned()
    }
    fn hash_at(&mut self, hlc: Hlc) -> Option<NodeId> {
        self.0.advance();
        self.0.main_hash_at(hlc)
    }
    fn last_through(&self, hlc: Hlc) -> Hlc {
        self.0.last_through(hlc).map_or(Hlc::default(), |place| place.hlc)
    }
    fn report(&self) -> Report {
        let outcomes = self.0.outcomes().map(|(seat, outcome)| (seat.id(), outcome.clone())).collect();
        Report { state: super::report::digest_view(&*self.0.view()), main: self.0.main_hash(), outcomes }
    }
}
