//! What this replica's author wrote behind its last signed tip: one segment, as it will be served (R13, R14).
//!
//! Promises: it says in time that a tip is due, so that no segment is ever longer than what every peer takes, however
//! long nobody asks for it. Does not sign.

use dag::commit::{Commit, MAX_HEADER, MAX_SEGMENT_COMMITS, MAX_SEGMENT_HEADERS};
use gossip::limits::SEGMENT_BYTES;

/// Commits without a tip, counted and weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsigned {
    commits: usize,
    headers: usize,
    bytes: usize,
}

impl Unsigned {
    /// One more.
    pub fn add(&mut self, commit: &Commit) {
        self.weigh(commit.header_length(), commit.bytes().len());
    }

    /// One that a crash left behind; not weighed, because it is signed before anything is written (R14).
    pub fn leave(&mut self) {
        self.weigh(0, 0);
    }

    fn weigh(&mut self, header: usize, bytes: usize) {
        self.commits += 1;
        self.headers += header;
        self.bytes += bytes;
    }

    /// Nothing stands behind the last tip.
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// Whether a tip is due now: with one more commit, of the greatest size, no peer might take the segment.
    pub fn is_full(&self) -> bool {
        self.commits >= MAX_SEGMENT_COMMITS
            || self.bytes >= SEGMENT_BYTES
            || self.headers > MAX_SEGMENT_HEADERS - MAX_HEADER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes were not counted: the segment of a replica that wrote much while it was alone was taken by nobody, and who
    /// served it was dropped.
    #[test]
    fn a_tip_is_due_before_a_segment_is_too_long_for_any_peer() {
        let room = MAX_SEGMENT_HEADERS - MAX_HEADER;
        for (what, commits, header, bytes, full) in [
            ("commits", MAX_SEGMENT_COMMITS - 1, 1, 1, false),
            ("commits", MAX_SEGMENT_COMMITS, 1, 1, true),
            ("bytes", 1, 1, SEGMENT_BYTES - 1, false),
            ("bytes", 1, 1, SEGMENT_BYTES, true),
            ("bytes together", 2, 1, SEGMENT_BYTES / 2, true),
            ("headers", room / MAX_HEADER, MAX_HEADER, MAX_HEADER, false),
            ("headers", room / MAX_HEADER + 1, MAX_HEADER, MAX_HEADER, true),
        ] {
            let mut unsigned = Unsigned::default();
            (0..commits).for_each(|_| unsigned.weigh(header, bytes));
            assert_eq!((unsigned.is_full(), unsigned.is_empty()), (full, false), "{what}: {commits} of {bytes}");
        }
    }
}
