//! `headwaters start`: serves MySQL clients from the data folder until told to stop.
//!
//! Promises: an empty folder is founded first, a newcomer's is cloned first; nothing listens before the state is ready; SIGINT and SIGTERM let
//! running statements finish and leave a clean folder.

use super::{init, print, progress};
use crate::config::{Config, LogFormat};
use crate::failure::Failure;
use crate::network::{Peers, cloning};
use crate::replica::{Replica, founding, presence, serving};
use dag::clock::System;
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// What a write beyond RLIMIT_FSIZE raises, on Linux and the BSDs for every processor we build for.
const SIGXFSZ: i32 = 25;

/// Founds if needed, opens, listens, and stays until a signal.
pub fn run(config: &Config) -> Result<(), Failure> {
    write_log(config.log_format);
    serving::check_address(config)?;
    if !founding::is_founded(&config.data) {
        let founded = founding::found(&config.data, &System::new())?;
        print::line(format!("Founded database {} in {}", founded.genesis, config.data.display()));
        init::print_recovery_key(&founded.recovery_key);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build()
        .map_err(|e| Failure::environment(format!("cannot start the runtime: {e}")))?;
    // A write over the process's file size limit then fails like one to a full disk, instead of killing the process.
    let _over_the_size_limit = runtime.block_on(async { signal(SignalKind::from_raw(SIGXFSZ)) }).map_err(no_signals)?;
    if cloning::is_due(config)? {
        let outcome = runtime.block_on(cloning::run(config, |done, total| progress::show("cloning", done, total)))?;
        print::line(outcome.to_string());
    }
    let replica = Replica::open(config, &|done, total| progress::show("opening", done, total))?;
    let served = runtime.block_on(serve(config, &replica));
    presence::remove(&config.data);
    let stopped = replica.stop();
    served.and(stopped)
}

/// Worker threads of the runtime. A statement computes on its worker until it yields, and sockets are polled by a worker
/// that has nothing to do: with as many workers as cores, as many long queries would leave accepts, logins and pings
/// unpolled. Spare workers cost a stack each and let the system's scheduler share the cores.
fn workers() -> usize {
    /// One above the most long queries that a small machine is expected to run at a time beside its cores.
    const SPARE: usize = 4;
    std::thread::available_parallelism().map_or(1, usize::from) + SPARE
}

async fn serve(config: &Config, replica: &Arc<Replica>) -> Result<(), Failure> {
    let server = serving::listen(config, replica).await?;
    let peers = server.peers.as_ref();
    let transport = peers.map(|peers| peers.transport().to_string());
    presence::write(&config.data, server.address, peers.and_then(Peers::address), transport)?;
    announce(&server);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: running statements finish, idle sessions end");
    };
    server.run(stop).await
}

fn no_signals(error: std::io::Error) -> Failure {
    Failure::environment(format!("cannot wait for signals: {error}"))
}

fn announce(server: &serving::Serving) {
    let (ip, port) = (server.address.ip(), server.address.port());
    print::line(format!("Ready. Connect any MySQL client, for example: mariadb -h {ip} -P {port} -u root"));
    print::line(format!("TLS certificate SHA-256 fingerprint: {}", server.fingerprint));
    match server.peers.as_ref().and_then(Peers::address) {
        Some(address) => print::line(format!("Peers reach this replica on port {} (TCP and QUIC)", address.port())),
        None => print::line("Not listening for peers (--peers-listen off)"),
    }
    print::line("Stop with Ctrl-C.");
}

/// What is logged unless HEADWATERS_LOG says otherwise: gossip that says the same again is no news.
const QUIET: &str = "info,libp2p_gossipsub=error,libp2p_swarm=warn,libp2p_mdns=warn";

fn write_log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HEADWATERS_LOG").unwrap_or_else(|_| QUIET.into());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
