//! One simulated replica: the real admission, graph, heads, exchange and fold around a simulated disk.
//!
//! Promises: acknowledges only what is on disk, sends only what is on disk and signed (R14), forgets everything else in
//! a crash. Reads no clock: every call brings the replica's own, possibly wrong, wall time.

mod folder;
mod meeting;
mod receiving;
mod starting;
mod twin;
mod vouching;
mod writing;

pub use vouching::{Stand, Taken};

use super::chain::Record;
use super::disk::Disk;
use super::fold::{Fold, ordered};
use super::kind::Kind;
use super::library::Library;
use super::network::Packet;
use super::promises::word_of;
use super::random::Random;
use super::step::{Habit, Note, Output};
use dag::admit::{Ground, ruled_out};
use dag::author_key::AuthorKey;
use dag::commit::Segment;
use dag::genesis::Genesis;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId, RunId};
use dag::tip::{SignedTip, Tip};
use dag::version::Versions;
use dag::waiting::{Until, WaitingRoom};
use gossip::codec::{Deframer, frame};
use gossip::{Announcement, Effect, Event, Exchange, Fault, Hello, Ledger, Message};
use linearizer::finality::{Finality, Mark};
use linearizer::offer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Own commits after which a tip is signed even if nothing leaves: a segment's bound (R13).
const MAX_UNSIGNED: u64 = gossip::limits::MAX_SEGMENT_COMMITS as u64;

/// What to do when everything before it is on disk.
#[derive(Debug)]
pub(super) enum AfterSync {
    Own(CommitId),
    Fetched(Vec<CommitId>, Box<SignedTip>),
    Signed(Box<SignedTip>),
    Stable(Hlc),
    Stood(Box<Stand>),
    Finish { peer: usize, connection: u64, number: u64 },
}

/// Everything a crash forgets.
pub(super) struct Memory {
    pub(super) library: Library,
    pub(super) fold: Box<dyn Fold>,
    pub(super) waiting: WaitingRoom<usize, Segment>,
    pub(super) connections: BTreeMap<usize, (u64, Exchange)>,
    pub(super) after_sync: Vec<AfterSync>,
    pub(super) run: RunId,
    pub(super) seq: u64,
    /// The author's last commit, of any run.
    pub(super) last: Option<CommitId>,
    pub(super) last_hlc: Hlc,
    pub(super) finality: Finality,
    /// Stable as readers see it, and as it is on its way to the disk.
    pub(super) stable: (Hlc, Hlc),
    /// The newest own tip, once it is on disk.
    pub(super) tip: Option<SignedTip>,
    /// Tips that came before their commits.
    pub(super) early: BTreeMap<AuthorId, SignedTip>,
    /// Own commits since the last signed one.
    pub(super) unsigned: Vec<CommitId>,
    pub(super) announce: bool,
    /// When this run began, by its own clock.
    pub(super) started_millis: u64,
    /// It heard of another live instance of its author key, and writes no more (R6).
    pub(super) stopped: bool,
    /// What the peers said of themselves.
    pub(super) hellos: BTreeMap<usize, Hello>,
    /// What it vouches for, once that is on disk.
    pub(super) stand: Option<Stand>,
    /// The newest voucher that the last own tip names.
    pub(super) vouched: Option<NodeId>,
    /// Behind which commits the other members have cut.
    pub(super) cuts: BTreeMap<AuthorId, CommitId>,
}

/// A replica, running or not.
pub struct Replica {
    /// Its number in the world.
    pub number: usize,
    /// Everybody's author, by number.
    pub(super) directory: Arc<Vec<AuthorId>>,
    pub(super) key: AuthorKey,
    pub(super) ground: Ground,
    pub(super) genesis: Arc<Genesis>,
    pub(super) disk: Disk<Vec<Record>>,
    pub(super) memory: Option<Memory>,
    pub(super) habit: Habit,
    /// Of the world that it lives in.
    pub(super) kind: Kind,
    /// Whether it says hello: only where somebody may meet itself, because signatures take time.
    pub(super) greets: bool,
}

