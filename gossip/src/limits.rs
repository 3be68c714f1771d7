//! Every bound of the exchange, in one place, each with its reason.
//!
//! Promises: what this replica sends keeps these; what exceeds them on receipt is a fault before it is decoded or kept.

use dag::commit::{MAX_BODY, MAX_HEADER};
use std::time::Duration;

/// Longest announcement (R41): fits one gossip message with room to spare below libp2p's 64 KiB.
pub const MAX_ANNOUNCEMENT: usize = 8 << 10;
/// Most heads in an announcement (R41): a commit joins as many (R5), so one more commit names them all.
pub const MAX_HEADS: usize = dag::header::MAX_PARENTS;
/// Most addresses in an announcement: a host has a few networks, each over two transports.
pub const MAX_ADDRESSES: usize = 8;
/// Longest address: a multiaddr with a DNS name of 253 characters needs no more.
pub const MAX_ADDRESS: usize = 320;
/// Most chain positions in an announcement: what is left of its 8 KiB.
pub const MAX_ANNOUNCED_POSITIONS: usize = 24;

/// Longest frame: a part is cut at 1 MiB, and its tip, ids and lengths take a few KiB.
pub const MAX_FRAME: usize = PART_BYTES + (64 << 10);
/// Bytes of commits in a part; a longer commit goes on in the next one. Large enough for 500 MB/s, small enough to interleave with requests.
pub const PART_BYTES: usize = 1 << 20;
/// Most commits in a part: as many as a segment has (R13).
pub const PART_COMMITS: usize = MAX_SEGMENT_COMMITS;

/// Most commits of one segment (R13).
pub use dag::commit::MAX_SEGMENT_COMMITS;
/// Bytes of unsigned commits after which their author signs a tip, even if nothing leaves: bounds segments.
pub const SEGMENT_BYTES: usize = 16 << 20;
/// Most bytes of one segment: what its author may gather, and the one commit that was too much: its longest header,
/// body, and the frame of its parts.
pub const MAX_SEGMENT_BYTES: usize = SEGMENT_BYTES + MAX_HEADER + MAX_BODY + (1 << 10);

/// Commits after which a fetch is answered with "more": the asker stores them, then asks for the rest. Equal to what
/// may wait of one peer, so that a whole answer can wait for one held parent.
pub const FETCH_COMMITS: usize = dag::waiting::MAX_WAITING_COMMITS;
/// Bytes after which a fetch is answered with "more": a peer's share of the waiting room (64 MiB) holds it four times.
pub const FETCH_BYTES: usize = 16 << 20;

/// Most ids in a request: the heads of an announcement and as many missing parents again, twice over.
pub const MAX_WANT: usize = 256;
/// Most chain positions in a request: 90 bytes each, so 720 KiB; with more chains the rest is left out, and costs
/// commits sent twice, nothing else.
pub const MAX_HAVE: usize = 8_192;
/// Most positions in the ladders of one answer: 66 numbers a chain, a hundred chains; the others wait for the next fetch.
pub const MAX_RUNGS: usize = 6_600;

/// Milliseconds without a part after which a fetch is given up: ten round trips to the other side of the world.
pub const FETCH_PATIENCE_MILLIS: u64 = 3_000;

/// Version of the protocol: what [`crate::Hello`] names, and the end of the stream protocol's name.
pub const PROTOCOL_VERSION: u32 = 1;
/// Longest answer to one request: what a fetch brings, the segment that was too much, and their frames.
pub const MAX_ANSWER: usize = FETCH_BYTES + MAX_SEGMENT_BYTES + (4 << 20);
/// How long people and verbs wait for peers: three tries of a lost packet on a slow line.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What one replica allows, connections and rates; the bounds of single messages are constants above.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections that others opened.
    pub inbound: u32,
    /// Connections opened here.
    pub outbound: u32,
    /// Connections of one peer: both may dial at once, and dial again over the other transport.
    pub per_peer: u32,
    /// Connections not yet established, either way.
    pub pending: u32,
    /// Connected peers that are served nothing: newcomers with tickets, and the curious.
    pub strangers: usize,
    /// How long a stranger may stay without becoming a member.
    pub stranger_patience: Duration,
    /// Requests and announcements of one peer: per second, and at once.
    pub requests: Rate,
    /// Requests of one peer that are being answered or wait for it.
    pub requests_waiting: usize,
    /// Jobs on blocking threads at once, over all peers.
    pub jobs: usize,
    /// How long a request may take to come: one frame at 1 Mbit/s.
    pub request_patience: Duration,
    /// How long an answer may take: the largest at 2 Mbit/s. A peer that is gone is noticed by its pings before.
    pub answer_patience: Duration,
    /// How long a peer that brings no object of a large commit keeps others from being asked for them, and how long one
    /// that failed with them is not asked again: 1 MiB over a line of 1 Mbit/s.
    pub objects_patience: Duration,
    /// First ban after too many faults; each further one doubles it.
    pub first_ban: Duration,
    /// Longest ban.
    pub longest_ban: Duration,
    /// Addresses remembered to dial.
    pub addresses: usize,
    /// Connected peers that get announcements directly; the others by gossip.
    pub direct_peers: usize,
}

