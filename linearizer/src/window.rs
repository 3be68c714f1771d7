//! The window: every commit above the last checkpoint in its order, with its outcome, and the state they make.
//!
//! Each commit is evaluated once, at its place. A late arrival is evaluated at its own place, and then only those later
//! commits that read or wrote a key whose value at their place is different now; each of them may pass the difference
//! on; places only rise, so one pass ends (R28). A changed schema redoes all that follow. Promises: the result depends on
//! the set of commits, never on their arrival; a clone costs a few counters, so that a reader may fold on from a copy.

use crate::commit::Ordered;
use crate::fault::{Fault, planted};
use crate::fold::{self, At, Candidate, PARKED, SETTLED, SpaceWrites, VOID, Verdict};
use crate::footprint::{Readers, Use};
use crate::ground::Ground;
use crate::limits::BULK;
use crate::order::{Place, Seat};
use crate::outcome::Outcome;
use crate::slot::Until;
use crate::state::State;
use crate::view::ViewError;
use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId};
use dag::id_map::IdMap;
use dag::row_key::Key;
use imbl::{OrdMap, OrdSet};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// What lies below the window.
#[derive(Clone)]
pub struct Base {
    /// The place of the last commit below; nothing at or before it enters the window. `None` below the first commit.
    pub place: Option<Place>,
    /// How many commits lie below.
    pub position: u64,
    /// The heads of what lies below, sorted.
    pub frontier: Vec<CommitId>,
    /// The schema there.
    pub catalogue: Arc<Catalogue>,
    /// The state there.
    pub ground: Arc<dyn Ground>,
}

/// Keys by space. Shared, because a large commit's keys are both its record and its news.
type SpaceKeys = Vec<(EntityId, Arc<Vec<Key>>)>;

/// A commit's record in the window.
#[derive(Clone, Debug)]
struct Entry {
    outcome: Outcome,
    /// The keys it wrote, by space.
    keys: SpaceKeys,
    uses: Vec<Use>,
}

/// What adding commits brought about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Outcomes that are new or different, in order: the commit, what it was (`None`: it is new), what it is.
    pub outcomes: Vec<(CommitId, Option<Outcome>, Outcome)>,
    /// Keys whose newest value may be different, by space (R27 step 1); a space may come more than once.
    pub keys: Vec<(EntityId, Arc<Vec<Key>>)>,
    /// Whether the newest schema is different.
    pub schema: bool,
}

/// The commits of a window without what the fold needs: enough to tell the heads of a prefix.
pub(crate) struct Lineage {
    base: Arc<Base>,
    order: OrdMap<Seat, Arc<Entry>>,
}

impl Lineage {
    /// The commits above the base up to this one, in order.
    pub(crate) fn through(&self, last: &Seat) -> impl Iterator<Item = &Seat> {
        let above = |seat: &&Seat| self.base.place.is_none_or(|base| seat.place() > base);
        self.order.keys().filter(above).take_while(move |seat| *seat <= last)
    }

    /// The heads of the prefix that ends with a commit, sorted.
    pub(crate) fn heads_through(&self, last: &Seat) -> Vec<CommitId> {
        let mut heads: BTreeSet<CommitId> = self.base.frontier.iter().copied().collect();
        for seat in self.through(last) {
            for parent in &seat.commit().parents {
                heads.remove(parent);
            }
            heads.insert(seat.id());
        }
        heads.into_iter().collect()
    }
}

/// How much some commits are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Their number.
    pub commits: u64,
    /// Their canonical bytes.
    pub bytes: u64,
}

impl Weight {
    /// One commit more.
    pub(crate) fn add(&mut self, seat: &Seat) {
        self.commits += 1;
        self.bytes += seat.commit().bytes;
    }

    /// One commit less.
    fn take(&mut self, seat: &Seat) {
        self.commits -= 1;
        self.bytes -= seat.commit().bytes;
    }
}

/// Commits in order and the state they make.
#[derive(Clone)]
pub struct Window {
    base: Arc<Base>,
    state: State,
    order: OrdMap<Seat, Arc<Entry>>,
    /// By id. Not shared between clones: it is what an append would copy most of, and only closures clone a window.
    seats: IdMap<CommitId, Seat>,
    /// The schema behind each commit that changed it.
    catalogues: OrdMap<Seat, Arc<Catalogue>>,
    readers: Readers,
    heads: OrdSet<CommitId>,
    void: OrdSet<CommitId>,
    /// What lies above the base.
    weight: Weight,
    /// Why an edit broke off in the middle: nothing may be built on what it left.
    torn: Option<ViewError>,
}

