//! Connections: whom to dial, who came, who is let in, who goes.
//!
//! Promises: dials with backoff; strangers are few and stay short, removed members are told so and go; a banned peer is
//! let in when its ban ends; two live processes under one author key are told of each other (R6).

use super::address::{bare, named_peer, parse, transport_of};
use super::behaviour::BehaviourEvent;
use super::job::{Done, Work};
use super::peer::Peer;
use super::task::{Attempt, Channel, Finished, Gossiped, Network, Purpose};
use crate::codec::frame;
use crate::faults::Fault;
use crate::handle::AskError;
use crate::hello::Access;
use crate::limits::{LAST_WORDS, MAX_ATTEMPTS, REMEMBERED_PEERS};
use crate::message::Message;
use libp2p::core::ConnectedPoint;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, mdns, ping};
use tokio::sync::oneshot;

impl Network {
    pub(super) fn on_connection(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let attempt = self.attempts.remove(&connection_id);
                self.connected(peer_id, &endpoint, attempt);
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => self.closed(peer_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                let Some((name, reply)) = self.attempts.remove(&connection_id) else { return };
                self.not_reached(&name, &error);
                tracing::debug!(name, %error, "a peer could not be reached");
                if let Some(reply) = reply {
                    let _nobody_waits = reply.send(Err(AskError::Address(format!("cannot reach {name}: {error}"))));
                }
            }
            _ => {}
        }
    }

    /// A dial failed. Where another run of a peer answers, whose transport key is another, that run is dialed.
    fn not_reached(&mut self, name: &str, error: &DialError) {
        let (now, random) = (self.now(), self.random());
        match error {
            DialError::LocalPeerId { .. } => self.dialing.shun(name, now),
            DialError::WrongPeerId { obtained, address } => {
                self.dialing.forget(name, now);
                let there = bare(address).with_p2p(*obtained).map(|address| address.to_string());
                self.learn_addresses(&there.into_iter().collect::<Vec<_>>());
            }
            _ => self.dialing.failed(name, now, random),
        }
    }

    fn connected(&mut self, peer: PeerId, endpoint: &ConnectedPoint, attempt: Option<Attempt>) {
        let (now, epoch) = (self.now(), self.next_number());
        let transport = transport_of(&peer).filter(|transport| !self.bans.holds(transport, now));
        let Some(transport) = transport else {
            let _already_gone = self.swarm.disconnect_peer_id(peer);
            return;
        };
        let limits = &self.limits;
        let new = !self.peers.contains_key(&peer);
        let desk = self.peers.entry(peer).or_insert_with(|| Peer::new(transport, epoch, false, limits, now));
        desk.dialed |= endpoint.is_dialer();
        if let Some((name, reply)) = attempt {
            self.dialing.connected(&name);
            desk.names.push(name);
            if let Some(reply) = reply {
                let _nobody_waits = reply.send(Ok(()));
            }
        }
        let (address, dialed) = (bare(endpoint.get_remote_address()).to_string(), desk.dialed);
        self.dialing.connected(&peer.to_string());
        self.note(transport, |status| (status.connected, status.address, status.dialed) = (true, address, dialed));
        if new {
            self.make_room(peer);
            self.say_hello(peer);
        }
    }

    /// Of too many strangers the one that is here longest goes.
    fn make_room(&mut self, newcomer: PeerId) {
        let strangers = self.peers.iter().filter(|(id, p)| !p.is_served() && !p.dialed && **id != newcomer);
        if strangers.clone().count() >= self.limits.strangers
            && let Some(oldest) = strangers.min_by_key(|(_, p)| p.since).map(|(id, _)| *id)
        {
            let _already_gone = self.swarm.disconnect_peer_id(oldest);
        }
        let mut known = self.shared.peers();
        let gone = known.iter().filter(|(_, s)| !s.connected).min_by_key(|(_, s)| s.heard_millis).map(|(id, _)| *id);
        if let Some(gone) = gone.filter(|_| known.len() > REMEMBERED_PEERS) {
            known.remove(&gone);
        }
    }

    fn closed(&mut self, peer: PeerId) {
        let Some(desk) = self.peers.remove(&peer) else { return };
        let now = self.now();
        for name in desk.names.iter().chain([&peer.to_string()]) {
            let random = self.random();
            self.dialing.lost(name, now, random);
        }
        self.context.arrived(&desk.transport);
        if let Some(hello) = desk.hello {
            let host = self.context.host.clone();
            let job = self.jobs.spawn_blocking(move || {
                host.gone(&hello.author);
                Finished::Gone
            });
            self.running.insert(job.id(), None);
        }
        self.note(desk.transport, |status| (status.connected, status.fetching) = (false, false));
    }

    pub(super) fn say_hello(&mut self, peer: PeerId) {
        let (now, now_millis) = (self.now(), self.clock.wall_millis());
        let Some(desk) = self.peers.get_mut(&peer) else { return };
        desk.hello_at = now;
        match frame(&Message::Hello(self.context.host.hello(&self.context.me))) {
            Ok(bytes) => self.send(peer, bytes, Purpose::Hello(now_millis)),
            Err(error) => tracing::error!(%error, "our hello cannot be encoded"),
        }
    }

    /// The peer's clock when it answered, against ours half way between.
    pub(super) fn compare_clocks(&mut self, peer: PeerId, said_millis: u64, answer: &Message) {
        let (Message::Hello(hello), Some(desk)) = (answer, self.peers.get(&peer)) else { return };
        let half = self.clock.wall_millis().saturating_add(said_millis) / 2;
        let difference = hello.clock_millis as i64 - half as i64;
        self.note(desk.transport, |status| status.clock_difference_millis = Some(difference));
    }

    /// What a job found out about who the peer is.
    pub(super) fn on_access(&mut self, peer: PeerId, done: &mut Done<Channel, Gossiped>) {
        let now = self.now();
        let Some(desk) = self.peers.get_mut(&peer) else { return };
        let was_served = desk.is_served();
        let transport = desk.transport;
        if let Some((hello, access)) = done.greeted.take() {
            let (author, run) = (hello.author, hello.run);
            desk.access = Some(access);
            desk.hello = Some(hello);
            self.shared.is_now(transport, author);
            self.note(transport, |status| {
                (status.author, status.run, status.access) = (Some(author), Some(run), Some(access));
            });
            self.tell_twins(peer);
        }
        let Some(desk) = self.peers.get_mut(&peer) else { return };
        if let Some(access) = done.access {
            desk.access = Some(access);
            self.shared.peers().entry(transport).or_default().access = Some(access);
        }
        if done.welcome && !desk.welcome {
            desk.welcome = true;
            desk.announce_by(now);
            self.shared.peers().entry(transport).or_default().refusal = None;
            self.shared.bump();
        }
        if let Some(refusal) = done.refusal.take() {
            desk.welcome = false;
            self.shared.peers().entry(transport).or_default().refusal = Some(refusal.reason);
        }
        if desk.access == Some(Access::Removed) {
            desk.welcome = false;
            desk.leaves_at.get_or_insert(now + LAST_WORDS);
        }
        let let_in = desk.is_served() && !was_served;
        let call_again = let_in && !desk.welcome && now > desk.hello_at + SOON;
        if call_again {
            self.say_hello(peer);
        }
        if done.foreign {
            self.shun(peer);
        }
        self.learn_addresses(&std::mem::take(&mut done.addresses));
    }

    /// Connected peers that are one author: each is shown the other's hello. One that began after the other spoke does
    /// not count it as proof; so the other, if it is there at all, is asked to speak again.
    fn tell_twins(&mut self, peer: PeerId) {
        let now = self.now();
        let Some(hello) = self.peers.get(&peer).and_then(|desk| desk.hello.clone()) else { return };
        let others = self.peers.iter().filter_map(|(id, desk)| {
            let theirs = desk.hello.as_ref().filter(|h| h.author == hello.author && h.run != hello.run)?;
            Some((*id, theirs.clone(), now > desk.hello_at + TWIN_SPEAKS_EVERY))
        });
        for (other, theirs, silent) in others.collect::<Vec<_>>() {
            for (to, said) in [(peer, theirs), (other, hello.clone())] {
                if let Ok(bytes) = frame(&Message::Twin(said)) {
                    self.send(to, bytes, Purpose::Words(0));
                }
            }
            if silent {
                self.say_hello(other);
            }
        }
    }

    /// Of another database, or removed from this one: not dialed again for long.
    fn shun(&mut self, peer: PeerId) {
        let now = self.now();
        let names = self.peers.get(&peer).map(|desk| desk.names.clone()).unwrap_or_default();
        let _already_gone = self.swarm.disconnect_peer_id(peer);
        self.closed(peer);
        names.iter().chain([&peer.to_string()]).for_each(|name| self.dialing.shun(name, now));
    }

    /// Closes the connection; the peer may come again.
    pub(super) fn let_go(&mut self, peer: &PeerId, why: &str) {
        tracing::info!(%peer, why, "a connection is closed");
        let _already_gone = self.swarm.disconnect_peer_id(*peer);
    }

    /// Closes the connection and keeps the peer out for a while.
    pub(super) fn ban(&mut self, peer: &PeerId, why: &str) {
        let (now, now_millis) = (self.now(), self.clock.wall_millis());
        let Some(transport) = self.peers.get(peer).map(|desk| desk.transport) else { return };
        let until = self.bans.ban(transport, &self.limits, now);
        let until_millis = now_millis + (until - now).as_millis() as u64;
        tracing::warn!(%transport, why, seconds = (until - now).as_secs(), "a peer is banned");
        self.note(transport, |status| status.banned_until_millis = Some(until_millis));
        self.swarm.behaviour_mut().banned.block_peer(*peer);
    }

    /// Bans that ended; strangers that stayed too long; who was removed; targets that are due.
    pub(super) fn look_around(&mut self) {
        let now = self.now();
        let blocked: Vec<PeerId> = self.swarm.behaviour().banned.blocked_peers().iter().copied().collect();
        for peer in blocked {
            if transport_of(&peer).is_none_or(|transport| !self.bans.holds(&transport, now)) {
                self.swarm.behaviour_mut().banned.unblock_peer(peer);
            }
        }
        let patience = self.limits.stranger_patience;
        let stale = |p: &Peer<Channel, Gossiped>| !p.is_served() && !p.dialed && now > p.since + patience;
        let stale: Vec<PeerId> = self.peers.iter().filter(|(_, p)| stale(p)).map(|(id, _)| *id).collect();
        for peer in stale {
            let mute = self.peers.get(&peer).filter(|p| p.hello.is_none()).map(|p| p.transport);
            if let Some(transport) = mute {
                self.note(transport, |status| *status.faults.entry(Fault::Silent).or_default() += 1);
            }
            self.let_go(&peer, if mute.is_some() { "it never said who it is" } else { "it is no member" });
        }
        let leaving = |p: &Peer<Channel, Gossiped>| p.leaves_at.is_some_and(|at| at <= now);
        let leaving: Vec<PeerId> = self.peers.iter().filter(|(_, p)| leaving(p)).map(|(id, _)| *id).collect();
        for peer in leaving {
            tracing::info!(%peer, "a connection is closed: its author was removed from the database");
            self.shun(peer);
        }
        for (name, address) in self.dialing.due(now) {
            self.dial(name, &address, None);
        }
    }

    /// Dials what an operator or a verb names.
    pub(super) fn dial_named(&mut self, text: &str, reply: oneshot::Sender<Result<(), AskError>>) {
        let parsed = match parse(text) {
            Ok(parsed) if self.attempts.len() < MAX_ATTEMPTS => parsed,
            Ok(_) => return drop(reply.send(Err(AskError::Address("too many dials are under way; wait".into())))),
            Err(reason) => {
                let said = format!("{text:?} is no peer address: {reason}; write host:port or a multiaddr");
                return drop(reply.send(Err(AskError::Address(said))));
            }
        };
        let addresses: Vec<String> = parsed.iter().map(ToString::to_string).collect();
        let first = addresses.first().cloned().unwrap_or_default();
        self.dialing.learn(text, addresses);
        self.dial(text.to_owned(), &first, Some(reply));
    }

    fn dial(&mut self, name: String, address: &str, reply: Option<oneshot::Sender<Result<(), AskError>>>) {
        let (now, random) = (self.now(), self.random());
        let Ok(address) = address.parse::<Multiaddr>() else { return self.dialing.failed(&name, now, random) };
        let options = match named_peer(&address) {
            Some(peer) => DialOpts::peer_id(peer).addresses(vec![address]).condition(PeerCondition::Always).build(),
            None => DialOpts::unknown_peer_id().address(address).build(),
        };
        let connection = options.connection_id();
        self.attempts.insert(connection, (name.clone(), reply));
        if let Err(error) = self.swarm.dial(options) {
            let reply = self.attempts.remove(&connection).and_then(|(_, reply)| reply);
            self.not_reached(&name, &error);
            if let Some(reply) = reply {
                let _nobody_waits = reply.send(Err(AskError::Address(format!("cannot reach {name}: {error}"))));
            }
        }
    }

    /// Addresses that a member told; each names its peer.
    pub(super) fn learn_addresses(&mut self, told: &[String]) {
        let me = *self.swarm.local_peer_id();
        let mut by_peer: std::collections::BTreeMap<PeerId, Vec<String>> = std::collections::BTreeMap::new();
        for text in told {
            let Ok(address) = text.parse::<Multiaddr>() else { continue };
            if let Some(peer) = named_peer(&address).filter(|peer| *peer != me) {
                by_peer.entry(peer).or_default().push(text.clone());
            }
        }
        for (peer, addresses) in by_peer {
            self.dialing.learn(&peer.to_string(), addresses);
            if self.peers.contains_key(&peer) {
                self.dialing.connected(&peer.to_string());
            }
        }
    }

    pub(super) fn on_found(&mut self, event: mdns::Event) {
        let mdns::Event::Discovered(found) = event else { return };
        let told: Vec<String> = found
            .iter()
            .filter_map(|(peer, address)| address.clone().with_p2p(*peer).ok())
            .map(|a| a.to_string())
            .collect();
        self.learn_addresses(&told);
    }

    pub(super) fn on_ping(&mut self, event: ping::Event) {
        let Some(desk) = self.peers.get(&event.peer) else { return };
        match event.result {
            Ok(round_trip) => self.note(desk.transport, |status| status.round_trip = Some(round_trip)),
            Err(ping::Failure::Unsupported) => {}
            Err(_) => drop(self.swarm.close_connection(event.connection)),
        }
    }

    /// Asked again who may do what, because members may have changed.
    pub(super) fn recheck(&mut self, everybody: bool) {
        let whom = |p: &Peer<Channel, Gossiped>| p.hello.is_some() && (everybody || p.access == Some(Access::Stranger));
        let peers: Vec<PeerId> = self.peers.iter().filter(|(_, p)| whom(p)).map(|(id, _)| *id).collect();
        peers.into_iter().for_each(|peer| self.work(peer, Work::Recheck));
    }
}

/// A peer whose author seems to live twice is asked again for its hello after this: both know within seconds.
const TWIN_SPEAKS_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// A hello is not said twice within this.
const SOON: std::time::Duration = std::time::Duration::from_millis(50);
