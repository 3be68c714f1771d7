//! What the network asks of the replica it runs in.
//!
//! Promises of a [`Host`]: synchronous, called from a bounded pool of blocking threads, from several at once; nothing
//! unsynced or unsigned is given out (R14). Implemented by the root package. Knows no connections.

use crate::announcement::Announcement;
use crate::faults::Fault;
use crate::hello::{Access, Hello, TransportId};
use crate::ledger::{Ledger, RawSegment};
use crate::stock::Stock;
use crate::ticket::{JoinRequest, Refusal, Welcome};
use dag::id::{AuthorId, CommitId, GenesisId, NodeId};
use dag::tree::Need;
use std::sync::Arc;

/// The replica could not do it; nothing of the peer's fault.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// What became of segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Commits that entered.
    pub entered: u64,
    /// One for each segment that was refused.
    pub faults: Vec<Fault>,
    /// Parents that are nowhere here: to be fetched from whoever has them.
    pub missing: Vec<CommitId>,
    /// Segments whose large commits' objects are not all here, by their last commits, with the roots to gather
    /// ([`crate::objects::Gathering`]) before they are brought again (R10).
    pub lacking: Vec<(CommitId, Vec<Need>)>,
}

/// What a tip turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A member's, and its commit is here: its promise counts.
    Kept,
    /// A member's; its commit is not here yet.
    Ahead,
    /// Signed, but by nobody that is known here.
    Stranger,
    /// A member's, against its own commit, which is here: nothing is taken from it, but who brought it need not have
    /// that commit and is not to blame.
    Contradicted,
    /// Not signed by its author, or of another database.
    Forged,
}

/// The replica, as the network sees it.
pub trait Host: Send + Sync + 'static {
    /// The database.
    fn genesis(&self) -> GenesisId;
    /// The first words through this transport, signed by the author key, with the clock of now.
    fn hello(&self, transport: &TransportId) -> Hello;
    /// What the author may do, by the members known now.
    fn access(&self, author: &AuthorId) -> Access;
    /// What is here now, without addresses; signs a tip if one is due and has it on disk before it returns (R14).
    fn announcement(&self) -> Result<Announcement, HostError>;
    /// A tip that came with an announcement: verified, and kept if its commit is here (R15, R16).
    fn heard(&self, tip: &[u8]) -> Heard;
    /// Runs a job that reads commits, with the time in milliseconds since 1970. Reads never wait for a disk's sync.
    fn read(&self, job: &mut dyn FnMut(&dyn Ledger, u64));
    /// Verifies, admits and stores segments of one answer of `from`, in order; returns when they are on disk.
    fn admit(&self, from: &AuthorId, segments: Vec<RawSegment>) -> Admission;
    /// A ticket is redeemed.
    fn join(&self, request: &JoinRequest) -> Result<Welcome, Refusal>;
    /// Tree nodes and large values, in the order asked for; `None` for what is not here. At least one, and no more once
    /// [`dag::objects::ANSWER_BYTES`] are passed: the peer asks for the rest again.
    fn objects(&self, ids: &[NodeId]) -> Vec<Option<Arc<[u8]>>>;
    /// Which of these objects are here.
    fn has(&self, ids: &[NodeId]) -> Vec<bool> {
        vec![false; ids.len()]
    }
    /// What the objects here hang from now, where they lie, how many bytes they are.
    fn stock(&self) -> Stock {
        Stock::default()
    }
    /// One object of a large commit's changes, as it is kept beside the commits; `None` if it is not. An object that only
    /// a checkpoint's trees hold does not count: those are swept.
    fn kept(&self, id: NodeId) -> Result<Option<Arc<[u8]>>, HostError> {
        let _ = id;
        Ok(None)
    }
    /// Stores gathered objects, each checked by the gathering; on disk when it returns.
    fn keep(&self, objects: Vec<(NodeId, Arc<[u8]>)>) -> Result<(), HostError> {
        let _ = objects;
        Err(HostError("this replica stores no objects of large commits".to_owned()))
    }
    /// The stable checkpoints that clones may take (R30), each as the replica writes it, at most
    /// [`crate::limits::MAX_OFFERS`] of [`crate::limits::MAX_OFFER`] bytes.
    fn checkpoints(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
    /// The author's connection ended: what it alone brought and what still waits may be forgotten.
    fn gone(&self, author: &AuthorId);
    /// Another live process under this replica's author key said this (R6): stop writing.
    fn twin(&self, said: &Hello);
}
