//! The replica among its peers: `gossip`'s network over `replica`, started beside the MySQL port.
//!
//! [`start`] opens the port for peers, [`Peers::run`] stays until the server ends. Promises: what the operator wrote
//! wrong is an error before anything is served; every task here ends with the server.

mod address_book;
pub mod cloning;
mod host;
mod spreading;

use crate::config::{Config, PeersListen};
use crate::failure::Failure;
use crate::replica::Replica;
use crate::replica::local::Local;
use dag::author_key::AuthorKey;
use dag::clock::{Entropy, System};
use gossip::{Handle, Network, NetworkOptions, StartError, TransportId};
use host::LocalHost;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

/// How often the clocks of peers are looked at; each is compared anew every few seconds.
const COMPARE_EVERY: Duration = Duration::from_millis(500);
/// How often addresses that led to members are kept for the next start.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// The network, ready to run.
pub struct Peers {
    network: Network,
    handle: Handle,
    local: Arc<Local>,
    data: PathBuf,
}

/// Opens the port for peers; `None` if the replica is to have none.
pub async fn start(config: &Config, replica: &Arc<Replica>) -> Result<Option<Peers>, Failure> {
    let mut bootstrap = config.bootstrap.clone();
    bootstrap.extend(address_book::load(&config.data)?.into_iter().filter(|known| !config.bootstrap.contains(known)));
    let listen = match config.peers_listen {
        PeersListen::Off if config.bootstrap.is_empty() && !config.mdns => return Ok(None),
        PeersListen::Off => None,
        PeersListen::At(address) => Some(address),
    };
    let system = Arc::new(System::new());
    let options = NetworkOptions {
        transport: transport_key(&*system)?,
        listen,
        bootstrap,
        mdns: config.mdns,
        limits: gossip::limits::Limits::default(),
        clock: system.clone(),
        entropy: system,
    };
    let local = replica.local().clone();
    let (network, handle) = Network::start(options, Arc::new(LocalHost::new(local.clone())?)).await.map_err(refused)?;
    let _first_start_of_this_replica = local.network.set(handle.clone());
    Ok(Some(Peers { network, handle, local, data: config.data.clone() }))
}

/// A key for the transport of this run. It is never written down, so that two live copies of one folder are two peers,
/// which meet, and are told of each other (R6); who speaks is said by the hello, signed by the author's key.
pub fn transport_key(entropy: &dyn Entropy) -> Result<AuthorKey, Failure> {
    AuthorKey::generate(entropy).map_err(|e| Failure::environment(e.to_string().replace("author key", "transport key")))
}

/// The transport's id.
pub fn transport_id(key: &AuthorKey) -> TransportId {
    TransportId(*key.id().as_bytes())
}

/// Keeps addresses that lead to members, for the first start.
pub fn remember(data: &Path, addresses: &[String]) -> Result<(), Failure> {
    address_book::save(data, addresses)
}

fn refused(error: StartError) -> Failure {
    match error {
        StartError::Address { .. } => Failure::usage(error.to_string()),
        other => Failure::environment(other.to_string()),
    }
}

impl Peers {
    /// Where peers reach it.
    pub fn address(&self) -> Option<SocketAddr> {
        self.network.address()
    }

    /// Its transport's id.
    pub fn transport(&self) -> TransportId {
        self.network.transport()
    }

    /// Runs until `stop` is ready.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Peers { network, handle, local, data } = self;
        let mut beside = JoinSet::new();
        let (asker, answerer) = spreading::pair(handle.clone());
        local.waits.connect(Box::new(asker));
        beside.spawn(answerer.run());
        beside.spawn(tell_changes(local.clone(), handle.clone()));
        beside.spawn(compare_clocks(local.clone()));
        beside.spawn(answer_waits(local, handle.clone()));
        beside.spawn(keep_addresses(handle, data));
        network.run(stop).await;
        beside.shutdown().await;
    }
}

/// What is written here, and a tip that others' stable waits for, is announced at once; what only came here a little
/// later.
async fn tell_changes(local: Arc<Local>, handle: Handle) {
    let mut news = local.news.subscribe();
    let said = || (local.own.load(Ordering::Relaxed), local.renewed.load(Ordering::Relaxed));
    let mut last = said();
    while news.changed().await.is_ok() {
        let now = said();
        if std::mem::replace(&mut last, now) == now { handle.learned() } else { handle.changed() }
    }
}

/// Sessions that wait for peers look again whenever a peer said something.
async fn answer_waits(local: Arc<Local>, handle: Handle) {
    let mut news = handle.news();
    while news.changed().await.is_ok() {
        let local = local.clone();
        if tokio::task::spawn_blocking(move || local.answer_waits()).await.is_err() {
            return;
        }
    }
}

/// Whether this machine's clock is right (R9).
async fn compare_clocks(local: Arc<Local>) {
    loop {
        tokio::time::sleep(COMPARE_EVERY).await;
        local.compare_clocks();
    }
}

async fn keep_addresses(handle: Handle, data: PathBuf) {
    let mut kept = Vec::new();
    loop {
        tokio::time::sleep(KEEP_EVERY).await;
        let addresses = handle.addresses();
        if addresses != kept && !addresses.is_empty() {
            let (data, saved) = (data.clone(), addresses.clone());
            match tokio::task::spawn_blocking(move || address_book::save(&data, &saved)).await {
                Ok(Ok(())) => kept = addresses,
                Ok(Err(error)) => tracing::warn!(%error, "addresses of peers are not kept"),
                Err(_) => return,
            }
        }
    }
}
