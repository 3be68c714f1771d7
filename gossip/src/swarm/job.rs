//! What is done for one peer on a blocking thread: its words go through its exchange and to the host.
//!
//! Promises: one job of a peer at a time, so its exchange has one owner; nothing here waits for the network, so a peer
//! that is slow stops nobody else; an answer's segments reach the host together. Knows no swarm: [`Done`] says what the
//! loop has to send and to note.

use super::context::{Context, Seen};
use super::gatherer::{Gatherer, Kept, Step};
use super::task::Purpose;
use crate::announcement::Announcement;
use crate::codec::frame;
use crate::exchange::{Effect, Event, Exchange};
use crate::faults::Fault;
use crate::hello::{Access, Hello, TransportId};
use crate::host::Heard;
use crate::limits::{MAX_ANNOUNCED_POSITIONS, PROTOCOL_VERSION};
use crate::message::{Held, Message};
use crate::stock::Stock;
use crate::ticket::{Refusal, RefusalKind};
use dag::encode::from_bytes;
use dag::id::{AuthorId, CommitId};
use dag::tip::SignedTip;
use dag::tree::{Need, TreeError};
use serde_bytes::ByteBuf;
use std::sync::Arc;

/// One piece of work of a peer; `C` is the way back for an answer, `G` names a gossip message.
#[derive(Debug)]
pub(super) enum Work<C, G> {
    /// For the exchange.
    Event(Event),
    /// A request.
    Asked(Message, C),
    /// The answer to one of ours: to a fetch, an announcement or an ask.
    Answered(Vec<Message>),
    /// The answer to a request for objects; nothing: there was none.
    Objects(u64, Option<Vec<Message>>),
    /// The answer to our hello.
    Greeted(Message),
    /// An announcement by gossip, of whoever: may it be passed on?
    Gossip(Announcement, G),
    /// Members may have changed.
    Recheck,
}

/// A request to send: what it is for, and its frame.
pub(super) struct Outgoing {
    pub(super) purpose: Purpose,
    pub(super) bytes: Vec<u8>,
}

/// What came of a job.
pub(super) struct Done<C, G> {
    pub(super) exchange: Exchange,
    pub(super) gatherer: Gatherer,
    pub(super) replies: Vec<(C, Vec<u8>)>,
    /// Requests that are done with, also those that have no answer.
    pub(super) asked: usize,
    pub(super) requests: Vec<Outgoing>,
    /// It said hello, and may do this.
    pub(super) greeted: Option<(Hello, Access)>,
    /// It answered our hello with its own.
    pub(super) welcome: bool,
    /// It refused us.
    pub(super) refusal: Option<Refusal>,
    /// It is of another database, or says that we were removed from this one.
    pub(super) foreign: bool,
    /// What its author may do, asked again.
    pub(super) access: Option<Access>,
    /// Its last fault was one too many.
    pub(super) dropped: Option<Fault>,
    /// A tip was learned.
    pub(super) learned: bool,
    /// Commits that entered.
    pub(super) entered: u64,
    /// What it said of its objects.
    pub(super) stock: Option<Stock>,
    /// A session of it waits for our tips.
    pub(super) urgent: bool,
    /// Positions it said it holds.
    pub(super) held: Vec<Held>,
    /// Where it listens.
    pub(super) addresses: Vec<String>,
    /// Gossip messages: whether they may be passed on, and whose they are.
    pub(super) verdicts: Vec<(G, Verdict)>,
}

/// What an announcement by gossip turned out to be.
pub(super) enum Verdict {
    /// A member's: worth passing on.
    Of(AuthorId, Announcement),
    /// Of somebody unknown here.
    Unknown,
    /// Nobody honest says this.
    Forged,
}

