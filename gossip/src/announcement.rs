//! What a peer has, in 8 KiB: a signed tip and hints (R13, R41).
//!
//! Promises: always fits [`MAX_ANNOUNCEMENT`]; of many heads it names the newest; a peer is not told twice what it was
//! told ([`Told`]). Nothing in it is believed: heads are fetched and verified, positions only save bytes, addresses are
//! tried.

use crate::limits::{MAX_ADDRESS, MAX_ADDRESSES, MAX_ANNOUNCED_POSITIONS, MAX_ANNOUNCEMENT, MAX_HEADS};
use crate::message::{Held, held_of};
use dag::id::{AuthorId, CommitId};
use dag::version::{Position, Versions};
use dag::vertex::Chain;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// An announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The sender's newest signed tip; `None` for readers, before the first commit, and where it was told already.
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
    /// A session of the sender waits for others' tips: they should come at once, not be saved up.
    pub urgent: bool,
}

/// What one peer was told on this connection. Heads are always told: what was asked of another may have to be asked here.
#[derive(Clone, Debug, Default)]
pub struct Told {
    tip: Option<ByteBuf>,
    frontier: Option<ByteBuf>,
    addresses: Vec<String>,
    held: Versions,
}

impl Told {
    /// What is left to tell this peer; `None`: nothing. Between whole announcements only positions in chains of `author`,
    /// the peer's own, are of use to it: its sessions may wait for copies.
    pub fn news(&mut self, whole: &Announcement, author: Option<&AuthorId>) -> Option<Announcement> {
        let mut news = whole.clone();
        if self.frontier.is_some() {
            news.held.retain(|held| Some(&held.0) == author);
        }
        news.held.retain(|held| {
            let (chain, position) = (Chain { author: held.0, run: held.1 }, Position { seq: held.2, id: held.3 });
            self.held.insert(chain, position) != Some(position)
        });
        if self.tip == whole.tip {
            news.tip = None;
        }
        if self.addresses == whole.addresses {
            news.addresses.clear();
        }
        let is_old = self.frontier.as_ref() == Some(&whole.frontier)
            && news.tip.is_none()
            && news.held.is_empty()
            && news.addresses.is_empty();
        self.tip.clone_from(&whole.tip);
        self.frontier = Some(whole.frontier.clone());
        self.addresses.clone_from(&whole.addresses);
        (!is_old).then_some(news)
    }
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
            urgent: false,
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
    use dag::id::RunId;

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

    #[test]
    fn a_peer_is_told_what_is_new_to_it_and_nothing_when_nothing_is() {
        let chain = |n: u8| Chain { author: AuthorId([n; 32]), run: RunId(1) };
        let held = |n: u8, seq| (chain(n), Position { seq, id: CommitId([n; 32]) });
        let say = |tip: u8, frontier: u8, news: &[(Chain, Position)]| {
            let news: Versions = news.iter().copied().collect();
            Announcement::new(Some(vec![tip]), &[CommitId([1; 32])], [frontier; 32], &news, &["here".to_owned()])
        };
        let (mut told, peer) = (Told::default(), AuthorId([1; 32]));
        let first = say(1, 1, &[held(1, 1), held(2, 1)]);
        assert_eq!(told.news(&first, Some(&peer)), Some(first.clone()), "all of the first");
        assert_eq!(told.news(&first, Some(&peer)), None);
        let later = told.news(&say(1, 1, &[held(1, 2), held(2, 2)]), Some(&peer)).unwrap();
        assert_eq!((later.tip, later.addresses, later.held.len()), (None, vec![], 1), "the peer's own chain only");
        assert_eq!(told.news(&say(1, 2, &[]), Some(&peer)).unwrap().heads.len(), 1, "heads always");
        assert!(told.news(&say(2, 2, &[]), Some(&peer)).unwrap().tip.is_some());
    }
}
