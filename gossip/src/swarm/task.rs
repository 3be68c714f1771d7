//! The loop: it alone owns the swarm and every peer's desk; it picks an event and applies it.
//!
//! Promises: never waits for a disk or a peer; every queue here is bounded; ends within [`ENDING`] of being told, and
//! with it every task and job it started.

use super::address::{listening, parse, port_of, told};
use super::announcing::{Announcing, RELAY};
use super::behaviour::{Behaviour, BehaviourEvent, swarm};
use super::context::Context;
use super::job::{Done, Work};
use super::peer::Peer;
use super::wire::Load;
use crate::announcement::Announcement;
use crate::bans::Bans;
use crate::dialing::Dialing;
use crate::handle::{AskError, Command, Handle, PeerStatus, Shared};
use crate::hello::TransportId;
use crate::host::{Host, HostError};
use crate::limits::{Limits, PATIENCE};
use crate::message::Message;
use crate::options::{NetworkOptions, StartError};
use dag::clock::{Clock, Entropy};
use futures::StreamExt;
use libp2p::gossipsub::MessageId;
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::timeout;

/// Between looks at timers: a tenth of the first pause before dialing again would be finer than anyone can see.
const TICK: Duration = Duration::from_millis(100);
/// Longest wait for running jobs at the end: one admission and its sync on a slow disk.
const ENDING: Duration = Duration::from_secs(2);

/// An address being dialed, and who asked for it.
pub(super) type Attempt = (String, Option<oneshot::Sender<Result<(), AskError>>>);
/// The way back for an answer.
pub(super) type Channel = ResponseChannel<Load>;
/// A gossip message and who passed it on.
pub(super) type Gossiped = (MessageId, PeerId);

/// What a request of ours was for.
pub(super) enum Purpose {
    /// The exchange's; the number of the fetch.
    Words(u64),
    /// Objects of large commits; the number of the request.
    Objects(u64),
    Announce,
    /// Our hello; when it was said.
    Hello(u64),
    /// For [`Handle::ask`]; which one.
    Ask(u64),
    /// For [`Handle::request`].
    Request(oneshot::Sender<Result<Vec<Message>, AskError>>),
}

/// A request of ours that is not answered yet.
pub(super) struct Sent {
    pub(super) peer: PeerId,
    pub(super) epoch: u64,
    pub(super) purpose: Purpose,
}

/// A question to several peers.
pub(super) struct Asking {
    pub(super) wanted: usize,
    pub(super) open: usize,
    pub(super) answers: Vec<Announcement>,
    pub(super) reply: Option<oneshot::Sender<Result<Vec<Announcement>, AskError>>>,
}

/// A job that ended.
pub(super) enum Finished {
    Peer(PeerId, u64, Box<Done<Channel, Gossiped>>),
    Announced(Result<Announcement, HostError>),
    /// The host knows that a peer is gone.
    Gone,
}

/// The running network.
pub struct Network {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) context: Arc<Context>,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) limits: Limits,
    pub(super) peers: BTreeMap<PeerId, Peer<Channel, Gossiped>>,
    pub(super) dialing: Dialing,
    pub(super) attempts: HashMap<libp2p::swarm::ConnectionId, Attempt>,
    pub(super) bans: Bans,
    pub(super) jobs: JoinSet<Finished>,
    pub(super) running: HashMap<Id, Option<PeerId>>,
    /// Peers whose work waits for a free job.
    pub(super) ready: VecDeque<PeerId>,
    pub(super) sent: HashMap<OutboundRequestId, Sent>,
    pub(super) askings: BTreeMap<u64, Asking>,
    pub(super) announcing: Announcing,
    pub(super) last_number: u64,
    pub(super) commands: mpsc::Receiver<Command>,
    listening: Vec<Multiaddr>,
    address: Option<SocketAddr>,
}

impl Network {
    /// Listens and gets ready; nothing is said before [`Network::run`]. Errors are the operator's to mend.
    pub async fn start(options: NetworkOptions, host: Arc<dyn Host>) -> Result<(Network, Handle), StartError> {
        let mut dialing = Dialing::new(options.limits.addresses);
        for text in &options.bootstrap {
            let parsed = parse(text).map_err(|reason| StartError::Address { text: text.clone(), reason })?;
            dialing.name(text, parsed.iter().map(ToString::to_string).collect());
        }
        let mut swarm = swarm(&options, &host.genesis())?;
        let (listening, address) = match options.listen {
            Some(address) => listen(&mut swarm, address).await?,
            None => (Vec::new(), None),
        };
        let me = TransportId(*options.transport.id().as_bytes());
        let context = Arc::new(Context::new(host.clone(), me, &options.limits));
        let near = told(&listening, *swarm.local_peer_id());
        let shared = Arc::new(Shared::new());
        shared.listening().clone_from(&near);
        context.listen(near);
        let (handle, commands) = Handle::running(host, shared.clone());
        let network = Network {
            swarm,
            context,
            shared,
            clock: options.clock,
            entropy: options.entropy,
            limits: options.limits,
            peers: BTreeMap::new(),
            dialing,
            attempts: HashMap::new(),
            bans: Bans::default(),
            jobs: JoinSet::new(),
            running: HashMap::new(),
            ready: VecDeque::new(),
            sent: HashMap::new(),
            askings: BTreeMap::new(),
            announcing: Announcing::default(),
            last_number: 0,
            commands,
            listening,
            address,
        };
        Ok((network, handle))
    }

    /// Where it listens, with the port the system chose.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Our transport's id.
    pub fn transport(&self) -> TransportId {
        self.context.me
    }