/// One peer's work.
pub(super) struct Job<C, G> {
    pub(super) context: Arc<Context>,
    pub(super) peer: TransportId,
    pub(super) author: Option<AuthorId>,
    pub(super) access: Option<Access>,
    /// We dialed it: it may be fetched from, even if it is no member by what is known here yet.
    pub(super) dialed: bool,
    /// It lets us in.
    pub(super) welcome: bool,
    /// When the exchange decided last.
    pub(super) now_millis: u64,
    pub(super) done: Done<C, G>,
}

impl<C, G> Done<C, G> {
    pub(super) fn new(exchange: Exchange, gatherer: Gatherer) -> Self {
        Done {
            exchange,
            gatherer,
            replies: Vec::new(),
            asked: 0,
            requests: Vec::new(),
            greeted: None,
            welcome: false,
            refusal: None,
            foreign: false,
            access: None,
            dropped: None,
            learned: false,
            entered: 0,
            stock: None,
            urgent: false,
            held: Vec::new(),
            addresses: Vec::new(),
            verdicts: Vec::new(),
        }
    }
}

impl<C, G> Job<C, G> {
    /// Does it all, in order.
    pub(super) fn run(mut self, works: Vec<Work<C, G>>) -> Done<C, G> {
        for work in works {
            match work {
                Work::Event(event) => drop(self.apply(event)),
                Work::Asked(message, channel) => self.asked(message, channel),
                Work::Answered(messages) => self.answered(messages),
                Work::Objects(number, messages) => self.objects(number, messages),
                Work::Greeted(message) => self.greeted(message),
                Work::Gossip(announcement, name) => self.gossip(announcement, name),
                Work::Recheck => self.recheck(),
            }
        }
        self.done
    }

    fn asked(&mut self, message: Message, channel: C) {
        self.done.asked += 1;
        let replies = match message {
            Message::Hello(hello) => vec![self.meet(hello)],
            Message::Join(request) => vec![self.join(&request)],
            Message::Twin(hello) => vec![self.warned(&hello)],
            message if !message.is_request() => return drop(self.apply(Event::Garbled(Fault::Unasked))),
            message => self.served(message),
        };
        let mut bytes = Vec::new();
        for reply in &replies {
            match frame(reply) {
                Ok(framed) => bytes.extend(framed),
                Err(error) => return tracing::error!(%error, "an answer cannot be encoded"),
            }
        }
        if !bytes.is_empty() {
            self.done.replies.push((channel, bytes));
        }
    }

    /// Requests that only members and readers may make.
    fn served(&mut self, message: Message) -> Vec<Message> {
        if !self.context.serves(self.access) {
            self.recheck();
        }
        let access = self.access.unwrap_or(Access::Stranger);
        let listened = self.dialed && access == Access::Stranger && matches!(message, Message::Announce(_));
        if let Some(refusal) = access.refusal().filter(|_| !listened) {
            drop(self.apply(Event::Garbled(Fault::Stranger)));
            return vec![Message::Refused(refusal)];
        }
        match message {
            Message::Announce(announcement) => {
                self.announced(announcement);
                // Who does not let us in is not told directly: it may be a newcomer that knows few members yet.
                if self.welcome { vec![Message::Noted] } else { self.own(false) }
            }
            Message::Ask => self.own(true),
            Message::Fetch { ref have, .. } => {
                self.done.held.extend(have.iter().cloned());
                self.apply(Event::Received(message))
            }
            Message::Get { get, ids } => crate::objects::answer(get, &self.context.host.objects(&ids)),
            Message::Has { ids } => vec![Message::Holds { held: self.context.host.has(&ids) }],
            Message::Root => vec![Message::Stock(self.context.host.stock())],
            Message::Checkpoints => {
                let offered = self.context.host.checkpoints();
                vec![Message::Offer { checkpoints: offered.into_iter().map(ByteBuf::from).collect() }]
            }
            message => self.apply(Event::Received(message)),
        }
    }

