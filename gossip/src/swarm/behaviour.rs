//! The libp2p parts and their settings: transports, gossip, requests, limits, discovery.
//!
//! Promises: every libp2p default that is unbounded or wrong for us is set here, with its reason, and nowhere else.

use super::wire::{PROTOCOL, Wire};
use crate::limits::{GOSSIP_QUEUE, Limits, MAX_ANNOUNCEMENT, MAX_STREAMS, PATIENCE};
use crate::options::{NetworkOptions, StartError};
use dag::author_key::AuthorKey;
use dag::encode::Domain;
use dag::id::GenesisId;
use libp2p::allow_block_list::{self, BlockedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{Boxed, Transport};
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{
    self, IdentTopic, MessageAuthenticity, MessageId, PeerScoreParams, PeerScoreThresholds, TopicScoreParams,
    ValidationMode,
};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, Swarm, dns, identify, mdns, noise, ping, quic, swarm, tcp, yamux};
use std::time::Duration;

/// What a gossip message holds beside the announcement: protobuf lengths and the topic.
const GOSSIP_OVERHEAD: usize = 256;
/// Pings: a dead connection is seen within two of them.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Connections are kept by their owner, the loop, not by their traffic.
const IDLE: Duration = Duration::from_secs(30 * 86_400);

/// Everything that speaks on a connection.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: connection_limits::Behaviour,
    pub(super) banned: allow_block_list::Behaviour<BlockedPeers>,
    pub(super) words: request_response::Behaviour<Wire>,
    pub(super) gossip: gossipsub::Behaviour,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
}

/// The one topic: the database.
pub(super) fn topic(genesis: &GenesisId) -> IdentTopic {
    IdentTopic::new(genesis.to_string())
}

/// A swarm that listens nowhere yet.
pub(super) fn swarm(options: &NetworkOptions, genesis: &GenesisId) -> Result<Swarm<Behaviour>, StartError> {
    let key = keypair(&options.transport)?;
    let behaviour = behaviour(options, &key, genesis)?;
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    Ok(Swarm::new(transport(&key)?, behaviour, key.public().to_peer_id(), config))
}

/// The transport's key as libp2p takes it.
pub(super) fn keypair(transport: &AuthorKey) -> Result<Keypair, StartError> {
    Keypair::ed25519_from_bytes(*transport.seed()).map_err(|e| failed(&e))
}

fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::Transport(error.to_string())
}

/// TCP with noise and yamux, and QUIC; names are looked up for both.
pub(super) fn transport(key: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, StartError> {
    let names = match dns::tokio::Transport::system(by_address(key)?) {
        Ok(names) => names,
        Err(error) => {
            tracing::warn!(%error, "the system's name resolver cannot be read: only IP addresses of peers will work");
            return Ok(by_address(key)?.boxed());
        }
    };
    Ok(TransportTimeout::new(names, PATIENCE).map(|output, _| output).boxed())
}

fn by_address(
    key: &Keypair,
) -> Result<
    impl Transport<Output = (PeerId, StreamMuxerBox), Error: Send + Sync, ListenerUpgrade: Send, Dial: Send> + Unpin + use<>,
    StartError,
> {
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(MAX_STREAMS);
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).map_err(|e| failed(&e))?)
        .multiplex(muxer)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let quic =
        quic::tokio::Transport::new(quic::Config::new(key)).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(quic.or_transport(tcp).map(|either, _| either.into_inner()))
}

/// Requests and answers, with their patience.
pub(super) fn words(answers: Duration, requests: Duration) -> request_response::Behaviour<Wire> {
    let config =
        request_response::Config::default().with_request_timeout(answers).with_max_concurrent_streams(MAX_STREAMS);
    let wire = Wire { patience: requests };
    request_response::Behaviour::with_codec(wire, [(PROTOCOL, ProtocolSupport::Full)], config)
}

fn behaviour(options: &NetworkOptions, key: &Keypair, genesis: &GenesisId) -> Result<Behaviour, StartError> {
    let me = key.public().to_peer_id();
    let looking = options.mdns.then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), me)).and_then(|made| {
        made.inspect_err(|error| tracing::warn!(%error, "peers on the local network are not looked for")).ok()
    });
    let identity = identify::Config::new("headwaters/1".to_owned(), key.public())
        .with_agent_version(format!("headwaters/{}", env!("CARGO_PKG_VERSION")));
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(connections(&options.limits)),
        banned: allow_block_list::Behaviour::default(),
        words: words(options.limits.answer_patience, options.limits.request_patience),
        gossip: gossip(genesis)?,
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_EVERY)),
        identify: identify::Behaviour::new(identity),
        mdns: Toggle::from(looking),
    })
}

fn connections(limits: &Limits) -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_established_incoming(Some(limits.inbound))
        .with_max_established_outgoing(Some(limits.outbound))
        .with_max_established_per_peer(Some(limits.per_peer))
        .with_max_pending_incoming(Some(limits.pending))
        .with_max_pending_outgoing(Some(limits.pending))
}

/// Gossip without signatures of its own: an announcement's tip is signed by its author, and its hints are not believed.
fn gossip(genesis: &GenesisId) -> Result<gossipsub::Behaviour, StartError> {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        // The same announcement is the same message, whoever passes it on.
        .message_id_fn(|message| MessageId::new(&Domain::ANNOUNCEMENT.hash(&message.data)))
        .max_transmit_size(MAX_ANNOUNCEMENT + GOSSIP_OVERHEAD)
        // Connected peers are told directly, before gossip: no need to flood them a second time.
        .flood_publish(false)
        .connection_handler_queue_len(GOSSIP_QUEUE)
        .build()
        .map_err(|e| failed(&e))?;
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).map_err(|e| failed(&e))?;
    let topic = topic(genesis);
    // Only invalid messages and broken protocol count: a member that writes nothing is quiet, not bad, and several
    // replicas behind one address are usual.
    let scored = TopicScoreParams {
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        ..TopicScoreParams::default()
    };
    let params = PeerScoreParams {
        topics: [(topic.hash(), scored)].into(),
        ip_colocation_factor_weight: 0.0,
        ..PeerScoreParams::default()
    };
    gossip.with_peer_score(params, PeerScoreThresholds::default()).map_err(|e| failed(&e))?;
    gossip.subscribe(&topic).map_err(|e| failed(&e))?;
    Ok(gossip)
}
