//! Every bound of this crate, in one place, each with its reason.
//!
//! Promises: none of them decides an outcome; they bound work a call, and memory.

/// Commits below the window that are trimmed at each call after a checkpoint: about 1 ms of work.
pub const TRIM_A_CALL: usize = 256;

/// So many entries of one space are written to the state in two rounds: a tree's nodes filled in ascending order stay
/// half empty; every other entry first and the rest between them fills them (a million rows: 55 MiB). A few leaves are
/// not worth it.
pub const BULK: usize = 4_096;

/// Entries a range may hold for [`crate::state::State::estimate`] to be exact (the View's contract).
pub const EXACT_ESTIMATE: usize = 1_000;

/// Commits from one mark of a prefix to the next: 64 steps take about 15 us, and 200,000 commits make 500 kB of marks.
/// Tests have short histories.
pub const SPACING: u64 = if cfg!(test) { 3 } else { 64 };

/// Pause after which a member that has nothing to say speaks all the same, so that the others can tell a quiet member
/// from one that is gone. A minute: 400 bytes a tip make half a megabyte a day.
pub const HEARTBEAT_MILLIS: u64 = 60_000;

/// Floors of one member kept until ours has come as far. A member that is ahead tells one in a few milliseconds, so 64
/// are kept while we catch up; the oldest stay, because they can be compared first, and the newest replaces the last.
pub const MAX_PENDING: usize = 64;
