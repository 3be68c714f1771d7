//! Chains of signed commits in the simulation: what stands on a replica's disk, what is signed, what is verified.

use super::replica::{Stand, Taken};
use dag::admit::Candidate;
use dag::author_key::AuthorKey;
use dag::commit::{Commit, Segment, SegmentCheck};
use dag::header::Header;
use dag::hlc::Hlc;
use dag::id::NodeId;
use dag::tip::{SignedTip, Tip};
use gossip::RawSegment;
use linearizer::finality::Word;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is on a replica's disk.
#[derive(Clone, Debug)]
pub enum Record {
    /// A commit, own or fetched.
    Commit(Commit),
    /// A signed tip, own or fetched.
    Tip(SignedTip),
    /// How far stable is.
    Stable(Hlc),
    /// It begins above a checkpoint that it took from others.
    Cloned(Arc<Taken>),
    /// What it vouches for.
    Stand(Stand),
}

/// Checks what needs no other commit.
pub fn verify(raw: &RawSegment) -> Option<Segment> {
    let commits = raw.commits.iter().map(|bytes| bytes.as_slice().into()).collect();
    match Segment::verify(commits, &raw.tip) {
        Ok(SegmentCheck::Verified(segment)) => Some(*segment),
        _ => None,
    }
}

/// What admission looks at.
pub fn candidate(commit: &Commit) -> Candidate<'_> {
    Candidate { id: commit.id, header: &commit.header, records: &commit.control }
}

/// Signs a chain up to a commit; `said` of checkpoints.
pub fn sign(
    key: &AuthorKey,
    commit: &Commit,
    word: Word,
    frontier: [u8; 32],
    said: BTreeMap<String, ByteBuf>,
) -> SignedTip {
    let Header { genesis, run, seq, .. } = *commit.header;
    let tip = Tip {
        version: 1,
        genesis,
        author: key.id(),
        run,
        seq,
        commit: commit.id,
        promise: word.promise,
        floor: word.floor,
        floor_hash: word.floor_hash,
        frontier: NodeId(frontier),
        extensions: said,
    };
    tip.sign(key)
}