impl Replica {
    /// A replica that is not running, with an empty disk.
    pub fn new(
        number: usize,
        directory: Arc<Vec<AuthorId>>,
        key: AuthorKey,
        genesis: Arc<Genesis>,
        kind: Kind,
        habit: Habit,
    ) -> Self {
        let ground = Ground { genesis: genesis.id(), founder: genesis.founder };
        Replica {
            number,
            directory,
            key,
            ground,
            genesis,
            disk: Disk::new(Vec::new()),
            memory: None,
            habit,
            kind,
            greets: false,
        }
    }

    /// Puts records on the disk before the first start.
    pub fn prepare(&mut self, records: Vec<Record>) {
        self.disk = Disk::new(vec![records]);
    }

    /// Its database.
    pub fn genesis(&self) -> Arc<Genesis> {
        self.genesis.clone()
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.memory.is_some()
    }

    /// Its commits; `None` while it does not run.
    pub fn library(&self) -> Option<&Library> {
        self.memory.as_ref().map(|memory| &memory.library)
    }

    /// Its fold; `None` while it does not run.
    pub fn fold(&self) -> Option<&dyn Fold> {
        self.memory.as_ref().map(|memory| &*memory.fold)
    }

    /// Commits that wait for a parent or their time, with the reason.
    pub fn held(&self) -> BTreeMap<CommitId, Until> {
        let waiting = self.memory.iter().flat_map(|memory| memory.waiting.iter());
        let ids = |(_, until, segment): (&usize, &Until, &Segment)| {
            segment.commits.iter().map(|c| (c.id, until.clone())).collect::<Vec<_>>()
        };
        let known = |id: &CommitId| self.library().is_some_and(|library| library.graph().contains(id));
        waiting.flat_map(ids).filter(|(id, _)| !known(id)).collect()
    }

    /// Whether nothing is under way inside.
    pub fn is_idle(&self) -> bool {
        let quiet = |m: &Memory| m.after_sync.is_empty() && m.connections.values().all(|(_, e)| !e.is_fetching());
        !self.disk.is_dirty() && self.memory.as_ref().is_some_and(quiet)
    }

    /// The power goes.
    pub fn crash(&mut self, random: &mut Random) {
        self.memory = None;
        self.disk.crash(random);
    }

    /// A fresh connection with a peer.
    pub fn connect(&mut self, peer: usize, connection: u64) {
        if let Some(memory) = &mut self.memory {
            memory.waiting.forget(&peer);
            memory.refresh_waiting();
            memory.connections.insert(peer, (connection, Exchange::new()));
        }
    }

    /// Whether clients are told before the sync: only a planted bug does.
    pub fn acknowledges_early(&self) -> bool {
        self.habit == Habit::AcknowledgesEarly
    }

    /// Whether a sync is due.
    pub fn is_dirty(&self) -> bool {
        self.disk.is_dirty() || self.memory.as_ref().is_some_and(|m| !m.after_sync.is_empty())
    }

    /// The disk has everything: acknowledge, let fetched commits into heads and fold, go on with fetches.
    pub fn sync(&mut self, now_millis: u64) -> Output {
        let mut output = Output::default();
        self.disk.sync();
        let Some(memory) = &mut self.memory else { return output };
        let (mut fetched, mut tips) = (Vec::new(), Vec::new());
        let mut finished = Vec::new();
        for done in std::mem::take(&mut memory.after_sync) {
            match done {
                AfterSync::Own(id) => {
                    memory.library.stored(&id);
                    output.notes.push(Note::Acknowledged(id));
                }
                AfterSync::Fetched(ids, tip) => {
                    ids.iter().for_each(|id| memory.library.stored(id));
                    fetched.extend(ids);
                    tips.push(tip.tip);
                }
                AfterSync::Stood(stand) => memory.stand = Some(*stand),
                AfterSync::Stable(hlc) => {
                    memory.stable.0 = hlc;
                    memory.fold.set_stable(hlc);
                    output.notes.push(Note::Stable(hlc));
                }
                AfterSync::Signed(tip) => (memory.tip, memory.announce) = (Some(*tip), true),
                AfterSync::Finish { peer, connection, number } => finished.push((peer, connection, number)),
            }
        }
        memory.publish(&fetched, &mut output);
        // What a tip promises counts once its chain is in the fold.
        for tip in &tips {
            memory.note_tip(tip, self.habit);
        }
        self.settle();
        for (peer, connection, number) in finished {
            let open = self.memory.as_ref().and_then(|memory| memory.connections.get(&peer));
            if open.is_some_and(|(current, _)| *current == connection) {
                self.exchange(peer, Event::Stored(number), now_millis, &mut output);
            }
        }
        self.send_announcement(&mut output);
        output
    }