/// So many per second in the long run, so many at once.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

impl Default for Limits {
    /// 64 connections either way let a mesh of 100 replicas hold without a hub; an honest peer under full load sends
    /// 200 announcements and as many fetches a second.
    fn default() -> Self {
        Limits {
            inbound: 64,
            outbound: 64,
            per_peer: 3,
            pending: 32,
            strangers: 16,
            stranger_patience: Duration::from_secs(30),
            requests: Rate { per_second: 1_000, burst: 2_000 },
            requests_waiting: 64,
            jobs: 8,
            request_patience: Duration::from_secs(10),
            answer_patience: Duration::from_secs(60),
            objects_patience: Duration::from_millis(GET_PATIENCE_MILLIS),
            first_ban: Duration::from_secs(60),
            longest_ban: Duration::from_secs(3_600),
            addresses: 512,
            direct_peers: 12,
        }
    }
}
/// Most objects asked for at once: 256 leaves of 4 KiB are the 1 MiB that an answer takes.
pub const MAX_GET: usize = 256;
/// What one inner node counts as in a request: it names some sixty others, which wait here until they are fetched.
pub const INNER_WEIGHT: usize = 16;
/// Longest object: a row is at most what a session sends, 64 MiB; an answer has room for a third more.
pub const MAX_OBJECT: usize = MAX_ANSWER - (16 << 20);
/// Most objects asked about at once: as many as a thousand full requests for them would name, in 280 KB.
pub const MAX_HAS: usize = 8_192;
/// Requests for objects under way with one peer: its disk and the line both stay busy, 4 MiB wait here at most.
pub const GET_WINDOW: usize = 4;
/// Requests for objects under way with all peers together.
pub const GET_WINDOW_ALL: usize = 8;
/// Milliseconds without an answer after which objects are asked of another peer: 1 MiB over a line of 1 Mbit/s.
pub const GET_PATIENCE_MILLIS: u64 = 10_000;
/// Most checkpoints offered to a clone: replicas keep one stable one, rarely two.
pub const MAX_OFFERS: usize = 4;
/// Longest offer of a checkpoint: its roots (70 bytes a table and index) and a signed tip of each member.
pub const MAX_OFFER: usize = PART_BYTES / MAX_OFFERS;

/// Longest ticket as text: eight of the longest addresses and the longest name; an ordinary one has 400 characters.
pub const MAX_TICKET_TEXT: usize = 5 << 10;

/// Bans remembered: as many keys as a flood of strangers makes in a minute; more of them only fill the connections.
pub const MAX_BANS: usize = 1_024;

/// Points at which a peer is dropped.
pub const FAULT_POINTS: u32 = 30;

/// Commits that may be on their way: what all peers together may be asked for.
pub const MAX_ON_THE_WAY: usize = 64 * MAX_WANT;

/// Segments that may wait for objects of one peer; others are fetched again later, by the next announcement.
pub const MAX_AWAITED: usize = 256;
/// Failures with objects that are remembered: of 64 peers, whatever may wait of each.
pub const MAX_RESTS: usize = 64 * MAX_AWAITED;

/// A removed peer is told so, in the answer to its next announcement, before its connection is closed.
pub const LAST_WORDS: Duration = Duration::from_secs(3);

/// Peers remembered after they left, for the peers table.
pub const REMEMBERED_PEERS: usize = 512;

/// Dials of the operator's that may be under way.
pub const MAX_ATTEMPTS: usize = 256;

/// Streams of one connection: requests of both sides, pings, gossip; four times what we open ourselves.
pub const MAX_STREAMS: usize = 256;

/// Gossip waiting for a slow connection: a minute of announcements; older ones are worth nothing.
pub const GOSSIP_QUEUE: usize = 64;

/// Questions that may wait for the network's loop; more wait at their askers.
pub const COMMANDS_WAITING: usize = 256;

/// Most places that are named: trees, log, and what may come beside them.
pub const MAX_SOURCES: usize = 8;

/// Longest name of a place.
pub const MAX_SOURCE: usize = 64;

/// Longest reason of a refusal, bytes: two sentences.
pub const MAX_REASON: usize = 512;

/// Longest genesis, bytes: fixed fields only today, about 200 bytes.
pub const MAX_GENESIS: usize = 4 << 10;
