//! What the executor reads through: an overlay, or an overlay that locks every row it gives (FOR UPDATE, FOR SHARE) and
//! remembers what it gave as guards of the commit (R11).

use super::lock::{Grant, LockKey, Mode, TransactionId};
use super::overlay::Overlay;
use super::read_set::{Guarded, Seen};
use super::write_set::TableWrites;
use crate::engine::{Counters, Engine};
use crate::error::SqlError;
use crate::exec::TableReader;
use crate::plan::LockWait;
use crate::session::scene::suspended;
use crate::session::stop::unreadable;
use crate::wait::Suspend;
use dag::catalogue::Catalogue;
use dag::change::ReadGuard;
use dag::id::EntityId;
use dag::row_key::Key;
use linearizer::view::{Bytes, Direction, KeyRange, Sink};
use std::collections::HashSet;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

impl Overlay {
    /// The table whose index lives in that space, if this transaction has touched the table.
    fn touched_index(&self, space: EntityId) -> Option<&TableWrites> {
        let mut touched = self.writes.as_ref()?.tables();
        touched.find(|t| t.table.indexes.iter().any(|index| index.id == space))
    }
}

impl TableReader for Overlay {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        match self.touched_index(space) {
            Some(touched) => self.entry(touched.table.id, space, key),
            None => self.row(space, key),
        }
        .map_err(unreadable)
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError> {
        match self.touched_index(space) {
            Some(touched) => self.entries(touched.table.id, space, range, direction, sink),
            None => self.rows(space, range, direction, sink),
        }
        .map_err(unreadable)
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        Overlay::estimate(self, space, range)
    }
}

/// Where a reader that must wait leaves what it waits for.
pub(crate) type WaitSlot = Arc<Mutex<Option<Suspend>>>;

pub(crate) fn slot(slot: &WaitSlot) -> MutexGuard<'_, Option<Suspend>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks each row before it gives it out, then reads it from the newest state.
pub(crate) struct LockingReader {
    pub engine: Arc<Engine>,
    pub catalogue: Arc<Catalogue>,
    pub overlay: Overlay,
    pub transaction: TransactionId,
    pub weight: u64,
    pub mode: Mode,
    pub wait: LockWait,
    pub timeout: Duration,
    pub slot: WaitSlot,
    /// Whether rows may be locked that nobody has asked for yet: not before a LIMIT.
    pub reads_ahead: bool,
    /// What of the reads the commit will carry.
    pub guarded: Guarded,
    pub seen: Mutex<Seen>,
    /// Locks of this statement on rows that may be let go again; `None` where rows stay locked (R35).
    pub frees: Option<Mutex<HashSet<LockKey>>>,
}

impl LockingReader {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the reads so far rely on.
    pub fn guards(&self) -> Result<Vec<ReadGuard>, SqlError> {
        let (newest, _) = self.engine.journal.newest();
        self.seen().guards(&*self.overlay.view, &*newest, &|space| self.is_table(space))
    }

    /// Index entries are not locked: the rows behind them are.
    fn is_table(&self, space: EntityId) -> bool {
        self.catalogue.tables.contains_key(&space)
    }

    /// False where the row is to be left out (SKIP LOCKED). Errors: 3572, 1213, and the wait.
    fn lock(&self, space: EntityId, key: &[u8]) -> Result<bool, SqlError> {
        let key = LockKey::row(space, key);
        if self.wait != LockWait::Wait {
            let held = self.engine.locks.try_acquire(self.transaction, key, self.mode);
            let got = held.is_some();
            self.may_free(key, held == Some(true));
            if got || self.wait == LockWait::SkipLocked {
                return Ok(got);
            }
            let text = "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.";
            return Err(SqlError::new(3572, text));
        }
        match self.engine.locks.acquire(self.transaction, key, self.mode, self.weight)? {
            Grant::Held => {
                self.may_free(key, false);
                Ok(true)
            }
            Grant::New => {
                self.may_free(key, true);
                Ok(true)
            }
            Grant::Wait(granted) => {
                Counters::bump(&self.engine.counters.lock_waits);
                *slot(&self.slot) = Some(Suspend::Lock { granted, timeout: self.timeout });
                Err(suspended())
            }
        }
    }

    /// A row met a second time may have been part of the answer the first time: it stays locked.
    fn may_free(&self, key: LockKey, new: bool) {
        let Some(frees) = &self.frees else { return };
        let mut frees = frees.lock().unwrap_or_else(PoisonError::into_inner);
        let _known = if new { frees.insert(key) } else { frees.remove(&key) };
    }

    /// The row as it is now that it is locked.
    fn fresh(&self, space: EntityId, key: &[u8], single: bool) -> Result<Option<Bytes>, SqlError> {
        let (view, _) = self.engine.journal.newest();
        let below = view.get(space, key).map_err(unreadable)?;
        if self.guarded == Guarded::Rows || single && self.guarded == Guarded::Ranges {
            self.seen().row(space, key, below.as_ref());
        }
        match self.overlay.writes.as_ref().and_then(|writes| writes.row(space, key)) {
            Some(own) => Ok(own.after.clone()),
            None => Ok(below),
        }
    }

    /// A range was searched up to `reached`, or to its end.
    fn searched(&self, space: EntityId, range: &KeyRange, direction: Direction, reached: Option<&Key>) {
        if self.guarded == Guarded::Ranges {
            self.seen().range(space, range, direction, reached);
        }
    }
}

impl TableReader for LockingReader {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        if !self.is_table(space) {
            let found = TableReader::get(&self.overlay, space, key)?;
            let key = Key(key.into());
            let only = KeyRange { from: Bound::Included(key.clone()), to: Bound::Included(key) };
            self.searched(space, &only, Direction::Forward, None);
            return Ok(found);
        }
        if self.lock(space, key)? { self.fresh(space, key, true) } else { Ok(None) }
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError> {
        let is_table = self.is_table(space);
        let (mut failed, mut reached) = (None, None);
        TableReader::range(&self.overlay, space, range, direction, &mut |key: &Key, entry| {
            let fresh = match is_table {
                false => Ok(Some(entry.clone())),
                true => self
                    .lock(space, &key.0)
                    .and_then(|got| if got { self.fresh(space, &key.0, false) } else { Ok(None) }),
            };
            let flow = match fresh {
                Ok(Some(row)) => sink(key, &row),
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            };
            if flow.is_break() {
                reached = Some(key.clone());
            }
            flow
        })?;
        self.searched(space, range, direction, reached.as_ref());
        failed.map_or(Ok(()), Err)
    }

    /// READ COMMITTED lets go of a row that the statement locked and that does not match (R35).
    fn unmatched(&self, space: EntityId, key: &Key) {
        let Some(frees) = &self.frees else { return };
        let lock = LockKey::row(space, &key.0);
        if frees.lock().unwrap_or_else(PoisonError::into_inner).remove(&lock) {
            self.engine.locks.release(self.transaction, lock);
            self.seen().forget(space, key);
        }
    }

    fn reads_ahead(&self) -> bool {
        self.reads_ahead
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        Overlay::estimate(&self.overlay, space, range)
    }
}
