//! Every bound of the replica that the crates below do not have, in one place, each with its reason.
//!
//! Promises: what sessions, peers and system tables make the replica keep is no more than what is written here. The
//! wire's bounds are `proxy`'s, the network's are `gossip`'s.

/// Checked tree nodes kept in memory: the inner nodes of tens of millions of rows, well below the 512 MiB bound.
pub const NODE_CACHE_BYTES: usize = 64 << 20;

/// Commits folded at a time while opening.
pub const FOLD_BATCH: usize = 4_096;

/// Fetched batches whose keys are remembered: a transaction older than these is told 1213 to be safe.
pub const REMEMBERED_BATCHES: usize = 1_024;

/// Own commits parked or voided later, remembered: a partition that heals may park thousands, and each session looks at
/// its next answer.
pub const REMEMBERED_DEMOTIONS: usize = 8_192;

/// Commits that leave memory at once below a checkpoint: a millisecond or two under the latch; all of ten seconds of
/// inserts at once stopped every session for half a second. Few in tests, so that they see what lies between.
pub const LET_GO_AT_ONCE: usize = if cfg!(test) { 2 } else { 2_048 };

/// Of these, those that are forgotten without letting go of the latch: half a millisecond.
pub const FORGOTTEN_AT_ONCE: usize = 256;

/// How often a session that found the latch free looks for transactions of others to place, before it sees to its own
/// answer: a few milliseconds when many commit at once.
pub const ROUNDS_AT_THE_LATCH: usize = 64;

/// How often a compaction on demand begins anew when late commits come below its cut.
pub const COMPACT_TRIES: usize = 4;

/// Commits that a listing reads at a time: about 1 MB of facts.
pub const LISTED_AT_ONCE: usize = 4_096;

/// Faults that `verify` lists one by one; more are only counted, so that a ruined disk does not fill the terminal.
pub const LISTED_FAULTS: usize = 100;

/// Longest segment of a bundle file, bytes: 1,024 commits of the greatest common size with room to spare; bounds what
/// one length can ask for.
pub const MAX_SEGMENT_BYTES: u32 = 256 << 20;

/// Most tickets of this replica remembered: 200 bytes each, and nobody invites a thousand at a time.
pub const MAX_ISSUED: usize = 1_024;

/// Longest life of a ticket, hours: a year; what is needed longer is a new ticket.
pub const MAX_TICKET_HOURS: f64 = 24.0 * 366.0;

/// Vouchers in a tip: peers cut at the same places but not at the same moment.
pub const KEPT_VOUCHERS: usize = 4;

/// Answers that wait for a clone to take them: more than may be under way.
pub const ANSWERS_WAITING: usize = 64;

/// Questions to peers that may wait or be under way: a session has one at most.
pub const MAX_QUESTIONS: usize = 1_024;

/// Peers' addresses kept: a few for each of a hundred peers.
pub const MAX_KEPT_ADDRESSES: usize = 512;

/// Jobs that ended and are still listed: half an hour of checkpoints under steady load.
pub const ENDED_KEPT: usize = 32;
