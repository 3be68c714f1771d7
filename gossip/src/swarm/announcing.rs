//! Telling others what is here: soon after a change, and again and again for repair.
//!
//! Promises: one announcement is made at a time, however many changes ask for it; a peer is told the next time only when
//! it answered the last; nothing is signed or said while nobody listens.

use super::address::lasting;
use super::behaviour::topic;
use super::job::Work;
use super::task::{Asking, Finished, Network, Purpose};
use crate::announcement::{Announcement, Told};
use crate::codec::{encode, frame};
use crate::exchange::Event;
use crate::handle::AskError;
use crate::host::HostError;
use crate::message::Message;
use libp2p::PeerId;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::oneshot;

/// Changes that come within this of an announcement share the next one.
const COALESCE: Duration = Duration::from_millis(2);
/// Each announcement of the last [`LATELY`] puts the next one off by so much, so that steady load is told of 35 times a
/// second: a peer is sent some 600 bytes each time, and a change waits 28 ms at most. A burst begins at once.
const SPACING: Duration = Duration::from_millis(8);
/// What counts as steady.
const LATELY: Duration = Duration::from_millis(100);
/// How long nothing is put off after a session somewhere began to wait for our tips: its commit's two rounds.
const HURRY: Duration = Duration::from_millis(200);
/// What came from one peer is told to the others by then: they most likely fetch it from its author themselves.
pub(super) const RELAY: Duration = Duration::from_millis(25);
/// Gossip goes to who is not told directly, and need not be as quick: ten a second.
const GOSSIP_EVERY: Duration = Duration::from_millis(100);
/// While nobody was heard of that is not told directly, gossip is only the way to be heard of.
const GOSSIP_SELDOM: Duration = REPAIR;
/// How long somebody that was heard of by gossip alone counts as there.
const FAR: Duration = Duration::from_secs(30);
/// Everybody is told at least this often: heals whatever was lost.
const REPAIR: Duration = Duration::from_secs(2);
/// Fetches are looked after this often.
const LOOK: Duration = Duration::from_secs(1);
/// Hello again to who let us in: the clock's difference, and what members changed.
const HELLO_EVERY: Duration = Duration::from_secs(10);
/// Hello again to who did not: our admission may have arrived.
const HELLO_AGAIN: Duration = Duration::from_secs(2);

/// What is announced when.
#[derive(Debug, Default)]
pub(super) struct Announcing {
    under_way: bool,
    last: Duration,
    /// When those of the last [`LATELY`] were made; bounded by the pauses between them.
    lately: VecDeque<Duration>,
    /// Nothing is put off before.
    hurry_until: Duration,
    /// When somebody was last heard of by gossip alone.
    pub(super) far: Option<Duration>,
    gossiped: Duration,
    gossip_waits: bool,
    repaired: Duration,
    looked: Duration,
}

impl Announcing {
    /// The job that made it did not end.
    pub(super) fn failed(&mut self) {
        self.under_way = false;
    }

    /// Somebody waits for our tips.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.hurry_until = now + HURRY;
    }

    fn made(&mut self, now: Duration) {
        (self.under_way, self.last) = (false, now);
        self.lately.push_back(now);
        while self.lately.front().is_some_and(|at| *at + LATELY < now) {
            self.lately.pop_front();
        }
    }

    /// When the next one may be made.
    fn free_at(&self) -> Duration {
        let before = self.lately.len().saturating_sub(1) as u32;
        let spacing = if self.last < self.hurry_until { COALESCE } else { COALESCE.max(SPACING * before) };
        self.last + spacing
    }

    fn gossip_at(&self, now: Duration, crowded: bool) -> Duration {
        let far = self.far.is_some_and(|at| now < at + FAR);
        self.gossiped + if crowded || far { GOSSIP_EVERY } else { GOSSIP_SELDOM }
    }
}

impl Network {
    /// Something is new here: everybody is told by then.
    pub(super) fn on_change(&mut self, within: Duration) {
        let by = self.now() + within;
        self.peers.values_mut().filter(|p| p.welcome).for_each(|p| p.announce_by(by));
    }

    /// Commits entered from a peer, or a tip was learned.
    pub(super) fn on_entered(&mut self, from: PeerId, entered: u64, learned: bool) {
        if entered > 0 || learned {
            self.shared.bump();
        }
        if entered == 0 {
            return;
        }
        let now = self.now();
        for (id, peer) in self.peers.iter_mut().filter(|(_, p)| p.welcome) {
            peer.announce_by(if *id == from { now } else { now + RELAY });
        }
        self.recheck(false);
    }

    /// When the next announcement is to be made.
    pub(super) fn next_announcement(&self) -> Option<Duration> {
        let waiting = self.peers.values().filter(|p| !p.announcing).filter_map(|p| p.announce_at).min()?;
        (!self.announcing.under_way).then(|| waiting.max(self.announcing.free_at()))
    }

    /// Starts to make the announcement that is due.
    pub(super) fn announce_due(&mut self, now: Duration) {
        if self.next_announcement().is_none_or(|at| at > now) {
            return;
        }
        self.announcing.under_way = true;
        let context = self.context.clone();
        let job = self.jobs.spawn_blocking(move || Finished::Announced(context.announce()));
        self.running.insert(job.id(), None);
    }

    /// It is made: to everybody who is due.
    pub(super) fn on_announced(&mut self, made: Result<Announcement, HostError>) {
        let now = self.now();
        self.announcing.made(now);
        let announcement = match made {
            Ok(announcement) => announcement,
            Err(error) => {
                tracing::debug!(%error, "nothing can be announced now");
                self.peers.values_mut().for_each(|p| p.announce_at = None);
                return;
            }
        };
        if announcement.urgent {
            self.announcing.hurry(now);
        }
        self.tell(&announcement, now);
        // Gossip is judged by its tip, so who has none yet, or is a reader, speaks to its own peers only.
        if announcement.tip.is_some() {
            self.gossip(announcement, now);
        }
    }

