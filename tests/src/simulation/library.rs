//! A simulated replica's commits: graph, chains, heads and bytes, as admission and exchange see them.
//!
//! Promises: what it serves is on disk and signed (R14). Owned by one replica and rebuilt from its disk after a crash.

use super::step::Habit;
use dag::admit::Known;
use dag::commit::Commit;
use dag::foothold::Foothold;
use dag::genesis::Genesis;
use dag::graph::Graph;
use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::skeleton::Skeleton;
use dag::tip::SignedTip;
use dag::version::{Ask, Chains, Lack, Position, Walk};
use dag::vertex::{Chain, Vertex};
use gossip::{Ledger, Served};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The commits.
#[derive(Debug)]
pub struct Library {
    /// Everything admitted, on disk or on its way.
    pub skeleton: Skeleton,
    /// What is on disk, by chain.
    stored: Chains,
    /// The heads of the virtual merge: own commits enter at once, fetched ones when they are on disk.
    pub heads: Heads,
    /// The heads of what is on disk: what is announced.
    pub stored_heads: Heads,
    commits: HashMap<CommitId, Commit>,
    tips: HashMap<CommitId, Arc<[u8]>>,
    durable: HashSet<CommitId>,
    /// Commits in the waiting room.
    pub waiting: BTreeSet<CommitId>,
    /// What they wait for.
    pub missing: Vec<CommitId>,
}

impl Library {
    /// Nothing but the beginning.
    pub fn new(genesis: &Genesis) -> Self {
        Library {
            skeleton: Skeleton::new(genesis),
            stored: Chains::default(),
            heads: Heads::new(),
            stored_heads: Heads::new(),
            commits: HashMap::new(),
            tips: HashMap::new(),
            durable: HashSet::new(),
            waiting: BTreeSet::new(),
            missing: Vec::new(),
        }
    }

    /// Goes on above a checkpoint; what is not here is known by its foothold.
    pub fn stand_on(&mut self, below: &Arc<Foothold>, habit: Habit) {
        if habit != Habit::ClonesWithoutChains {
            below.lasts().for_each(|last| _ = self.stored.insert(last));
        }
        for head in below.frontier().iter().filter_map(|id| below.vertex(id)) {
            self.heads.advance(head);
            self.stored_heads.advance(head);
        }
        self.skeleton.stand_on(below.clone());
    }

    /// Whether it is one of the commits that are not here and matter.
    pub fn is_below(&self, id: &CommitId) -> bool {
        self.skeleton.below().is_some_and(|below| below.vertex(id).is_some())
    }

    /// A signed tip, as it came.
    pub fn tip(&self, commit: &CommitId) -> Option<&Arc<[u8]>> {
        self.tips.get(commit)
    }

    /// Keeps the content of an admitted commit.
    pub fn keep(&mut self, commit: Commit) {
        self.commits.insert(commit.id, commit);
    }

    /// Everything admitted, in no order.
    pub fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.commits.values()
    }

    /// The content of an admitted commit.
    pub fn commit(&self, id: &CommitId) -> Option<&Commit> {
        self.commits.get(id)
    }

    /// A tip whose commit is admitted: its promise counts from now on (R15).
    pub fn keep_tip(&mut self, signed: &SignedTip) {
        self.skeleton.keep_promise(&signed.tip);
        self.tips.insert(signed.tip.commit, signed.to_bytes().into());
    }

    /// The graph of everything admitted.
    pub fn graph(&self) -> &Graph {
        self.skeleton.graph()
    }

    /// An admitted commit is on disk now.
    pub fn stored(&mut self, id: &CommitId) {
        if let Some(vertex) = self.skeleton.graph().get(id)
            && self.durable.insert(*id)
        {
            self.stored.insert(vertex);
            self.stored_heads.advance(vertex);
        }
    }

    /// Whether the commit is on disk.
    pub fn is_durable(&self, id: &CommitId) -> bool {
        self.durable.contains(id)
    }

    /// The greatest HLC among the heads: what the next commit's must exceed (R7).
    pub fn newest_hlc(&self) -> Hlc {
        let heads = self.heads.newest(1);
        heads.first().and_then(|id| self.graph().get(id)).map_or(Hlc::default(), |v| v.hlc)
    }
}

impl Ledger for Library {
    fn heads(&self) -> Vec<CommitId> {
        self.stored_heads.newest(usize::MAX)
    }
    fn knows(&self, id: &CommitId) -> bool {
        self.graph().contains(id) || self.waiting.contains(id) || self.is_below(id)
    }
    fn missing(&self) -> Vec<CommitId> {
        self.missing.clone()
    }
    fn have(&self) -> Vec<(Chain, Position)> {
        self.stored.have()
    }
    fn lack(&self, ask: &Ask<'_>) -> Lack {
        self.stored.lack(ask, &self.skeleton)
    }
    fn next(&self, walk: &mut Walk, most: usize) -> Vec<CommitId> {
        walk.next(&self.stored, &self.skeleton, most)
    }
    fn is_tip(&self, id: &CommitId) -> bool {
        self.tips.contains_key(id)
    }
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        Known::vertex(&self.skeleton, id)
    }
    fn served(&self, id: &CommitId) -> Option<Served> {
        let commit = self.commits.get(id).filter(|_| self.durable.contains(id))?;
        Some(Served { commit: commit.bytes().clone(), tip: self.tips.get(id).cloned() })
    }
}
