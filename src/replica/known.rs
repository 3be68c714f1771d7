//! The commits that are here, as admission asks about them: a window in memory over the log on disk.
//!
//! Promises: answers depend on the admitted commits alone (R3). The window holds what lies above the last checkpoint;
//! older vertices are read from the log when asked for.

use super::clone::Cloned;
use super::record;
use dag::admit::{Candidate, Known, Promise, Standing, Window};
use dag::control::{ControlRecord, Members};
use dag::genesis::Genesis;
use dag::graph::Graph;
use dag::id::{AuthorId, CommitId};
use dag::slots::Slots;
use dag::store::{Log, Position};
use dag::version::Chains;
use dag::vertex::{Chain, Vertex};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The commits and what they say about members.
pub struct Knowledge {
    log: Arc<Log>,
    /// Commits above the last checkpoint.
    pub graph: Graph,
    /// Their places in their chains.
    pub chains: Chains,
    /// Where in the log each of them is, or before.
    pub entered: HashMap<CommitId, Position>,
    founding: Members,
    /// Control records by commit, few and small: all of them, in commit order.
    controls: BTreeMap<(dag::hlc::Hlc, AuthorId, CommitId), Vec<ControlRecord>>,
    promises: BTreeMap<AuthorId, Promise>,
    /// What is known of the commits that a clone does not have.
    cloned: Option<Arc<Cloned>>,
}

impl Knowledge {
    /// Nothing yet, over a log.
    pub fn new(log: Arc<Log>, founding: Members) -> Self {
        Knowledge {
            log,
            graph: Graph::new(),
            chains: Chains::default(),
            entered: HashMap::new(),
            founding,
            controls: BTreeMap::new(),
            promises: BTreeMap::new(),
            cloned: None,
        }
    }

    /// This replica was cloned: what lies below is known by its foothold.
    pub fn stand_on(&mut self, cloned: Arc<Cloned>) {
        for controls in cloned.foothold.controls() {
            self.note_control(&controls.vertex, controls.records.clone());
        }
        cloned.foothold.named().iter().for_each(|vertex| drop(self.chains.insert(vertex)));
        self.cloned = Some(cloned);
    }

    /// A commit that lies below the checkpoint this replica was cloned from, if it is one that matters.
    pub fn below_clone(&self, id: &CommitId) -> Option<Vertex> {
        self.cloned.as_ref()?.foothold.vertex(id).cloned()
    }

    /// A commit enters of which only the vertex is here.
    pub fn enter_bare(&mut self, vertex: &Vertex) {
        let position = self.log.end();
        if let Err(error) = self.graph.insert(vertex.clone()) {
            tracing::error!(%error, "an admitted commit does not fit the graph");
        }
        self.chains.insert(vertex);
        self.entered.insert(vertex.id, position);
    }

    /// Control records of an admitted commit.
    pub fn note_control(&mut self, vertex: &Vertex, records: Vec<ControlRecord>) {
        if !records.is_empty() {
            self.controls.insert((vertex.hlc, vertex.author, vertex.id), records);
        }
    }

    /// A promise carried by an author's tip (R15); the greatest counts.
    pub fn note_promise(&mut self, author: AuthorId, promise: Promise) {
        let known = self.promises.entry(author).or_insert(promise);
        if promise.through > known.through {
            *known = promise;
        }
    }

    /// The promises known, by author.
    pub fn promises(&self) -> &BTreeMap<AuthorId, Promise> {
        &self.promises
    }

    /// The member set of the closure of `heads`.
    pub fn members(&self, heads: &[CommitId]) -> Members {
        let mut members = self.founding.clone();
        for ((_, _, id), records) in &self.controls {
            if self.in_closure(id, heads) {
                records.iter().for_each(|record| members.apply(record));
            }
        }
        members
    }

    /// The member set at genesis.
    pub fn founding(&self) -> &Members {
        &self.founding
    }

    /// Every control record in the order of its commits, with their times.
    pub fn records(&self) -> impl Iterator<Item = (dag::hlc::Hlc, &ControlRecord)> {
        self.controls.iter().flat_map(|((hlc, ..), records)| records.iter().map(move |record| (*hlc, record)))
    }

    /// Every commit with control records in order: id, author, time, records.
    pub fn control_commits(&self) -> impl Iterator<Item = (CommitId, AuthorId, dag::hlc::Hlc, &[ControlRecord])> {
        self.controls.iter().map(|((hlc, author, id), records)| (*id, *author, *hlc, records.as_slice()))
    }

    /// How many commits carry control records: grows with every one.
    pub fn control_count(&self) -> usize {
        self.controls.len()
    }

