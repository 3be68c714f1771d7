//! The MySQL port over a replica: accounts, TLS identity, the server, and the background linearizer beside it.
//!
//! Promises: beyond loopback nothing is served without a password and TLS; the background task ends with the server.

use super::Replica;
use crate::config::Config;
use crate::failure::Failure;
use crate::network::{self, Peers};
use dag::clock::System;
use proxy::auth::{Accounts, Credential, Verifiers};
use proxy::limits::Limits;
use proxy::tls::{Identity, Tls};
use proxy::{Server, ServerParts};
use std::fs::{self, OpenOptions};
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

/// Pause between two looks at stable: well below the time a commit takes to become stable over a network.
const SETTLE_PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

/// The one account of this version.
struct Root(Credential);

impl Accounts for Root {
    fn find(&self, user: &str) -> Option<Credential> {
        (user == "root").then(|| self.0.clone())
    }
}

/// Refuses an address that must not be listened on as configured.
pub fn check_address(config: &Config) -> Result<(), Failure> {
    proxy::exposure::check(config.listen, config.root_password.is_some(), true)
        .map_err(|e| Failure::usage(e.to_string()))
}

/// What `@@port`, `@@hostname` and their kin show.
pub fn facts(config: &Config) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    vec![
        fact("port", config.listen.port().to_string()),
        fact("bind_address", config.listen.ip().to_string()),
        fact("datadir", config.data.display().to_string()),
    ]
}

/// A listening server.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// SHA-256 of the TLS certificate.
    pub fingerprint: String,
    /// The network, if there is one.
    pub peers: Option<Peers>,
    server: Server,
    replica: Arc<Replica>,
    config: Config,
}

/// Listens; nothing is answered before [`Serving::run`].
pub async fn listen(config: &Config, replica: &Arc<Replica>) -> Result<Serving, Failure> {
    let system = Arc::new(System::new());
    let tls = Tls::new(&identity(config)?).map_err(|e| Failure::environment(e.to_string()))?;
    let fingerprint = tls.fingerprint().to_owned();
    let credential =
        config.root_password.as_deref().map_or(Credential::NoPassword, |p| Credential::Password(Verifiers::of(p)));
    let parts = ServerParts {
        engine: Arc::new(replica.engine().clone()),
        accounts: Arc::new(Root(credential)),
        entropy: system.clone(),
        clock: system,
        tls: Some(tls),
        limits: Limits::default(),
    };
    let server = Server::bind(config.listen, parts).await.map_err(|e| Failure::environment(e.to_string()))?;
    Ok(Serving {
        address: server.local_address(),
        fingerprint,
        peers: network::start(config, replica).await?,
        server,
        replica: replica.clone(),
        config: config.clone(),
    })
}

impl Serving {
    /// Serves until `stop` is ready; the linearizer works beside.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let mut background = JoinSet::new();
        background.spawn(linearize(self.replica.clone(), self.config));
        background.spawn(settle(self.replica));
        let (ending, mut ended) = watch::channel(());
        let mut network = JoinSet::new();
        if let Some(peers) = self.peers {
            network.spawn(peers.run(async move {
                let _the_server_ended = ended.changed().await;
            }));
        }
        let failed = async {
            match background.join_next().await {
                Some(Ok(failure)) => failure,
                _ => Failure::environment("the background linearizer ended unexpectedly"),
            }
        };
        tokio::pin!(failed);
        let mut failure = None;
        let stop = async {
            tokio::select! {
                () = stop => {}
                ended = &mut failed => failure = Some(ended),
            }
        };
        self.server.run(stop).await;
        drop(ending);
        while network.join_next().await.is_some() {}
        failure.map_or(Ok(()), Err)
    }
}

/// Ticks for ever; gives the failure that ended it (a broken background task stops the replica, it never limps on).
async fn linearize(replica: Arc<Replica>, config: Config) -> Failure {
    loop {
        tokio::time::sleep(config.linearize_every).await;
        let replica = replica.clone();
        match tokio::task::spawn_blocking(move || replica.linearize()).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => return failure,
            Err(error) => return Failure::environment(format!("the background linearizer failed: {error}")),
        }
    }
}

/// Moves stable whenever there are news; the pause bounds what that costs under load to a few per cent of a core.
async fn settle(replica: Arc<Replica>) -> Failure {
    let mut news = replica.news();
    while news.changed().await.is_ok() {
        let replica = replica.clone();
        match tokio::task::spawn_blocking(move || replica.settle()).await {
            Ok(Ok(())) => tokio::time::sleep(SETTLE_PAUSE).await,
            Ok(Err(failure)) => return failure,
            Err(error) => return Failure::environment(format!("moving stable failed: {error}")),
        }
    }
    Failure::environment("nobody tells news any more")
}

/// The operator's certificate, or our own self-signed one, made at first start and kept in the data folder.
fn identity(config: &Config) -> Result<Identity, Failure> {
    let (certificate, key) = match &config.tls_files {
        Some(files) => files.clone(),
        None => (config.data.join("tls-certificate.pem"), config.data.join("tls-key.pem")),
    };
    if config.tls_files.is_none() && !key.exists() {
        let names = vec!["localhost".to_owned(), config.listen.ip().to_string()];
        let made = Identity::self_signed(names).map_err(|e| Failure::environment(e.to_string()))?;
        write_private(&key, made.key.as_bytes())?;
        fs::write(&certificate, &made.certificate).map_err(|e| Failure::file("write", &certificate, e))?;
    }
    let read = |path: &Path| fs::read_to_string(path).map_err(|e| Failure::file("read", path, e));
    Ok(Identity { certificate: read(&certificate)?, key: Zeroizing::new(read(&key)?) })
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e| Failure::file("write", path, e);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}
