//! What came and may not enter yet: segments that wait for parents, and held ones (R2, R9, R15).
//!
//! Waiting for parents is memory's business, bounded per peer that brought it: another peer can bring it again. Held
//! segments wait for their time, for a newer program, or for the members' decision; they and what stands on them are
//! kept on disk, served to others who ask, and survive a restart. Promises: nothing here is in the frontier.

use super::bodies::Bodies;
use super::local::Local;
use super::receiving::Taken;
use super::report::HeldFact;
use dag::commit::{Segment, SegmentCheck, Unread};
use dag::encode;
use dag::error::Error;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId};
use dag::store::{Kind, Log, Record};
use dag::waiting::{Until, WaitingRoom};
use gossip::RawSegment;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A segment as it travels, and what is known of how it came.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The member that brought it.
    pub from: AuthorId,
    /// When it came first, milliseconds since 1970.
    pub since: u64,
    /// Commits of one chain, one after the other.
    pub commits: Vec<Arc<[u8]>>,
    /// The tip at the last.
    pub tip: Arc<[u8]>,
    /// Whether it is on disk already, held.
    pub stored: bool,
}

/// The record of a held segment. Version 1.
#[derive(Serialize, Deserialize)]
struct Written(u32, AuthorId, u64, Vec<ByteBuf>, ByteBuf);

impl Parcel {
    /// Bytes of its commits.
    pub fn bytes(&self) -> usize {
        self.commits.iter().map(|commit| commit.len()).sum()
    }

    fn record(&self, last: CommitId) -> Record {
        let commits = self.commits.iter().map(|commit| ByteBuf::from(commit.to_vec())).collect();
        let written = Written(1, self.from, self.since, commits, ByteBuf::from(self.tip.to_vec()));
        Record::new(Kind::HELD, last.0, encode::to_bytes(&written))
    }

    fn read(log: &Log, last: &CommitId) -> Option<Parcel> {
        let bytes = log.get(Kind::HELD, &last.0).ok().flatten()?;
        let Written(_, from, since, commits, tip) = encode::from_bytes("held segment", &bytes).ok()?;
        let commits = commits.into_iter().map(|commit| commit.into_vec().into()).collect();
        Some(Parcel { from, since, commits, tip: tip.into_vec().into(), stored: true })
    }
}

/// A parcel whose hashes and signature hold.
pub struct Opened {
    /// As it came.
    pub parcel: Parcel,
    /// What it says; in an error, what this program cannot read of it (R2).
    pub content: Result<Box<Segment>, Unread>,
    /// The changes that its commits keep in trees, once they were gathered: not while it waits, they may be large.
    pub bodies: Option<Bodies>,
}

impl Opened {
    /// Checks everything that the bytes show by themselves; costs hashes and one signature.
    pub fn open(parcel: Parcel) -> Result<Opened, Error> {
        let content = match Segment::verify(parcel.commits.clone(), &parcel.tip)? {
            SegmentCheck::Verified(segment) => Ok(segment),
            SegmentCheck::Unread(unread) => Err(*unread),
        };
        Ok(Opened { parcel, content, bodies: None })
    }

    /// Its last commit.
    pub fn last(&self) -> Option<CommitId> {
        self.names().0.last().copied()
    }

    /// Its commits, and their author.
    fn names(&self) -> (Vec<CommitId>, AuthorId) {
        match &self.content {
            Ok(segment) => (segment.commits.iter().map(|commit| commit.id).collect(), segment.tip.tip.author),
            Err(unread) => (unread.ids.clone(), unread.tip.tip.author),
        }
    }
}

/// A segment in the room.
struct Guest {
    ids: Vec<CommitId>,
    author: AuthorId,
    since: u64,
    why: String,
    /// `None`: it is on disk.
    opened: Option<Opened>,
}

/// The waiting room, and what of it is on disk.
#[derive(Default)]
pub struct Room {
    waiting: WaitingRoom<AuthorId, Guest>,
    /// Every commit inside, with the last of its segment.
    inside: HashMap<CommitId, CommitId>,
    /// Held segments by their last commit.
    on_disk: BTreeSet<CommitId>,
}

impl Room {
    /// Whether the commit waits here.
    pub fn contains(&self, id: &CommitId) -> bool {
        self.inside.contains_key(id)
    }

    /// Lets a segment wait, with the reason for people. What is held, and what stands on something held, goes to the
    /// disk: its record is pushed. It comes back if its peer has brought too much that waits; nothing is wrong with it
    /// then (R3).
    pub fn enter(&mut self, opened: Opened, until: Until, why: String, records: &mut Vec<Record>) -> Option<Opened> {
        let (ids, author) = opened.names();
        let last = ids.last().copied()?;
        if self.inside.get(&last) == Some(&last) {
            return None;
        }
        let stored = opened.parcel.stored;
        let is_held = stored
            || match &until {
                Until::Parents(missing) => missing.iter().any(|id| self.segment_of(id).is_some()),
                Until::Time(_) | Until::Upgrade | Until::Cut => true,
            };
        let Parcel { from, since, .. } = opened.parcel;
        let (count, bytes) = (ids.len(), opened.parcel.bytes());
        if self.waiting.room_for(&from, count, bytes).is_err() {
            return Some(opened);
        }
        if is_held && !stored {
            records.push(opened.parcel.record(last));
        }
        if is_held {
            self.on_disk.insert(last);
        }
        self.inside.extend(ids.iter().map(|id| (*id, last)));
        let guest = Guest { ids, author, since, why, opened: (!is_held).then_some(Opened { bodies: None, ..opened }) };
        // There is room, as was just asked.
        let _entered = self.waiting.enter(from, count, bytes, until, guest);
        None
    }

