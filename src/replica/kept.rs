//! What a replica keeps beside its checkpoints, so that opening reads only what lies behind the last one.
//!
//! Promises: everything here can be worked out again from the whole log; a missing or older record only makes opening
//! slower. One named record, written after the trees are on disk.

use super::counters;
use dag::controls::KeptFrontier;
use dag::encode;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId};
use dag::store::{Log, Position, Record, StoreError};
use dag::version;
use linearizer::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

/// Name of the record in the log.
const NAME: &str = "checkpoints";

/// The record. Version 1.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// Checkpoints from old to new; the last is the base of the window.
    pub checkpoints: Vec<Checkpoint>,
    /// Every commit above the last checkpoint stands here in the log, or behind.
    scan_from: ByteArray<16>,
    /// Commits behind this came after the last checkpoint was adopted, whatever their time.
    adopted_at: ByteArray<16>,
    /// AUTO_INCREMENT.
    pub counters: counters::Kept,
    /// Commits that carry control records, in order, with the newest ones below each.
    pub controls: Vec<KeptFrontier>,
    /// The newest control commits below each head of the last checkpoint.
    pub ground: Vec<KeptFrontier>,
    /// Promises by author: time, commit of the tip.
    pub promises: Vec<(AuthorId, Hlc, CommitId)>,
    /// Newest floors by author: time, main's hash there.
    pub floors: Vec<(AuthorId, Hlc, NodeId)>,
    /// Chains, beside their pages: everything below the last checkpoint.
    pub chains: Vec<version::Record>,
    /// Held segments, by their last commits.
    pub held: Vec<CommitId>,
    /// This author's last commit.
    pub prev: Option<CommitId>,
    /// The greatest time seen.
    pub hlc: Hlc,
    /// This author's promise.
    pub promise: Hlc,
}

/// Where the log is read again.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    /// See [`Kept`].
    pub scan_from: Position,
    /// See [`Kept`].
    pub adopted_at: Position,
}

impl Kept {
    /// A record of these checkpoints and marks; the rest is to be filled in.
    pub fn new(checkpoints: Vec<Checkpoint>, marks: Marks, counters: counters::Kept) -> Self {
        Kept {
            version: 1,
            checkpoints,
            scan_from: ByteArray::new(marks.scan_from.to_bytes()),
            adopted_at: ByteArray::new(marks.adopted_at.to_bytes()),
            counters,
            controls: Vec::new(),
            ground: Vec::new(),
            promises: Vec::new(),
            floors: Vec::new(),
            chains: Vec::new(),
            held: Vec::new(),
            prev: None,
            hlc: Hlc::default(),
            promise: Hlc::default(),
        }
    }

    /// Where to read on.
    pub fn marks(&self) -> Marks {
        Marks {
            scan_from: Position::from_bytes(self.scan_from.into_array()),
            adopted_at: Position::from_bytes(self.adopted_at.into_array()),
        }
    }

    /// For the log.
    pub fn record(&self) -> Record {
        Record::named(NAME, encode::to_bytes(self))
    }

    /// The last one written; `None` before the first, and for one that cannot be read, which is then as if missing.
    pub fn load(log: &Log) -> Result<Option<Kept>, StoreError> {
        let Some(bytes) = log.named(NAME)? else { return Ok(None) };
        match encode::from_bytes::<Kept>("checkpoints", &bytes) {
            Ok(kept) if kept.version == 1 => Ok(Some(kept)),
            Ok(kept) => {
                tracing::warn!(
                    version = kept.version,
                    "the checkpoints are of another release: folding the whole log again"
                );
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(%error, "the checkpoints cannot be read: folding the whole log again");
                Ok(None)
            }
        }
    }
}
