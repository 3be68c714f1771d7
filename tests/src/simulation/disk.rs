//! The simulated disk of one replica: an append-only log whose tail is only safe after a sync.
//!
//! Promises: what was synced survives every crash; of the rest a crash keeps some prefix, as a real log does after its
//! torn tail is cut (R42). A record is a batch: it survives whole or not at all.

use super::random::Random;

/// A log of records.
#[derive(Debug)]
pub struct Disk<R> {
    records: Vec<R>,
    synced: usize,
}

impl<R> Disk<R> {
    /// A disk that holds these records safely.
    pub fn new(records: Vec<R>) -> Self {
        Disk { synced: records.len(), records }
    }

    /// Writes a record; a crash may lose it.
    pub fn append(&mut self, record: R) {
        self.records.push(record);
    }

    /// Whether there is something to sync.
    pub fn is_dirty(&self) -> bool {
        self.synced < self.records.len()
    }

    /// Makes everything safe; gives the records that were not before.
    pub fn sync(&mut self) -> &[R] {
        let from = std::mem::replace(&mut self.synced, self.records.len());
        &self.records[from..]
    }

    /// The power goes: some prefix of what was not synced is still there.
    pub fn crash(&mut self, random: &mut Random) {
        let unsafe_records = (self.records.len() - self.synced) as u64;
        self.records.truncate(self.synced + random.below(unsafe_records + 1) as usize);
        self.synced = self.records.len();
    }

    /// What survives every crash, oldest first.
    pub fn safe(&self) -> &[R] {
        &self.records[..self.synced]
    }

    /// Every record, oldest first.
    pub fn records(&self) -> &[R] {
        &self.records
    }
}
