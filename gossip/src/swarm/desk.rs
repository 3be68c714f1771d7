//! A peer's words, in and out: from the swarm to its desk, and what its jobs decided back to the swarm.
//!
//! Promises: a peer that asks too often, or sends what is no message, is counted and in the end let go; an answer of an
//! older connection changes nothing.

use super::behaviour::topic;
use super::job::{Done, Outgoing, Verdict, Work};
use super::task::{Channel, Gossiped, Network, Purpose, Sent};
use super::wire::Load;
use crate::codec::decode;
use crate::exchange::Event;
use crate::faults::Fault;
use crate::handle::AskError;
use crate::message::{Held, Message};
use dag::version::{Position, Versions};
use dag::vertex::Chain;
use libp2p::PeerId;
use libp2p::gossipsub::{self, MessageAcceptance, MessageId};
use libp2p::request_response::{self, Message as Words, OutboundFailure, OutboundRequestId};

impl Network {
    pub(super) fn on_words(&mut self, event: request_response::Event<Load, Load>) {
        match event {
            request_response::Event::Message { peer, message: Words::Request { request, channel, .. }, .. } => {
                self.on_request(peer, request, channel);
            }
            request_response::Event::Message { peer, message: Words::Response { request_id, response }, .. } => {
                self.on_answer(peer, request_id, response);
            }
            request_response::Event::OutboundFailure { request_id, error, .. } => self.on_silence(request_id, &error),
            request_response::Event::InboundFailure { .. } | request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_request(&mut self, peer: PeerId, load: Load, channel: Channel) {
        let now = self.now();
        let waiting = self.limits.requests_waiting;
        let Some(desk) = self.peers.get_mut(&peer) else { return };
        if !desk.rate.take(now) || desk.asked >= waiting {
            return self.work(peer, Work::Event(Event::Garbled(Fault::Flood)));
        }
        match load {
            Load::In(mut messages, bytes) => {
                desk.asked += 1;
                self.heard_from(peer, bytes);
                if let Some(message) = messages.pop() {
                    self.work(peer, Work::Asked(message, channel));
                }
            }
            Load::Bad(fault, bytes) => {
                self.heard_from(peer, bytes);
                self.work(peer, Work::Event(Event::Garbled(fault)));
            }
            Load::Out(_) => {}
        }
    }

    fn on_answer(&mut self, peer: PeerId, id: OutboundRequestId, load: Load) {
        let Some(sent) = self.sent.remove(&id) else { return };
        let (messages, bytes) = match load {
            Load::In(messages, bytes) => (messages, bytes),
            Load::Bad(fault, bytes) => {
                self.heard_from(peer, bytes);
                self.unanswered(sent);
                return self.work(peer, Work::Event(Event::Garbled(fault)));
            }
            Load::Out(_) => return,
        };
        if messages.is_empty() {
            return self.turned_away(sent);
        }
        self.heard_from(peer, bytes);
        let refused = matches!(messages.first(), Some(Message::Refused(_)));
        match sent.purpose {
            Purpose::Request(reply) => return drop(reply.send(Ok(messages))),
            Purpose::Hello(said_millis) => {
                let Some(message) = messages.into_iter().next() else { return };
                self.compare_clocks(peer, said_millis, &message);
                return self.work(peer, Work::Greeted(message));
            }
            // Not served: the fetch ends without anything.
            Purpose::Words(fetch) if refused => {
                let nothing = Message::Done { fetch, parts: 0, more: false };
                self.work(peer, Work::Event(Event::Received(nothing)));
            }
            Purpose::Words(_) => {}
            Purpose::Objects(number) => return self.work(peer, Work::Objects(number, Some(messages))),
            Purpose::Announce => self.answered_announcement(peer),
            Purpose::Ask(asking) => {
                let answer = messages.iter().find_map(|m| match m {
                    Message::Announce(announcement) => Some(announcement.clone()),
                    _ => None,
                });
                self.answered_ask(asking, answer);
            }
        }
        self.work(peer, Work::Answered(messages));
    }

    /// No answer came, or none that is one.
    fn on_silence(&mut self, id: OutboundRequestId, error: &OutboundFailure) {
        let Some(sent) = self.sent.remove(&id) else { return };
        let (peer, is_words) = (sent.peer, matches!(sent.purpose, Purpose::Words(_) | Purpose::Objects(_)));
        let same = self.peers.get(&peer).is_some_and(|desk| desk.epoch == sent.epoch);
        self.unanswered(sent);
        let gone = matches!(error, OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure);
        // A hello may go unanswered by who only came to redeem a ticket.
        if same && !gone && (is_words || matches!(error, OutboundFailure::Timeout)) {
            tracing::debug!(%peer, %error, "a peer did not answer");
            self.work(peer, Work::Event(Event::Garbled(Fault::Silent)));
        }
    }

    /// The peer closed the way back without a word: it has too much to do, or does not like us.
    fn turned_away(&mut self, sent: Sent) {
        let (peer, is_words) = (sent.peer, matches!(sent.purpose, Purpose::Words(_) | Purpose::Objects(_)));
        self.unanswered(sent);
        if is_words {
            self.work(peer, Work::Event(Event::Garbled(Fault::Silent)));
        }
    }

    fn unanswered(&mut self, sent: Sent) {
        match sent.purpose {
            Purpose::Announce => self.unanswered_announcement(sent.peer),
            Purpose::Ask(asking) => self.answered_ask(asking, None),
            Purpose::Request(reply) => drop(reply.send(Err(AskError::Gone))),
            Purpose::Objects(number) => self.work(sent.peer, Work::Objects(number, None)),
            Purpose::Words(_) | Purpose::Hello(_) => {}
        }
    }

    pub(super) fn send(&mut self, peer: PeerId, bytes: Vec<u8>, purpose: Purpose) {
        let Some(desk) = self.peers.get(&peer) else { return };
        let (epoch, transport, length) = (desk.epoch, desk.transport, bytes.len() as u64);
        let fetches = matches!(purpose, Purpose::Words(_) | Purpose::Objects(_));
        let id = self.swarm.behaviour_mut().words.send_request(&peer, Load::Out(bytes));
        self.sent.insert(id, Sent { peer, epoch, purpose });
        self.note(transport, |status| {
            status.bytes_out += length;
            status.round_trips += u64::from(fetches);
        });
    }

    fn heard_from(&mut self, peer: PeerId, bytes: usize) {
        let Some(desk) = self.peers.get(&peer) else { return };
        let now_millis = self.clock.wall_millis();
        self.note(desk.transport, |status| {
            status.bytes_in += bytes as u64;
            status.heard_millis = Some(now_millis);
        });
    }

    pub(super) fn on_gossip(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message { propagation_source: source, message_id, message } = event else { return };
        let now = self.now();
        let wanted = message.topic == topic(&self.context.host.genesis()).hash();
        let announcement = match decode(&message.data) {
            Ok(Message::Announce(announcement)) if wanted && announcement.tip.is_some() => announcement,
            _ => {
                self.judge(&message_id, &source, MessageAcceptance::Reject);
                return self.work(source, Work::Event(Event::Garbled(Fault::Malformed)));
            }
        };
        let Some(desk) = self.peers.get_mut(&source) else {
            return self.judge(&message_id, &source, MessageAcceptance::Ignore);
        };
        // A stranger's gossip is not passed on, and not looked at.
        if !desk.is_heard() {
            return self.judge(&message_id, &source, MessageAcceptance::Ignore);
        }
        if !desk.rate.take(now) {
            self.judge(&message_id, &source, MessageAcceptance::Ignore);
            return self.work(source, Work::Event(Event::Garbled(Fault::Flood)));
        }
        self.heard_from(source, message.data.len());
        self.work(source, Work::Gossip(announcement, (message_id, source)));
    }

    fn judge(&mut self, id: &MessageId, source: &PeerId, verdict: MessageAcceptance) {
        self.swarm.behaviour_mut().gossip.report_message_validation_result(id, source, verdict);
    }

    /// A job of this connection ended: sends what it decided, and notes what it learned.
    pub(super) fn on_done(&mut self, peer: PeerId, epoch: u64, mut done: Done<Channel, Gossiped>) {
        let Some(desk) = self.peers.get_mut(&peer).filter(|desk| desk.epoch == epoch) else { return };
        desk.asked = desk.asked.saturating_sub(done.asked);
        let transport = desk.transport;
        let fetching = done.exchange.is_fetching() || done.gatherer.is_busy();
        let counts = done.exchange.faults().counts().clone();
        desk.exchange = Some(std::mem::take(&mut done.exchange));
        desk.gatherer = std::mem::take(&mut done.gatherer);
        let replied: usize = done.replies.iter().map(|(_, bytes)| bytes.len()).sum();
        let before = std::mem::replace(&mut desk.counted, counts.clone());
        self.note(transport, |status| {
            status.fetching = fetching;
            status.bytes_out += replied as u64;
            for (fault, count) in counts {
                *status.faults.entry(fault).or_default() += count - before.get(&fault).copied().unwrap_or(0);
            }
            hold(&mut status.held, &done.held);
            if let Some(stock) = done.stock.take() {
                status.stock = Some(stock);
            }
        });
        for (channel, bytes) in std::mem::take(&mut done.replies) {
            // A peer that went away meanwhile has no use for the answer.
            let _gone = self.swarm.behaviour_mut().words.send_response(channel, Load::Out(bytes));
        }
        for Outgoing { purpose, bytes } in std::mem::take(&mut done.requests) {
            self.send(peer, bytes, purpose);
        }
        self.on_verdicts(std::mem::take(&mut done.verdicts));
        self.on_access(peer, &mut done);
        if done.urgent {
            self.announcing.hurry(self.clock.monotonic());
        }
        self.on_entered(peer, done.entered, done.learned);
        if let Some(fault) = done.dropped {
            let why = format!("too many faults, the last was {fault:?}");
            // A bad line or a loaded machine is no reason to keep a peer out: it may connect again.
            if fault.is_malice() { self.ban(&peer, &why) } else { self.let_go(&peer, &why) }
        }
        self.pump(peer);
    }

    fn on_verdicts(&mut self, verdicts: Vec<(Gossiped, Verdict)>) {
        for ((id, source), verdict) in verdicts {
            let (author, announcement) = match verdict {
                Verdict::Of(author, announcement) => (author, announcement),
                Verdict::Unknown => {
                    self.judge(&id, &source, MessageAcceptance::Ignore);
                    continue;
                }
                Verdict::Forged => {
                    self.judge(&id, &source, MessageAcceptance::Reject);
                    self.work(source, Work::Event(Event::Garbled(Fault::Invalid)));
                    continue;
                }
            };
            self.judge(&id, &source, MessageAcceptance::Accept);
            self.learn_addresses(&announcement.addresses);
            let of = |p: &super::peer::Peer<Channel, Gossiped>| p.hello.as_ref().is_some_and(|h| h.author == author);
            let direct = self.peers.iter().find(|(_, p)| of(p)).map(|(id, _)| *id);
            if direct.is_none() {
                self.announcing.far = Some(self.now());
            }
            let from = direct.unwrap_or(source);
            self.work(from, Work::Event(Event::Announced(announcement)));
        }
    }
}

/// Adds positions to those known; the greater number counts.
fn hold(held: &mut Versions, positions: &[Held]) {
    for Held(author, run, seq, id) in positions {
        let known = held.entry(Chain { author: *author, run: *run }).or_insert(Position { seq: *seq, id: *id });
        if known.seq < *seq {
            *known = Position { seq: *seq, id: *id };
        }
    }
}
