//! main: the linear log of (position, commit, outcome code), and its hash (R29).
//!
//! The hash of main is a chain over epochs; an epoch's digest is a chain over its entries, so that it can be taken up
//! again at any checkpoint. Promises: equal closures give equal entries and hashes. Reasons are not hashed.

use crate::order::Seat;
use crate::outcome::Outcome;
use dag::encode::Domain;
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId};
use serde::{Deserialize, Serialize};

/// One entry of main.
#[derive(Clone, Debug, PartialEq)]
pub struct MainEntry {
    /// 1 for the first commit.
    pub position: u64,
    /// The commit, at its place.
    pub seat: Seat,
    /// What became of it.
    pub outcome: Outcome,
}

/// The hash of main up to some position, ready to take further entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MainHash {
    /// Entries taken.
    pub position: u64,
    /// Over the finished epochs.
    chain: NodeId,
    /// The epoch of the last entry.
    epoch: u64,
    /// Over the entries of that epoch.
    digest: NodeId,
}

impl Default for MainHash {
    fn default() -> Self {
        MainHash { position: 0, chain: NodeId([0; 32]), epoch: 0, digest: NodeId([0; 32]) }
    }
}

/// The number of the epoch that a time lies in.
pub fn epoch_of(hlc: Hlc, epoch_millis: u64) -> u64 {
    hlc.millis() / epoch_millis.max(1)
}

impl MainHash {
    /// The next commit of the order.
    pub fn push(&mut self, hlc: Hlc, epoch_millis: u64, commit: CommitId, code: u8) {
        let epoch = epoch_of(hlc, epoch_millis);
        if epoch != self.epoch {
            self.chain = self.hash();
            self.epoch = epoch;
            self.digest = NodeId([0; 32]);
        }
        self.position += 1;
        let mut hasher = Domain::MAIN.hasher();
        hasher.update(&self.digest.0).update(&self.position.to_le_bytes()).update(&commit.0).update(&[code]);
        self.digest = NodeId(hasher.finalize().into());
    }

    /// The hash of main so far.
    pub fn hash(&self) -> NodeId {
        let mut hasher = Domain::MAIN.hasher();
        hasher.update(&self.chain.0).update(&self.epoch.to_le_bytes()).update(&self.digest.0);
        NodeId(hasher.finalize().into())
    }

    /// The epoch of the last entry and the digest of its entries so far.
    pub fn epoch(&self) -> (u64, NodeId) {
        (self.epoch, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_goes_on_where_it_was_left_and_sees_every_part() {
        let of = |entries: &[(u64, u8, u8)]| {
            let mut hash = MainHash::default();
            entries.iter().for_each(|&(ms, id, code)| hash.push(Hlc::new(ms, 0), 100, CommitId([id; 32]), code));
            hash
        };
        let mut resumed: MainHash = of(&[(50, 1, 0), (120, 2, 0)]).clone();
        resumed.push(Hlc::new(130, 0), 100, CommitId([3; 32]), 16);
        assert_eq!(resumed, of(&[(50, 1, 0), (120, 2, 0), (130, 3, 16)]));
        for other in [
            &[(50, 1, 0), (120, 3, 0), (130, 2, 16)][..],
            &[(50, 1, 0), (120, 2, 0), (130, 3, 0)],
            &[(150, 1, 0), (120, 2, 0), (130, 3, 16)],
            &[(50, 1, 0), (120, 2, 0)],
        ] {
            assert_ne!(resumed.hash(), of(other).hash(), "{other:?}");
        }
    }
}
