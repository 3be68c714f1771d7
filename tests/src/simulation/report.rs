//! What a fold came to: from a view, and from the naive fold, in one form.
//!
//! Promises: equal states have equal digests; the digest covers the schema, every row and every index entry.

use super::fold::EPOCH_MILLIS;
use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId, NodeId};
use linearizer::commit::Ordered;
use linearizer::main_log::MainHash;
use linearizer::naive;
use linearizer::outcome::Outcome;
use linearizer::view::{Direction, KeyRange, View};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// The result of a fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Digest of schema, rows and index entries.
    pub state: [u8; 32],
    /// main's hash (R29).
    pub main: NodeId,
    /// What became of each commit, and why.
    pub outcomes: BTreeMap<CommitId, Outcome>,
}

impl Report {
    /// Without the outcomes of commits that a clone never had.
    pub fn above(&self, is_here: impl Fn(&CommitId) -> bool) -> Report {
        let mut report = self.clone();
        report.outcomes.retain(|id, _| is_here(id));
        report
    }

    /// The commits that are not applied: where nobody settles any, all of them stay parked.
    pub fn parked(&self) -> BTreeSet<CommitId> {
        self.outcomes.iter().filter(|(_, outcome)| !outcome.is_applied()).map(|(id, _)| *id).collect()
    }

    /// Where two reports part, in one line; `None` if they are equal. Without `reasons`, outcomes are compared by code.
    pub fn difference(&self, other: &Report, reasons: bool) -> Option<String> {
        let ids: BTreeSet<&CommitId> = self.outcomes.keys().chain(other.outcomes.keys()).collect();
        let differs = |id: &CommitId| {
            let (one, two) = (self.outcomes.get(id), other.outcomes.get(id));
            if reasons { one != two } else { one.map(Outcome::code) != two.map(Outcome::code) }
        };
        if let Some(id) = ids.into_iter().find(|id| differs(id)) {
            return Some(format!("{id:?} is {:?} / {:?}", self.outcomes.get(id), other.outcomes.get(id)));
        }
        if self.state != other.state {
            return Some("equal outcomes, different states".into());
        }
        (self.main != other.main).then(|| "equal states, different hashes of main".into())
    }
}

/// The naive fold's report.
pub fn reference(commits: &[Arc<Ordered>]) -> Report {
    let naive = naive::fold(commits, &BTreeSet::new());
    let mut sorted: Vec<&Arc<Ordered>> = commits.iter().collect();
    sorted.sort_by_key(|c| (c.hlc, c.author, c.run, c.id));
    let mut main = MainHash::default();
    for commit in sorted {
        main.push(commit.hlc, EPOCH_MILLIS, commit.id, naive.outcomes[&commit.id].code());
    }
    let mut digest = Digest::of(&naive.catalogue);
    for space in spaces(&naive.catalogue) {
        naive.space(space).for_each(|(key, bytes)| digest.entry(space, key.as_ref(), bytes));
    }
    Report { state: digest.finish(), main: main.hash(), outcomes: naive.outcomes }
}

/// The digest of a view's state.
pub fn digest_view(view: &dyn View) -> [u8; 32] {
    let mut digest = Digest::of(view.catalogue());
    let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
    for space in spaces(view.catalogue()) {
        let mut entry = |key: &dag::row_key::Key, bytes: &linearizer::view::Bytes| {
            digest.entry(space, key.as_ref(), bytes);
            ControlFlow::Continue(())
        };
        view.range(space, &all, Direction::Forward, &mut entry).expect("the state is in memory");
    }
    digest.finish()
}

/// Tables, then their indexes.
fn spaces(catalogue: &Catalogue) -> Vec<EntityId> {
    let tables = catalogue.tables.keys().copied();
    let indexes = catalogue.tables.values().flat_map(|table| table.indexes.iter().map(|index| index.id));
    tables.chain(indexes).collect()
}

struct Digest(blake3::Hasher);

impl Digest {
    fn of(catalogue: &Catalogue) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&catalogue.hash());
        Digest(hasher)
    }

    fn entry(&mut self, space: EntityId, key: &[u8], bytes: &[u8]) {
        self.0.update(&space.0).update(&(key.len() as u64).to_le_bytes()).update(key);
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}
