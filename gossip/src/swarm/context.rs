//! What all jobs share: the host, who we are, the newest announcement, and which commits are on their way.
//!
//! Promises: a commit that is being fetched from one peer is not fetched from another for [`ON_THE_WAY_MILLIS`]; if the
//! first fails, the next announcement brings it back; a peer that failed with the objects of a large commit, or brings
//! none, leaves them to others for a while (`Limits::objects_patience`). Every lock here is held for a look-up, never over a call.

use super::gatherer::Gatherer;
use crate::announcement::Announcement;
use crate::hello::{Access, Hello, TransportId};
use crate::host::{Host, HostError};
use crate::ledger::{Ledger, RawSegment, Served};
use crate::limits::{FETCH_PATIENCE_MILLIS, Limits, MAX_ADDRESSES, MAX_ON_THE_WAY, MAX_RESTS};
use dag::id::{AuthorId, CommitId, RunId};
use dag::version::{Ask, Lack, Position, Walk};
use dag::vertex::{Chain, Vertex};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long a commit counts as on its way: a fetch within one continent; the repair comes after two seconds anyway.
const ON_THE_WAY_MILLIS: u64 = 150;

/// The shared part.
pub(super) struct Context {
    pub(super) host: Arc<dyn Host>,
    pub(super) me: TransportId,
    /// Our author, from our own hello.
    pub(super) author: AuthorId,
    pub(super) run: RunId,
    /// When this process began to speak.
    pub(super) since_millis: u64,
    newest: Mutex<Option<Announcement>>,
    addresses: Mutex<Vec<String>>,
    on_the_way: Mutex<HashMap<CommitId, (TransportId, u64)>>,
    /// Last commits of segments whose objects are being gathered (R10), from whom, until when that is believed.
    gathered: Mutex<HashMap<CommitId, (TransportId, u64)>>,
    /// Peers that failed with the objects of these segments, until when they are not asked for them again.
    rests: Mutex<HashMap<(TransportId, CommitId), u64>>,
    objects_patience_millis: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    pub(super) fn new(host: Arc<dyn Host>, me: TransportId, limits: &Limits) -> Self {
        let own = host.hello(&me);
        Context {
            host,
            me,
            author: own.author,
            run: own.run,
            since_millis: own.clock_millis,
            newest: Mutex::default(),
            addresses: Mutex::default(),
            on_the_way: Mutex::default(),
            gathered: Mutex::default(),
            rests: Mutex::default(),
            objects_patience_millis: limits.objects_patience.as_millis() as u64,
        }
    }

    /// Where others reach us.
    pub(super) fn listen(&self, mut addresses: Vec<String>) {
        addresses.truncate(MAX_ADDRESSES);
        *lock(&self.addresses) = addresses;
    }

    /// An announcement of now; a tip may be signed and synced for it.
    pub(super) fn announce(&self) -> Result<Announcement, HostError> {
        let mut announcement = self.host.announcement()?;
        announcement.addresses = lock(&self.addresses).clone();
        *lock(&self.newest) = Some(announcement.clone());
        Ok(announcement)
    }

    /// The announcement made last: costs nothing.
    pub(super) fn newest(&self) -> Result<Announcement, HostError> {
        let kept = lock(&self.newest).clone();
        kept.map_or_else(|| self.announce(), Ok)
    }

    /// Whether the author may fetch.
    pub(super) fn serves(&self, access: Option<Access>) -> bool {
        matches!(access, Some(Access::Member | Access::Reader))
    }

    /// Whether these words came from another live process under our author key (R6), straight from it.
    pub(super) fn is_twin(&self, hello: &Hello) -> bool {
        hello.transport != self.me && hello.is_twin_of(&self.author, self.run, 0)
    }

    /// These commits were asked of a peer.
    pub(super) fn asked(&self, peer: TransportId, ids: &[CommitId], now_millis: u64) {
        let mut way = lock(&self.on_the_way);
        if way.len() + ids.len() > MAX_ON_THE_WAY {
            way.retain(|_, (_, until)| *until > now_millis);
        }
        if way.len() + ids.len() <= MAX_ON_THE_WAY {
            way.extend(ids.iter().map(|id| (*id, (peer, now_millis + ON_THE_WAY_MILLIS))));
        }
    }

