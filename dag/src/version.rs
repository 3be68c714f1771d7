//! Version vectors: what a peer holds, said in one position per chain, and what another lacks of it (R41).
//!
//! [`Chains`] knows every commit by its place in its chain: those of the window in memory, older ones on pages that its
//! owner keeps ([`Lookup`]). Promises: a difference is given out in the order of main, so parents come first, and costs
//! what it holds, not the history; a position that is not held is answered with a ladder of own ids (n, n-1, n-2, n-4
//! ...), so that a forked chain costs one more round trip and never stalls. Does not talk to anyone: `gossip` does.

mod course;
mod lack;

pub use course::{PAGE, Page, Record, Step, page_id};
pub use lack::{Ask, Lack, Walk};

use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, RunId};
pub use crate::limits::{MAX_BRANCHES, MAX_ENDS};
use crate::vertex::{Chain, Vertex};
use course::Course;
use std::collections::{BTreeMap, BTreeSet};

/// A place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number within the chain.
    pub seq: u64,
    /// The commit there.
    pub id: CommitId,
}

/// What a peer holds: the last position of each chain. Everything before it is held, too.
pub type Versions = BTreeMap<Chain, Position>;

/// What lies below the window, and in it.
pub trait Lookup {
    /// The vertex of a commit that may be spoken of.
    fn vertex(&self, id: &CommitId) -> Option<Vertex>;
    /// A page that was written when its numbers left memory ([`Chains::leaving`]); empty if there is none.
    fn page(&self, chain: Chain, number: u64) -> Page;
}

/// Every commit by its place in its chain.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    by_chain: BTreeMap<Chain, Course>,
}

impl Chains {
    /// Adds a commit. `Some(other)`: a different commit has this number already, which proves equivocation (R6).
    pub fn insert(&mut self, vertex: &Vertex) -> Option<CommitId> {
        let chain = vertex.chain();
        let before = if vertex.seq == 1 { self.continued_by(vertex) } else { None };
        if let Some((run, seq)) = before
            && let Some(course) = self.by_chain.get_mut(&Chain { run, ..chain })
        {
            course.continued = seq;
        }
        let course = self.by_chain.entry(chain).or_default();
        course.before = course.before.or(before);
        course.insert(vertex)
    }

    /// The chain of the same author that a first commit goes on from.
    fn continued_by(&self, first: &Vertex) -> Option<(RunId, u64)> {
        let prev = first.prev?;
        let mut own = self.of_author(first.author).filter(|(chain, _)| chain.run != first.run);
        own.find_map(|(chain, course)| course.tips().iter().find(|tip| tip.id == prev).map(|tip| (chain.run, tip.seq)))
    }

    fn of_author(&self, author: AuthorId) -> impl Iterator<Item = (&Chain, &Course)> {
        let (first, last) = (Chain { author, run: RunId(0) }, Chain { author, run: RunId(u64::MAX) });
        self.by_chain.range(first..=last)
    }

    /// Takes back a commit that did not stay.
    pub fn withdraw(&mut self, vertex: &Vertex) {
        let Some(course) = self.by_chain.get_mut(&vertex.chain()) else { return };
        course.withdraw(vertex);
        if course.tips().is_empty() {
            self.by_chain.remove(&vertex.chain());
        }
    }

    /// The commits with this number that are in memory: none, one, or several if the author equivocated. Sorted.
    pub fn at(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.by_chain.get(&chain).map_or_else(Vec::new, |course| course.in_memory(seq))
    }

    /// The commits with this number, also those on pages.
    pub fn numbered(&self, chain: Chain, seq: u64, lookup: &dyn Lookup) -> Vec<CommitId> {
        let Some(course) = self.by_chain.get(&chain) else { return Vec::new() };
        let steps = course.steps(chain, seq, PAGE as usize, lookup).into_iter();
        steps.take_while(|step| step.seq == seq).map(|step| step.id).collect()
    }

    /// The last position of a chain; of a forked one the greater id.
    pub fn last(&self, chain: Chain) -> Option<Position> {
        self.by_chain.get(&chain)?.tips().last().copied()
    }

    /// The last position of every chain.
    pub fn versions(&self) -> Versions {
        self.by_chain.keys().filter_map(|chain| Some((*chain, self.last(*chain)?))).collect()
    }

