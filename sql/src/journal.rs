//! What the SQL layer needs of the replica beneath it (design, seam Journal).
//!
//! The root package implements it over the linearizer and the committer; tests implement it over a plain fold.

use crate::error::SqlError;
use crate::peers::{Nobody, Peers, Token, counted};
use dag::change::ChangeSet;
use dag::id::{CommitId, EntityId, MIN_PREFIX};
use dag::signal::Signal;
use linearizer::view::View;
use std::fmt;
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
    /// The virtual merge, once so many replicas (this one included) have told what they have, and it is here.
    Quorum(u32),
    /// The virtual merge, once it contains the frontier of this token.
    After(Arc<str>),
}

impl ReadMode {
    /// Whether it reads the merge of all heads: then statements may write, and locking reads make sense.
    pub fn is_merge(&self) -> bool {
        matches!(self, ReadMode::Merge | ReadMode::Quorum(_) | ReadMode::After(_))
    }

    /// Reads the text form; `None` if it is none.
    pub fn parse(text: &str) -> Option<ReadMode> {
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "merge" => return Some(ReadMode::Merge),
            "head" => return Some(ReadMode::Head),
            "main" => return Some(ReadMode::Main),
            "stable" => return Some(ReadMode::Stable),
            _ => {}
        }
        if let Some(count) = counted(&lower, "quorum") {
            return Some(ReadMode::Quorum(count));
        }
        if let Some(token) = lower.strip_prefix("after(").and_then(|rest| rest.strip_suffix(')')) {
            let token = token.trim().trim_matches(['\'', '"']);
            return Token::parse(token).map(|_| ReadMode::After(Arc::from(token)));
        }
        let commit = lower.strip_prefix('@')?;
        let fits = commit.len() >= MIN_PREFIX && commit.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        fits.then(|| ReadMode::At(Arc::from(commit)))
    }
}

impl fmt::Display for ReadMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadMode::Merge => f.write_str("merge"),
            ReadMode::Head => f.write_str("head"),
            ReadMode::Main => f.write_str("main"),
            ReadMode::Stable => f.write_str("stable"),
            ReadMode::At(commit) => write!(f, "@{commit}"),
            ReadMode::Quorum(count) => write!(f, "quorum({count})"),
            ReadMode::After(token) => write!(f, "after({token})"),
        }
    }
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

/// A transaction that was handed over: it may wait for its place behind others.
#[derive(Clone, Default)]
pub struct Handed {
    /// Answers when the commit is in the local merge with its id, or refused: 1213, 1062, 1048, 1290 and so on.
    pub placed: Signal<Result<CommitId, SqlError>>,
    /// Answers, never before `placed`, when the commit is on disk, or refused.
    pub durable: Signal<Result<(), SqlError>>,
}

impl Handed {
    /// What [`Journal::commit`] answered at once.
    pub fn of(committed: Result<Committed, SqlError>) -> Self {
        let placed = Signal::default();
        placed.complete(committed.as_ref().map(|committed| committed.id).map_err(SqlError::clone));
        let durable = committed.map(|committed| committed.durable).unwrap_or_else(|error| {
            let refused = Signal::default();
            refused.complete(Err(error));
            refused
        });
        Handed { placed, durable }
    }
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

    /// The other replicas.
    fn peers(&self) -> &dyn Peers {
        &Nobody
    }

    /// How many own commits were parked or voided by later arrivals since the start (R32).
    fn demotions(&self) -> u64 {
        0
    }

    /// Those behind so many, with why; a bounded number of the last.
    fn demoted_since(&self, _since: u64) -> Vec<(CommitId, String)> {
        Vec::new()
    }

    /// R27 steps 1 to 4 under the commit latch. Errors: 1213, 1062, 1048, 1290 and so on; then nothing is written.
    fn commit(&self, draft: Draft) -> Result<Committed, SqlError>;

    /// As [`Journal::commit`], but never waits for those who commit at the same time.
    fn hand_over(&self, draft: Draft) -> Handed {
        Handed::of(self.commit(draft))
    }
}
