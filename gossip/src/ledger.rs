//! What an exchange reads of its own replica, and what it hands over.
//!
//! Promises: reading only; nobody can write through it. Implemented by the root package over graph, heads and store,
//! and by the simulator's replica.

use dag::id::CommitId;
use dag::version::{Ask, Lack, Position, Walk};
use dag::vertex::{Chain, Vertex};
use serde_bytes::ByteBuf;
use std::sync::Arc;

/// A commit as it is served: the bytes its author made, and the signed tip at it, if one was made.
#[derive(Clone, Debug)]
pub struct Served {
    /// Canonical bytes of header and inline body.
    pub commit: Arc<[u8]>,
    /// Canonical bytes of the tip whose commit this is.
    pub tip: Option<Arc<[u8]>>,
}

/// A chain segment as received: nothing in it is verified yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawSegment {
    /// Commits of one chain, one after the other.
    pub commits: Vec<ByteBuf>,
    /// The signed tip at the last one.
    pub tip: ByteBuf,
}

/// The replica as its exchanges see it. Only what is on disk and signed may show here (R14).
pub trait Ledger {
    /// All heads, newest first.
    fn heads(&self) -> Vec<CommitId>;
    /// Whether the commit is admitted, or waits here for a parent or its time: then there is no need to fetch it.
    fn knows(&self, id: &CommitId) -> bool;
    /// Parents that something waits for here; some may wait themselves. Asked for anew with every announcement: the
    /// peer that brought a child may be gone, and what it brought of the parents with it.
    fn missing(&self) -> Vec<CommitId> {
        Vec::new()
    }
    /// The ends of each chain: see [`dag::version::Chains::have`].
    fn have(&self) -> Vec<(Chain, Position)>;
    /// What a peer lacks (R41): see [`dag::version::Chains::lack`].
    fn lack(&self, ask: &Ask<'_>) -> Lack;
    /// The next commits of a difference, parents first, at most so many; none when all were given.
    fn next(&self, walk: &mut Walk, most: usize) -> Vec<CommitId>;
    /// Whether the bytes of an admitted commit are here; a clone lacks those below its checkpoint.
    fn has_bytes(&self, id: &CommitId) -> bool {
        self.served(id).is_some()
    }
    /// Whether an admitted commit has a tip on disk: there a segment may end.
    fn is_tip(&self, id: &CommitId) -> bool;
    /// The segment of a commit that is held here, whole and as it came: held commits are relayed (R2).
    fn held(&self, id: &CommitId) -> Option<RawSegment> {
        let _ = id;
        None
    }
    /// The vertex of an admitted commit: by value, since those below the window are read from the disk.
    fn vertex(&self, id: &CommitId) -> Option<Vertex>;
    /// The bytes of an admitted commit; `None` also if they cannot be read now.
    fn served(&self, id: &CommitId) -> Option<Served>;
}
