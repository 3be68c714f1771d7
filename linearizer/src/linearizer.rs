//! The facade: commits and promises in, effects and views out.
//!
//! Owns the window, main's newest position, stable, and the list of checkpoints. Synchronous; whoever calls it holds the
//! commit latch and publishes [`Linearizer::view`] after each call that changed something. Promises: outcomes, state and
//! main's hash are functions of the set of commits; nothing at or before stable ever changes.

use crate::checkpoint::{Checkpoint, Cut};
use crate::commit::Ordered;
use crate::compact::{Backlog, Cuts};
use crate::fold::{self, Candidate, PARKED, Verdict};
use crate::ground::Empty;
use crate::limits::TRIM_A_CALL;
use crate::main_log::MainEntry;
use crate::order::{Place, Seat};
use crate::outcome::Outcome;
use crate::prefix::Prefix;
use crate::slot::Until;
use crate::snapshot::Snapshot;
use crate::view::{Direction, KeyRange, View, ViewError};
use crate::window::{Base, Changes, Weight, Window};
use dag::catalogue::Catalogue;
use dag::change::ChangeSet;
use dag::hlc::Hlc;
use dag::id::CommitId;
use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

mod hashes;
mod stable;

/// Commits that have left the window: the log on disk.
pub trait History {
    /// Every commit held here whose place is behind `after` (`None`: from the first) and at or before `through`, in any
    /// order.
    fn between(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError>;
}

/// A history for whoever has never cut a checkpoint: nothing has left the window.
pub struct NoHistory;

impl History for NoHistory {
    fn between(&self, _: Option<Place>, _: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        Err(ViewError("a commit from before the last checkpoint came, and older commits are not at hand".into()))
    }
}

/// What a check found: an outcome, and all that follows from it.
pub struct Checked(Verdict);

impl Checked {
    /// Applied, or why not.
    pub fn outcome(&self) -> &Outcome {
        &self.0.outcome
    }
}

/// A parked commit that nobody has settled.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    /// The commit.
    pub commit: CommitId,
    /// Why: its code in main (R29).
    pub code: u8,
    /// Why, and against whom; `None` for commits below the last checkpoint.
    pub outcome: Option<Outcome>,
}

