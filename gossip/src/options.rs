//! How the network is to run, as the operator configured it.
//!
//! Promises: what cannot work is refused when the network starts, with what to change. Reads no files.

use crate::limits::{Limits, PATIENCE};
use dag::author_key::AuthorKey;
use dag::clock::{Clock, Entropy};
use std::net::SocketAddr;
use std::sync::Arc;

/// Everything the network needs besides its host.
pub struct NetworkOptions {
    /// The transport's key, apart from the author's.
    pub transport: AuthorKey,
    /// TCP and QUIC listen here, on the same port number; `None`: only dials. Port 0: any free one.
    pub listen: Option<SocketAddr>,
    /// Peers to begin with: multiaddrs or host:port.
    pub bootstrap: Vec<String>,
    /// Whether to look for peers on the local network.
    pub mdns: bool,
    /// Bounds.
    pub limits: Limits,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for jitter.
    pub entropy: Arc<dyn Entropy>,
}

/// Why the network cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address that is none.
    #[error(
        "{text:?} is no peer address ({reason}); write host:port, as 192.0.2.7:3317, or a multiaddr, as /dns/db.example/tcp/3317"
    )]
    Address {
        /// As given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The port cannot be listened on.
    #[error(
        "cannot listen for peers on {address}: {reason}; choose another with --peers-listen ADDRESS, or --peers-listen off"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The transport could not be set up.
    #[error("cannot set up the transport between peers within {PATIENCE:?}: {0}")]
    Transport(String),
}
