//! A simulated replica's commits: graph, chains, heads and bytes, as admission and exchange see them.
//!
//! Promises: what it serves is on disk and signed (R14). Owned by one replica and rebuilt from its disk after a crash.

use super::pack::{Opened, OpenedTip};
use dag::admit::{Known, Promise, Standing, Window};
use dag::graph::Graph;
use dag::header::Header;
use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId};
use dag::version::{Chains, Lack, Versions};
use dag::vertex::{Chain, Vertex};
use gossip::{Ledger, Served};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Who may write: the same at every place of the simulated histories.
#[derive(Clone, Debug)]
pub struct Members {
    /// The founder, an admin.
    pub founder: AuthorId,
    /// Everybody who writes, the founder among them.
    pub writers: BTreeSet<AuthorId>,
    /// The founder's commit that admits the others.
    pub admission: CommitId,
}

/// The commits.
#[derive(Debug)]
pub struct Library {
    members: Arc<Members>,
    /// Everything admitted, on disk or on its way.
    pub graph: Graph,
    admitted: Chains,
    /// What is on disk, by chain.
    stored: Chains,
    /// The heads of the virtual merge: own commits enter at once, fetched ones when they are on disk.
    pub heads: Heads,
    /// The heads of what is on disk: what is announced.
    pub stored_heads: Heads,
    commits: HashMap<CommitId, Arc<Opened>>,
    tips: HashMap<CommitId, Arc<[u8]>>,
    durable: HashSet<CommitId>,
    promises: BTreeMap<AuthorId, Promise>,
    /// Commits in the waiting room.
    pub waiting: BTreeSet<CommitId>,
}

impl Library {
    /// Nothing but the rule who may write.
    pub fn new(members: Arc<Members>) -> Self {
        Library {
            members,
            graph: Graph::new(),
            admitted: Chains::default(),
            stored: Chains::default(),
            heads: Heads::new(),
            stored_heads: Heads::new(),
            commits: HashMap::new(),
            tips: HashMap::new(),
            durable: HashSet::new(),
            promises: BTreeMap::new(),
            waiting: BTreeSet::new(),
        }
    }

    /// Keeps the content of an admitted commit.
    pub fn keep(&mut self, opened: Arc<Opened>) {
        self.commits.insert(opened.id, opened);
    }

    /// The content of an admitted commit.
    pub fn commit(&self, id: &CommitId) -> Option<&Arc<Opened>> {
        self.commits.get(id)
    }

    /// A tip whose commit is admitted: its promise counts from now on (R15).
    pub fn keep_tip(&mut self, tip: &OpenedTip) {
        let promise = Promise { through: tip.promise, commit: tip.commit };
        let known = self.promises.entry(tip.author).or_insert(promise);
        if known.through < promise.through {
            *known = promise;
        }
        self.tips.insert(tip.commit, tip.bytes.clone());
    }

    /// An admitted commit is on disk now.
    pub fn stored(&mut self, id: &CommitId) {
        if let Some(vertex) = self.graph.get(id)
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
        heads.first().and_then(|id| self.graph.get(id)).map_or(Hlc::default(), |v| v.hlc)
    }
}

impl Known for Library {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).cloned()
    }
    fn in_closure(&self, id: &CommitId, heads: &[CommitId]) -> bool {
        self.graph.reaches(id, heads) == Some(true)
    }
    fn standing(&self, author: &AuthorId, _: &[CommitId]) -> Standing {
        match self.members.writers.contains(author) {
            true if *author == self.members.founder => Standing::Admin,
            true => Standing::Writer,
            false => Standing::Stranger,
        }
    }
    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool {
        *commit == self.members.admission && self.members.writers.contains(author)
    }
    fn rules_level(&self, _: &[CommitId]) -> u32 {
        dag::admit::RULES_LEVEL
    }
    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.admitted.at(chain, seq).to_vec()
    }
    fn promise(&self, author: &AuthorId) -> Option<Promise> {
        self.promises.get(author).copied()
    }
}

impl Window for Library {
    fn enter(&mut self, vertex: &Vertex, _: &Header) {
        self.admitted.insert(vertex);
        self.graph.insert(vertex.clone()).expect("generations come from admission");
    }
    fn leave(&mut self, vertex: &Vertex) {
        self.graph.withdraw(&vertex.id);
        self.admitted.withdraw(vertex);
    }
}

impl Ledger for Library {
    fn heads(&self) -> Vec<CommitId> {
        self.stored_heads.newest(usize::MAX)
    }
    fn knows(&self, id: &CommitId) -> bool {
        self.graph.contains(id) || self.waiting.contains(id)
    }
    fn versions(&self) -> Versions {
        self.stored.versions()
    }
    fn lack(&self, want: &[CommitId], have: &Versions, also: &[CommitId], settled: bool) -> Lack {
        self.stored.lack(&self.graph, want, have, also, settled)
    }
    fn vertex(&self, id: &CommitId) -> Option<&Vertex> {
        self.graph.get(id)
    }
    fn served(&self, id: &CommitId) -> Option<Served> {
        let opened = self.commits.get(id).filter(|_| self.durable.contains(id))?;
        Some(Served { commit: opened.bytes.clone(), tip: self.tips.get(id).cloned() })
    }
}
