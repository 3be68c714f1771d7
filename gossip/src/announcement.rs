//! What a peer has, in 8 KiB: a signed tip and hints (R13, R41).
//!
//! Promises: always fits [`MAX_ANNOUNCEMENT`]; of many heads it names the newest. Nothing in it is believed: heads are
//! fetched and verified, positions only save bytes, addresses are tried.

use crate::limits::{MAX_ADDRESS, MAX_ADDRESSES, MAX_ANNOUNCED_POSITIONS, MAX_ANNOUNCEMENT, MAX_HEADS};
use crate::message::{Held, held_of};
use dag::id::CommitId;
use dag::version::Versions;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// An announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The sender's newest signed tip; `None` for readers and before the first commit.
    pub tip: Option<ByteBuf>,
    /// The newest heads first, at most [`MAX_HEADS`].
    pub heads: Vec<CommitId>,
    /// There are more heads than named.
    pub more: bool,
    /// Digest of the sorted frontier, all of it.
    pub frontier: ByteBuf,
    /// Chain positions that are new on the sender's disk since its last announcement, sorted by chain.
    pub held: Vec<Held>,
    /// Where the sender listens, as multiaddrs.
    pub addresses: Vec<String>,
}

impl Announcement {
    /// Puts one together and cuts the hints to their bounds. `heads` are all heads, newest first.
    pub fn new(tip: Option<Vec<u8>>, heads: &[CommitId], frontier: [u8; 32], news: &Versions, near: &[String]) -> Self {
        let addresses = near.iter().filter(|a| a.len() <= MAX_ADDRESS).take(MAX_ADDRESSES).cloned().collect();
        Announcement {
            tip: tip.map(ByteBuf::from),
            heads: heads.iter().take(MAX_HEADS).copied().collect(),
            more: heads.len() > MAX_HEADS,
            frontier: ByteBuf::from(frontier.to_vec()),
            held: held_of(news, MAX_ANNOUNCED_POSITIONS),
            addresses,
        }
    }

    /// Whether the lists keep their bounds.
    pub fn is_bounded(&self) -> bool {
        self.heads.len() <= MAX_HEADS
            && self.frontier.len() == 32
            && self.held.len() <= MAX_ANNOUNCED_POSITIONS
            && self.addresses.len() <= MAX_ADDRESSES
            && self.addresses.iter().all(|a| a.len() <= MAX_ADDRESS)
            && self.tip.as_ref().is_none_or(|tip| tip.len() <= MAX_ANNOUNCEMENT / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode;
    use crate::message::Message;
    use dag::id::{AuthorId, RunId};
    use dag::version::Position;
    use dag::vertex::Chain;

    #[test]
    fn the_largest_announcement_fits_its_bound() {
        let heads: Vec<CommitId> = (0..200).map(|n| CommitId([n; 32])).collect();
        let chain = |n: u8| Chain { author: AuthorId([n; 32]), run: RunId(u64::MAX) };
        let position = |n: u8| Position { seq: u64::MAX, id: CommitId([n; 32]) };
        let news: Versions = (0..200).map(|n| (chain(n), position(n))).collect();
        let near: Vec<String> = (0..20).map(|n| "x".repeat(MAX_ADDRESS - n % 2)).collect();
        let full = Announcement::new(Some(vec![1; MAX_ANNOUNCEMENT / 8]), &heads, [9; 32], &news, &near);
        assert!(full.is_bounded() && full.more && full.heads[..] == heads[..MAX_HEADS]);
        let bytes = encode(&Message::Announce(full)).unwrap();
        assert!(bytes.len() <= MAX_ANNOUNCEMENT, "{} bytes", bytes.len());
    }
}
