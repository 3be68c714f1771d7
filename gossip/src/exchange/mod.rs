//! The exchange with one connected peer: events in, effects out (design, section 3).
//!
//! Promises: pull only; at most one fetch of ours and one answer of theirs at a time; every list is bounded; a fetch
//! that goes wrong is given up, counted and asked anew. Synchronous: the caller brings the time and the replica, and
//! applies the effects in order. Does not verify, store or announce.

mod fetch;
mod serve;

use crate::announcement::Announcement;
use crate::faults::{Fault, Faults};
use crate::ledger::{Ledger, RawSegment};
use crate::message::Message;
use dag::id::CommitId;
use fetch::{Fetcher, Part};
use serve::Server;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An announcement of this peer, by gossip or from the repair timer.
    Announced(Announcement),
    /// A message came on the stream.
    Received(Message),
    /// Bytes came on the stream that are no message.
    Garbled(Fault),
    /// These commits are missing here: parents of what this peer brought, or what it is to bring again.
    Missing(Vec<CommitId>),
    /// Admission refused a segment of this peer: `Invalid`, or `Gap` for a parent that neither came before nor waits.
    Refused(Fault),
    /// Everything admitted before [`Effect::Finish`] with this number is on disk.
    Stored(u64),
    /// Time went by; at least once a second.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Put this on the stream.
    Send(Message),
    /// Verify and admit this; answer [`Event::Refused`] if it is not admitted.
    Admit(RawSegment),
    /// When everything before is stored, answer [`Event::Stored`] with this number.
    Finish(u64),
    /// Close the connection: too many faults, this was the last.
    Drop(Fault),
}

/// The state of one connection.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    fetcher: Fetcher,
    server: Server,
    faults: Faults,
    dropped: bool,
}

impl Exchange {
    /// A fresh connection: nothing asked, nothing known of the peer.
    pub fn new() -> Self {
        Exchange::default()
    }

    /// What went wrong on this connection so far.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Counts what costs the peer nothing.
    pub fn note(&mut self, fault: Fault) {
        self.faults.note(fault);
    }

    /// Whether a fetch of ours is under way.
    pub fn is_fetching(&self) -> bool {
        self.fetcher.is_busy()
    }

    /// Applies one event. After [`Effect::Drop`] there are no effects any more.
    pub fn apply(&mut self, event: Event, ledger: &dyn Ledger, now_millis: u64) -> Vec<Effect> {
        if self.dropped {
            return Vec::new();
        }
        match self.decide(event, ledger, now_millis) {
            Ok(mut effects) => {
                effects.extend(self.fetcher.next_request(ledger, now_millis).map(Effect::Send));
                effects
            }
            Err(fault) => self.fault(fault, ledger, now_millis),
        }
    }

    fn decide(&mut self, event: Event, ledger: &dyn Ledger, now_millis: u64) -> Result<Vec<Effect>, Fault> {
        match event {
            Event::Announced(announcement) => self.fetcher.learn(&announcement, ledger)?,
            Event::Received(message) => return self.receive(message, ledger, now_millis),
            Event::Missing(ids) => self.fetcher.owe(&ids, ledger),
            Event::Garbled(fault) | Event::Refused(fault) => return Err(fault),
            Event::Stored(number) => {
                if self.fetcher.stored(number, ledger) {
                    self.faults.forgive();
                }
                if self.fetcher.take_debt() {
                    self.faults.note(Fault::Lacking);
                }
            }
            Event::Tick => self.fetcher.check_patience(now_millis)?,
        }
        Ok(Vec::new())
    }

    fn receive(&mut self, message: Message, ledger: &dyn Ledger, now_millis: u64) -> Result<Vec<Effect>, Fault> {
        if !message.is_bounded() {
            return Err(Fault::TooLarge);
        }
        let send = |messages: Vec<Message>| Ok(messages.into_iter().map(Effect::Send).collect());
        match message {
            Message::Announce(announcement) => self.fetcher.learn(&announcement, ledger).map(|()| Vec::new()),
            Message::Fetch { fetch, want, have } => send(self.server.asked(fetch, want, &have, ledger)),
            Message::Climb { fetch, also } => send(self.server.climbed(fetch, &also, ledger)),
            Message::Ladder { fetch, rungs } => {
                send(self.fetcher.ladder(fetch, &rungs, ledger, now_millis)?.into_iter().collect())
            }
            Message::Part { fetch, index, commits, cut, tip } => {
                let part = Part { index, commits, cut, tip };
                let segment = self.fetcher.part(fetch, part, now_millis)?;
                Ok(segment.into_iter().map(Effect::Admit).collect())
            }
            Message::Done { fetch, parts, more } => {
                let finish = self.fetcher.done(fetch, parts, more)?;
                Ok(finish.into_iter().map(Effect::Finish).collect())
            }
            // Of the connection, not of the exchange: whoever owns the connection answers these.
            Message::Hello(_)
            | Message::Ask
            | Message::Noted
            | Message::Join(_)
            | Message::Welcome(_)
            | Message::Refused(_)
            | Message::Twin(_)
            | Message::Get { .. }
            | Message::Objects { .. }
            | Message::Has { .. }
            | Message::Holds { .. }
            | Message::Root
            | Message::Stock(_)
            | Message::Checkpoints
            | Message::Offer { .. } => Err(Fault::Unasked),
        }
    }

    /// Counts the fault, gives up the fetch, and goes on or drops the peer.
    fn fault(&mut self, fault: Fault, ledger: &dyn Ledger, now_millis: u64) -> Vec<Effect> {
        self.fetcher.give_up();
        if self.faults.record(fault) {
            self.dropped = true;
            return vec![Effect::Drop(fault)];
        }
        self.fetcher.next_request(ledger, now_millis).map(Effect::Send).into_iter().collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
