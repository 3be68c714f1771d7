//! The skeleton of everything admitted: graph, chains, member sets and promises, without bodies. What admission asks,
//! answered.
//!
//! Promises: all of it is in memory, but for what lies below the foothold of a clone; the root package has the same over a
//! window and a log. Does not read the store: the owner enters commits parents first, and brings their control records.

use crate::admit::{Candidate, Closed, Known, Promise, Standing, Window, walks_to};
use crate::control::{ControlRecord, Members};
use crate::controls::Controls;
use crate::foothold::Foothold;
use crate::genesis::Genesis;
use crate::graph::Graph;
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId};
use crate::tip::Tip;
use crate::version::{Chains, Lookup, Page};
use crate::vertex::{Chain, Vertex};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The skeleton.
#[derive(Clone, Debug)]
pub struct Skeleton {
    graph: Graph,
    chains: Chains,
    controls: Controls,
    promises: BTreeMap<AuthorId, Promise>,
    closed: Closed,
    below: Option<Arc<Foothold>>,
}

impl Skeleton {
    /// Nothing admitted yet.
    pub fn new(genesis: &Genesis) -> Self {
        Skeleton {
            graph: Graph::new(),
            chains: Chains::default(),
            controls: Controls::new(Members::founding(genesis)),
            promises: BTreeMap::new(),
            closed: Closed::default(),
            below: None,
        }
    }

    /// Goes on above a stable checkpoint; what lies below is known by its foothold.
    pub fn stand_on(&mut self, below: Arc<Foothold>) {
        self.controls.stand_on(&below);
        below.lasts().for_each(|last| _ = self.chains.insert(last));
        for head in below.frontier().iter().filter_map(|id| below.vertex(id)) {
            self.graph.insert(head.clone()).expect("heads do not stand on each other");
        }
        self.below = Some(below);
    }

    /// What is known of the commits that are not here.
    pub fn below(&self) -> Option<&Arc<Foothold>> {
        self.below.as_ref()
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The chains.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// The control records.
    pub fn controls(&self) -> &Controls {
        &self.controls
    }

    /// The commit that made an author a member: its first commit follows it (R6). `None` for the founder.
    pub fn admission(&self, author: &AuthorId) -> Option<CommitId> {
        let first = self.controls.iter().find(|(id, ..)| self.admits(id, author));
        first.map(|(id, ..)| id)
    }

    /// Takes note of a verified tip whose commit is admitted: its promise counts from now on (R15).
    pub fn keep_promise(&mut self, tip: &Tip) {
        self.note_promise(tip.author, Promise { through: tip.promise, commit: tip.commit });
    }

    /// Takes note of a promise of an author's tip; the greatest counts.
    pub fn note_promise(&mut self, author: AuthorId, promise: Promise) {
        let known = self.promises.entry(author).or_insert(promise);
        if known.through < promise.through {
            *known = promise;
        }
    }

    /// What is closed from now on (R16).
    pub fn close(&mut self, closed: Closed) {
        self.closed = closed;
    }

    /// The member set of the closure of `heads` (R12).
    pub fn members(&self, heads: &[CommitId]) -> Arc<Members> {
        self.controls.members(heads, &|control, head| self.in_closure(control, &[*head]))
    }
}

impl Known for Skeleton {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).or_else(|| self.below.as_ref()?.vertex(id)).cloned()
    }

    fn in_closure(&self, id: &CommitId, heads: &[CommitId]) -> bool {
        match (self.graph.reaches(id, heads), &self.below) {
            (Some(answer), _) => answer,
            (None, None) => false,
            (None, Some(below)) if below.is_common(id) => !heads.is_empty(),
            (None, Some(_)) => walks_to(self, id, heads),
        }
    }

    fn standing(&self, author: &AuthorId, heads: &[CommitId]) -> Standing {
        self.members(heads).standing(author)
    }

    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool {
        let admits = |record: &ControlRecord| match record {
            ControlRecord::Admit { author: admitted, .. } => admitted == author,
            ControlRecord::RenewKey { new, .. } => new == author,
            _ => false,
        };
        self.controls.of(commit).iter().any(admits)
    }

    fn rules_level(&self, heads: &[CommitId]) -> u32 {
        self.members(heads).rules_level()
    }

    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.chains.at(chain, seq)
    }

    fn promise(&self, author: &AuthorId) -> Option<Promise> {
        let told = self.promises.get(author).copied();
        self.below.as_ref().map_or(told, |below| Some(below.promise(told)))
    }

    fn closed(&self, author: &AuthorId) -> Hlc {
        self.closed.through(author)
    }
}

