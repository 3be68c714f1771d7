//! A journal in memory: one replica without peers or disk, over ordered maps. Test double of the seam `Journal`.
//!
//! Promises: what the seam's documentation promises, with a fold of one line of commits: an insert needs an absent key,
//! an update its before-values, UNIQUE entries are single.

use dag::catalogue::Catalogue;
use dag::change::{ChangeSet, TableChanges};
use dag::id::{CommitId, EntityId};
use dag::row_key::Key;
use dag::schema::{SchemaChange, Table};
use dag::signal::Signal;
use linearizer::view::{Bytes, Direction, KeyRange, Sink, View, ViewError};
use sql::error::SqlError;
use sql::journal::{Committed, Draft, Handed, Journal, ReadMode};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
struct State {
    catalogue: Arc<Catalogue>,
    spaces: HashMap<EntityId, Arc<BTreeMap<Key, Bytes>>>,
}

impl View for State {
    fn frontier(&self) -> &[CommitId] {
        &[]
    }
    fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        Ok(self.spaces.get(&space).and_then(|s| s.get(key)).cloned())
    }
    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let Some(entries) = self.spaces.get(&space) else { return Ok(()) };
        let inside = entries.iter().filter(|(key, _)| contains(range, key));
        let mut all: Vec<_> = inside.collect();
        if direction == Direction::Backward {
            all.reverse();
        }
        for (key, bytes) in all {
            if sink(key, bytes).is_break() {
                break;
            }
        }
        Ok(())
    }
    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        self.spaces.get(&space).map_or(0, |s| s.keys().filter(|k| contains(range, k)).count() as u64)
    }
}

fn contains(range: &KeyRange, key: &Key) -> bool {
    let above = match &range.from {
        Bound::Unbounded => true,
        Bound::Included(from) => key >= from,
        Bound::Excluded(from) => key > from,
    };
    let below = match &range.to {
        Bound::Unbounded => true,
        Bound::Included(to) => key <= to,
        Bound::Excluded(to) => key < to,
    };
    above && below
}

impl State {
    fn space(&mut self, id: EntityId) -> &mut BTreeMap<Key, Bytes> {
        Arc::make_mut(self.spaces.entry(id).or_default())
    }