    /// The peer's answer is stored, or will not come.
    pub(super) fn arrived(&self, peer: &TransportId) {
        lock(&self.on_the_way).retain(|_, (of, _)| of != peer);
    }

    /// Objects of these segments are being gathered from this peer, and of no others. Said again every second while it is
    /// so: what a peer left behind that went away is soon gathered from another; and from another beside it, if it
    /// brings nothing.
    pub(super) fn gathers(&self, peer: TransportId, gatherer: &Gatherer, now_millis: u64) {
        let mut gathered = lock(&self.gathered);
        gathered.retain(|_, (of, until)| *of != peer && *until > now_millis);
        let until = (gatherer.moved_millis() + self.objects_patience_millis).min(now_millis + FETCH_PATIENCE_MILLIS);
        for id in gatherer.awaited().filter(|_| until > now_millis) {
            gathered.entry(*id).or_insert((peer, until));
        }
    }

    /// The peer failed with the objects of these segments.
    pub(super) fn failed(&self, peer: TransportId, ids: &[CommitId], now_millis: u64) {
        let mut rests = lock(&self.rests);
        if rests.len() + ids.len() > MAX_RESTS {
            rests.retain(|_, until| *until > now_millis);
        }
        if rests.len() + ids.len() <= MAX_RESTS {
            rests.extend(ids.iter().map(|id| ((peer, *id), now_millis + self.objects_patience_millis)));
        }
    }

    /// Whether the objects of this segment are to come from others than this peer, for now.
    pub(super) fn is_left_to_others(&self, peer: &TransportId, id: &CommitId, now_millis: u64) -> bool {
        self.is_gathered_from_another(peer, id)
            || lock(&self.rests).get(&(*peer, *id)).is_some_and(|until| *until > now_millis)
    }

    fn is_gathered_from_another(&self, peer: &TransportId, id: &CommitId) -> bool {
        lock(&self.gathered).get(id).is_some_and(|(of, _)| of != peer)
    }

    fn comes_from_another(&self, peer: &TransportId, id: &CommitId, now_millis: u64) -> bool {
        lock(&self.on_the_way).get(id).is_some_and(|(of, until)| of != peer && *until > now_millis)
    }
}

/// The ledger as the exchange with one peer sees it: what comes from another peer counts as known.
pub(super) struct Seen<'a> {
    pub(super) ledger: &'a dyn Ledger,
    pub(super) context: &'a Context,
    pub(super) gatherer: &'a Gatherer,
    pub(super) peer: TransportId,
    pub(super) now_millis: u64,
}

impl Ledger for Seen<'_> {
    fn heads(&self) -> Vec<CommitId> {
        self.ledger.heads()
    }

    fn knows(&self, id: &CommitId) -> bool {
        self.ledger.knows(id)
            || self.gatherer.awaits(id)
            || self.context.is_left_to_others(&self.peer, id, self.now_millis)
            || self.context.comes_from_another(&self.peer, id, self.now_millis)
    }

    fn missing(&self) -> Vec<CommitId> {
        self.ledger.missing()
    }

    fn have(&self) -> Vec<(Chain, Position)> {
        self.ledger.have()
    }

    fn lack(&self, ask: &Ask<'_>) -> Lack {
        self.ledger.lack(ask)
    }

    fn next(&self, walk: &mut Walk, most: usize) -> Vec<CommitId> {
        self.ledger.next(walk, most)
    }

    fn has_bytes(&self, id: &CommitId) -> bool {
        self.ledger.has_bytes(id)
    }

    fn is_tip(&self, id: &CommitId) -> bool {
        self.ledger.is_tip(id)
    }

    fn held(&self, id: &CommitId) -> Option<RawSegment> {
        self.ledger.held(id)
    }

    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.ledger.vertex(id)
    }

    fn served(&self, id: &CommitId) -> Option<Served> {
        self.ledger.served(id)
    }
}