    fn own(&mut self, fresh: bool) -> Vec<Message> {
        let announced = if fresh { self.context.announce() } else { self.context.newest() };
        match announced {
            Ok(announcement) => vec![Message::Announce(announcement)],
            Err(error) => vec![Message::Refused(Refusal::new(RefusalKind::Busy, error.to_string()))],
        }
    }

    fn answered(&mut self, messages: Vec<Message>) {
        let mut events = Vec::new();
        for message in messages {
            match message {
                Message::Announce(announcement) => self.announced(announcement),
                Message::Noted => {}
                Message::Stock(stock) => self.done.stock = Some(stock),
                Message::Refused(refusal) => {
                    self.done.foreign |= refusal.kind == RefusalKind::Removed;
                    self.done.refusal = Some(refusal);
                }
                message => events.push(Event::Received(message)),
            }
        }
        drop(self.apply_all(events));
    }

    /// An announcement straight from the peer.
    fn announced(&mut self, announcement: Announcement) {
        if self.access == Some(Access::Removed) {
            return;
        }
        if let Some(tip) = &announcement.tip {
            match self.context.host.heard(tip) {
                Heard::Forged => return drop(self.apply(Event::Garbled(Fault::Invalid))),
                // A newcomer does not know every member yet, and who lacks a commit cannot tell what contradicts it.
                Heard::Stranger | Heard::Contradicted => {}
                heard => {
                    self.done.learned |= heard == Heard::Kept;
                    self.done.held.extend(position_of(tip));
                }
            }
        }
        self.done.held.extend(announcement.held.iter().cloned());
        self.done.held.extend(self.positions(&announcement.heads));
        self.done.addresses.clone_from(&announcement.addresses);
        self.done.urgent |= announcement.urgent;
        drop(self.apply(Event::Announced(announcement)));
    }

    /// Where the heads it names stand in their chains, as far as they are known here: it has them.
    fn positions(&self, heads: &[CommitId]) -> Vec<Held> {
        let mut positions = Vec::new();
        self.context.host.read(&mut |ledger, _| {
            let known = heads.iter().take(MAX_ANNOUNCED_POSITIONS).filter_map(|id| ledger.vertex(id));
            positions.extend(known.map(|vertex| Held(vertex.author, vertex.run, vertex.seq, vertex.id)));
        });
        positions
    }

    fn gossip(&mut self, announcement: Announcement, name: G) {
        let said = announcement.tip.as_ref().map(|tip| (self.context.host.heard(tip), position_of(tip)));
        let verdict = match said {
            Some((heard @ (Heard::Kept | Heard::Ahead), Some(held))) => {
                self.done.learned |= heard == Heard::Kept;
                Verdict::Of(held.0, announcement)
            }
            Some((Heard::Stranger | Heard::Contradicted, _)) => Verdict::Unknown,
            _ => Verdict::Forged,
        };
        self.done.verdicts.push((name, verdict));
    }

    /// The first words of the peer; gives ours.
    fn meet(&mut self, hello: Hello) -> Message {
        if let Err(refusal) = self.look_at(&hello) {
            return Message::Refused(refusal);
        }
        let access = self.context.host.access(&hello.author);
        let twin = self.context.is_twin(&hello);
        (self.author, self.access) = (Some(hello.author), Some(if twin { Access::Stranger } else { access }));
        self.done.greeted = self.access.map(|access| (hello, access));
        access.refusal().map_or_else(|| Message::Hello(self.context.host.hello(&self.context.me)), Message::Refused)
    }

    /// What the peer answered to our first words.
    fn greeted(&mut self, message: Message) {
        match message {
            Message::Hello(hello) => match self.look_at(&hello) {
                Ok(()) => {
                    let access = self.context.host.access(&hello.author);
                    self.done.welcome = !self.context.is_twin(&hello) && access != Access::Removed;
                    (self.author, self.access) = (Some(hello.author), Some(access));
                    self.done.greeted = Some((hello, access));
                    if self.done.welcome {
                        self.request(&Message::Root);
                    }
                }
                Err(refusal) => self.done.refusal = Some(refusal),
            },
            Message::Refused(refusal) => {
                self.done.foreign |= matches!(refusal.kind, RefusalKind::OtherDatabase | RefusalKind::Removed);
                self.done.refusal = Some(refusal);
            }
            _ => drop(self.apply(Event::Garbled(Fault::Unasked))),
        }
    }