    /// Runs until `stop` is ready.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let shared = self.shared.clone();
        let mut next_tick = self.now();
        loop {
            let now = self.now();
            if now >= next_tick {
                self.tick(now);
                next_tick = now + TICK;
            }
            self.announce_due(now);
            let pause = self.next_announcement().unwrap_or(next_tick).min(next_tick).saturating_sub(now);
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(ended) = self.jobs.join_next_with_id() => self.on_job(ended),
                Some(command) = self.commands.recv() => self.on_command(command),
                () = shared.changed.notified() => self.on_change(Duration::ZERO),
                () = shared.learned.notified() => self.on_change(RELAY),
                () = tokio::time::sleep(pause) => {}
                () = &mut stop => break,
            }
        }
        // Dropping the swarm closes every connection; a job that still runs is waited for, because it writes.
        let Network { mut jobs, swarm, .. } = self;
        drop(swarm);
        let ended = async { while jobs.join_next().await.is_some() {} };
        if timeout(ENDING, ended).await.is_err() {
            tracing::warn!("work for peers goes on after the network's end: the disk is slow");
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    pub(super) fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        match self.entropy.fill(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes),
            Err(error) => {
                tracing::warn!(%error, "pauses before dialing have no random part");
                0
            }
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Changes what is known of a peer.
    pub(super) fn note(&self, transport: TransportId, change: impl FnOnce(&mut PeerStatus)) {
        change(self.shared.peers().entry(transport).or_default());
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Words(event)) => self.on_words(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(event)) => self.on_found(event),
            SwarmEvent::Behaviour(_) => {}
            SwarmEvent::NewListenAddr { address, .. } => {
                if !self.listening.contains(&address) {
                    self.listening.push(address);
                }
                self.tell_listening();
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.listening.retain(|known| *known != address);
                self.tell_listening();
            }
            event => self.on_connection(event),
        }
    }

    /// Others, and whoever writes a ticket here, learn where we listen.
    fn tell_listening(&self) {
        let near = told(&self.listening, *self.swarm.local_peer_id());
        self.shared.listening().clone_from(&near);
        self.context.listen(near);
    }

    fn on_job(&mut self, ended: Result<(Id, Finished), JoinError>) {
        let (id, finished) = match ended {
            Ok((id, finished)) => (id, Some(finished)),
            Err(error) => {
                tracing::error!(%error, "work for a peer failed");
                (error.id(), None)
            }
        };
        let of = self.running.remove(&id).flatten();
        match (finished, of) {
            (Some(Finished::Peer(peer, epoch, done)), _) => self.on_done(peer, epoch, *done),
            (Some(Finished::Announced(result)), _) => self.on_announced(result),
            (Some(Finished::Gone), _) => {}
            (None, Some(peer)) => self.ban(&peer, "work for it failed"),
            (None, None) => self.announcing.failed(),
        }
        while let Some(peer) = self.ready.pop_front() {
            if !self.pump(peer) {
                break;
            }
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial(text, reply) => self.dial_named(&text, reply),
            Command::Ask(wanted, reply) => self.ask(wanted, reply),
            Command::Request(transport, message, reply) => {
                let peer = self.peers.iter().find(|(_, p)| p.transport == transport).map(|(id, _)| *id);
                match (peer, crate::codec::frame(&message)) {
                    (Some(peer), Ok(bytes)) => self.send(peer, bytes, Purpose::Request(reply)),
                    _ => drop(reply.send(Err(AskError::Gone))),
                }
            }
        }
    }

    /// Starts a job for the peer if it has work and is not at it. `false`: no job is free, it waits.
    pub(super) fn pump(&mut self, peer: PeerId) -> bool {
        if self.jobs.len() >= self.limits.jobs {
            if !self.ready.contains(&peer) {
                self.ready.push_back(peer);
            }
            return false;
        }
        let Some(desk) = self.peers.get_mut(&peer) else { return true };
        let epoch = desk.epoch;
        let Some((job, works)) = desk.take_job(&self.context) else { return true };
        let handle = self.jobs.spawn_blocking(move || Finished::Peer(peer, epoch, Box::new(job.run(works))));
        self.running.insert(handle.id(), Some(peer));
        true
    }

    /// Gives a peer work.
    pub(super) fn work(&mut self, peer: PeerId, work: Work<Channel, Gossiped>) {
        if let Some(desk) = self.peers.get_mut(&peer) {
            desk.waiting.push(work);
            self.pump(peer);
        }
    }
}

/// Listens on TCP and QUIC, on one port; gives what others can dial, and the address with its port.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    address: SocketAddr,
) -> Result<(Vec<Multiaddr>, Option<SocketAddr>), StartError> {
    let mut listens = Vec::new();
    let mut chosen = address;
    for at in 0..2 {
        let wanted = listening(chosen)[at].clone();
        let failed = |reason: String| StartError::Listen { address: chosen, reason };
        swarm.listen_on(wanted).map_err(|e| failed(e.to_string()))?;
        let first = async {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::NewListenAddr { address, .. } => return Ok(address),
                    SwarmEvent::ListenerClosed { reason: Err(error), .. } => return Err(error.to_string()),
                    _ => {}
                }
            }
        };
        let found = match timeout(PATIENCE, first).await {
            Ok(found) => found.map_err(failed)?,
            Err(_) => return Err(failed("no address of this machine fits".to_owned())),
        };
        chosen.set_port(port_of(&found).unwrap_or(chosen.port()));
        listens.push(found);
    }
    Ok((listens, Some(chosen)))
}
