//! What the SQL layer needs of the replica beneath it (design, seam Journal).
//!
//! The root package implements it over the linearizer and the committer; tests implement it over a plain fold.

use crate::error::SqlError;
use dag::change::ChangeSet;
use dag::id::{CommitId, EntityId};
use dag::signal::Signal;
use linearizer::view::View;
use std::sync::Arc;

/// Where a session reads from (design, Reading).
#[derive(Clone, Debug, PartialEq, Default)]
pub enum ReadMode {
    /// The virtual merge of all heads.
    #[default]
    Merge,
    /// The stable prefix and the closure of the read head.
    Head,
    /// main's newest position.
    Main,
    /// main's stable prefix.
    Stable,
    /// The closure of one commit, by id or unique prefix of 8 or more characters.
    At(Arc<str>),
}

/// A transaction ready to commit.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The net changes; never empty.
    pub changes: ChangeSet,
    /// The newest merge the statements ran on: a fetched commit that changed a key of ours since then is 1213 (R27).
    pub basis: u64,
    /// Parked commits this one settles (R24).
    pub settles: Vec<CommitId>,
    /// The SQL user, for the commit's extension map.
    pub user: Arc<str>,
}

/// A commit that is in the local merge and on its way to disk.
#[derive(Clone)]
pub struct Committed {
    /// Its id.
    pub id: CommitId,
    /// Answers when the commit is on disk; an error means it may not be, and the replica has stopped acknowledging.
    pub durable: Signal<Result<(), SqlError>>,
}

/// The replica as the SQL layer sees it. Every method is quick and never blocks on disk or network.
pub trait Journal: Send + Sync {
    /// A state to read, by mode; `own` is the session's last commit, which Head mode must contain (R32). Errors: 1290
    /// or 1105 naming an unknown, ambiguous or pruned commit.
    fn snapshot(&self, mode: &ReadMode, own: Option<CommitId>) -> Result<Arc<dyn View>, SqlError>;

    /// The virtual merge of all heads now, with the number of fetched batches it contains (for [`Draft::basis`]).
    fn newest(&self) -> (Arc<dyn View>, u64);

    /// The key spaces and keys that fetched commits have changed since `basis`: whether any of ours is among them (R27).
    fn changed_since(&self, basis: u64, keys: &mut dyn Iterator<Item = (EntityId, &[u8])>) -> bool;

    /// Reserves `count` consecutive AUTO_INCREMENT numbers of a table; `first` is the value of CREATE TABLE. Errors: 1467.
    fn reserve_ids(&self, table: EntityId, first: u64, count: u64) -> Result<u64, SqlError>;

    /// An explicit id was written: the counter moves past it (R38).
    fn raise_ids(&self, table: EntityId, used: u64);

    /// TRUNCATE: the counter goes back to `first` (R38).
    fn reset_ids(&self, table: EntityId, first: u64);

    /// The number the counter would give next, for SHOW and information_schema.
    fn peek_ids(&self, table: EntityId, first: u64) -> u64;

    /// Reserves `count` hidden row keys (author, run, number) and gives the bytes of the first (R39): 48 bytes, the last
    /// 8 big-endian and counting up.
    fn reserve_hidden(&self, count: u64) -> [u8; 48];

    /// R27 steps 1 to 4 under the commit latch. Errors: 1213, 1062, 1048, 1290 and so on; then nothing is written.
    fn commit(&self, draft: Draft) -> Result<Committed, SqlError>;
}
