//! The commits that are here, as admission asks about them: a window in memory over the log on disk.
//!
//! Promises: answers depend on the admitted commits alone (R3). The window holds what lies above the last checkpoint;
//! older vertices are read from the log when asked for.

use super::clone::Cloned;
use super::record;
use dag::admit::{Candidate, Closed, Known, Promise, Standing, Window, walks_to};
use dag::control::{ControlRecord, Members};
use dag::controls::Controls;
use dag::genesis::Genesis;
use dag::graph::Graph;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId};
use dag::id_map::IdMap;
use dag::slots::Slots;
use dag::store::{Kind, Log, Position, Record};
use dag::version::{Chains, Lookup, Page, page_id};
use dag::vertex::{Chain, Vertex};
use linearizer::order::Place;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The commits and what they say about members.
pub struct Knowledge {
    log: Arc<Log>,
    /// Commits above the last checkpoint.
    pub graph: Graph,
    /// Their places in their chains.
    pub chains: Chains,
    /// Where in the log each of them is, or before.
    pub entered: IdMap<CommitId, Position>,
    /// Control records, few and small: all of them.
    pub controls: Controls,
    promises: BTreeMap<AuthorId, Promise>,
    /// Nothing at or below it changes any more (R16).
    pub closed: Closed,
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
            entered: IdMap::default(),
            controls: Controls::new(founding),
            promises: BTreeMap::new(),
            closed: Closed::default(),
            cloned: None,
        }
    }

    /// The log beneath.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// This replica was cloned: what lies below is known by its foothold.
    pub fn stand_on(&mut self, cloned: Arc<Cloned>) {
        self.controls.stand_on(&cloned.foothold);
        cloned.foothold.lasts().for_each(|last| _ = self.chains.insert(last));
        self.cloned = Some(cloned);
    }

    /// A commit that lies below the checkpoint this replica was cloned from, if it is one that matters.
    pub fn below_clone(&self, id: &CommitId) -> Option<Vertex> {
        self.cloned.as_ref()?.foothold.vertex(id).cloned()
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
    pub fn members(&self, heads: &[CommitId]) -> Arc<Members> {
        self.controls.members(heads, &|control, head| self.in_closure(control, &[*head]))
    }

    /// The member set at genesis.
    pub fn founding(&self) -> &Members {
        self.controls.founding()
    }

    /// Every control record in the order of its commits, with their times.
    pub fn records(&self) -> impl Iterator<Item = (Hlc, &ControlRecord)> {
        self.controls.iter().flat_map(|(_, _, hlc, records)| records.iter().map(move |record| (hlc, record)))
    }

    /// Every commit with control records in order: id, author, time, records.
    pub fn control_commits(&self) -> impl Iterator<Item = (CommitId, AuthorId, Hlc, &[ControlRecord])> {
        self.controls.iter()
    }

    /// How many commits carry control records: grows with every one.
    pub fn control_count(&self) -> usize {
        self.controls.len()
    }

    /// Whose AUTO_INCREMENT slots are whose (R38), by all control records here.
    pub fn slots(&self, genesis: &Genesis) -> Slots {
        let mut slots = Slots::founding(genesis);
        for (_, author, _, records) in self.controls.iter() {
            records.iter().for_each(|record| slots.apply(&author, record));
        }
        slots
    }

    /// The commit that made an author a member: its first commit follows it (R6). `None` for the founder.
    pub fn admission(&self, author: &AuthorId) -> Option<CommitId> {
        let first = self.controls.iter().find(|(.., records)| records.iter().any(|record| admitted(record, author)));
        first.map(|(id, ..)| id)
    }

    /// The member set by all control records here.
    pub fn members_now(&self) -> Members {
        let mut members = self.founding().clone();
        self.records().for_each(|(_, record)| members.apply(record));
        members
    }

    /// Writes down the chain positions of commits that are about to leave memory ([`Knowledge::forget`]).
    pub fn pages(&self, leaving: &[Vertex]) -> Vec<Record> {
        let pages = self.chains.leaving(leaving, self);
        pages
            .iter()
            .map(|((chain, number), page)| Record::new(Kind::CHAIN, page_id(*chain, *number), page.to_bytes()))
            .collect()
    }

    /// Commits below a checkpoint whose pages are written leave memory, but for those that others stand on.
    pub fn forget(&mut self, leaving: &[Vertex], through: Place) {
        for vertex in leaving {
            self.entered.remove(&vertex.id);
        }
        self.chains.forget(leaving);
        let mut ids = leaving.iter().map(|vertex| vertex.id);
        let left = self.graph.retire(&mut ids, &|vertex| lies_through(vertex, through));
        left.iter().for_each(|id| self.controls.forget(id));
    }

    /// What stayed as others' ground at an earlier checkpoint may go now, and what is kept of member sets with it.
    pub fn tidy(&mut self, through: Place) {
        let is_below = |vertex: &Vertex| lies_through(vertex, through);
        let below: Vec<CommitId> = self.graph.vertices().filter(|v| is_below(v)).map(|vertex| vertex.id).collect();
        self.graph.retire(&mut below.into_iter(), &is_below);
        let graph = &self.graph;
        self.controls.retain(&|id| graph.contains(id));
    }

    /// A head of the last checkpoint: the commits above stand on it.
    pub fn rest_on(&mut self, vertex: Vertex) {
        if let Err(error) = self.graph.insert(vertex) {
            tracing::error!(%error, "a checkpoint's head does not fit the graph");
        }
    }

    /// Those of these commits that are in memory.
    pub fn in_memory(&self, ids: &[CommitId]) -> Vec<Vertex> {
        let entered = ids.iter().filter(|id| self.entered.contains_key(*id));
        entered.filter_map(|id| self.graph.get(id).cloned()).collect()
    }

    /// Everything in memory at or before a place, parents first: what a checkpoint there lets go.
    pub fn through(&self, place: Place) -> Vec<CommitId> {
        let vertices = self.entered.keys().filter_map(|id| self.graph.get(id));
        let mut below: Vec<&Vertex> = vertices.filter(|vertex| lies_through(vertex, place)).collect();
        below.sort_unstable_by_key(|vertex| (vertex.generation, vertex.id));
        below.into_iter().map(|vertex| vertex.id).collect()
    }

    /// The controls are taken out for a moment, because they ask back about commits below the window.
    fn enter_control(&mut self, vertex: &Vertex, records: &[ControlRecord]) {
        let empty = Controls::new(self.founding().clone());
        let mut controls = std::mem::replace(&mut self.controls, empty);
        controls.enter(vertex, records, &|control, head| self.in_closure(control, &[*head]));
        self.controls = controls;
    }

    fn below(&self, id: &CommitId) -> Option<Vertex> {
        let here = record::read_vertex(&self.log, id).ok().flatten();
        here.or_else(|| self.below_clone(id))
    }
}