    /// Everybody who is due hears what is new to it.
    fn tell(&mut self, announcement: &Announcement, now: Duration) {
        let due = |p: &&mut super::peer::Peer<_, _>| !p.announcing && p.announce_at.is_some_and(|at| at <= now);
        let mut told = Vec::new();
        for (id, peer) in &mut self.peers {
            if due(&&mut *peer) {
                peer.announce_at = None;
                if told.len() >= self.limits.direct_peers {
                    continue;
                }
                let author = peer.hello.as_ref().map(|hello| hello.author);
                let news = peer.told.news(announcement, author.as_ref()).map(|news| frame(&Message::Announce(news)));
                if let Some(Ok(bytes)) = news {
                    peer.announcing = true;
                    told.push((*id, bytes));
                }
            }
        }
        for (peer, bytes) in told {
            self.send(peer, bytes, Purpose::Announce);
        }
    }

    fn gossip(&mut self, announcement: Announcement, now: Duration) {
        self.announcing.gossip_waits = !self.is_gossip_due(now);
        if self.announcing.gossip_waits {
            return;
        }
        let Ok(bytes) = encode(&Message::Announce(announcement)) else { return };
        self.announcing.gossiped = now;
        // Nobody in the mesh, or the same words again: both are usual.
        let topic = topic(&self.context.host.genesis());
        let _not_sent = self.swarm.behaviour_mut().gossip.publish(topic, bytes);
    }

    fn is_gossip_due(&self, now: Duration) -> bool {
        let is_crowded = self.peers.values().filter(|p| p.welcome).count() > self.limits.direct_peers;
        now >= self.announcing.gossip_at(now, is_crowded)
    }

    /// It may not have heard: the next one says everything again.
    pub(super) fn unanswered_announcement(&mut self, peer: PeerId) {
        if let Some(desk) = self.peers.get_mut(&peer) {
            desk.told = Told::default();
            desk.announcing = false;
        }
    }

    /// The peer answered an announcement, or will not.
    pub(super) fn answered_announcement(&mut self, peer: PeerId) {
        if let Some(desk) = self.peers.get_mut(&peer) {
            desk.announcing = false;
        }
    }

    /// Asks every peer that let us in for what it has now.
    pub(super) fn ask(&mut self, wanted: usize, reply: oneshot::Sender<Result<Vec<Announcement>, AskError>>) {
        let peers: Vec<PeerId> = self.peers.iter().filter(|(_, p)| p.welcome).map(|(id, _)| *id).collect();
        if peers.len() < wanted {
            return drop(reply.send(Err(AskError::Few { wanted, connected: peers.len() })));
        }
        let Ok(bytes) = frame(&Message::Ask) else { return };
        let number = self.next_number();
        let asking = Asking { wanted, open: peers.len(), answers: Vec::new(), reply: Some(reply) };
        self.askings.insert(number, asking);
        for peer in peers {
            self.send(peer, bytes.clone(), Purpose::Ask(number));
        }
    }

    /// One peer answered, or will not.
    pub(super) fn answered_ask(&mut self, number: u64, answer: Option<Announcement>) {
        let Some(asking) = self.askings.get_mut(&number) else { return };
        asking.open -= 1;
        asking.answers.extend(answer);
        let (answered, wanted) = (asking.answers.len(), asking.wanted);
        if answered < wanted && asking.open > 0 {
            return;
        }
        let result = if answered < wanted {
            Err(AskError::Patience { wanted, answered })
        } else {
            Ok(std::mem::take(&mut asking.answers))
        };
        if let Some(reply) = asking.reply.take() {
            let _nobody_waits = reply.send(result);
        }
        self.askings.remove(&number);
    }

    /// What is due by time.
    pub(super) fn tick(&mut self, now: Duration) {
        self.look_around();
        if now >= self.announcing.looked + LOOK {
            self.announcing.looked = now;
            self.look_after_fetches(now);
        }
        if now >= self.announcing.repaired + REPAIR {
            self.announcing.repaired = now;
            self.peers.values_mut().for_each(|p| p.told = Told::default());
            self.on_change(Duration::ZERO);
            self.recheck(true);
            *self.shared.addresses() = lasting(&self.dialing.kept());
        }
        if self.announcing.gossip_waits && self.is_gossip_due(now) {
            // The newest words are those of the next announcement; one is due now.
            if let Some(peer) = self.peers.values_mut().find(|p| p.welcome) {
                peer.announce_by(now);
            }
        }
    }

    fn look_after_fetches(&mut self, now: Duration) {
        let fetching: Vec<PeerId> = {
            let known = self.shared.peers();
            let busy = |p: &super::peer::Peer<_, _>| known.get(&p.transport).is_some_and(|s| s.fetching);
            // While a request is open its own patience counts: a large answer comes whole, not part by part.
            let open =
                |id: &PeerId| self.sent.values().any(|s| s.peer == *id && matches!(s.purpose, Purpose::Words(_)));
            self.peers.iter().filter(|(id, p)| busy(p) && !open(id)).map(|(id, _)| *id).collect()
        };
        fetching.into_iter().for_each(|peer| self.work(peer, Work::Event(Event::Tick)));
        let due = |p: &super::peer::Peer<_, _>| now >= p.hello_at + if p.welcome { HELLO_EVERY } else { HELLO_AGAIN };
        let due: Vec<PeerId> = self.peers.iter().filter(|(_, p)| due(p)).map(|(id, _)| *id).collect();
        due.into_iter().for_each(|peer| self.say_hello(peer));
    }
}