/// Why a closure cannot be viewed from the newest checkpoint (R32).
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClosureError {
    /// The checkpoint holds commits that the closure does not: fold it from an older one.
    #[error("the newest checkpoint (position {0}) holds commits that this closure does not")]
    BelowCheckpoint(u64),
    /// The state could not be read.
    #[error(transparent)]
    Unreadable(#[from] ViewError),
}

/// A checkpoint with what a window needs above it.
struct Kept {
    checkpoint: Checkpoint,
    base: Base,
}

/// The fold of everything this replica holds, kept up to date.
pub struct Linearizer {
    window: Window,
    cuts: Cuts,
    /// main's newest commit; `None`: main ends with the base.
    main: Option<Seat>,
    stable: Option<Place>,
    /// From old to new; the last one is the window's base.
    checkpoints: Vec<Kept>,
    /// main's hash at places above the base.
    prefix: Prefix,
    /// The stable prefix, while it ends below the base.
    kept_stable: Option<(Place, Arc<dyn View>)>,
}

impl Linearizer {
    /// Nothing yet.
    pub fn new(cuts: Cuts) -> Self {
        let base =
            Base { place: None, position: 0, frontier: Vec::new(), catalogue: Arc::default(), ground: Arc::new(Empty) };
        let window = Window::new(base);
        Linearizer {
            window,
            cuts,
            main: None,
            stable: None,
            checkpoints: Vec::new(),
            prefix: Prefix::default(),
            kept_stable: None,
        }
    }

    /// Goes on from stored checkpoints, from old to new, each with its base ([`Checkpoint::open`]); then
    /// [`Linearizer::add`] what lies above the last.
    pub fn open(cuts: Cuts, checkpoints: Vec<(Checkpoint, Base)>) -> Self {
        let mut linearizer = Linearizer::new(cuts);
        for (checkpoint, base) in checkpoints {
            if checkpoint.stable {
                linearizer.stable = Some(checkpoint.place);
            }
            linearizer.window = Window::new(base.clone());
            linearizer.checkpoints.push(Kept { checkpoint, base });
        }
        linearizer
    }

    /// Adds admitted commits in one pass: any order, parents here or among them. `history` is asked only if one of them
    /// lies below the last checkpoint; then that checkpoint is given up for an older one (R30), and outcomes of commits
    /// that had left the window are reported again.
    /// An error means that the stored state could not be read: the fold is torn, later calls give the same error, and
    /// the replica must stop writing and keep the last view.
    pub fn add(&mut self, commits: Vec<Arc<Ordered>>, history: &dyn History) -> Result<Changes, ViewError> {
        let lowest = commits.iter().map(|c| Place::new(c.hlc, c.author, c.run, c.id)).min();
        lowest.into_iter().for_each(|lowest| self.prefix.forget_from(lowest));
        let changes = match (lowest, self.window.base().place) {
            (Some(lowest), Some(base)) if lowest <= base => self.fall_back(lowest, commits, history),
            _ => {
                self.window.trim(TRIM_A_CALL);
                self.window.add(commits)
            }
        }?;
        self.forget_hashes(&changes);
        Ok(changes)
    }

    /// Goes back to the newest checkpoint below a place and folds again from there.
    fn fall_back(
        &mut self,
        lowest: Place,
        commits: Vec<Arc<Ordered>>,
        history: &dyn History,
    ) -> Result<Changes, ViewError> {
        let kept = self.checkpoints.iter().filter(|kept| kept.checkpoint.place < lowest).count();
        let base = match kept.checked_sub(1) {
            Some(last) => self.checkpoints[last].base.clone(),
            None => Linearizer::new(self.cuts.clone()).window.base().clone(),
        };
        let Some(old) = self.window.base().place else { return self.window.add(commits) };
        let mut again = history.between(base.place, old)?;
        let known: Vec<(CommitId, Outcome)> =
            self.window.above().map(|(seat, outcome)| (seat.id(), outcome.clone())).collect();
        again.extend(self.window.above().map(|(seat, _)| seat.commit().clone()));
        again.extend(commits);
        let mut window = Window::new(base);
        window.set_void(&self.window.void().iter().copied().collect::<Vec<_>>(), true)?;
        let mut changes = window.add(again)?;
        let known: std::collections::BTreeMap<_, _> = known.into_iter().collect();
        for (commit, was, _) in &mut changes.outcomes {
            *was = known.get(commit).cloned();
        }
        changes.outcomes.retain(|(_, was, is)| was.as_ref() != Some(is));
        changes.schema = true;
        self.checkpoints.truncate(kept);
        self.window = window;
        Ok(changes)
    }

    /// Declares commits void, or void no more (R17, R18). Those below the last checkpoint need a fall back, which the
    /// caller brings about by adding them again.
    pub fn set_void(&mut self, commits: &[CommitId], void: bool) -> Result<Changes, ViewError> {
        let changes = self.window.set_void(commits, void)?;
        self.forget_hashes(&changes);
        Ok(changes)
    }

    /// The fold's own check of a change set on the merge of all heads, at the newest place (R27 step 2).
    pub fn check(&self, changes: &ChangeSet, settles: &[CommitId]) -> Result<Checked, ViewError> {
        let candidate = Candidate { id: CommitId([0; 32]), changes, settles };
        Ok(Checked(fold::evaluate(candidate, self.window.at(Until::Newest))?))
    }

    /// Adds the commit that was made of a checked change set, behind all others. The caller has held the commit latch
    /// since the check, and nothing was added but commits without changes: the verdict stands as it is.
    pub fn add_checked(&mut self, commit: Arc<Ordered>, checked: Checked) -> Result<Changes, ViewError> {
        // What it settles is written down under its id, which the check did not know.
        if !commit.settles.is_empty() || !checked.outcome().is_applied() {
            return self.add(vec![commit], &NoHistory);
        }
        self.window.trim(TRIM_A_CALL);
        self.window.append(commit, checked.0)
    }

    /// The virtual merge of all heads.
    pub fn view(&self) -> Arc<dyn View> {
        Arc::new(Snapshot::newest(&self.window))
    }

    /// The schema of the merge, without a view: what a view shares is copied at the next write.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        self.window.catalogue(Until::Newest)
    }

    /// main's newest position (as of the last [`Linearizer::advance`]).
    pub fn main_view(&self) -> Arc<dyn View> {
        self.prefix(self.main.clone())
    }

    /// main as of a time.
    pub fn view_as_of(&self, hlc: Hlc) -> Result<Arc<dyn View>, ClosureError> {
        let place = Place::end_of(hlc);
        match self.window.base().place {
            Some(base) if base > place => Err(ClosureError::BelowCheckpoint(self.window.base().position)),
            _ => Ok(self.prefix(self.window.last_through(place).cloned())),
        }
    }

    fn prefix(&self, last: Option<Seat>) -> Arc<dyn View> {
        let above = |seat: &Seat| self.window.base().place.is_none_or(|base| seat.place() > base);
        match last.filter(above) {
            Some(last) => Arc::new(Snapshot::through(&self.window, &last)),
            None => Arc::new(Snapshot::newest(&Window::new(self.window.base().clone()))),
        }
    }

    /// The exact closure of these commits (R32). Its outcomes are recorded nowhere.
    pub fn view_at(&self, frontier: &[CommitId]) -> Result<Arc<dyn View>, ClosureError> {
        self.closure(frontier, None)
    }

    /// The stable prefix and the closure of these commits: what `head` reads (R32).
    pub fn view_of_heads(&self, heads: &[CommitId]) -> Result<Arc<dyn View>, ClosureError> {
        self.closure(heads, self.stable)
    }

    fn closure(&self, frontier: &[CommitId], prefix: Option<Place>) -> Result<Arc<dyn View>, ClosureError> {
        let inside = self.reach(frontier, prefix)?;
        let outside: Vec<CommitId> =
            self.window.above().map(|(seat, _)| seat.id()).filter(|id| !inside.contains(id)).collect();
        if outside.is_empty() {
            return Ok(self.view());
        }
        let window = if outside.len() < inside.len() {
            let heads = self.heads_of(&inside);
            let mut window = self.window.clone();
            window.remove(&outside, heads)?;
            window
        } else {
            let mut window = Window::new(self.window.base().clone());
            window.set_void(&self.window.void().iter().copied().collect::<Vec<_>>(), true)?;
            let commits = self.window.above().filter(|(seat, _)| inside.contains(&seat.id()));
            window.add(commits.map(|(seat, _)| seat.commit().clone()).collect::<Vec<_>>())?;
            window
        };
        Ok(Arc::new(Snapshot::newest(&window)))
    }

    /// The commits above the base that lie in a closure, or in the prefix; all that is below the base must lie in it.
    fn reach(&self, frontier: &[CommitId], prefix: Option<Place>) -> Result<BTreeSet<CommitId>, ClosureError> {
        let base = self.window.base();
        let above = |id: CommitId| {
            let (seat, _) = self.window.find(id)?;
            base.place.is_none_or(|base| seat.place() > base).then_some(seat)
        };
        let in_prefix = self.window.above().take_while(|(seat, _)| prefix.is_some_and(|end| seat.place() <= end));
        let mut inside = BTreeSet::new();
        let mut below = BTreeSet::new();
        let mut open: Vec<CommitId> = in_prefix.map(|(seat, _)| seat.id()).chain(frontier.iter().copied()).collect();
        if prefix.is_some_and(|end| base.place.is_some_and(|base| base <= end)) {
            below.extend(base.frontier.iter().copied());
        }
        while let Some(id) = open.pop() {
            match above(id) {
                Some(seat) => {
                    if inside.insert(id) {
                        open.extend(&seat.commit().parents);
                    }
                }
                None => {
                    below.insert(id);
                }
            }
        }
        if base.frontier.iter().all(|head| below.contains(head)) {
            Ok(inside)
        } else {
            Err(ClosureError::BelowCheckpoint(base.position))
        }
    }

    fn heads_of(&self, inside: &BTreeSet<CommitId>) -> imbl::OrdSet<CommitId> {
        let mut heads: imbl::OrdSet<CommitId> = self.window.base().frontier.iter().copied().collect();
        for (seat, _) in self.window.above().filter(|(seat, _)| inside.contains(&seat.id())) {
            for parent in &seat.commit().parents {
                heads.remove(parent);
            }
            heads.insert(seat.id());
        }
        heads
    }

    /// All heads, sorted by id.
    pub fn heads(&self) -> Vec<CommitId> {
        self.window.heads().iter().copied().collect()
    }

    /// The read head: the greatest head in the order (design, Words). `None` before the first commit.
    pub fn read_head(&self) -> Option<CommitId> {
        // The last commit of an order has no children, so it is the greatest head.
        let last = self.window.above().next_back().map(|(seat, _)| seat.id());
        last.or(self.window.base().place.map(|place| place.id))
    }

    /// What became of a commit; `None` for one that is not here, or that lies below the last checkpoint.
    pub fn outcome(&self, commit: CommitId) -> Option<&Outcome> {
        self.window.find(commit).map(|(_, outcome)| outcome)
    }

    /// Parked commits that nobody has settled, by id.
    pub fn parked(&self) -> Result<Vec<Parked>, ViewError> {
        let mut parked = Vec::new();
        let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
        self.window.state().range(PARKED, &all, Direction::Forward, Until::Newest, &mut |key, code| {
            if let Ok(id) = <[u8; 32]>::try_from(key.as_ref()) {
                let commit = CommitId(id);
                let outcome = self.outcome(commit).cloned();
                parked.push(Parked { commit, code: code.first().copied().unwrap_or_default(), outcome });
            }
            ControlFlow::Continue(())
        })?;
        Ok(parked)
    }

    /// What has gathered above main's newest position.
    pub fn backlog(&self, since: Duration, asked: bool) -> Backlog {
        let new = self.window.above().rev().take_while(|(seat, _)| self.main.as_ref().is_none_or(|main| *seat > main));
        let (commits, bytes) = new.fold((0, 0), |(n, bytes), (seat, _)| (n + 1, bytes + seat.commit().bytes));
        Backlog { since, commits, bytes, asked }
    }

    /// Commits in main.
    pub fn main_position(&self) -> u64 {
        self.window.base().position + self.in_main().count() as u64
    }

    fn in_main(&self) -> impl Iterator<Item = (&Seat, &Outcome)> {
        let main = self.main.as_ref();
        self.window.above().take_while(move |(seat, _)| main.is_some_and(|main| *seat <= main))
    }

    /// Up to `limit` entries of main from a position on; those below the last checkpoint are in the log on disk.
    pub fn entries(&self, from: u64, limit: usize) -> Vec<MainEntry> {
        let first = self.window.base().position + 1;
        let entries = (first..).zip(self.in_main()).skip_while(|(position, _)| *position < from).take(limit);
        entries
            .map(|(position, (seat, outcome))| MainEntry { position, seat: seat.clone(), outcome: outcome.clone() })
            .collect()
    }

    /// Every commit above the last checkpoint with its outcome, in order, also those that main has not taken yet.
    pub fn outcomes(&self) -> impl DoubleEndedIterator<Item = (&Seat, &Outcome)> {
        self.window.above()
    }

    /// The last place where every peer would cut and that is stable, if it is above the last checkpoint.
    pub fn stable_cut(&self) -> Option<Cut> {
        let end = self.stable?;
        let (first, last) = (self.window.above().next()?.0, self.window.last_through(end)?);
        if !self.cuts.may_lie(first, last, self.weight()) {
            return None;
        }
        let stable = self.window.above().map(|(seat, _)| seat).take_while(|seat| seat.place() <= end);
        Some(self.cut_through(self.cuts.last(stable)?.clone()))
    }

    /// How much lies above the last checkpoint.
    pub fn weight(&self) -> Weight {
        self.window.weight()
    }

    /// A cut behind the greatest of these commits that is stable, if one of them is above the last checkpoint: where
    /// somebody else has cut, so that checkpoints of several peers lie at equal places.
    pub fn cut_behind(&self, commits: &mut dyn Iterator<Item = CommitId>) -> Option<Cut> {
        let end = self.stable?;
        let base = self.window.base().place;
        let seats = commits.filter_map(|id| self.window.find(id)).map(|(seat, _)| seat);
        let greatest = seats.filter(|seat| seat.place() <= end && base.is_none_or(|base| seat.place() > base)).max()?;
        Some(self.cut_through(greatest.clone()))
    }

    /// A cut that memory forces: where every peer would cut, if there is such a place above the last checkpoint, else
    /// through all that main holds. Tentative unless all of it is stable.
    pub fn forced_cut(&self) -> Option<Cut> {
        match self.cuts.last(self.in_main().map(|(seat, _)| seat)) {
            Some(last) => Some(self.cut_through(last.clone())),
            None => self.cut(),
        }
    }

    /// A cut through all that main holds, asked for. Tentative unless all of it is stable.
    pub fn cut(&self) -> Option<Cut> {
        let last = self.in_main().last()?.0.clone();
        Some(self.cut_through(last))
    }

    fn cut_through(&self, last: Seat) -> Cut {
        let stable = self.stable.is_some_and(|end| last.place() <= end);
        let main = self.hash_through(Some(last.place()));
        let below = self.checkpoints.last().map(|kept| kept.checkpoint.clone());
        Cut::new(&self.window, last, main, below, stable)
    }

    /// Takes a written and synced checkpoint as the new base; the commits of its cut weigh so much. `false`: a late
    /// commit came below it meanwhile, or another checkpoint was taken since the cut, so that it is void; cut again.
    pub fn adopt(&mut self, checkpoint: Checkpoint, base: Base, weight: Weight) -> bool {
        let Base { place: last, position, .. } = *self.window.base();
        let valid = last.is_none_or(|last| last < checkpoint.place)
            && position + weight.commits == checkpoint.position()
            && self.hash_through(Some(checkpoint.place)) == checkpoint.main;
        if valid {
            self.keep_stable(checkpoint.place);
            self.prefix.forget_through(checkpoint.place);
            self.window.raise(base.clone(), weight);
            self.checkpoints.push(Kept { checkpoint, base });
            self.thin_out();
        }
        valid
    }

    /// Checkpoints that must be kept: from the last stable one on, geometrically spaced (R30). Others are dropped here,
    /// and their trees may be.
    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = &Checkpoint> {
        self.checkpoints.iter().map(|kept| &kept.checkpoint)
    }

    fn thin_out(&mut self) {
        let stable = |kept: &Kept| kept.checkpoint.stable;
        if let Some(last) = self.checkpoints.iter().rposition(stable) {
            self.checkpoints.drain(..last);
        }
        // Distances to the newest at least double going back: a late commit redoes at most about twice what it must.
        let newest = self.checkpoints.last().map_or(0, |kept| kept.checkpoint.position());
        let mut kept: Vec<Kept> = Vec::new();
        let mut next = 0;
        let oldest = self.checkpoints.first().map(|kept| kept.checkpoint.position());
        for each in self.checkpoints.drain(..).rev() {
            let distance = newest - each.checkpoint.position();
            if distance >= next || Some(each.checkpoint.position()) == oldest {
                next = (distance * 2).max(1);
                kept.push(each);
            }
        }
        kept.reverse();
        self.checkpoints = kept;
    }
}