    /// Whether these words can be meant for us, and are the peer's own.
    fn look_at(&mut self, hello: &Hello) -> Result<(), Refusal> {
        let host = &self.context.host;
        if hello.version != PROTOCOL_VERSION || hello.genesis != host.genesis() {
            self.done.foreign = true;
            let reason = format!("this replica is of database {}, protocol version {PROTOCOL_VERSION}", host.genesis());
            return Err(Refusal::new(RefusalKind::OtherDatabase, reason));
        }
        if hello.transport != self.peer || !hello.is_signed() {
            drop(self.apply(Event::Garbled(Fault::Invalid)));
            return Err(Refusal::new(
                RefusalKind::Stranger,
                "the hello is not signed by its author for this transport",
            ));
        }
        if self.context.is_twin(hello) {
            self.done.exchange.note(Fault::Twin);
            self.context.host.twin(hello);
        }
        Ok(())
    }

    /// Somebody says that another process lives under our key; it must have spoken since we began (R6).
    fn warned(&mut self, hello: &Hello) -> Message {
        let context = &self.context;
        if hello.genesis == context.host.genesis()
            && hello.is_twin_of(&context.author, context.run, context.since_millis)
        {
            context.host.twin(hello);
        }
        Message::Hello(context.host.hello(&context.me))
    }

    fn join(&mut self, request: &crate::ticket::JoinRequest) -> Message {
        if request.transport != self.peer {
            return Message::Refused(Refusal::new(RefusalKind::Ticket, "the request names another transport key"));
        }
        let answer = self.context.host.join(request);
        if answer.as_ref().is_err_and(|refusal| refusal.kind != RefusalKind::Busy) {
            drop(self.apply(Event::Garbled(Fault::Ticket)));
        }
        self.done.learned = true;
        answer.map_or_else(Message::Refused, Message::Welcome)
    }

    fn recheck(&mut self) {
        if let Some(author) = self.author {
            self.access = Some(self.context.host.access(&author));
            self.done.access = self.access;
        }
    }

    fn apply(&mut self, event: Event) -> Vec<Message> {
        self.apply_all(vec![event])
    }

