//! The header of a commit (R5): what its id is the hash of.
//!
//! Promises: `parents` sorted and unique, at most [`MAX_PARENTS`]; the body stays provable when it is pruned, because
//! the header carries its root, length and counts. Does not check anything against other commits: that is `admit`.

use crate::admit::RULES_LEVEL;
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, GenesisId, NodeId, RunId};
pub use crate::limits::MAX_PARENTS;
use std::collections::BTreeMap;

/// What kind of vertex a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitKind {
    /// A transaction.
    Data,
    /// Control records only (R12).
    Control,
    /// No changes: joins heads (R7).
    Join,
}

/// A commit's header. Version 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The replicated database.
    pub genesis: GenesisId,
    /// Who wrote it.
    pub author: AuthorId,
    /// Which start of the author's process (R6).
    pub run: RunId,
    /// 1, 2, 3 ... within the run.
    pub seq: u64,
    /// The author's previous commit; `None` only for the founder's first.
    pub prev: Option<CommitId>,
    /// All heads the writer knew, sorted, unique.
    pub parents: Vec<CommitId>,
    /// When, greater than every parent's and prev's (R7).
    pub hlc: Hlc,
    /// Rules level in force at its place (R2).
    pub rules_level: u32,
    /// Data, control or join.
    pub kind: CommitKind,
    /// Hash of the body's canonical bytes.
    pub body: NodeId,
    /// Length of the body's canonical bytes.
    pub body_length: u64,
    /// Row changes in the body (inserts, updates, deletes, schema changes together).
    pub changes: u64,
    /// Parked commits that this one settles (R24), sorted.
    pub settles: Vec<CommitId>,
    /// Hash of the read set's canonical bytes; zero hash if empty.
    pub read_set: NodeId,
    /// Hash of the control records' canonical bytes; zero hash if none.
    pub control: NodeId,
    /// The next hidden key number of the run (R39).
    pub next_hidden: u64,
    /// Hashed, kept, ignored when unknown: `user`, `note`, `trace`.
    pub extensions: BTreeMap<String, Vec<u8>>,
}

impl Header {
    /// A place in a chain with nothing said yet of ancestors, time and contents: `Commit::new` fills in what follows from
    /// the contents, whoever writes it the rest.
    pub fn bare(genesis: GenesisId, author: AuthorId, run: RunId, seq: u64) -> Header {
        Header {
            genesis,
            author,
            run,
            seq,
            prev: None,
            parents: Vec::new(),
            hlc: Hlc::default(),
            rules_level: RULES_LEVEL,
            kind: CommitKind::Data,
            body: NodeId::ZERO,
            body_length: 0,
            changes: 0,
            settles: Vec::new(),
            read_set: NodeId::ZERO,
            control: NodeId::ZERO,
            next_hidden: 0,
            extensions: BTreeMap::new(),
        }
    }
}
