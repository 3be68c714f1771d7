//! A libp2p node that says whatever a test wants it to.

use crate::codec::frame;
use crate::faults::Fault;
use crate::hello::{Hello, TransportId};
use crate::message::Message;
use crate::swarm::behaviour::{keypair, transport};
use crate::swarm::wire::{Load, PROTOCOL, Wire};
use dag::author_key::AuthorKey;
use dag::id::{GenesisId, RunId};
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{self, Behaviour, Codec, Message as Words, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{PeerId, StreamProtocol, Swarm};
use std::io::Result;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Longer than any test.
const PATIENCE: Duration = Duration::from_secs(60);

/// The protocol as everybody speaks it; what is no load to send is a request that begins and never ends.
#[derive(Clone)]
struct Talk(Wire);

impl Codec for Talk {
    type Protocol = StreamProtocol;
    type Request = Load;
    type Response = Load;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, p: &StreamProtocol, io: &mut T) -> Result<Load> {
        self.0.read_request(p, io).await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, p: &StreamProtocol, io: &mut T) -> Result<Load> {
        self.0.read_response(p, io).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        p: &StreamProtocol,
        io: &mut T,
        load: Load,
    ) -> Result<()> {
        if matches!(load, Load::Out(_)) {
            return self.0.write_request(p, io, load).await;
        }
        io.write_all(&[0, 0, 0, 9, 1]).await?;
        io.flush().await?;
        std::future::pending().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        p: &StreamProtocol,
        io: &mut T,
        load: Load,
    ) -> Result<()> {
        self.0.write_response(p, io, load).await
    }
}

fn talk() -> Behaviour<Talk> {
    let config = request_response::Config::default().with_request_timeout(PATIENCE);
    Behaviour::with_codec(Talk(Wire { patience: PATIENCE }), [(PROTOCOL, ProtocolSupport::Full)], config)
}

/// What a node answers to what it is asked.
pub(super) type Answer = dyn Fn(&Message) -> Option<Vec<Message>>;

/// The node; its transport key and author key have one seed.
pub(super) struct Raw {
    swarm: Swarm<Behaviour<Talk>>,
    to: PeerId,
    seed: u8,
    /// What it answers to this, beside hellos; nothing: it never does.
    pub(super) answer: Box<Answer>,
    /// Not even a hello is answered.
    pub(super) mute: bool,
}

impl Raw {
    /// Connects, over TCP.
    pub(super) async fn connect(seed: u8, address: SocketAddr) -> Raw {
        let keys = keypair(&AuthorKey::from_seed([seed; 32])).unwrap();
        let config = Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60));
        let mut swarm = Swarm::new(transport(&keys).unwrap(), talk(), keys.public().to_peer_id(), config);
        let address = format!("/ip4/{}/tcp/{}", address.ip(), address.port()).parse().unwrap();
        swarm.dial(DialOpts::unknown_peer_id().address(address).build()).unwrap();
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                return Raw { swarm, to: peer_id, seed, answer: Box::new(|_| None), mute: false };
            }
        }
    }

    pub(super) fn hello(&self) -> Message {
        let key = AuthorKey::from_seed([self.seed; 32]);
        let transport = TransportId(*key.id().as_bytes());
        Message::Hello(Hello::sign(&key, GenesisId([1; 32]), RunId(7), &transport, 1_000))
    }

    /// Sends bytes as a request, answers what it is asked meanwhile, and gives the answer; `None`: there was none.
    pub(super) async fn say_bytes(&mut self, bytes: Vec<u8>) -> Option<Vec<Message>> {
        let to = self.to;
        let id = self.swarm.behaviour_mut().send_request(&to, Load::Out(bytes));
        self.listen(Duration::from_secs(5), Some(id)).await
    }

    pub(super) async fn say(&mut self, message: &Message) -> Option<Vec<Message>> {
        self.say_bytes(frame(message).unwrap()).await
    }

    /// Begins a request, never ends it, and answers what it is asked meanwhile.
    pub(super) async fn halt(&mut self) -> Option<Vec<Message>> {
        let to = self.to;
        let id = self.swarm.behaviour_mut().send_request(&to, Load::Bad(Fault::Silent, 0));
        self.listen(PATIENCE, Some(id)).await
    }

    /// Answers what it is asked, until the answer to `wanted` came, the connection ended or the time is over.
    pub(super) async fn listen(
        &mut self,
        time: Duration,
        wanted: Option<request_response::OutboundRequestId>,
    ) -> Option<Vec<Message>> {
        let heard = async {
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::ConnectionClosed { num_established: 0, .. } => return None,
                    SwarmEvent::Behaviour(request_response::Event::OutboundFailure { request_id, .. })
                        if Some(request_id) == wanted =>
                    {
                        return None;
                    }
                    SwarmEvent::Behaviour(request_response::Event::Message { message, .. }) => match message {
                        Words::Response { request_id, response: Load::In(messages, _) }
                            if Some(request_id) == wanted && !messages.is_empty() =>
                        {
                            return Some(messages);
                        }
                        Words::Response { request_id, .. } if Some(request_id) == wanted => return None,
                        Words::Request { request: Load::In(messages, _), channel, .. } => {
                            let answer = match &messages[0] {
                                Message::Hello(_) if !self.mute => Some(vec![self.hello()]),
                                asked => (self.answer)(asked),
                            };
                            // Without an answer the way back stays open: the node is silent, not rude.
                            match answer {
                                Some(answer) => {
                                    let bytes = answer.iter().flat_map(|m| frame(m).unwrap()).collect();
                                    drop(self.swarm.behaviour_mut().send_response(channel, Load::Out(bytes)));
                                }
                                None => std::mem::forget(channel),
                            }
                        }
                        _ => {}
                    },
                    _ => {}
                }
            }
        };
        timeout(time, heard).await.ok().flatten()
    }
}
