//! Redeeming a ticket: one connection, one request, before there is a replica to run a network for.
//!
//! Promises: ends within [`PATIENCE`] for each address; tries the next address only if this one could not be reached or
//! is busy, so that a spent ticket is not asked about twice. Serves nothing.

use super::address::parse;
use super::behaviour::{keypair, transport, words};
use super::wire::Load;
use crate::codec::frame;
use crate::limits::PATIENCE;
use crate::message::Message;
use crate::options::StartError;
use crate::ticket::{JoinRequest, Refusal, RefusalKind, Welcome};
use dag::author_key::AuthorKey;
use futures::StreamExt;
use libp2p::request_response::{self, Message as Words};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, Swarm};
use tokio::time::timeout;

/// Why nobody let us in.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Our side could not begin.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The replica said no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// No address of the ticket answered.
    #[error(
        "no replica that can redeem the ticket was reached ({0}); is one of them running, and its peers' port open?"
    )]
    Unreachable(String),
}

/// Redeems a ticket at the first address that answers; `key` is the transport key that the request names.
pub async fn join(key: &AuthorKey, addresses: &[String], request: &JoinRequest) -> Result<Welcome, JoinError> {
    let bytes = frame(&Message::Join(request.clone())).map_err(|e| StartError::Transport(e.to_string()))?;
    let keys = keypair(key)?;
    let config = Config::with_tokio_executor().with_idle_connection_timeout(PATIENCE);
    let mut swarm = Swarm::new(transport(&keys)?, words(PATIENCE, PATIENCE), keys.public().to_peer_id(), config);
    let mut failures = Vec::new();
    for text in addresses {
        let dialed = parse(text).map_err(|reason| StartError::Address { text: text.clone(), reason })?;
        for address in dialed {
            match timeout(PATIENCE, redeem(&mut swarm, &address, &bytes)).await {
                Ok(Ok(Message::Welcome(welcome))) => return Ok(welcome),
                Ok(Ok(Message::Refused(refusal))) if refusal.kind != RefusalKind::Busy => return Err(refusal.into()),
                Ok(Ok(Message::Refused(busy))) => failures.push(format!("{address}: {busy}")),
                Ok(Ok(_)) => failures.push(format!("{address}: the answer is none to a join")),
                Ok(Err(error)) => failures.push(format!("{address}: {error}")),
                Err(_) => failures.push(format!("{address}: no answer within {} s", PATIENCE.as_secs())),
            }
        }
    }
    Err(JoinError::Unreachable(failures.join("; ")))
}

async fn redeem(
    swarm: &mut Swarm<request_response::Behaviour<super::wire::Wire>>,
    address: &Multiaddr,
    request: &[u8],
) -> Result<Message, String> {
    let options = DialOpts::unknown_peer_id().address(super::address::bare(address)).build();
    let ours = options.connection_id();
    swarm.dial(options).map_err(|e| e.to_string())?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } if connection_id == ours => {
                swarm.behaviour_mut().send_request(&peer_id, Load::Out(request.to_vec()));
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } if connection_id == ours => {
                return Err(error.to_string());
            }
            SwarmEvent::ConnectionClosed { connection_id, cause, .. } if connection_id == ours => {
                return Err(cause.map_or_else(|| "the connection was closed".to_owned(), |cause| cause.to_string()));
            }
            SwarmEvent::Behaviour(request_response::Event::Message { message, .. }) => match message {
                Words::Response { response: Load::In(mut messages, _), .. } => {
                    return messages.pop().ok_or_else(|| "an empty answer".to_owned());
                }
                Words::Response { .. } => return Err("the answer is no message of this protocol".to_owned()),
                // It greets us; we have nothing to say yet.
                Words::Request { channel, .. } => {
                    let refusal = Refusal::new(RefusalKind::Busy, "joining: not a replica yet");
                    if let Ok(bytes) = frame(&Message::Refused(refusal)) {
                        let _gone = swarm.behaviour_mut().send_response(channel, Load::Out(bytes));
                    }
                }
            },
            SwarmEvent::Behaviour(request_response::Event::OutboundFailure { error, .. }) => {
                return Err(error.to_string());
            }
            _ => {}
        }
    }
}
