//! A simulated replica's folder, as people handle it: backed up, restored, copied.
//!
//! Promises: only what is safely on the disk is in a backup or a copy.

use super::super::chain::Record;
use super::super::disk::Disk;
use super::Replica;
use dag::commit::Commit;
use dag::id::CommitId;

impl Replica {
    /// The commits that are safely on its disk, crash or no crash.
    pub fn safe_commits(&self) -> impl Iterator<Item = CommitId> {
        let id = |record: &Record| if let Record::Commit(commit) = record { Some(commit.id) } else { None };
        self.disk.safe().iter().flatten().filter_map(id)
    }

    /// Every commit on its disk.
    pub fn commits_on_disk(&self) -> impl Iterator<Item = &Commit> {
        self.disk.records().iter().flatten().filter_map(|record| match record {
            Record::Commit(commit) => Some(commit),
            _ => None,
        })
    }

    /// How much is safely on its disk.
    pub fn safe_length(&self) -> usize {
        self.disk.safe().len()
    }

    /// The disk is set back to what it was when so much was on it: a backup is restored. It does not run.
    pub fn restore(&mut self, length: usize) {
        self.memory = None;
        self.disk = Disk::new(self.disk.safe()[..length].to_vec());
    }

    /// Its folder is a copy of another's, as far as that is safely on its disk.
    pub fn copy_folder(&mut self, of: &Replica) {
        self.disk = Disk::new(of.disk.safe().to_vec());
    }

    /// Whether there is anything on its disk.
    pub fn has_folder(&self) -> bool {
        !self.disk.records().is_empty()
    }
}