impl Lookup for Skeleton {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        Known::vertex(self, id)
    }

    fn page(&self, _: Chain, _: u64) -> Page {
        Page::default()
    }
}

impl Window for Skeleton {
    fn enter(&mut self, vertex: &Vertex, candidate: &Candidate<'_>) {
        // Taken out for a moment, because they ask back about commits below.
        let empty = Controls::new(self.controls.founding().clone());
        let mut controls = std::mem::replace(&mut self.controls, empty);
        controls.enter(vertex, candidate.records, &|control, head| self.in_closure(control, &[*head]));
        self.controls = controls;
        self.chains.insert(vertex);
        self.graph.insert(vertex.clone()).expect("its generation was computed from its parents by admission");
    }

    fn leave(&mut self, vertex: &Vertex) {
        if self.graph.withdraw(&vertex.id) {
            self.chains.withdraw(vertex);
            self.controls.leave(&vertex.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Entropy, EntropyError};
    use crate::control::Role;
    use crate::header::{CommitKind, Header};
    use crate::id::GenesisId;
    use crate::id::RunId;
    use crate::vertex::drawing::{id, vertex};

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
            buffer.fill(0);
            Ok(())
        }
    }

    fn author(n: u8) -> AuthorId {
        AuthorId([n; 32])
    }

    fn header() -> Header {
        Header { kind: CommitKind::Control, ..Header::bare(GenesisId([0; 32]), author(1), RunId(1), 1) }
    }

    //              /--- b (removes 2) --- d ---\
    // a (admits 2)                              f
    //              \--- c (admits 3) --- e ----/
    #[test]
    fn each_closure_has_its_own_members_and_removal_wins_where_they_meet() {
        let genesis = Genesis::found(author(1), author(9), &Zeros).unwrap();
        let mut skeleton = Skeleton::new(&genesis);
        let admit = |n| ControlRecord::Admit { author: author(n), role: Role::Writer, name: String::new() };
        let history: [(&str, &str, Vec<ControlRecord>); 6] = [
            ("a", "", vec![admit(2)]),
            ("b", "a", vec![ControlRecord::Remove(author(2))]),
            ("c", "a", vec![admit(3)]),
            ("d", "b", vec![]),
            ("e", "c", vec![]),
            ("f", "de", vec![]),
        ];
        for (name, parents, records) in &history {
            let parents: Vec<CommitId> = parents.chars().map(|p| id(&p.to_string())).collect();
            let generation = skeleton.graph.generation_above(&parents, 0);
            let vertex = vertex(name, parents, generation);
            skeleton.enter(&vertex, &Candidate { id: vertex.id, header: &header(), records });
        }
        for (head, second, third) in [
            ("a", Standing::Writer, Standing::Stranger),
            ("d", Standing::Stranger, Standing::Stranger),
            ("e", Standing::Writer, Standing::Writer),
            ("f", Standing::Stranger, Standing::Writer),
        ] {
            let standing = |n| skeleton.standing(&author(n), &[id(head)]);
            assert_eq!((standing(2), standing(3)), (second, third), "in the closure of {head}");
        }
        assert_eq!(skeleton.standing(&author(1), &[]), Standing::Admin);
        assert!(skeleton.admits(&id("c"), &author(3)) && !skeleton.admits(&id("c"), &author(2)));
        let f = skeleton.graph.get(&id("f")).unwrap().clone();
        skeleton.leave(&f);
        assert_eq!(skeleton.graph.heads(), [id("d"), id("e")]);
    }
}
