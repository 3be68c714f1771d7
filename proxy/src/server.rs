//! The server: accepts connections, runs each as one task that it owns, and stops them all in order.
//!
//! Promises: no task outlives `run`; after the shutdown signal idle sessions are told 1053 and end at once, running
//! statements have [`Limits::shutdown_time`], then they are dropped, which rolls them back.

use crate::auth::{Accounts, salt::Salt};
use crate::connection::Connection;
use crate::error::{Ended, Error};
use crate::gate::{Gate, Place};
use crate::handler::Handlers;
use crate::lifeguard::{Lifeguard, Patrol, Watched};
use crate::limits::Limits;
use crate::login::Guest;
use crate::result::end;
use crate::session::Client;
use crate::tls::Tls;
use dag::clock::{Clock, Entropy};
use sql::error::SqlError;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Pause after a failed accept (no file handles left): long enough not to spin, short enough not to be seen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a server is made of.
pub struct ServerParts {
    /// Opens sessions; `Arc::new(engine)` for `sql`'s `Arc<Engine>`.
    pub engine: Arc<dyn Handlers>,
    /// Who may log in.
    pub accounts: Arc<dyn Accounts>,
    /// For salts.
    pub entropy: Arc<dyn Entropy>,
    /// For the throttle of failed logins, and uptime.
    pub clock: Arc<dyn Clock>,
    /// TLS, offered to everyone and demanded of clients on other machines; `None` leaves it off.
    pub tls: Option<Tls>,
    /// Bounds.
    pub limits: Limits,
}

/// What all connections share.
pub(crate) struct Shared {
    pub engine: Arc<dyn Handlers>,
    pub accounts: Arc<dyn Accounts>,
    entropy: Arc<dyn Entropy>,
    pub clock: Arc<dyn Clock>,
    pub tls: Option<Tls>,
    pub limits: Limits,
    pub gate: Arc<Gate>,
    pub started: Duration,
    pub questions: AtomicU64,
    pub lifeguard: Arc<Lifeguard>,
}

/// A listening server; [`Server::run`] serves.
pub struct Server {
    listener: TcpListener,
    local: SocketAddr,
    shared: Arc<Shared>,
    /// Wakes the loop, and with it the runtime.
    nudge: Arc<Notify>,
    /// Held until the server ends.
    _patrol: Patrol,
}

impl Server {
    /// Listens. Whether the address may be listened on at all is [`crate::exposure::check`]'s question, asked before.
    pub async fn bind(address: SocketAddr, parts: ServerParts) -> Result<Server, Error> {
        let failed = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let shared = Shared {
            gate: Gate::new(parts.limits.clone()),
            started: parts.clock.monotonic(),
            engine: parts.engine,
            accounts: parts.accounts,
            entropy: parts.entropy,
            clock: parts.clock,
            tls: parts.tls,
            limits: parts.limits,
            questions: AtomicU64::new(0),
            lifeguard: Arc::default(),
        };
        let nudge = Arc::new(Notify::new());
        let patrol = shared.lifeguard.start(shared.clock.clone(), shared.engine.clone(), nudge.clone())?;
        Ok(Server { listener, local, shared: Arc::new(shared), nudge, _patrol: patrol })
    }

    /// Where it listens; the port is the real one when 0 was asked for.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `shutdown` is ready, then ends every connection before it returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (stopping, stop) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut next_id = 0u32;
        tokio::pin!(shutdown);
        let shared = self.shared.clone();
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = self.nudge.notified() => {}
                Some(ended) = tasks.join_next() => report(ended),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        next_id = next_id.checked_add(1).unwrap_or(1);
                        tasks.spawn(serve(self.shared.clone(), stream, address, next_id, stop.clone()));
                    }
                    Err(error) => {
                        tracing::error!(%error, "accepting a connection failed");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        // Every connection may be gone already.
        let _ = stopping.send(true);
        let nudge = self.nudge;
        let drained = async {
            loop {
                tokio::select! {
                    ended = tasks.join_next() => match ended {
                        Some(ended) => report(ended),
                        None => break,
                    },
                    () = nudge.notified() => {}
                }
            }
        };
        if timeout(shared.limits.shutdown_time, drained).await.is_err() {
            tracing::warn!(connections = tasks.len(), "statements still running are ended");
            tasks.shutdown().await;
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed; its transaction is rolled back");
    }
}

/// One connection from accept to its end.
async fn serve(shared: Arc<Shared>, stream: TcpStream, address: SocketAddr, id: u32, stop: watch::Receiver<bool>) {
    let (stream, watched) = match prepare(&shared, stream, id) {
        Ok(prepared) => prepared,
        Err(error) => return tracing::error!(connection = id, %error, "the socket cannot be used"),
    };
    let mut connection = Connection::new(stream, shared.limits.clone());
    let address = address.ip().to_canonical();
    let entered = shared.gate.enter(address, shared.clock.monotonic());
    let ended = match (entered, Salt::random(shared.entropy.as_ref())) {
        (Ok(place), Ok(salt)) => {
            let guest = Guest { shared, address, id, salt };
            converse(guest, &mut connection, place, watched, stop).await
        }
        (Err(refused), _) => Err(Ended::Refused(refused)),
        (_, Err(error)) => Err(Ended::Refused(SqlError::new(1105, error.to_string()))),
    };
    match ended {
        Ok(()) => connection.close(false).await,
        Err(Ended::Refused(error)) => {
            tracing::debug!(connection = id, code = error.code, "connection ended: {error}");
            end::error(&mut connection.out, &error);
            // Ends that did not come from something the client was sending leave nothing unread.
            let quiet = matches!(error.code, 1053 | 1927 | 4031);
            connection.close(!quiet).await;
        }
        Err(Ended::Gone) => {}
        Err(Ended::Failed(error)) => tracing::debug!(connection = id, %error, "connection failed"),
    }
}

/// Answers at once (no Nagle), and a second handle for the lifeguard.
fn prepare(shared: &Shared, stream: TcpStream, id: u32) -> io::Result<(TcpStream, Watched)> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let watched = shared.lifeguard.watch(id, stream.try_clone()?);
    Ok((TcpStream::from_std(stream)?, watched))
}

async fn converse(
    guest: Guest,
    connection: &mut Connection,
    mut place: Place,
    watched: Watched,
    stop: watch::Receiver<bool>,
) -> Result<(), Ended> {
    let patience = guest.shared.limits.login_time;
    let logged_in = timeout(patience, guest.log_in(connection)).await;
    let (session, capabilities) = logged_in.map_err(|_| SqlError::new(1159, "The login took too long"))??;
    place.logged_in();
    connection.logged_in();
    Client::new(guest, connection, session, capabilities, watched).serve(stop).await
}