    /// What is held here, for a request: the ends of each chain, of a forked one several, sorted. Chains that their
    /// author went on from in a later run are left out: the later one says it all.
    pub fn have(&self) -> Vec<(Chain, Position)> {
        let (mut have, mut author, mut named) = (Vec::new(), None, 0);
        for (chain, course) in self.by_chain.iter().filter(|(_, course)| !course.is_continued()) {
            if author.replace(chain.author) != Some(chain.author) {
                named = 0;
            }
            let room = MAX_BRANCHES.min(MAX_ENDS - named);
            let ends = course.tips().iter().rev().take(room);
            named += ends.len();
            have.extend(ends.map(|tip| (*chain, *tip)));
        }
        have
    }

    /// Authors with two commits of one number: they equivocated (R6).
    pub fn equivocators(&self) -> BTreeSet<AuthorId> {
        self.forks().map(|(chain, _)| chain.author).collect()
    }

    /// Authors that signed two commits with one number, with the chain and the least such number (R6).
    pub fn forks(&self) -> impl Iterator<Item = (Chain, u64)> {
        self.by_chain.iter().filter_map(|(chain, course)| Some((*chain, course.forked()?)))
    }

    /// Own ids at and below `seq`: n, n-1, n-2, n-4, n-8 ... and the first. Downwards, at most 66 numbers.
    pub fn ladder(&self, chain: Chain, seq: u64, lookup: &dyn Lookup) -> Vec<Position> {
        let Some(top) = self.last(chain).map(|last| last.seq.min(seq)) else { return Vec::new() };
        let steps = std::iter::once(0).chain((0..64).map(|power| 1_u64 << power));
        let mut numbers: Vec<u64> =
            steps.map_while(|step| top.checked_sub(step)).filter(|seq| *seq > 0).chain([1]).collect();
        numbers.dedup();
        let ids = |seq: u64| {
            let ids = self.numbered(chain, seq, lookup);
            ids.into_iter().take(MAX_BRANCHES).map(move |id| Position { seq, id })
        };
        numbers.into_iter().flat_map(ids).collect()
    }

    /// Every commit from one time to another, both included, by its place in its chain; costs what lies there. `None`: it
    /// cannot be told from pages, because one is missing or an author equivocated.
    pub fn between(&self, from: Hlc, through: Hlc, lookup: &dyn Lookup) -> Option<Vec<Step>> {
        let mut found = Vec::new();
        for (chain, course) in &self.by_chain {
            course.between(*chain, (from, through), lookup, &mut found)?;
        }
        Some(found)
    }

    /// The pages that these commits go to as they leave memory, each whole. Nothing is forgotten yet: first the pages
    /// are to be kept, then [`Chains::forget`].
    pub fn leaving(&self, vertices: &[Vertex], lookup: &dyn Lookup) -> BTreeMap<(Chain, u64), Page> {
        let mut pages: BTreeMap<(Chain, u64), Page> = BTreeMap::new();
        for vertex in vertices {
            let (chain, number) = (vertex.chain(), course::page_of(vertex.seq));
            let page = pages.entry((chain, number)).or_insert_with(|| lookup.page(chain, number));
            page.add(Step { seq: vertex.seq, hlc: vertex.hlc, id: vertex.id });
        }
        pages
    }

    /// These commits are on pages now; parents first.
    pub fn forget(&mut self, vertices: &[Vertex]) {
        for vertex in vertices {
            if let Some(course) = self.by_chain.get_mut(&vertex.chain()) {
                course.forget(vertex);
            }
        }
    }

    /// What is to be kept of each chain beside its pages.
    pub fn records(&self) -> Vec<Record> {
        self.by_chain.iter().filter_map(|(chain, course)| course.record(*chain)).collect()
    }

    /// Takes up chains as they were kept, whose commits are on pages.
    pub fn restore(&mut self, records: Vec<Record>) {
        for (chain, mut course) in records.into_iter().map(Course::restore) {
            if let Some(before) = self.by_chain.remove(&chain) {
                course.stand_on(before);
            }
            self.by_chain.insert(chain, course);
        }
    }
}

#[cfg(test)]
mod tests;