    fn schema(&mut self, change: &SchemaChange) -> Result<(), SqlError> {
        let catalogue = Arc::make_mut(&mut self.catalogue);
        catalogue.apply(change).map_err(|e| SqlError::new(1213, e.to_string()))?;
        if let SchemaChange::AddIndex { table, index } = change {
            let table = self.catalogue.tables[table].clone();
            let rows: Vec<(Key, Bytes)> = self
                .spaces
                .get(&table.id)
                .map(|s| s.iter().map(|(k, b)| (k.clone(), b.clone())).collect())
                .unwrap_or_default();
            for (key, row) in rows {
                let values = table.read(&row).expect("a row");
                let (entry, single) = index.entry_key(&table, &values, &key).expect("an entry");
                if self.space(index.id).insert(entry, key.0.clone()).is_some() && single {
                    return Err(SqlError::new(
                        1062,
                        format!("Duplicate entry for key '{}.{}'", table.name, index.name),
                    ));
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, table: &Table, key: &Key, row: Option<Bytes>) -> Result<(), SqlError> {
        if let Some(old) = self.space(table.id).remove(key) {
            let values = table.read(&old).expect("a row");
            for index in &table.indexes {
                let (entry, _) = index.entry_key(table, &values, key).expect("an entry");
                self.space(index.id).remove(&entry);
            }
        }
        let Some(row) = row else { return Ok(()) };
        let values = table.read(&row).expect("a row");
        for index in &table.indexes {
            let (entry, single) = index.entry_key(table, &values, key).expect("an entry");
            if self.space(index.id).insert(entry, key.0.clone()).is_some() && single {
                return Err(SqlError::new(1062, format!("Duplicate entry for key '{}.{}'", table.name, index.name)));
            }
        }
        self.space(table.id).insert(key.clone(), row);
        Ok(())
    }

    fn rows(&mut self, changes: &TableChanges) -> Result<(), SqlError> {
        let table = self.catalogue.tables.get(&changes.table).cloned();
        let table = table.ok_or_else(|| SqlError::new(1213, "the table is gone"))?;
        let conflict = || SqlError::new(1213, "Deadlock found when trying to get lock; try restarting transaction");
        if changes.clear {
            self.space(table.id).clear();
            for index in &table.indexes {
                self.space(index.id).clear();
            }
        }
        let layout = table.newest_layout().clone();
        let before = |state: &State, key: &Key| state.get(table.id, &key.0).expect("in memory");
        for delete in &changes.deletes {
            before(self, &delete.key).ok_or_else(conflict)?;
            self.put(&table, &delete.key, None)?;
        }
        for update in &changes.updates {
            let row = before(self, &update.key).ok_or_else(conflict)?;
            let mut cells: Vec<_> = table.read(&row).expect("a row");
            let positions = table.cell_positions();
            let visible = |cell: u16| positions.iter().position(|p| *p == usize::from(cell)).expect("a column");
            for guard in &update.guards {
                if !guard.before.matches(&cells[visible(guard.column)]) {
                    return Err(conflict());
                }
            }
            for cell in &update.cells {
                let at = visible(cell.column);
                if !cell.before.matches(&cells[at]) {
                    return Err(conflict());
                }
                cells[at] = cell.after.clone();
            }
            let row = table.write(&cells).expect("fits");
            assert_eq!(row.layout_id(), Some(layout.id));
            self.put(&table, &update.key, Some(row.0))?;
        }
        for insert in &changes.inserts {
            if before(self, &insert.key).is_some() {
                return Err(SqlError::new(1062, "Duplicate entry for key 'PRIMARY'"));
            }
            self.put(&table, &insert.key, Some(insert.row.0.clone()))?;
        }
        Ok(())
    }

    fn apply(&mut self, changes: &ChangeSet) -> Result<(), SqlError> {
        changes.schema.iter().try_for_each(|change| self.schema(change))?;
        changes.tables.iter().try_for_each(|table| self.rows(table))
    }
}

#[derive(Default)]
struct Inner {
    state: Arc<State>,
    counters: HashMap<EntityId, u64>,
    commits: u64,
    hidden: u64,
    /// Commits on their way to a disk that a test holds.
    overtaken: u32,
    unsynced: Vec<Signal<Result<(), SqlError>>>,
    held: bool,
    /// Transactions that wait for their place behind others.
    queued: Vec<(Draft, Handed)>,
    queues: bool,
    /// What was committed, in order.
    drafts: Vec<ChangeSet>,
}

/// The journal.
#[derive(Default)]
pub struct MemoryJournal(Mutex<Inner>);

#[allow(dead_code, reason = "each test binary uses its part")]
impl MemoryJournal {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on commits are not on disk until [`MemoryJournal::sync`].
    pub fn hold(&self) {
        self.inner().held = true;
    }

    /// The disk has caught up.
    pub fn sync(&self) {
        let waiting = std::mem::take(&mut self.inner().unsynced);
        waiting.iter().for_each(|signal| signal.complete(Ok(())));
    }

    /// From now on whoever hands over waits for its place until [`MemoryJournal::place`].
    pub fn queue(&self) {
        self.inner().queues = true;
    }

    /// Who waited gets its place; or is refused with this error, and who comes later finds nobody before it.
    pub fn place(&self, refusal: Option<&SqlError>) {
        let queued = std::mem::take(&mut self.inner().queued);
        self.inner().queues = refusal.is_none();
        for (draft, handed) in queued {
            let placed = Handed::of(refusal.cloned().map_or_else(|| self.commit(draft), Err));
            placed.placed.then(move |answer| handed.placed.complete(answer.clone()));
            placed.durable.then(move |answer| handed.durable.complete(answer.clone()));
        }
    }

    /// The next so many commits are refused as if a change fetched from a peer had been faster.
    pub fn overtake(&self, commits: u32) {
        self.inner().overtaken = commits;
    }

    /// What was committed so far, in order.
    pub fn drafts(&self) -> Vec<ChangeSet> {
        self.inner().drafts.clone()
    }

    /// Commits so far.
    pub fn commits(&self) -> u64 {
        self.inner().commits
    }
}

impl Journal for MemoryJournal {
    fn snapshot(&self, mode: &ReadMode, _own: Option<CommitId>) -> Result<Arc<dyn View>, SqlError> {
        match mode {
            ReadMode::At(commit) => Err(SqlError::new(1105, format!("unknown commit {commit}"))),
            _ => Ok(self.inner().state.clone()),
        }
    }
    fn newest(&self) -> (Arc<dyn View>, u64) {
        (self.inner().state.clone(), 0)
    }
    fn changed_since(&self, _basis: u64, _keys: &mut dyn Iterator<Item = (EntityId, &[u8])>) -> bool {
        false
    }
    fn reserve_ids(&self, table: EntityId, first: u64, count: u64) -> Result<u64, SqlError> {
        let mut inner = self.inner();
        let next = inner.counters.entry(table).or_insert(first);
        let given = *next;
        *next += count;
        Ok(given)
    }
    fn raise_ids(&self, table: EntityId, used: u64) {
        let mut inner = self.inner();
        let next = inner.counters.entry(table).or_insert(1);
        *next = (*next).max(used + 1);
    }
    fn reset_ids(&self, table: EntityId, first: u64) {
        self.inner().counters.insert(table, first);
    }
    fn peek_ids(&self, table: EntityId, first: u64) -> u64 {
        self.inner().counters.get(&table).copied().unwrap_or(first)
    }
    fn reserve_hidden(&self, count: u64) -> [u8; 48] {
        let mut inner = self.inner();
        let mut key = [7; 48];
        key[40..].copy_from_slice(&inner.hidden.to_be_bytes());
        inner.hidden += count;
        key
    }
    fn commit(&self, draft: Draft) -> Result<Committed, SqlError> {
        let mut inner = self.inner();
        if let Some(left) = inner.overtaken.checked_sub(1) {
            inner.overtaken = left;
            return Err(SqlError::new(1213, "a fetched change was faster"));
        }
        let mut next = (*inner.state).clone();
        next.apply(&draft.changes)?;
        inner.state = Arc::new(next);
        inner.commits += 1;
        inner.drafts.push(draft.changes);
        let mut id = [0; 32];
        id[..8].copy_from_slice(&inner.commits.to_be_bytes());
        let durable = Signal::default();
        if inner.held {
            inner.unsynced.push(durable.clone());
        } else {
            durable.complete(Ok(()));
        }
        Ok(Committed { id: CommitId(id), durable })
    }
    fn hand_over(&self, draft: Draft) -> Handed {
        if !self.inner().queues {
            return Handed::of(self.commit(draft));
        }
        let handed = Handed::default();
        self.inner().queued.push((draft, handed.clone()));
        handed
    }
}
