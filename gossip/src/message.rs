//! What two peers say to each other on a stream.
//!
//! Promises: only requests and their answers, no message writes anything at the other side; lists are sorted and
//! bounded, so that a message has one encoding. Commits and tips travel as the bytes their author made. Does not know
//! when to say what: that is `exchange`.

use crate::announcement::Announcement;
use crate::hello::Hello;
use crate::limits::{MAX_GET, MAX_HAS, MAX_HAVE, MAX_HEADS, MAX_OFFER, MAX_OFFERS, MAX_RUNGS, MAX_WANT, PART_COMMITS};
use crate::stock::Stock;
use crate::ticket::{JoinRequest, Refusal, Welcome};
use dag::id::{AuthorId, CommitId, NodeId, RunId};
use dag::version::{Position, Versions};
use dag::vertex::Chain;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// A chain's last position, as it travels (R41): `have` and announcements are lists of these, sorted by chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held(pub AuthorId, pub RunId, pub u64, pub CommitId);

/// One rung of a ladder: a commit the responder holds in a chain whose claimed position it does not hold (R41).
pub type Rung = Held;

/// A message. `fetch` numbers the asker's requests of one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// What the sender has; also sent on a stream when a connection opens and for repair.
    Announce(Announcement),
    /// Send `closure(want) - closure(have)`; an empty `want` means all your heads.
    Fetch {
        /// Number of the request.
        fetch: u64,
        /// Heads to reach.
        want: Vec<CommitId>,
        /// What the asker has.
        have: Vec<Held>,
    },
    /// Before I send: which of these do you hold?
    Ladder {
        /// Number of the request.
        fetch: u64,
        /// By chain, downwards.
        rungs: Vec<Rung>,
    },
    /// The answer to a ladder: those held, at most one number a chain.
    Climb {
        /// Number of the request.
        fetch: u64,
        /// Held commits, sorted.
        also: Vec<CommitId>,
    },
    /// The next commits of a chain; with a tip, the segment is whole. Has one form for a cut commit: never a tip.
    Part {
        /// Number of the request.
        fetch: u64,
        /// 0, 1, 2 ... within the answer.
        index: u64,
        /// Commits of one chain, one after the other.
        commits: Vec<ByteBuf>,
        /// The last one goes on in the next part.
        cut: bool,
        /// The signed tip at the last commit.
        tip: Option<ByteBuf>,
    },
    /// The answer ends.
    Done {
        /// Number of the request.
        fetch: u64,
        /// How many parts there were.
        parts: u64,
        /// More is wanted than one answer holds: store this, then ask again.
        more: bool,
    },
    /// The first words of either side; answered with the same, or `Refused`.
    Hello(Hello),
    /// An announcement was taken: whoever heard it makes its own.
    Noted,
    /// Announce what you have now, not what you had when you announced last.
    Ask,
    /// A ticket is redeemed; answered with `Welcome` or `Refused`.
    Join(JoinRequest),
    /// The newcomer is a member.
    Welcome(Welcome),
    /// No, and why.
    Refused(Refusal),
    /// Another live process under your author key said this to me (R6).
    Twin(Hello),
    /// Send these objects: tree nodes and large values by hash.
    Get {
        /// Number of the request.
        get: u64,
        /// In the order in which they are wanted.
        ids: Vec<NodeId>,
    },
    /// The answer to the first of the ids asked for; the asker asks for the rest again.
    Objects {
        /// Number of the request.
        get: u64,
        /// 0, 1, 2 ... within the answer.
        index: u64,
        /// In the order asked for; `None` for what is not here.
        objects: Vec<Option<ByteBuf>>,
        /// The last one goes on as the first of the next message.
        cut: bool,
        /// The answer ends.
        done: bool,
    },
    /// Which of these objects do you have?
    Has {
        /// As many as [`MAX_HAS`].
        ids: Vec<NodeId>,
    },
    /// The answer, in the order asked.
    Holds {
        /// For each id.
        held: Vec<bool>,
    },
    /// What do your objects hang from now? Asked again, it is the newest.
    Root,
    /// The answer.
    Stock(Stock),
    /// Which checkpoints do you serve to clones? Only stable ones may be named (R30).
    Checkpoints,
    /// The answer: what each is and who vouches for it, oldest first, as the replica writes it.
    Offer {
        /// See there; opaque here.
        checkpoints: Vec<ByteBuf>,
    },
}

impl Message {
    /// Whether this opens an exchange of words; the others answer one.
    pub fn is_request(&self) -> bool {
        matches!(
            self,
            Message::Announce(_)
                | Message::Fetch { .. }
                | Message::Climb { .. }
                | Message::Hello(_)
                | Message::Ask
                | Message::Join(_)
                | Message::Twin(_)
                | Message::Get { .. }
                | Message::Has { .. }
                | Message::Root
                | Message::Checkpoints
        )
    }