    /// A commit was admitted: what waited for it alone comes out.
    pub fn arrived(&mut self, id: &CommitId, log: &Log) -> Vec<Opened> {
        let free = self.waiting.arrived(id);
        self.leave(free.into_iter().map(|(_, guest)| guest), log)
    }

    /// What waited for a time that is past comes out.
    pub fn due(&mut self, now_millis: u64, log: &Log) -> Vec<Opened> {
        let free = self.waiting.due(now_millis);
        self.leave(free.into_iter().map(|(_, guest)| guest), log)
    }

    /// Parents that something waits for, sorted; some may wait themselves.
    pub fn missing(&self) -> Vec<CommitId> {
        self.waiting.missing()
    }

    /// A peer left: what it brought and that is in memory only is forgotten.
    pub fn forget(&mut self, peer: &AuthorId) {
        for guest in self.waiting.dismiss(&|of, _, guest| of == peer && guest.opened.is_some()) {
            guest.ids.iter().for_each(|id| _ = self.inside.remove(id));
        }
    }

    fn leave(&mut self, guests: impl Iterator<Item = Guest>, log: &Log) -> Vec<Opened> {
        let mut free = Vec::new();
        for guest in guests {
            guest.ids.iter().for_each(|id| _ = self.inside.remove(id));
            let Some(last) = guest.ids.last() else { continue };
            self.on_disk.remove(last);
            // One that cannot be read back is fetched again: its commits are not known here any more.
            free.extend(guest.opened.or_else(|| Opened::open(Parcel::read(log, last)?).ok()));
        }
        free
    }

    /// Takes segments out that could not be written down, by their last commits.
    pub fn withdraw(&mut self, lasts: &[CommitId]) {
        for guest in self.waiting.dismiss(&|_, _, guest| guest.ids.last().is_some_and(|last| lasts.contains(last))) {
            guest.ids.iter().for_each(|id| _ = self.inside.remove(id));
            guest.ids.last().iter().for_each(|last| _ = self.on_disk.remove(*last));
        }
    }

    /// Held segments on disk, by their last commits: what a checkpoint keeps.
    pub fn kept(&self) -> Vec<CommitId> {
        self.on_disk.iter().copied().collect()
    }

    /// Commits of a held segment, for whoever asks for one of them.
    pub fn segment_of(&self, id: &CommitId) -> Option<CommitId> {
        self.inside.get(id).filter(|last| self.on_disk.contains(last)).copied()
    }

    /// Everything inside, in order of arrival.
    pub fn facts(&self) -> Vec<HeldFact> {
        let mut facts = Vec::new();
        for (_, until, guest) in self.waiting.iter() {
            let (time, waits_for) = match until {
                Until::Time(millis) => (Some(*millis), Vec::new()),
                Until::Parents(missing) => (None, missing.iter().copied().collect()),
                Until::Upgrade | Until::Cut => (None, Vec::new()),
            };
            facts.extend(guest.ids.iter().map(|id| HeldFact {
                kind: "commit",
                id: *id,
                author: guest.author,
                reason: guest.why.clone(),
                since: guest.since,
                until: time,
                waits_for: waits_for.clone(),
            }));
        }
        facts
    }
}

/// A promise that was broken, in words.
pub fn broken(through: Hlc) -> String {
    format!(
        "its author had promised to write nothing at or below {through}: kept as proof, until the members cut the author (R15)"
    )
}

/// A commit in what is closed for its author (`dag::admit::Closed`), in words.
pub fn late(through: Hlc) -> String {
    format!(
        "it lies in what is closed here, through {through} (stable, or the floor told to others): written before its author's folder was restored, or after its author was removed; kept until the members cut the author (R16)"
    )
}

impl Local {
    /// A held segment that has this commit, as it came: held commits are relayed (R2).
    pub fn held_segment(&self, id: &CommitId) -> Option<RawSegment> {
        let last = self.latch().room.segment_of(id)?;
        let parcel = Parcel::read(&self.log, &last)?;
        let commits = parcel.commits.iter().map(|commit| ByteBuf::from(commit.to_vec())).collect();
        Some(RawSegment { commits, tip: ByteBuf::from(parcel.tip.to_vec()) })
    }

    /// Held segments whose time has come are admitted; how many commits entered.
    pub fn admit_due(&self) -> u64 {
        let now = self.clock.wall_millis();
        let due = self.latch().room.due(now, &self.log);
        if due.is_empty() { 0 } else { self.take_opened(due, Taken::default()).map_or(0, |taken| taken.entered) }
    }

    /// What was held when the last run ended is tried again: this may be a newer program, or its time may have come.
    pub fn admit_kept(&self) {
        let kept = std::mem::take(&mut self.latch().held_before);
        let is_out = |last: &&CommitId| !self.log.has(Kind::COMMIT, &last.0).unwrap_or(false);
        let parcels: Vec<Parcel> =
            kept.iter().filter(is_out).filter_map(|last| Parcel::read(&self.log, last)).collect();
        if !parcels.is_empty()
            && let Err(error) = self.take(parcels)
        {
            tracing::warn!(%error, "held commits could not be looked at again; the next start tries once more");
        }
    }

    /// A peer is gone: what it brought and that still misses parents is forgotten; another peer will bring it.
    pub fn forget_peer(&self, peer: &AuthorId) {
        self.latch().room.forget(peer);
    }
}
