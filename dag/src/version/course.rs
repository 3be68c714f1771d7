//! One chain: its numbers in memory, its ends, and where its pages begin.

use super::{Chain, CommitId, Lookup, Position, Vertex};
use crate::hlc::Hlc;
use crate::id::{AuthorId, RunId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers on one page: 12 KiB of steps, few enough to write again while a chain is young.
pub const PAGE: u64 = 256;
/// Bytes of a step on a page: number, time, id; little endian.
const STEP: usize = 48;

/// The page that a number stands on.
pub(super) fn page_of(seq: u64) -> u64 {
    seq.saturating_sub(1) / PAGE
}

/// The name of a page among the records of a log.
pub fn page_id(chain: Chain, number: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&chain.author.0).update(&chain.run.0.to_le_bytes()).update(&number.to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// A commit by its place in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Its number.
    pub seq: u64,
    /// When: by this, main's order is known without reading the commit.
    pub hlc: Hlc,
    /// The commit.
    pub id: CommitId,
}

/// Steps with [`PAGE`] numbers in a row, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page(BTreeSet<Step>);

impl Page {
    pub(super) fn add(&mut self, step: Step) {
        self.0.insert(step);
    }

    /// The steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.0.iter()
    }

    /// Bytes to keep it by.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * STEP);
        for step in &self.0 {
            bytes.extend(step.seq.to_le_bytes());
            bytes.extend(step.hlc.0.to_le_bytes());
            bytes.extend(step.id.0);
        }
        bytes
    }

    /// Reads what `to_bytes` made; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Page> {
        let (steps, rest) = bytes.as_chunks::<STEP>();
        let word = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
        let step = |bytes: &[u8; STEP]| {
            let (seq, hlc) = (word(&bytes[..8])?, Hlc(word(&bytes[8..16])?));
            Some(Step { seq, hlc, id: CommitId(bytes[16..].try_into().ok()?) })
        };
        if rest.is_empty() { steps.iter().map(step).collect::<Option<_>>().map(Page) } else { None }
    }
}

/// A chain as it is kept beside its pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record(AuthorId, RunId, Option<(RunId, u64)>, u64, Vec<(u64, CommitId)>, Option<u64>, u64);

/// The ends of a chain: one, or several if its author equivocated.
#[derive(Clone, Debug, Default)]
struct Ends {
    /// Sorted.
    tips: Vec<Position>,
    /// The least number with several commits.
    forked: Option<u64>,
}

impl Ends {
    fn grow(&mut self, vertex: &Vertex) {
        let position = Position { seq: vertex.seq, id: vertex.id };
        if self.tips.contains(&position) {
            return;
        }
        match self.tips.iter().position(|tip| Some(tip.id) == vertex.prev) {
            Some(at) => self.tips[at] = position,
            None => {
                if !self.tips.is_empty() {
                    self.forked = Some(self.forked.map_or(vertex.seq, |seq| seq.min(vertex.seq)));
                }
                self.tips.push(position);
            }
        }
        self.tips.sort_unstable();
    }
}

/// A chain.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// The end of the author's chain that this one goes on from (R6).
    pub(super) before: Option<(RunId, u64)>,
    /// The number at which a later run of the author goes on; 0 for none.
    pub(super) continued: u64,
    ends: Ends,
    /// The ends of what is on pages.
    paged: Ends,
    /// The greatest number on a page; 0 for none.
    paged_through: u64,
    places: BTreeMap<u64, BTreeMap<CommitId, Hlc>>,
}

impl Course {
    pub(super) fn insert(&mut self, vertex: &Vertex) -> Option<CommitId> {
        let place = self.places.entry(vertex.seq).or_default();
        let other = place.keys().find(|id| **id != vertex.id).copied();
        place.insert(vertex.id, vertex.hlc);
        self.ends.grow(vertex);
        other
    }