    /// Time goes by: patience, held commits.
    pub fn tick(&mut self, now_millis: u64) -> Output {
        let mut output = Output::default();
        let peers: Vec<usize> = self.memory.iter().flat_map(|m| m.connections.keys().copied()).collect();
        for peer in peers {
            self.exchange(peer, Event::Tick, now_millis, &mut output);
        }
        let due = self.memory.as_mut().map(|memory| memory.waiting.due(now_millis)).unwrap_or_default();
        self.admit_all(due, now_millis, &mut output);
        self.take_stand();
        output
    }

    /// Says what it has: signs first, if there is something new, and speaks after the sync (R14).
    pub fn announce(&mut self, now_millis: u64) -> Output {
        let mut output = Output::default();
        self.introduce(now_millis);
        self.greet(now_millis, &mut output);
        let Some(memory) = &mut self.memory else { return output };
        let stored = memory.unsigned.iter().rposition(|id| memory.library.is_durable(id));
        match stored {
            Some(at) => self.sign(at, now_millis),
            None if memory.unsigned.is_empty() && self.due(now_millis).is_some() => self.renew(now_millis),
            None => {
                let Some(memory) = &mut self.memory else { return output };
                memory.announce = true;
                self.send_announcement(&mut output);
            }
        }
        output
    }

    /// A packet arrives.
    pub fn deliver(&mut self, packet: &Packet, now_millis: u64) -> Output {
        let mut output = Output::default();
        let Some(memory) = &self.memory else { return output };
        let Some((connection, _)) = memory.connections.get(&packet.from) else { return output };
        if packet.connection.is_some_and(|of| of != *connection) {
            return output;
        }
        let mut deframer = Deframer::default();
        deframer.push(&packet.bytes);
        let event = match deframer.next_message() {
            Ok(Some(Message::Announce(announcement))) if packet.connection.is_none() => {
                if !self.listens(packet.from) {
                    return output;
                }
                if let Some(tip) = &announcement.tip {
                    self.hear(tip);
                }
                Event::Announced(announcement)
            }
            // Gossip that is damaged has no sender to blame.
            _ if packet.connection.is_none() => return output,
            Ok(Some(Message::Hello(hello))) => {
                self.meet(packet.from, hello, &mut output);
                return output;
            }
            Ok(Some(Message::Twin(hello))) => {
                self.warned(&hello);
                return output;
            }
            Ok(Some(message)) => match self.served(packet, message, &mut output) {
                Some(message) => Event::Received(message),
                None => return output,
            },
            Ok(None) => Event::Garbled(Fault::Malformed),
            Err(gossip::codec::CodecError::TooLarge(_)) => Event::Garbled(Fault::TooLarge),
            Err(_) => Event::Garbled(Fault::Malformed),
        };
        self.exchange(packet.from, event, now_millis, &mut output);
        output
    }

    /// Signs the own chain up to the unsigned commit `at`, and whatever a segment's bound demands before it.
    fn sign(&mut self, at: usize, now_millis: u64) {
        let Some(mut memory) = self.memory.as_mut() else { return };
        let signed: Vec<CommitId> = memory.unsigned.drain(..=at).collect();
        // What is not covered by the tip must stay above the promise (R15).
        let next = memory.unsigned.first().and_then(|id| memory.library.commit(id)).map(|c| Hlc(c.header.hlc.0 - 1));
        for (count, id) in signed.iter().enumerate() {
            let is_last = count == at;
            if !is_last && !(count as u64 + 1).is_multiple_of(MAX_UNSIGNED) {
                continue;
            }
            let Some(opened) = memory.library.commit(id).cloned() else { continue };
            let through = if is_last { next.unwrap_or(Hlc::new(now_millis, 0)) } else { opened.header.hlc };
            let promise = memory.finality.promise().max(through.max(opened.header.hlc));
            self.put_tip(&opened, promise, now_millis);
            let Some(current) = &mut self.memory else { return };
            memory = current;
        }
    }

