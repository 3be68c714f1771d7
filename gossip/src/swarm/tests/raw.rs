//! A libp2p node that says whatever a test wants it to.

use crate::codec::frame;
use crate::hello::{Hello, TransportId};
use crate::message::Message;
use crate::swarm::behaviour::{keypair, transport, words};
use crate::swarm::wire::{Load, Wire};
use dag::author_key::AuthorKey;
use dag::id::{GenesisId, RunId};
use futures::StreamExt;
use libp2p::request_response::{self, Behaviour, Message as Words};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{PeerId, Swarm};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// What a node answers to what it is asked.
pub(super) type Answer = dyn Fn(&Message) -> Option<Vec<Message>>;

/// The node; its transport key and author key have one seed.
pub(super) struct Raw {
    swarm: Swarm<Behaviour<Wire>>,
    to: PeerId,
    seed: u8,
    /// What it answers to this, beside hellos; nothing: it never does.
    pub(super) answer: Box<Answer>,
}

impl Raw {
    /// Connects, over TCP.
    pub(super) async fn connect(seed: u8, address: SocketAddr) -> Raw {
        let keys = keypair(&AuthorKey::from_seed([seed; 32])).unwrap();
        let config = Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(60));
        let mut swarm =
            Swarm::new(transport(&keys).unwrap(), words(Duration::from_secs(60)), keys.public().to_peer_id(), config);
        let address = format!("/ip4/{}/tcp/{}", address.ip(), address.port()).parse().unwrap();
        swarm.dial(DialOpts::unknown_peer_id().address(address).build()).unwrap();
        loop {
            if let SwarmEvent::ConnectionEstablished { peer_id, .. } = swarm.select_next_some().await {
                return Raw { swarm, to: peer_id, seed, answer: Box::new(|_| None) };
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
                                Message::Hello(_) => Some(vec![self.hello()]),
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
