//! The control records of everything admitted, and the member set that they make of each closure (R12).
//!
//! Promises: the member set of a commit's ancestors costs one look-up, because each commit shares the set of newest
//! control commits below it with its parents; computed anew only where control records meet. A commit that has left
//! memory is asked about by a walk that the owner brings. Does not know bodies nor the store.

use crate::control::{ControlRecord, Members};
use crate::foothold::Foothold;
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, RunId};
use crate::id_map::IdMap;
use crate::vertex::Vertex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The newest control commits of a closure, sorted: they name its member set.
type Frontier = Arc<[CommitId]>;

/// Whether the first commit is the second or an ancestor of it; asked only about commits that left memory.
pub type Reaches<'a> = dyn Fn(&CommitId, &CommitId) -> bool + 'a;

/// A control commit's place in the order.
type Place = (Hlc, AuthorId, RunId, CommitId);

/// A control commit.
#[derive(Clone, Debug)]
struct Control {
    records: Vec<ControlRecord>,
    /// The newest control commits below it.
    below: Frontier,
}

/// What is kept of a control commit beside the commit itself: the newest control commits below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFrontier(pub CommitId, pub Vec<CommitId>);

/// The control records.
#[derive(Clone, Debug)]
pub struct Controls {
    founding: Members,
    /// In the order of their commits.
    controls: BTreeMap<Place, Control>,
    places: IdMap<CommitId, Place>,
    /// Of the commits in memory.
    frontiers: IdMap<CommitId, Frontier>,
    members: HashMap<Frontier, Arc<Members>>,
}

impl Controls {
    /// None yet.
    pub fn new(founding: Members) -> Self {
        let (places, frontiers, members) = Default::default();
        Controls { founding, controls: BTreeMap::new(), places, frontiers, members }
    }

    /// A commit enters with its records, after its parents.
    pub fn enter(&mut self, vertex: &Vertex, records: &[ControlRecord], reaches: &Reaches<'_>) {
        let below = self.frontier_above(&vertex.parents, reaches);
        let frontier = if records.is_empty() {
            below
        } else {
            self.keep(vertex, records.to_vec(), below);
            Arc::new([vertex.id])
        };
        self.share(&frontier);
        self.frontiers.insert(vertex.id, frontier);
    }

    fn share(&mut self, frontier: &Frontier) {
        if !self.members.contains_key(frontier) {
            let members = Arc::new(self.fold(frontier));
            self.members.insert(frontier.clone(), members);
        }
    }

    fn keep(&mut self, vertex: &Vertex, records: Vec<ControlRecord>, below: Frontier) {
        let place = (vertex.hlc, vertex.author, vertex.run, vertex.id);
        self.places.insert(vertex.id, place);
        self.controls.insert(place, Control { records, below });
    }

    /// The commit that entered last leaves again.
    pub fn leave(&mut self, id: &CommitId) {
        self.frontiers.remove(id);
        if let Some(place) = self.places.remove(id) {
            self.controls.remove(&place);
            self.members.remove(&[*id][..]);
        }
    }

    /// A control commit from below the window, with what was kept of it ([`Controls::kept`]).
    pub fn restore(&mut self, vertex: &Vertex, records: Vec<ControlRecord>, below: &[CommitId]) {
        self.keep(vertex, records, below.into());
    }

    /// The control commits below a foothold, for a replica without the commits there. Which of them lie below which is
    /// asked of the foothold, commit by commit.
    pub fn stand_on(&mut self, foothold: &Foothold) {
        foothold.controls().iter().for_each(|control| self.restore(&control.vertex, control.records.clone(), &[]));
    }

    /// A commit that others stand on, with what was kept of it.
    pub fn restore_ground(&mut self, id: CommitId, frontier: &[CommitId]) {
        let frontier: Frontier = frontier.into();
        self.share(&frontier);
        self.frontiers.insert(id, frontier);
    }

