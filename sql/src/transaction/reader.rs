//! What the executor reads through: an overlay, or an overlay that locks every row it gives (FOR UPDATE, FOR SHARE).

use super::lock::{Grant, LockKey, Mode, TransactionId};
use super::overlay::Overlay;
use super::write_set::TableWrites;
use crate::engine::{Counters, Engine};
use crate::error::SqlError;
use crate::exec::TableReader;
use crate::plan::LockWait;
use crate::session::scene::suspended;
use crate::session::stop::unreadable;
use crate::wait::Suspend;
use dag::catalogue::Catalogue;
use dag::id::EntityId;
use dag::row_key::Key;
use linearizer::view::{Bytes, Direction, KeyRange, Sink};
use std::ops::ControlFlow;
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
}

impl LockingReader {
    /// Index entries are not locked: the rows behind them are.
    fn is_table(&self, space: EntityId) -> bool {
        self.catalogue.tables.contains_key(&space)
    }

    /// False where the row is to be left out (SKIP LOCKED). Errors: 3572, 1213, and the wait.
    fn lock(&self, space: EntityId, key: &[u8]) -> Result<bool, SqlError> {
        let key = LockKey::row(space, key);
        if self.wait != LockWait::Wait {
            let got = self.engine.locks.try_acquire(self.transaction, key, self.mode);
            if got || self.wait == LockWait::SkipLocked {
                return Ok(got);
            }
            let text = "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.";
            return Err(SqlError::new(3572, text));
        }
        match self.engine.locks.acquire(self.transaction, key, self.mode, self.weight)? {
            Grant::Held | Grant::New => Ok(true),
            Grant::Wait(granted) => {
                Counters::bump(&self.engine.counters.lock_waits);
                *slot(&self.slot) = Some(Suspend::Lock { granted, timeout: self.timeout });
                Err(suspended())
            }
        }
    }

    /// The row as it is now that it is locked.
    fn fresh(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        let (view, _) = self.engine.journal.newest();
        let now = Overlay { view, writes: self.overlay.writes.clone() };
        now.row(space, key).map_err(unreadable)
    }
}

impl TableReader for LockingReader {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        if !self.is_table(space) {
            return TableReader::get(&self.overlay, space, key);
        }
        if self.lock(space, key)? { self.fresh(space, key) } else { Ok(None) }
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError> {
        if !self.is_table(space) {
            return TableReader::range(&self.overlay, space, range, direction, sink);
        }
        let mut failed = None;
        TableReader::range(&self.overlay, space, range, direction, &mut |key: &Key, _| {
            let fresh = self.lock(space, &key.0).and_then(|got| if got { self.fresh(space, &key.0) } else { Ok(None) });
            match fresh {
                Ok(Some(row)) => sink(key, &row),
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn reads_ahead(&self) -> bool {
        self.reads_ahead
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        Overlay::estimate(&self.overlay, space, range)
    }
}