    /// Events, and whatever follows from them; gives what answers them. Segments up to the end of an answer are
    /// admitted together: one sync for all.
    fn apply_all(&mut self, mut events: Vec<Event>) -> Vec<Message> {
        let mut replies = Vec::new();
        while !events.is_empty() {
            let effects = self.decide(std::mem::take(&mut events));
            let mut segments = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Send(message) if message.is_request() => self.request(&message),
                    Effect::Send(message) => replies.push(message),
                    Effect::Admit(segment) => segments.push(segment),
                    Effect::Finish(number) => {
                        events.extend(self.admit(std::mem::take(&mut segments)));
                        self.context.arrived(&self.peer);
                        events.push(Event::Stored(number));
                    }
                    Effect::Drop(fault) => self.done.dropped = Some(fault),
                }
            }
            events.extend(self.admit(segments));
        }
        replies
    }

    fn decide(&mut self, events: Vec<Event>) -> Vec<Effect> {
        let (mut events, mut effects) = (events, Vec::new());
        let (context, peer) = (&self.context, self.peer);
        let (exchange, gatherer) = (&mut self.done.exchange, &self.done.gatherer);
        let mut decided_millis = self.now_millis;
        context.host.read(&mut |ledger, now_millis| {
            decided_millis = now_millis;
            context.gathers(peer, gatherer, now_millis);
            let seen = Seen { ledger, context, gatherer, peer, now_millis };
            for event in std::mem::take(&mut events) {
                effects.extend(exchange.apply(event, &seen, now_millis));
            }
            for effect in &effects {
                if let Effect::Send(Message::Fetch { want, .. }) = effect {
                    context.asked(peer, want, now_millis);
                }
            }
        });
        self.now_millis = decided_millis;
        effects
    }

    fn admit(&mut self, segments: Vec<crate::ledger::RawSegment>) -> Vec<Event> {
        let Some(author) = self.author.filter(|_| !segments.is_empty()) else { return Vec::new() };
        let admission = self.context.host.admit(&author, segments);
        self.done.entered += admission.entered;
        let again = self.gather(admission.lacking);
        let missing = (!admission.missing.is_empty()).then_some(Event::Missing(admission.missing));
        admission.faults.into_iter().map(Event::Refused).chain(missing).chain(again).collect()
    }

    /// Segments of the peer wait for objects, unless another peer gives them already.
    fn gather(&mut self, mut lacking: Vec<(CommitId, Vec<Need>)>) -> Vec<Event> {
        lacking.retain(|(id, _)| !self.context.is_left_to_others(&self.peer, id, self.now_millis));
        if lacking.is_empty() {
            return Vec::new();
        }
        let host = self.context.host.clone();
        if !self.done.gatherer.is_busy() {
            self.done.gatherer.moved(self.now_millis);
        }
        let step = self.done.gatherer.lacks(lacking, self.peer, &Kept(&*host));
        self.step(step)
    }

    fn objects(&mut self, number: u64, messages: Option<Vec<Message>>) {
        // Nothing is decided yet, but the time is needed.
        drop(self.decide(Vec::new()));
        let host = self.context.host.clone();
        let step = self.done.gatherer.answered(number, messages, self.peer, &Kept(&*host));
        if step.as_ref().is_ok_and(|step| !step.keep.is_empty()) {
            self.done.gatherer.moved(self.now_millis);
        }
        let events = self.step(step);
        drop(self.apply_all(events));
    }

    /// Keeps and asks what the gathering of objects wants; gives what follows for the exchange.
    fn step(&mut self, step: Result<Step, TreeError>) -> Vec<Event> {
        let kept = step.map_err(|e| e.to_string()).and_then(|mut step| {
            let keep = std::mem::take(&mut step.keep);
            if !keep.is_empty() {
                self.context.host.keep(keep).map_err(|e| e.to_string())?;
            }
            Ok(step)
        });
        self.context.gathers(self.peer, &self.done.gatherer, self.now_millis);
        match kept {
            Ok(step) => {
                self.context.failed(self.peer, &step.given_up, self.now_millis);
                step.ask.iter().for_each(|message| self.request(message));
                let again = (!step.again.is_empty()).then_some(Event::Missing(step.again));
                step.fault.map(Event::Garbled).into_iter().chain(again).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "objects of a large commit cannot be read or kept; they are asked for later");
                self.done.gatherer.end();
                Vec::new()
            }
        }
    }

    fn request(&mut self, message: &Message) {
        let purpose = match message {
            Message::Fetch { fetch, .. } | Message::Climb { fetch, .. } => Purpose::Words(*fetch),
            Message::Get { get, .. } => Purpose::Objects(*get),
            _ => Purpose::Words(0),
        };
        match frame(message) {
            Ok(bytes) => self.done.requests.push(Outgoing { purpose, bytes }),
            Err(error) => tracing::error!(%error, "a request cannot be encoded"),
        }
    }
}

/// The position a tip that was verified names.
fn position_of(tip: &[u8]) -> Option<Held> {
    let signed: SignedTip = from_bytes("tip", tip).ok()?;
    Some(Held(signed.tip.author, signed.tip.run, signed.tip.seq, signed.tip.commit))
}
