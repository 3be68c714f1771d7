//! The fold of one commit at its place: what it writes there, or why it is parked (R21 to R26).
//!
//! Promises: pure; reads only through [`At`], and names in the [`Verdict`] everything it read, so that whoever keeps
//! verdicts knows when to ask again. The checks run in one fixed order, so that the reason is as deterministic as the
//! outcome: settled, schema, read set, then table by table its rows (inserts, updates, deletes), then its unique entries.

use crate::footprint::Use;
use crate::guard;
use crate::outcome::{Outcome, Reason};
use crate::schema_fold;
use crate::slot::Until;
use crate::state::{Found, State};
use crate::table_fold::{TableFold, malformed};
use crate::view::{Bytes, Direction, KeyRange, ViewError};
use dag::catalogue::Catalogue;
use dag::change::{ChangeSet, TableChanges};
use dag::id::{CommitId, EntityId};
use dag::row_key::Key;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Control state kept beside the tables, as spaces of its own (R31); ids that no hash will hit.
/// Parked commits that nobody settled: commit id -> outcome code.
pub const PARKED: EntityId = EntityId([0xff; 32]);
/// Settled commits: commit id -> id of the commit that settled it.
pub const SETTLED: EntityId = EntityId([0xfe; 32]);
/// Void commits: commit id -> nothing.
pub const VOID: EntityId = EntityId([0xfd; 32]);

/// The state as a commit finds it.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The state.
    pub state: &'a State,
    /// The place in it.
    pub until: Until<'a>,
    /// The schema there.
    pub catalogue: &'a Arc<Catalogue>,
}

impl At<'_> {
    /// What a key holds here.
    pub fn find(&self, space: EntityId, key: &[u8]) -> Result<Found, ViewError> {
        self.state.find(space, key, self.until)
    }

    /// Every entry of a space here, in order, until `visit` gives an error.
    pub(crate) fn scan(
        &self,
        space: EntityId,
        from: Bound<Key>,
        to: Bound<Key>,
        mut visit: impl FnMut(&Key, &Bytes) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut result = Ok(());
        self.state.range(space, &KeyRange { from, to }, Direction::Forward, self.until, &mut |key, value| {
            result = visit(key, value);
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        result
    }
}

/// What is to be folded.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The commit; for a change set that is not a commit yet, the zero id.
    pub id: CommitId,
    /// What it changes.
    pub changes: &'a ChangeSet,
    /// What it settles.
    pub settles: &'a [CommitId],
}

/// What a commit does at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Applied, or parked and why.
    pub outcome: Outcome,
    /// What it writes, by space; `None` removes. A parked commit writes that it is parked.
    pub writes: Vec<SpaceWrites>,
    /// What it read beside the keys it writes.
    pub uses: Vec<Use>,
    /// The schema behind it, if it changed the schema.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// Writes to one space.
#[derive(Clone, Debug, PartialEq)]
pub struct SpaceWrites {
    /// The space.
    pub space: EntityId,
    /// Key and new bytes, each key once.
    pub entries: Vec<(Key, Option<Bytes>)>,
}

/// Why an evaluation ends early.
pub(crate) enum Stop {
    /// The commit is parked.
    Park(Reason),
    /// The state cannot be read.
    Fault(ViewError),
}

impl From<ViewError> for Stop {
    fn from(error: ViewError) -> Self {
        Stop::Fault(error)
    }
}

/// One evaluation under way.
pub(crate) struct Fold<'a> {
    pub(crate) at: At<'a>,
    /// The schema with the commit's own changes.
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) writes: Vec<SpaceWrites>,
    pub(crate) uses: Vec<Use>,
    /// Tables with an index that the commit itself built.
    pub(crate) built: Vec<EntityId>,
}

/// Folds one commit at a place.
pub fn evaluate(candidate: Candidate<'_>, at: At<'_>) -> Result<Verdict, ViewError> {
    let mut fold =
        Fold { at, catalogue: at.catalogue.clone(), writes: Vec::new(), uses: Vec::new(), built: Vec::new() };
    match fold.run(candidate) {
        Ok(()) => Ok(fold.applied()),
        Err(Stop::Park(reason)) => Ok(fold.parked(candidate, reason)),
        Err(Stop::Fault(error)) => Err(error),
    }
}