    /// Whether the lists keep their bounds; the frame's length is checked before.
    pub fn is_bounded(&self) -> bool {
        match self {
            Message::Announce(announcement) => announcement.is_bounded(),
            Message::Fetch { want, have, .. } => {
                want.len() <= MAX_WANT && have.len() <= MAX_HAVE && want.is_sorted() && have.is_sorted_by_key(chain_of)
            }
            Message::Ladder { rungs, .. } => rungs.len() <= MAX_RUNGS,
            Message::Climb { also, .. } => also.len() <= MAX_RUNGS && also.is_sorted(),
            Message::Part { commits, cut, tip, .. } => {
                !commits.is_empty() && commits.len() <= PART_COMMITS && !(*cut && tip.is_some())
            }
            Message::Join(request) => request.is_bounded(),
            Message::Welcome(welcome) => welcome.is_bounded(),
            Message::Refused(refusal) => refusal.is_bounded(),
            Message::Done { .. }
            | Message::Hello(_)
            | Message::Noted
            | Message::Ask
            | Message::Twin(_)
            | Message::Root
            | Message::Checkpoints => true,
            Message::Has { ids } => !ids.is_empty() && ids.len() <= MAX_HAS,
            Message::Holds { held } => held.len() <= MAX_HAS,
            Message::Stock(stock) => stock.is_bounded(),
            Message::Get { ids, .. } => !ids.is_empty() && ids.len() <= MAX_GET,
            Message::Objects { objects, cut, done, .. } => {
                !objects.is_empty() && objects.len() <= MAX_GET && !(*cut && (*done || objects.last() == Some(&None)))
            }
            Message::Offer { checkpoints } => {
                checkpoints.len() <= MAX_OFFERS && checkpoints.iter().all(|offer| offer.len() <= MAX_OFFER)
            }
        }
    }
}

/// At most [`MAX_HEADS`] and as many missing parents fit a request; the rest waits for the next one.
const _: () = assert!(MAX_WANT >= 2 * MAX_HEADS);

fn chain_of(held: &Held) -> (AuthorId, RunId) {
    (held.0, held.1)
}

/// Version vectors as they travel, at most `limit` chains.
pub fn held_of(versions: &Versions, limit: usize) -> Vec<Held> {
    versions.iter().take(limit).map(|(chain, p)| Held(chain.author, chain.run, p.seq, p.id)).collect()
}

/// The ends of chains as they travel in a request, at most `limit`.
pub fn ends_of(have: &[(Chain, Position)], limit: usize) -> Vec<Held> {
    have.iter().take(limit).map(|(chain, p)| Held(chain.author, chain.run, p.seq, p.id)).collect()
}

/// The ends of chains as they came in a request.
pub fn ends_in(held: &[Held]) -> Vec<(Chain, Position)> {
    held.iter().map(|h| (Chain { author: h.0, run: h.1 }, Position { seq: h.2, id: h.3 })).collect()
}

/// Version vectors as they are used.
pub fn versions_of(held: &[Held]) -> Versions {
    held.iter().map(|h| (Chain { author: h.0, run: h.1 }, Position { seq: h.2, id: h.3 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_ADDRESS, MAX_ADDRESSES, MAX_ANNOUNCED_POSITIONS, MAX_ANNOUNCEMENT};

    fn ids(count: usize) -> impl Iterator<Item = [u8; 32]> {
        (0..count).map(|n| std::array::from_fn(|at| n.to_be_bytes().get(at).copied().unwrap_or(0)))
    }

    fn commits(count: usize) -> Vec<CommitId> {
        ids(count).map(CommitId).collect()
    }

    fn nodes(count: usize) -> Vec<NodeId> {
        ids(count).map(NodeId).collect()
    }

    fn held(count: usize) -> Vec<Held> {
        ids(count).map(|id| Held(AuthorId(id), RunId(1), 1, CommitId(id))).collect()
    }

    fn announcement(edit: impl Fn(&mut Announcement)) -> Message {
        let mut announcement = Announcement::new(None, &[], [0; 32], &Versions::new(), &[]);
        edit(&mut announcement);
        Message::Announce(announcement)
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        type Case<'a> = (&'a str, usize, &'a dyn Fn(usize) -> Message);
        let objects = |n| Message::Objects { get: 1, index: 0, objects: vec![None; n], cut: false, done: true };
        let offer = |count, bytes| Message::Offer { checkpoints: vec![ByteBuf::from(vec![0; bytes]); count] };
        let part = |n| Message::Part { fetch: 1, index: 0, commits: vec![ByteBuf::new(); n], cut: false, tip: None };
        let cases: [Case<'_>; 16] = [
            ("heads told", MAX_HEADS, &|n| announcement(|a| a.heads = commits(n))),
            ("positions told", MAX_ANNOUNCED_POSITIONS, &|n| announcement(|a| a.held = held(n))),
            ("addresses", MAX_ADDRESSES, &|n| announcement(|a| a.addresses = vec![String::new(); n])),
            ("an address", MAX_ADDRESS, &|n| announcement(|a| a.addresses = vec!["x".repeat(n)])),
            ("a tip told", MAX_ANNOUNCEMENT / 8, &|n| announcement(|a| a.tip = Some(ByteBuf::from(vec![0; n])))),
            ("wanted", MAX_WANT, &|n| Message::Fetch { fetch: 1, want: commits(n), have: vec![] }),
            ("had", MAX_HAVE, &|n| Message::Fetch { fetch: 1, want: vec![], have: held(n) }),
            ("rungs", MAX_RUNGS, &|n| Message::Ladder { fetch: 1, rungs: held(n) }),
            ("rungs climbed", MAX_RUNGS, &|n| Message::Climb { fetch: 1, also: commits(n) }),
            ("commits of a part", PART_COMMITS, &part),
            ("objects asked for", MAX_GET, &|n| Message::Get { get: 1, ids: nodes(n) }),
            ("objects answered", MAX_GET, &objects),
            ("objects asked about", MAX_HAS, &|n| Message::Has { ids: nodes(n) }),
            ("objects told of", MAX_HAS, &|n| Message::Holds { held: vec![true; n] }),
            ("offers", MAX_OFFERS, &|n| offer(n, 1)),
            ("an offer", MAX_OFFER, &|n| offer(1, n)),
        ];
        for (what, limit, message) in cases {
            assert_eq!((message(limit).is_bounded(), message(limit + 1).is_bounded()), (true, false), "{what}");
        }
        assert_eq!(
            (held_of(&Versions::new(), 1).len(), ends_of(&ends_in(&held(3)), 2).len()),
            (0, 2),
            "cut, not refused"
        );
    }
}