    fn send_announcement(&mut self, output: &mut Output) {
        let Some(memory) = &mut self.memory else { return };
        if !std::mem::take(&mut memory.announce) || self.disk.is_dirty() {
            return;
        }
        let heads = memory.library.heads();
        let digest = memory.library.stored_heads.digest();
        let tip = memory.tip.as_ref().map(SignedTip::to_bytes);
        let announcement = Announcement::new(tip, &heads, digest, &Versions::new(), &[]);
        let bytes = frame(&Message::Announce(announcement)).expect("announcements are bounded");
        for to in (0..self.directory.len()).filter(|to| *to != self.number) {
            output.packets.push(Packet { from: self.number, to, connection: None, bytes: bytes.clone() });
        }
    }

    /// One event of one exchange, and its effects.
    fn exchange(&mut self, peer: usize, event: Event, now_millis: u64, output: &mut Output) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let Some(memory) = &mut self.memory else { return };
            let Some((connection, exchange)) = memory.connections.get_mut(&peer) else { return };
            let connection = *connection;
            for effect in exchange.apply(event, &memory.library, now_millis) {
                match effect {
                    Effect::Send(message) => {
                        let bytes = frame(&message).expect("own messages are bounded");
                        let connection = Some(connection);
                        output.packets.push(Packet { from: self.number, to: peer, connection, bytes });
                    }
                    Effect::Admit(raw) => {
                        events.extend(self.receive(peer, &raw, now_millis, output).err().map(Event::Refused))
                    }
                    Effect::Finish(number) => self.finish(AfterSync::Finish { peer, connection, number }),
                    Effect::Drop(_) => {
                        self.disconnect(peer);
                        output.notes.push(Note::Dropped(peer));
                        return;
                    }
                }
            }
        }
    }

    fn finish(&mut self, done: AfterSync) {
        if let Some(memory) = &mut self.memory {
            memory.after_sync.push(done);
        }
    }

    fn disconnect(&mut self, peer: usize) {
        if let Some(memory) = &mut self.memory {
            memory.connections.remove(&peer);
        }
    }
}

impl Memory {
    /// A tip whose chain is in the fold: its promise and floor count, and what it rules out is proof against its author.
    pub(super) fn note_tip(&mut self, tip: &Tip, habit: Habit) -> bool {
        if ruled_out(tip, &self.library.skeleton).is_some() {
            self.prove(tip.author, Mark::BrokePromise, habit);
        }
        let is_new = self.finality.heard(tip.author, word_of(tip));
        if let Some(cut) = offer::cut(tip).filter(|_| is_new) {
            self.cuts.insert(tip.author, cut);
        }
        is_new
    }

    /// Whether a commit is in the fold, or below the checkpoint that it began with.
    pub(super) fn is_folded(&self, id: &CommitId) -> bool {
        self.fold.outcome(id).is_some() || self.library.is_below(id)
    }

    /// Whether commits are admitted and not in the fold yet: what is told of main would be another main's.
    pub(super) fn is_publishing(&self) -> bool {
        self.after_sync.iter().any(|done| matches!(done, AfterSync::Fetched(ids, _) if !ids.is_empty()))
    }

    /// Fetched commits on disk enter heads and fold.
    fn publish(&mut self, fetched: &[CommitId], output: &mut Output) {
        let batch: Vec<_> = fetched.iter().filter_map(|id| self.library.commit(id)).map(ordered).collect();
        for id in fetched {
            let vertex = self.library.graph().get(id).cloned();
            vertex.iter().for_each(|vertex| self.library.heads.advance(vertex));
        }
        if !batch.is_empty() {
            let rejudged = self.fold.arrive(batch);
            output.notes.push(Note::Grew { rejudged });
        }
    }

    fn refresh_waiting(&mut self) {
        let waiting = self.waiting.iter().flat_map(|(_, _, segment)| segment.commits.iter().map(|c| c.id));
        self.library.waiting = waiting.collect();
        self.library.missing = self.waiting.missing();
    }
}
