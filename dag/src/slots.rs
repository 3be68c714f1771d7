//! AUTO_INCREMENT slots: which numbers a member may generate (R38).
//!
//! Promises: whose a number is follows from genesis and the control records alone; slots are handed on, never made, so
//! that no two members own one; what a member receives begins above every number that its giver may have used. Numbers
//! lie in blocks, block `b` belongs to slot `b` modulo the count. Does not know counters: that is the replica's.

use crate::control::ControlRecord;
use crate::error::{Error, Result};
use crate::genesis::Genesis;
use crate::id::{AuthorId, EntityId};
pub use crate::limits::{MAX_FLOORS, MAX_SLOTS};
use crate::schema::ColumnType;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// Numbers of one block: a statement gets consecutive numbers from one block, so as many as a large INSERT has rows,
/// and few enough that a thousand slots have hundreds of blocks each before the type ends. Narrow types have too few
/// numbers for blocks.
pub fn block_size(kind: &ColumnType) -> u64 {
    match kind {
        ColumnType::Integer { bytes: 1 | 2, .. } => 1,
        ColumnType::Integer { bytes: 3, .. } | ColumnType::Float { .. } => 16,
        ColumnType::Integer { bytes: 4, .. } => 1 << 12,
        _ => 1 << 20,
    }
}

/// A set of slots: bit `s % 8` of byte `s / 8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(ByteBuf);

impl Mask {
    fn all(count: u32) -> Mask {
        let mut bytes = vec![0xff; count.div_ceil(8) as usize];
        if let (Some(last), used @ 1..=7) = (bytes.last_mut(), count % 8) {
            *last = (1 << used) - 1;
        }
        Mask(ByteBuf::from(bytes))
    }

    fn none(count: u32) -> Mask {
        Mask(ByteBuf::from(vec![0; count.div_ceil(8) as usize]))
    }

    /// As it stands in a record. Error: more than [`MAX_SLOTS`].
    pub(crate) fn of_bytes(bytes: &ByteBuf) -> Result<Mask> {
        Error::limit("slots of a record", bytes.len() * 8, MAX_SLOTS as usize)?;
        Ok(Mask(bytes.clone()))
    }

    /// For a record.
    pub fn to_bytes(&self) -> ByteBuf {
        self.0.clone()
    }

    /// Whether the slot is in it.
    pub fn has(&self, slot: u64) -> bool {
        usize::try_from(slot / 8).ok().and_then(|at| self.0.get(at)).is_some_and(|byte| byte >> (slot % 8) & 1 == 1)
    }

    /// How many slots are in it.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Whether no slot is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Every second slot of it, from the second: so that halves stay spread over narrow types.
    pub fn half(&self) -> Mask {
        let mut half = vec![0; self.0.len()];
        let owned = (0..self.0.len() as u64 * 8).filter(|slot| self.has(*slot));
        for slot in owned.skip(1).step_by(2) {
            half[(slot / 8) as usize] |= 1 << (slot % 8);
        }
        Mask(ByteBuf::from(half))
    }

    /// What both have.
    fn and(&self, other: &Mask) -> Mask {
        Mask(ByteBuf::from(self.0.iter().zip(other.0.iter()).map(|(a, b)| a & b).collect::<Vec<u8>>()))
    }

    fn add(&mut self, other: &Mask) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a |= b);
    }

    /// Takes slots out.
    pub fn remove(&mut self, other: &Mask) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a &= !b);
    }
}

/// What one member may generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Slots in all.
    pub count: u32,
    /// Its slots.
    pub mask: Mask,
    /// By table: numbers up to here are not its, whatever their slot.
    pub floors: BTreeMap<EntityId, u64>,
}

impl Share {
    /// All of them: a database with one writer counts as MySQL does.
    pub fn whole(count: u32) -> Share {
        Share { count, mask: Mask::all(count), floors: BTreeMap::new() }
    }

    /// Whether every slot is in it.
    pub fn is_whole(&self) -> bool {
        self.mask.len() == self.count
    }

    /// Numbers of the table up to here are not its.
    pub fn floor(&self, table: EntityId) -> u64 {
        self.floors.get(&table).copied().unwrap_or(0)
    }

    /// The least `first` from `from` on for which `first` to `first + count - 1` are all its own; `None` if its blocks
    /// are too short for so many, or the numbers are used up.
    pub fn next(&self, from: u64, count: u64, block: u64) -> Option<u64> {
        let (slots, block, count) = (u64::from(self.count), block.max(1), count.max(1));
        let mut first = from.max(1);
        if self.is_whole() {
            return first.checked_add(count - 1).map(|_| first);
        }
        // After one round of blocks everything repeats.
        let last_block = (first - 1) / block + 2 * slots + 1;
        loop {
            let end = first.checked_add(count - 1)?;
            let blocks = (first - 1) / block..=(end - 1) / block;
            if *blocks.end() - *blocks.start() > slots {
                return None;
            }
            let Some(foreign) = blocks.rev().find(|b| !self.mask.has(b % slots)) else { return Some(first) };
            if foreign > last_block {
                return None;
            }
            first = (foreign + 1).checked_mul(block)?.checked_add(1)?;
        }
    }
}

/// Everybody's slots: fold the control records in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots {
    count: u32,
    shares: BTreeMap<AuthorId, Share>,
}

impl Slots {
    /// All are the founder's.
    pub fn founding(genesis: &Genesis) -> Slots {
        let count = genesis.slots.clamp(1, MAX_SLOTS);
        Slots { count, shares: BTreeMap::from([(genesis.founder, Share::whole(count))]) }
    }

    /// One more record of a commit by `author`; only what is the author's is handed over.
    pub fn apply(&mut self, author: &AuthorId, record: &ControlRecord) {
        match record {
            ControlRecord::HandOver { to, slots, floors } => {
                let Ok(named) = Mask::of_bytes(slots) else { return };
                let Some(giver) = self.shares.get_mut(author) else { return };
                let given = named.and(&giver.mask);
                giver.mask.remove(&given);
                self.receive(*to, &given, floors);
            }
            ControlRecord::RenewKey { old, new } => {
                if let Some(share) = self.shares.remove(old) {
                    let floors: Vec<(EntityId, u64)> = share.floors.into_iter().collect();
                    self.receive(*new, &share.mask, &floors);
                }
            }
            _ => {}
        }
    }

    fn receive(&mut self, to: AuthorId, given: &Mask, floors: &[(EntityId, u64)]) {
        let count = self.count;
        let empty = || Share { count, mask: Mask::none(count), floors: BTreeMap::new() };
        let taker = self.shares.entry(to).or_insert_with(empty);
        taker.mask.add(given);
        for (table, floor) in floors {
            let known = taker.floors.entry(*table).or_default();
            *known = (*known).max(*floor);
        }
    }

    /// The member's share.
    pub fn share(&self, author: &AuthorId) -> Share {
        let none = || Share { count: self.count, mask: Mask::none(self.count), floors: BTreeMap::new() };
        self.shares.get(author).cloned().unwrap_or_else(none)
    }
}

#[cfg(test)]
mod tests;