impl Window {
    /// An empty window above a base.
    pub fn new(base: Base) -> Self {
        Window {
            state: State::new(base.ground.clone()),
            order: OrdMap::new(),
            seats: IdMap::default(),
            torn: None,
            catalogues: OrdMap::new(),
            readers: Readers::default(),
            heads: base.frontier.iter().copied().collect(),
            void: OrdSet::new(),
            weight: Weight::default(),
            base: Arc::new(base),
        }
    }

    /// What lies below.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The state with all its versions.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Commits here; those at or below the base that were not trimmed yet count too.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// How much lies above the base.
    pub fn weight(&self) -> Weight {
        self.weight
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The heads of everything here and below.
    pub fn heads(&self) -> &OrdSet<CommitId> {
        &self.heads
    }

    /// The commit of that id, with its outcome.
    pub fn find(&self, id: CommitId) -> Option<(&Seat, &Outcome)> {
        let (seat, entry) = self.order.get_key_value(self.seats.get(&id)?)?;
        Some((seat, &entry.outcome))
    }

    /// The commits above the base, in order.
    pub fn above(&self) -> impl DoubleEndedIterator<Item = (&Seat, &Outcome)> {
        self.above_from(self.base.place)
    }

    /// The commits behind a place that is not below the base, in order.
    pub fn above_from(&self, place: Option<Place>) -> impl DoubleEndedIterator<Item = (&Seat, &Outcome)> {
        let from = place.map(Seat::marker);
        let from = from.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        self.order.range::<_, Seat>((from, Bound::Unbounded)).map(|(seat, entry)| (seat, &entry.outcome))
    }

    /// The commits here, in order, as a reader keeps them.
    pub(crate) fn lineage(&self) -> Lineage {
        Lineage { base: self.base.clone(), order: self.order.clone() }
    }

    /// The void commits.
    pub fn void(&self) -> &OrdSet<CommitId> {
        &self.void
    }

    /// The last commit at or before a place.
    pub fn last_through(&self, place: Place) -> Option<&Seat> {
        let end = Seat::marker(place);
        self.order.range::<_, Seat>((Bound::Unbounded, Bound::Included(&end))).next_back().map(|(seat, _)| seat)
    }

    /// The last commit in the order.
    pub fn last(&self) -> Option<&Seat> {
        self.order.get_max().map(|(seat, _)| seat)
    }

    /// The schema at a place.
    pub fn catalogue(&self, until: Until<'_>) -> &Arc<Catalogue> {
        let end = match until {
            Until::Newest => return self.catalogues.get_max().map_or(&self.base.catalogue, |(_, c)| c),
            Until::Before(seat) => Bound::Excluded(seat),
            Until::Through(seat) => Bound::Included(seat),
        };
        let last = self.catalogues.range::<_, Seat>((Bound::Unbounded, end)).next_back();
        last.map_or(&self.base.catalogue, |(_, catalogue)| catalogue)
    }

    /// The state and schema at a place.
    pub fn at<'a>(&'a self, until: Until<'a>) -> At<'a> {
        At { state: &self.state, until, catalogue: self.catalogue(until) }
    }

    /// Adds commits, in any order among themselves; their parents are here, below, or among them. Commits that are here
    /// already are passed over. The caller has made sure that none lies at or before the base's place. On an error the
    /// window is torn: every later edit gives the same error, and the caller goes back to a checkpoint.
    pub fn add(&mut self, commits: impl IntoIterator<Item = Arc<Ordered>>) -> Result<Changes, ViewError> {
        self.edit(|window, dirty| {
            let mut arrived: Vec<Seat> = commits.into_iter().map(Seat::of).collect();
            arrived.sort_unstable();
            for seat in arrived {
                if window.seats.insert(seat.id(), seat.clone()).is_none() {
                    window.join(&seat);
                    dirty.insert(seat);
                }
            }
        })
    }

    /// Adds a commit behind all others, with the verdict that the fold has just given on this very state; nothing is
    /// evaluated again.
    pub(crate) fn append(&mut self, commit: Arc<Ordered>, verdict: Verdict) -> Result<Changes, ViewError> {
        let seat = Seat::of(commit);
        let is_last = self.last().is_none_or(|last| *last < seat);
        if !is_last || self.torn.is_some() {
            return self.add([seat.commit().clone()]);
        }
        let schema = self.catalogue(Until::Newest).clone();
        let (mut changes, mut dirty) = (Changes::default(), BTreeSet::new());
        self.seats.insert(seat.id(), seat.clone());
        self.join(&seat);
        debug_assert_eq!(self.evaluate(&seat).ok().as_ref(), Some(&verdict), "the verdict is of another state");
        self.record(&seat, verdict, &mut dirty, &mut changes);
        let newest = self.catalogue(Until::Newest);
        changes.schema = !Arc::ptr_eq(newest, &schema) && *newest != schema;
        Ok(changes)
    }

    /// Declares commits void, or void no more (R17, R18).
    pub fn set_void(&mut self, ids: &[CommitId], void: bool) -> Result<Changes, ViewError> {
        self.edit(|window, dirty| {
            for id in ids {
                let changed = if void { window.void.insert(*id).is_none() } else { window.void.remove(id).is_some() };
                if changed && let Some(seat) = window.seats.get(id) {
                    dirty.insert(seat.clone());
                }
            }
        })
    }

    /// Takes commits out again, which no remaining commit may have as an ancestor: how a copy becomes the fold of a
    /// smaller closure (R32).
    pub fn remove(&mut self, ids: &[CommitId], heads: OrdSet<CommitId>) -> Result<Changes, ViewError> {
        self.edit(|window, dirty| {
            for id in ids {
                if let Some(seat) = window.seats.remove(id)
                    && let Some(entry) = window.order.remove(&seat)
                {
                    window.weight.take(&seat);
                    window.retract(&seat, &entry, dirty);
                }
            }
            window.heads = heads;
        })
    }

    fn edit(&mut self, begin: impl FnOnce(&mut Window, &mut BTreeSet<Seat>)) -> Result<Changes, ViewError> {
        if let Some(error) = &self.torn {
            return Err(error.clone());
        }
        let mut dirty = BTreeSet::new();
        begin(self, &mut dirty);
        let result = self.settle(dirty);
        self.torn = result.as_ref().err().cloned();
        result
    }

    /// A commit arrives: it is a head, its parents are none any more. Its children cannot be here before it.
    fn join(&mut self, seat: &Seat) {
        for parent in &seat.commit().parents {
            self.heads.remove(parent);
        }
        self.heads.insert(seat.id());
        self.weight.add(seat);
    }

    /// Evaluates the dirty commits in order, with all they make dirty.
    fn settle(&mut self, mut dirty: BTreeSet<Seat>) -> Result<Changes, ViewError> {
        let schema = self.catalogue(Until::Newest).clone();
        let mut changes = Changes::default();
        while let Some(seat) = dirty.pop_first() {
            // Taken out in the same edit, after something else made it dirty.
            if !self.seats.contains_key(&seat.id()) {
                continue;
            }
            let verdict = self.evaluate(&seat)?;
            self.record(&seat, verdict, &mut dirty, &mut changes);
        }
        let newest = self.catalogue(Until::Newest);
        changes.schema = !Arc::ptr_eq(newest, &schema) && *newest != schema;
        Ok(changes)
    }

    fn evaluate(&self, seat: &Seat) -> Result<Verdict, ViewError> {
        let commit = seat.commit();
        if self.void.contains(&commit.id) {
            return Ok(fold::void(commit.id));
        }
        let candidate = Candidate { id: commit.id, changes: &commit.changes, settles: &commit.settles };
        fold::evaluate(candidate, self.at(Until::Before(seat)))
    }

    /// Puts a verdict in the place of the one before, and marks who must be asked again.
    fn record(&mut self, seat: &Seat, verdict: Verdict, dirty: &mut BTreeSet<Seat>, changes: &mut Changes) {
        let old = self.order.get(seat).cloned();
        let is_last = self.last().is_none_or(|last| last <= seat);
        let mut keys = Vec::with_capacity(verdict.writes.len());
        let mut touched = Vec::with_capacity(verdict.writes.len());
        for writes in verdict.writes {
            let space = writes.space;
            let (written, different) = self.write(seat, writes);
            keys.push((space, written));
            touched.push((space, different));
        }
        if let Some(old) = &old {
            self.forget(seat, old, &keys, &mut touched);
        }
        if !is_last {
            self.mark_all(&touched, seat, dirty);
        }
        changes.keys.extend(touched.into_iter().filter(|(space, _)| ![PARKED, SETTLED, VOID].contains(space)));
        self.put_catalogue(seat, verdict.catalogue, dirty);
        verdict.uses.iter().for_each(|used| self.readers.add(used, seat));
        let was = old.map(|old| old.outcome.clone());
        if was.as_ref() != Some(&verdict.outcome) {
            changes.outcomes.push((seat.id(), was, verdict.outcome.clone()));
        }
        self.order.insert(seat.clone(), Arc::new(Entry { outcome: verdict.outcome, keys, uses: verdict.uses }));
    }

    /// Writes a verdict's entries to one space; gives all its keys, and those that hold something else now.
    fn write(&mut self, seat: &Seat, writes: SpaceWrites) -> (Arc<Vec<Key>>, Arc<Vec<Key>>) {
        let entries = writes.entries;
        let mut same = BTreeSet::new();
        let rounds = if entries.len() < BULK { 1 } else { 2 };
        for (key, value) in (0..rounds).flat_map(|round| entries.iter().skip(round).step_by(rounds)) {
            if !self.state.write(writes.space, key, seat, value.clone()) {
                same.insert(key.clone());
            }
        }
        let mut written: Vec<Key> = entries.into_iter().map(|(key, _)| key).collect();
        written.shrink_to_fit();
        let written = Arc::new(written);
        if same.is_empty() {
            return (written.clone(), written);
        }
        let different = written.iter().filter(|key| !same.contains(*key)).cloned().collect();
        (written, Arc::new(different))
    }

    /// Takes back what an earlier verdict wrote and the new one does not.
    fn forget(&mut self, seat: &Seat, old: &Entry, new: &SpaceKeys, touched: &mut SpaceKeys) {
        let mut kept: BTreeMap<EntityId, BTreeSet<&Key>> = BTreeMap::new();
        for (space, keys) in new {
            kept.entry(*space).or_default().extend(keys.iter());
        }
        for (space, keys) in &old.keys {
            let stays = |key: &&Key| kept.get(space).is_some_and(|kept| kept.contains(key));
            let gone: Vec<Key> = keys.iter().filter(|key| !stays(key)).cloned().collect();
            gone.iter().for_each(|key| self.state.erase(*space, key, seat));
            touched.push((*space, Arc::new(gone)));
        }
        old.uses.iter().for_each(|used| self.readers.remove(used, seat));
    }

    /// Takes back all that a commit wrote.
    fn retract(&mut self, seat: &Seat, entry: &Entry, dirty: &mut BTreeSet<Seat>) {
        let mut touched = Vec::new();
        self.forget(seat, entry, &Vec::new(), &mut touched);
        self.mark_all(&touched, seat, dirty);
        self.put_catalogue(seat, None, dirty);
    }

    fn mark_all(&self, touched: &SpaceKeys, seat: &Seat, dirty: &mut BTreeSet<Seat>) {
        for (space, keys) in touched {
            keys.iter().for_each(|key| self.mark(*space, key, seat, dirty));
        }
    }

    /// Who reads this key behind this place: the writer of the next version, and who only read it up to there.
    fn mark(&self, space: EntityId, key: &Key, seat: &Seat, dirty: &mut BTreeSet<Seat>) {
        if planted(Fault::DependentMissed) && self.order.contains_key(seat) {
            return;
        }
        if planted(Fault::LaterUniqueUnchecked) && !self.catalogue(Until::Newest).tables.contains_key(&space) {
            return;
        }
        let next = self.state.next_after(space, key, seat);
        self.readers.behind(space, key, seat, next, dirty);
        dirty.extend(next.cloned());
    }

    /// Puts the schema behind a commit; if it is different, all later commits are asked again.
    fn put_catalogue(&mut self, seat: &Seat, new: Option<Arc<Catalogue>>, dirty: &mut BTreeSet<Seat>) {
        if self.catalogues.get(seat) == new.as_ref() {
            return;
        }
        match new {
            Some(catalogue) => self.catalogues.insert(seat.clone(), catalogue),
            None => self.catalogues.remove(seat),
        };
        dirty.extend(self.order.range::<_, Seat>((Bound::Excluded(seat), Bound::Unbounded)).map(|(s, _)| s.clone()));
    }

    /// Raises the base to a checkpoint of this very order; the commits up to it, which weigh so much, leave with
    /// [`Self::trim`].
    pub fn raise(&mut self, base: Base, below: Weight) {
        self.state.set_ground(base.ground.clone());
        self.weight.commits -= below.commits;
        self.weight.bytes -= below.bytes;
        self.base = Arc::new(base);
    }

    /// Forgets up to `budget` commits at or below the base. Until then they do no harm: their versions hold what the
    /// ground holds.
    pub fn trim(&mut self, budget: usize) {
        let Some(place) = self.base.place else { return };
        for _ in 0..budget {
            let Some((seat, entry)) = self.order.get_min().filter(|(seat, _)| seat.place() <= place).cloned() else {
                return;
            };
            for (space, keys) in &entry.keys {
                keys.iter().for_each(|key| self.state.erase(*space, key, &seat));
            }
            entry.uses.iter().for_each(|used| self.readers.remove(used, &seat));
            self.catalogues.remove(&seat);
            self.order.remove(&seat);
            self.seats.remove(&seat.id());
            self.void.remove(&seat.id());
        }
    }
}