fn lies_through(vertex: &Vertex, place: Place) -> bool {
    Place::new(vertex.hlc, vertex.author, vertex.run, vertex.id) <= place
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
        match self.graph.reaches(id, heads) {
            Some(true) => return true,
            // What lies above the last checkpoint is linked to all that stands on it; of the ground below some links left.
            Some(false) if self.entered.contains_key(id) => return false,
            _ => {}
        }
        if self.cloned.as_ref().is_some_and(|cloned| cloned.foothold.is_common(id)) {
            return !heads.is_empty();
        }
        walks_to(self, id, heads)
    }

    fn standing(&self, author: &AuthorId, heads: &[CommitId]) -> Standing {
        self.members(heads).standing(author)
    }

    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool {
        self.controls.of(commit).iter().any(|record| admitted(record, author))
    }

    fn rules_level(&self, heads: &[CommitId]) -> u32 {
        self.members(heads).rules_level()
    }

    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.chains.numbered(chain, seq, self)
    }

    fn promise(&self, author: &AuthorId) -> Option<Promise> {
        let known = self.promises.get(author).copied();
        self.cloned.as_ref().map_or(known, |cloned| Some(cloned.foothold.promise(known)))
    }

    fn closed(&self, author: &AuthorId) -> Hlc {
        self.closed.through(author)
    }
}