    /// The control commits in their order, with what to keep of each.
    pub fn kept(&self) -> Vec<KeptFrontier> {
        self.controls.iter().map(|((.., id), control)| KeptFrontier(*id, control.below.to_vec())).collect()
    }

    /// What to keep of commits that others stand on.
    pub fn kept_ground(&self, ids: &[CommitId]) -> Vec<KeptFrontier> {
        ids.iter().filter_map(|id| Some(KeptFrontier(*id, self.frontiers.get(id)?.to_vec()))).collect()
    }

    /// A commit that is no longer in memory is asked about by a walk from now on.
    pub fn forget(&mut self, id: &CommitId) {
        self.frontiers.remove(id);
    }

    /// The same for all that are no longer in memory, and for the member sets that none of the others has.
    pub fn retain(&mut self, is_in_memory: &dyn Fn(&CommitId) -> bool) {
        self.frontiers.retain(|id, _| is_in_memory(id));
        let used: BTreeSet<&Frontier> = self.frontiers.values().collect();
        self.members.retain(|frontier, _| used.contains(frontier));
    }

    /// The member set at genesis.
    pub fn founding(&self) -> &Members {
        &self.founding
    }

    /// The member set of the closure of `heads` (R12).
    pub fn members(&self, heads: &[CommitId], reaches: &Reaches<'_>) -> Arc<Members> {
        let frontier = self.frontier_above(heads, reaches);
        self.members.get(&frontier).cloned().unwrap_or_else(|| Arc::new(self.fold(&frontier)))
    }

    /// The records of a control commit.
    pub fn of(&self, id: &CommitId) -> &[ControlRecord] {
        let control = self.places.get(id).and_then(|place| self.controls.get(place));
        control.map_or(&[], |control| &control.records)
    }

    /// Every control commit in its order, with its records.
    pub fn iter(&self) -> impl Iterator<Item = (CommitId, AuthorId, Hlc, &[ControlRecord])> {
        self.controls.iter().map(|((hlc, author, _, id), control)| (*id, *author, *hlc, control.records.as_slice()))
    }

    /// How many control commits there are.
    pub fn len(&self) -> usize {
        self.controls.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.controls.is_empty()
    }

    /// The newest control commits in the closure of `heads`. Heads that agree, as nearly always, share one.
    fn frontier_above(&self, heads: &[CommitId], reaches: &Reaches<'_>) -> Frontier {
        if self.controls.is_empty() {
            return Arc::new([]);
        }
        let mut known = heads.iter().map(|head| self.frontiers.get(head));
        if let Some(Some(first)) = known.next()
            && known.all(|other| other.is_some_and(|other| Arc::ptr_eq(first, other) || first == other))
        {
            return first.clone();
        }
        let mut all: BTreeSet<CommitId> = BTreeSet::new();
        for head in heads {
            match self.frontiers.get(head) {
                Some(frontier) => all.extend(frontier.iter()),
                None => all.extend(self.places.keys().filter(|control| reaches(control, head))),
            }
        }
        let covered = |id: &CommitId| all.iter().any(|other| other != id && self.reached(other).contains(id));
        all.iter().filter(|id| !covered(id)).copied().collect()
    }

    /// A control commit and every one below it.
    fn reached(&self, from: &CommitId) -> BTreeSet<CommitId> {
        let (mut open, mut seen) = (vec![*from], BTreeSet::new());
        while let Some(id) = open.pop() {
            if let Some(control) = self.places.get(&id).and_then(|place| self.controls.get(place))
                && seen.insert(id)
            {
                open.extend(control.below.iter());
            }
        }
        seen
    }

    /// The control records below a frontier in their commits' order, folded.
    fn fold(&self, frontier: &[CommitId]) -> Members {
        let reached: BTreeSet<CommitId> = frontier.iter().flat_map(|id| self.reached(id)).collect();
        let mut members = self.founding.clone();
        let inside = self.controls.iter().filter(|((.., id), _)| reached.contains(id));
        inside.flat_map(|(_, control)| &control.records).for_each(|record| members.apply(record));
        members
    }
}