    pub(super) fn withdraw(&mut self, vertex: &Vertex) {
        if let Some(place) = self.places.get_mut(&vertex.seq) {
            place.remove(&vertex.id);
            if place.is_empty() {
                self.places.remove(&vertex.seq);
            }
        }
        self.ends.tips.retain(|tip| tip.id != vertex.id);
        // Its predecessor is an end again, unless another commit follows it; one end too many is true as well.
        if let Some(prev) = vertex.prev.filter(|_| vertex.seq > 1 && !self.places.contains_key(&vertex.seq)) {
            self.ends.tips.push(Position { seq: vertex.seq - 1, id: prev });
            self.ends.tips.sort_unstable();
        }
    }

    pub(super) fn tips(&self) -> &[Position] {
        &self.ends.tips
    }

    pub(super) fn forked(&self) -> Option<u64> {
        self.ends.forked
    }

    pub(super) fn is_continued(&self) -> bool {
        self.ends.forked.is_none() && self.ends.tips.last().is_some_and(|last| last.seq == self.continued)
    }

    pub(super) fn in_memory(&self, seq: u64) -> Vec<CommitId> {
        self.places.get(&seq).map_or_else(Vec::new, |place| place.keys().copied().collect())
    }

    /// The next steps from a number on, about `most`, from one page or from memory; empty behind the last.
    pub(super) fn steps(&self, chain: Chain, from: u64, most: usize, lookup: &dyn Lookup) -> Vec<Step> {
        let memory = |range: std::ops::RangeInclusive<u64>| {
            let steps = self.places.range(range);
            steps.flat_map(|(seq, place)| place.iter().map(|(id, hlc)| Step { seq: *seq, hlc: *hlc, id: *id }))
        };
        if from > self.paged_through {
            return memory(from..=u64::MAX).take(most).collect();
        }
        let number = page_of(from);
        let page = lookup.page(chain, number);
        let mut steps: BTreeSet<Step> = page.steps().filter(|step| step.seq >= from).copied().collect();
        steps.extend(memory(from..=(number + 1) * PAGE));
        steps.into_iter().take(most).collect()
    }

    /// Adds the steps of these times, from the last page down: a later number has a later time (R7).
    pub(super) fn between(
        &self,
        chain: Chain,
        (from, through): (Hlc, Hlc),
        lookup: &dyn Lookup,
        found: &mut Vec<Step>,
    ) -> Option<()> {
        let [end] = self.ends.tips[..] else { return if self.ends.tips.is_empty() { Some(()) } else { None } };
        let mut last = end.seq;
        while last > 0 {
            let first = page_of(last) * PAGE + 1;
            let (steps, top) = (self.steps(chain, first, PAGE as usize, lookup), last);
            for step in steps.iter().rev().skip_while(|step| step.seq > top) {
                if step.seq != last {
                    return None;
                }
                if step.hlc <= through && step.hlc >= from {
                    found.push(*step);
                }
                if step.hlc <= from {
                    return Some(());
                }
                last -= 1;
            }
            if last >= first {
                return None;
            }
        }
        Some(())
    }

    pub(super) fn forget(&mut self, vertex: &Vertex) {
        if let Some(place) = self.places.get_mut(&vertex.seq) {
            place.remove(&vertex.id);
            if place.is_empty() {
                self.places.remove(&vertex.seq);
            }
        }
        self.paged.grow(vertex);
        self.paged_through = self.paged_through.max(vertex.seq);
    }

    /// `None`: nothing of it is on a page.
    pub(super) fn record(&self, chain: Chain) -> Option<Record> {
        let tips = self.paged.tips.iter().map(|tip| (tip.seq, tip.id)).collect();
        let Chain { author, run } = chain;
        let record = || Record(author, run, self.before, self.continued, tips, self.paged.forked, self.paged_through);
        (self.paged_through > 0).then(record)
    }

    /// What was in memory of the chain stays there: commits that are nowhere on disk.
    pub(super) fn stand_on(&mut self, before: Course) {
        self.places = before.places;
    }

    pub(super) fn restore(record: Record) -> (Chain, Course) {
        let Record(author, run, before, continued, tips, forked, paged_through) = record;
        let tips = tips.into_iter().map(|(seq, id)| Position { seq, id }).collect();
        let ends = Ends { tips, forked };
        let places = BTreeMap::new();
        (Chain { author, run }, Course { before, continued, ends: ends.clone(), paged: ends, paged_through, places })
    }
}
