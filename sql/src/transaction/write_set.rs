//! What a transaction has written so far: by key, what stood there at the first touch and what stands there now.
//!
//! Promises: undoing to a mark restores exactly what was there at the mark, entries of indexes included; memory grows
//! with the rows written, not with how often. Knows no locks and no SQL; entries are computed by the caller.

use super::sorted::Sorted;
use dag::change::Marks;
use dag::id::EntityId;
use dag::row_key::Key;
use dag::schema::Table;
use linearizer::view::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Positions of columns, as bits; tables of up to 64 columns need no allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnSet(Vec<u64>);

impl ColumnSet {
    pub fn insert(&mut self, position: usize) {
        let word = position / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (position % 64);
    }

    pub fn contains(&self, position: usize) -> bool {
        self.0.get(position / 64).is_some_and(|word| word & 1 << (position % 64) != 0)
    }

    pub fn union(&mut self, other: &ColumnSet) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

/// One row as this transaction leaves it. Kept small: a bulk load holds millions, nearly all of them new rows of which
/// there is nothing more to say.
#[derive(Clone, Debug)]
pub(crate) struct RowWrite {
    /// What is there now; `None`: deleted.
    pub after: Option<Bytes>,
    pub marks: Marks,
    more: Option<Box<More>>,
}

/// What most new rows do not have.
#[derive(Clone, Debug, Default)]
struct More {
    before: Option<Bytes>,
    guards: ColumnSet,
    entries: Box<[(EntityId, Key)]>,
}

impl RowWrite {
    /// A row that held `before` at the first touch and holds `after` now.
    pub fn new(before: Option<Bytes>, after: Option<Bytes>, marks: Marks) -> Self {
        let more = before.map(|before| Box::new(More { before: Some(before), ..More::default() }));
        RowWrite { after, marks, more }
    }

    /// With the columns that conditions and assignments read (R11).
    pub fn guarded(mut self, guards: &ColumnSet) -> Self {
        if !guards.0.is_empty() {
            self.more.get_or_insert_default().guards = guards.clone();
        }
        self
    }

    /// With the row's own live entries: (index, entry key).
    pub fn entered(mut self, entries: Vec<(EntityId, Key)>) -> Self {
        if !entries.is_empty() {
            self.more.get_or_insert_default().entries = entries.into();
        }
        self
    }

    /// What the newest state held at the first touch.
    pub fn before(&self) -> Option<&Bytes> {
        self.more.as_ref()?.before.as_ref()
    }

    /// Whether a column is guarded.
    pub fn guards(&self, position: usize) -> bool {
        self.more.as_ref().is_some_and(|more| more.guards.contains(position))
    }

    fn entries(&self) -> &[(EntityId, Key)] {
        self.more.as_ref().map_or(&[], |more| &more.entries)
    }

    /// Goes on from an earlier write of the same row.
    fn follow(&mut self, old: &RowWrite) {
        let before = old.before().cloned();
        let guards = old.more.as_ref().map(|more| &more.guards).filter(|guards| !guards.0.is_empty());
        if self.more.is_some() || before.is_some() || guards.is_some() {
            let more = self.more.get_or_insert_default();
            more.before = before;
            guards.into_iter().for_each(|guards| more.guards.union(guards));
        }
    }
}

/// Writes of one table.
#[derive(Clone, Debug)]
pub(crate) struct TableWrites {
    pub table: Arc<Table>,
    pub rows: Sorted<RowWrite>,
    /// Live entries of own rows by index: entry key -> primary key bytes.
    entries: BTreeMap<EntityId, Sorted<Bytes>>,
}

#[derive(Clone, Debug)]
struct Undo {
    table: EntityId,
    key: Key,
    previous: Option<RowWrite>,
}

/// A place to undo to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(usize);

/// All writes of a transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteSet {
    tables: BTreeMap<EntityId, TableWrites>,
    undo: Vec<Undo>,
    forgotten: usize,
}

impl WriteSet {
    pub fn is_empty(&self) -> bool {
        self.tables.values().all(|t| t.rows.is_empty())
    }

    /// Rows touched so far: the price of a victim (R35).
    pub fn weight(&self) -> u64 {
        self.tables.values().map(|t| t.rows.len() as u64).sum()
    }

    pub fn tables(&self) -> impl Iterator<Item = &TableWrites> {
        self.tables.values()
    }

    /// The writes, table by table; each is freed when it is done with.
    pub fn into_tables(self) -> impl Iterator<Item = TableWrites> {
        self.tables.into_values()
    }

    pub fn table(&self, id: EntityId) -> Option<&TableWrites> {
        self.tables.get(&id)
    }

    /// Every key touched, with its space.
    pub fn keys(&self) -> impl Iterator<Item = (EntityId, &[u8])> {
        self.tables.iter().flat_map(|(id, table)| table.rows.keys().map(|key| (*id, &*key.0)))
    }

    /// What this transaction left under a key, if it touched it.
    pub fn row(&self, table: EntityId, key: &[u8]) -> Option<&RowWrite> {
        self.tables.get(&table)?.rows.get(key)
    }

    /// Own live entries of an index.
    pub fn entries(&self, table: EntityId, index: EntityId) -> Option<&Sorted<Bytes>> {
        self.tables.get(&table)?.entries.get(&index)
    }

    /// Puts a row as it now stands. What it says of before counts only at the first touch of the key.
    pub fn put(&mut self, table: &Arc<Table>, key: Key, mut write: RowWrite) {
        let writes = self.tables.entry(table.id).or_insert_with(|| TableWrites {
            table: table.clone(),
            rows: Sorted::default(),
            entries: BTreeMap::new(),
        });
        let previous = writes.take(&key);
        if let Some(old) = &previous {
            write.follow(old);
            // A row inserted with IGNORE keeps its mark only while nothing else happened to it.
            write.marks.if_absent = false;
        }
        writes.place(key.clone(), write);
        self.undo.push(Undo { table: table.id, key, previous });
    }

    /// Here: what comes later can be undone.
    pub fn mark(&self) -> Mark {
        Mark(self.forgotten + self.undo.len())
    }

    /// Takes back everything since the mark.
    pub fn undo_to(&mut self, mark: Mark) {
        let keep = mark.0.saturating_sub(self.forgotten);
        while self.undo.len() > keep {
            let Some(undo) = self.undo.pop() else { return };
            let Some(writes) = self.tables.get_mut(&undo.table) else { continue };
            writes.take(&undo.key);
            if let Some(previous) = undo.previous {
                writes.place(undo.key, previous);
            }
        }
    }

    /// Nothing before now will be undone: no savepoint is open and the statement has ended.
    pub fn forget_undo(&mut self) {
        self.forgotten += self.undo.len();
        self.undo.clear();
    }
}

impl TableWrites {
    fn take(&mut self, key: &Key) -> Option<RowWrite> {
        let write = self.rows.remove(key.as_ref())?;
        for (index, entry) in write.entries() {
            if let Some(entries) = self.entries.get_mut(index) {
                entries.remove(entry.as_ref());
            }
        }
        Some(write)
    }

    fn place(&mut self, key: Key, write: RowWrite) {
        for (index, entry) in write.entries() {
            self.entries.entry(*index).or_default().insert(entry.clone(), key.0.clone());
        }
        self.rows.insert(key, write);
    }
}