/// The verdict on a void commit: nothing but the note that it is void.
pub fn void(id: CommitId) -> Verdict {
    Verdict { outcome: Outcome::Void, writes: vec![note(VOID, id, &[])], uses: Vec::new(), catalogue: None }
}

fn note(space: EntityId, id: CommitId, value: &[u8]) -> SpaceWrites {
    SpaceWrites { space, entries: vec![(commit_key(id), Some(value.into()))] }
}

/// A commit's key in the control spaces.
pub(crate) fn commit_key(id: CommitId) -> Key {
    Key(Arc::from(id.0.as_slice()))
}

impl Fold<'_> {
    fn run(&mut self, candidate: Candidate<'_>) -> Result<(), Stop> {
        self.settle(candidate)?;
        if !candidate.changes.schema.is_empty() {
            schema_fold::apply(self, &candidate.changes.schema)?;
        }
        for read in &candidate.changes.reads {
            guard::check(self, read)?;
        }
        candidate.changes.tables.iter().try_for_each(|changes| self.table(changes))
    }

    /// R24: what is settled or was applied cannot be settled again.
    fn settle(&mut self, candidate: Candidate<'_>) -> Result<(), Stop> {
        for &commit in candidate.settles {
            let key = commit_key(commit);
            let settled = self.at.find(SETTLED, key.as_ref())?;
            let waiting = self.at.find(PARKED, key.as_ref())?.value.is_some();
            let by = settled.value.and_then(|by| Some(CommitId(by.as_ref().try_into().ok()?)));
            self.write(SETTLED, key.clone(), Some(candidate.id.0.as_slice().into()));
            self.write(PARKED, key.clone(), None);
            if !waiting {
                self.uses.push(Use::Key(VOID, key.clone()));
            }
            if by.is_some() || !waiting && self.at.find(VOID, key.as_ref())?.value.is_none() {
                return Err(Stop::Park(Reason::Settled { commit, by }));
            }
        }
        Ok(())
    }

    fn write(&mut self, space: EntityId, key: Key, value: Option<Bytes>) {
        self.writes.push(SpaceWrites { space, entries: vec![(key, value)] });
    }

    fn table(&mut self, changes: &TableChanges) -> Result<(), Stop> {
        let Some(table) = self.catalogue.tables.get(&changes.table).cloned() else {
            // Created and later dropped: what was still being written to it has no effect (R25).
            let dropped = self.catalogue.dropped.contains(&changes.table);
            return if dropped { Ok(()) } else { Err(Stop::Park(Reason::NoTable(changes.table))) };
        };
        if self.built.contains(&table.id) {
            // The new index's entries are not in the state that the rows are checked against.
            return Err(malformed(&table, "a commit that builds an index changes no rows of the same table"));
        }
        TableFold::new(self, &table, changes)?.run()
    }

    fn applied(self) -> Verdict {
        let same = Arc::ptr_eq(&self.catalogue, self.at.catalogue) || self.catalogue == *self.at.catalogue;
        let catalogue = (!same).then_some(self.catalogue);
        Verdict { outcome: Outcome::Applied, writes: self.writes, uses: self.uses, catalogue }
    }

    /// Everything read so far becomes a use: what it would have written, and every row it names (naming more than was
    /// read is harmless: the commit is asked again and answers the same).
    fn parked(mut self, candidate: Candidate<'_>, reason: Reason) -> Verdict {
        for SpaceWrites { space, entries } in self.writes {
            self.uses.extend(entries.into_iter().map(|(key, _)| Use::Key(space, key)));
        }
        for table in &candidate.changes.tables {
            let keys = table.inserts.iter().map(|c| &c.key).chain(table.updates.iter().map(|c| &c.key));
            let keys = keys.chain(table.deletes.iter().map(|c| &c.key));
            self.uses.extend(keys.map(|key| Use::Key(table.table, key.clone())));
        }
        self.uses.sort_unstable();
        self.uses.dedup();
        let writes = vec![note(PARKED, candidate.id, &[reason.code()])];
        Verdict { outcome: Outcome::Parked(reason), writes, uses: self.uses, catalogue: None }
    }
}
