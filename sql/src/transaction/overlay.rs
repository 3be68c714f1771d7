//! A state with a transaction's own writes over it, by key (R34).
//!
//! Promises: the same order and the same entries as if the writes were committed on that state. An entry of the state's
//! index whose row this transaction touched does not count: the row's own entries stand for it.

use super::sorted::Sorted;
use super::write_set::WriteSet;
use dag::id::EntityId;
use dag::row_key::Key;
use linearizer::view::{Bytes, Direction, KeyRange, Sink, View, ViewError};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A view with writes over it.
#[derive(Clone)]
pub(crate) struct Overlay {
    pub view: Arc<dyn View>,
    /// `None` where there is nothing of one's own to see.
    pub writes: Option<Arc<WriteSet>>,
}

impl Overlay {
    /// A row by its primary key bytes.
    pub fn row(&self, table: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        match self.writes.as_ref().and_then(|w| w.row(table, key)) {
            Some(write) => Ok(write.after.clone()),
            None => self.view.get(table, key),
        }
    }

    /// The primary key bytes behind an entry of a unique index.
    pub fn entry(&self, table: EntityId, index: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        let Some(writes) = &self.writes else { return self.view.get(index, key) };
        if let Some(own) = writes.entries(table, index).and_then(|e| e.get(key)) {
            return Ok(Some(own.clone()));
        }
        Ok(self.view.get(index, key)?.filter(|row| writes.row(table, row).is_none()))
    }

    /// Rows in key order.
    pub fn rows(
        &self,
        table: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let Some(own) = self.writes.as_ref().and_then(|w| w.table(table)) else {
            return self.view.range(table, range, direction, sink);
        };
        let mut pending = Own::new(&own.rows, range, direction);
        let mut stopped = false;
        self.view.range(table, range, direction, &mut |key, bytes| {
            let flow = pending.before(key, direction, &mut |k, w| match &w.after {
                Some(after) => sink(k, after),
                None => ControlFlow::Continue(()),
            });
            let flow = flow.map_continue(|mine| if mine { ControlFlow::Continue(()) } else { sink(key, bytes) });
            stopped = is_stop(&flow);
            flatten(flow)
        })?;
        if !stopped {
            let _ = pending.rest(&mut |k, w| w.after.as_ref().map_or(ControlFlow::Continue(()), |a| sink(k, a)));
        }
        Ok(())
    }

    /// Entries of an index in order: entry key and primary key bytes.
    pub fn entries(
        &self,
        table: EntityId,
        index: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let Some((writes, touched)) = self.writes.as_ref().and_then(|w| Some((w, w.table(table)?))) else {
            return self.view.range(index, range, direction, sink);
        };
        let nothing = Sorted::default();
        let own = writes.entries(table, index).unwrap_or(&nothing);
        let mut pending = Own::new(own, range, direction);
        let mut stopped = false;
        self.view.range(index, range, direction, &mut |key, bytes| {
            if touched.rows.get(bytes).is_some() {
                return ControlFlow::Continue(());
            }
            let flow = pending.before(key, direction, &mut |k, row| sink(k, row));
            let flow = flow.map_continue(|_| sink(key, bytes));
            stopped = is_stop(&flow);
            flatten(flow)
        })?;
        if !stopped {
            let _ = pending.rest(&mut |k, row| sink(k, row));
        }
        Ok(())
    }

    /// About how many keys a range holds; own writes hardly ever matter for a plan.
    pub fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        let own = self.writes.as_ref().map_or(0, |w| w.table(space).map_or(0, |t| t.rows.len() as u64));
        self.view.estimate(space, range).max(own)
    }
}

fn is_stop(flow: &ControlFlow<(), ControlFlow<()>>) -> bool {
    !matches!(flow, ControlFlow::Continue(ControlFlow::Continue(())))
}

fn flatten(flow: ControlFlow<(), ControlFlow<()>>) -> ControlFlow<()> {
    match flow {
        ControlFlow::Continue(inner) => inner,
        ControlFlow::Break(()) => ControlFlow::Break(()),
    }
}

/// Own keys not yet given, in the direction of the scan.
struct Own<'a, V> {
    range: Box<dyn Iterator<Item = (&'a Key, &'a V)> + 'a>,
    next: Option<(&'a Key, &'a V)>,
}

impl<'a, V> Own<'a, V> {
    fn new(own: &'a Sorted<V>, range: &KeyRange, direction: Direction) -> Self {
        let mut range = own.range(range, direction);
        Own { next: range.next(), range }
    }

    fn advance(&mut self) {
        self.next = self.range.next();
    }

    /// Gives the own keys that come before `key`; then whether the own next key is `key` itself (given too).
    fn before(
        &mut self,
        key: &Key,
        direction: Direction,
        give: &mut dyn FnMut(&Key, &V) -> ControlFlow<()>,
    ) -> ControlFlow<(), bool> {
        while let Some((mine, value)) = self.next {
            let order = if direction == Direction::Forward { mine.cmp(key) } else { key.cmp(mine) };
            if order.is_gt() {
                return ControlFlow::Continue(false);
            }
            self.advance();
            give(mine, value)?;
            if order.is_eq() {
                return ControlFlow::Continue(true);
            }
        }
        ControlFlow::Continue(false)
    }

    fn rest(&mut self, give: &mut dyn FnMut(&Key, &V) -> ControlFlow<()>) -> ControlFlow<()> {
        while let Some((key, value)) = self.next {
            self.advance();
            give(key, value)?;
        }
        ControlFlow::Continue(())
    }
}