impl Lookup for Knowledge {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        Known::vertex(self, id)
    }

    fn page(&self, chain: Chain, number: u64) -> Page {
        let read = self.log.get(Kind::CHAIN, &page_id(chain, number));
        match read.map(|bytes| bytes.map_or_else(|| Some(Page::default()), |bytes| Page::from_bytes(&bytes))) {
            Ok(Some(page)) => page,
            other => {
                tracing::error!(author = %chain.author, number, failed = ?other.err(), "a chain's page cannot be read");
                Page::default()
            }
        }
    }
}

impl Window for Knowledge {
    fn enter(&mut self, vertex: &Vertex, candidate: &Candidate<'_>) {
        self.enter_control(vertex, candidate.records);
        let position = self.log.end();
        if let Err(error) = self.graph.insert(vertex.clone()) {
            tracing::error!(%error, "an admitted commit does not fit the graph");
        }
        self.chains.insert(vertex);
        self.entered.insert(vertex.id, position);
    }

    fn leave(&mut self, vertex: &Vertex) {
        self.graph.withdraw(&vertex.id);
        self.chains.withdraw(vertex);
        self.entered.remove(&vertex.id);
        self.controls.leave(&vertex.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::change::ChangeSet;
    use dag::clock::System;
    use dag::commit::Commit;
    use dag::disk::Image;
    use dag::header::Header;
    use dag::id::RunId;
    use dag::store::Options;

    fn knowledge() -> (Knowledge, Genesis) {
        let genesis = Genesis::found(AuthorId([1; 32]), AuthorId([2; 32]), &System::new()).unwrap();
        let (log, _) = Log::open(Arc::new(Image::default()), Options::default()).unwrap();
        (Knowledge::new(Arc::new(log), Members::founding(&genesis)), genesis)
    }

    /// A commit of an author of its own, at this time, in the log and in memory.
    fn enter(known: &mut Knowledge, genesis: &Genesis, millis: u8, parents: &[&Vertex]) -> Vertex {
        let bare = Header::bare(genesis.id(), AuthorId([millis; 32]), RunId(1), 1);
        let parent_ids = parents.iter().map(|parent| parent.id).collect();
        let header = Header { parents: parent_ids, hlc: Hlc::new(millis.into(), 0), ..bare };
        let commit = Commit::new(header, &ChangeSet::default(), &[]).unwrap();
        let generation = parents.iter().map(|parent| parent.generation).max().unwrap_or(0) + 1;
        let vertex = Vertex::of(commit.id, &commit.header, generation);
        known.log().append_batch(&[record::of_commit(&commit, generation)]).unwrap();
        known.enter(&vertex, &record::candidate(&commit));
        vertex
    }

    /// Another member had not heard q when it wrote c behind the checkpoint, so a stays in memory, and so does b, for d.
    /// Between them q has left: the next commit of a's author, with d as parent, was taken for one that leaves a out.
    //
    //    /------------------- c
    //   a --- q --- b -|----- d
    #[test]
    fn what_the_ground_of_a_checkpoint_stands_on_is_in_its_closure() {
        let (mut known, genesis) = knowledge();
        let a = enter(&mut known, &genesis, 1, &[]);
        let q = enter(&mut known, &genesis, 2, &[&a]);
        let b = enter(&mut known, &genesis, 3, &[&q]);
        let c = enter(&mut known, &genesis, 4, &[&a]);
        let d = enter(&mut known, &genesis, 5, &[&b]);
        for left in [&[][..], &[a.clone(), q.clone(), b.clone()]] {
            known.forget(left, Place::new(b.hlc, b.author, b.run, b.id));
            for (id, head, inside) in [(&a, &d, true), (&q, &d, true), (&a, &c, true), (&b, &c, false), (&d, &c, false)]
            {
                assert_eq!(known.in_closure(&id.id, &[head.id]), inside, "{:?} below {:?}", id.hlc, head.hlc);
            }
        }
    }
}