    /// Whose AUTO_INCREMENT slots are whose (R38), by all control records here.
    pub fn slots(&self, genesis: &Genesis) -> Slots {
        let mut slots = Slots::founding(genesis);
        for ((_, author, _), records) in &self.controls {
            records.iter().for_each(|record| slots.apply(author, record));
        }
        slots
    }

    /// The commit that made an author a member: its first commit follows it (R6). `None` for the founder.
    pub fn admission(&self, author: &AuthorId) -> Option<CommitId> {
        let first = self.controls.iter().find(|(_, records)| records.iter().any(|record| admitted(record, author)));
        first.map(|((_, _, id), _)| *id)
    }

    /// The member set by all control records here.
    pub fn members_now(&self) -> Members {
        let mut members = self.founding.clone();
        self.records().for_each(|(_, record)| members.apply(record));
        members
    }

    /// Every control record, for a checkpoint to keep.
    pub fn controls(&self) -> impl Iterator<Item = (CommitId, &[ControlRecord])> {
        self.controls.iter().map(|((_, _, id), records)| (*id, records.as_slice()))
    }

    /// Numbers below those in memory are forgotten; the log still has the commits.
    pub fn forget_chains(&mut self) {
        let firsts: Vec<(Chain, u64)> = self
            .chains
            .versions()
            .keys()
            .map(|chain| {
                let inside = |id: &&CommitId| self.graph.get(id).is_some_and(|v| v.chain() == *chain);
                let first = self.entered.keys().filter(inside).filter_map(|id| self.graph.get(id)).map(|v| v.seq).min();
                (*chain, first.unwrap_or(u64::MAX))
            })
            .collect();
        firsts.into_iter().for_each(|(chain, seq)| self.chains.forget_below(chain, seq));
    }

    fn below(&self, id: &CommitId) -> Option<Vertex> {
        let here = record::read_vertex(&self.log, id).ok().flatten();
        here.or_else(|| self.below_clone(id))
    }
}

fn admitted(record: &ControlRecord, author: &AuthorId) -> bool {
    match record {
        ControlRecord::Admit { author: new, .. } | ControlRecord::RenewKey { new, .. } => new == author,
        _ => false,
    }
}

impl Known for Knowledge {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).cloned().or_else(|| self.below(id))
    }

    fn in_closure(&self, id: &CommitId, heads: &[CommitId]) -> bool {
        if heads.contains(id) {
            return true;
        }
        if let Some(answer) = self.graph.reaches(id, heads) {
            return answer;
        }
        if self.cloned.as_ref().is_some_and(|cloned| cloned.foothold.is_common(id)) {
            return !heads.is_empty();
        }
        let Some(wanted) = self.vertex(id) else { return false };
        let mut seen = BTreeSet::new();
        let mut open: Vec<CommitId> = heads.to_vec();
        while let Some(at) = open.pop() {
            if at == *id {
                return true;
            }
            let Some(vertex) = self.vertex(&at).filter(|v| v.generation > wanted.generation) else { continue };
            if seen.insert(at) {
                open.extend(vertex.parents);
            }
        }
        false
    }

    fn standing(&self, author: &AuthorId, heads: &[CommitId]) -> Standing {
        if self.controls.is_empty() {
            return self.founding.standing(author);
        }
        self.members(heads).standing(author)
    }

    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool {
        self.controls.iter().any(|((_, _, id), records)| id == commit && records.iter().any(|r| admitted(r, author)))
    }

    fn rules_level(&self, heads: &[CommitId]) -> u32 {
        if self.controls.is_empty() { self.founding.rules_level() } else { self.members(heads).rules_level() }
    }

    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.chains.at(chain, seq).to_vec()
    }

    fn promise(&self, author: &AuthorId) -> Option<Promise> {
        let known = self.promises.get(author).copied();
        // Everybody had promised to write nothing at or below a stable checkpoint (R16), whatever tips are here.
        let Some(cloned) = &self.cloned else { return known };
        let (through, .., commit) = cloned.foothold.place();
        known.filter(|promise| promise.through >= through).or(Some(Promise { through, commit }))
    }
}

impl Window for Knowledge {
    fn enter(&mut self, vertex: &Vertex, candidate: &Candidate<'_>) {
        self.note_control(vertex, candidate.records.to_vec());
        self.enter_bare(vertex);
    }

    fn leave(&mut self, vertex: &Vertex) {
        self.graph.withdraw(&vertex.id);
        self.chains.withdraw(vertex);
        self.entered.remove(&vertex.id);
        self.controls.remove(&(vertex.hlc, vertex.author, vertex.id));
    }
}
