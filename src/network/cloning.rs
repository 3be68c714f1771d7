//! A newcomer's clone over the network, before its replica is opened.
//!
//! Promises: nothing is fetched but a checkpoint, nothing is announced, and nothing is served; the network of the clone
//! ends before the replica's own begins. Decides only whether a clone is due: the rest is `replica::clone`.

use super::{address_book, refused, transport_key};
use crate::config::{Config, PeersListen};
use crate::failure::Failure;
use crate::replica::clone::{self, Answer, Outcome, Taking};
use crate::replica::founding;
use dag::author_key::AuthorKey;
use dag::clock::{Clock, Entropy, System};
use dag::genesis::Genesis;
use dag::id::{AuthorId, CommitId, GenesisId, NodeId, RunId};
use dag::version::{Ask, Lack, Position, Versions, Walk};
use dag::vertex::{Chain, Vertex};
use gossip::ticket::{JoinRequest, Refusal, RefusalKind, Welcome};
use gossip::{
    Access, Admission, Announcement, Handle, Heard, Hello, Host, HostError, Ledger, Message, Network, NetworkOptions,
    RawSegment, Served, TransportId,
};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a newcomer that nobody told to clone looks for peers, before it starts without and fetches the history.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// Whether a start must clone first: one was begun, or this is the first start of a newcomer that knows where peers are.
pub fn is_due(config: &Config) -> Result<bool, Failure> {
    if !founding::is_founded(&config.data) {
        return Ok(false);
    }
    if clone::is_under_way(&config.data) {
        return Ok(true);
    }
    let is_fresh = !config.data.join("log").exists();
    let is_founder = founding::load_genesis(&config.data)?.founder == founding::load_key(&config.data)?.id();
    let has_peers = !config.bootstrap.is_empty() || !address_book::load(&config.data)?.is_empty();
    Ok(is_fresh && !is_founder && has_peers && config.peers_listen != PeersListen::Off)
}

/// Makes the clone. Error: nobody answers although a clone was begun, or the disk refuses.
pub async fn run(config: &Config, progress: fn(u64, u64)) -> Result<Outcome, Failure> {
    let genesis = founding::load_genesis(&config.data)?;
    let system = Arc::new(System::new());
    let mut run = [0; 8];
    system.fill(&mut run).map_err(|e| Failure::environment(e.to_string()))?;
    let host = Newcomer {
        genesis: genesis.id(),
        key: founding::load_key(&config.data)?,
        run: RunId(u64::from_be_bytes(run)),
        clock: system.clone(),
    };
    let mut bootstrap = config.bootstrap.clone();
    bootstrap.extend(address_book::load(&config.data)?.into_iter().filter(|known| !config.bootstrap.contains(known)));
    let options = NetworkOptions {
        transport: transport_key(&*system)?,
        listen: None,
        bootstrap,
        mdns: config.mdns,
        limits: gossip::limits::Limits::default(),
        clock: system.clone(),
        entropy: system.clone(),
    };
    let (network, handle) = Network::start(options, Arc::new(host)).await.map_err(refused)?;
    let (done, ended) = tokio::sync::oneshot::channel::<()>();
    let mut beside = JoinSet::new();
    beside.spawn(network.run(async move { drop(ended.await) }));
    let peers = ByHandle { handle, runtime: tokio::runtime::Handle::current(), requests: Mutex::default() };
    let config = config.clone();
    let work = move || take(&config, genesis, &*system, &peers, progress);
    let outcome = tokio::task::spawn_blocking(work).await;
    drop(done);
    while beside.join_next().await.is_some() {}
    outcome.map_err(|e| Failure::environment(format!("the clone ended unexpectedly: {e}")))?
}

fn take(
    config: &Config,
    genesis: Genesis,
    clock: &dyn Clock,
    peers: &ByHandle,
    progress: fn(u64, u64),
) -> Result<Outcome, Failure> {
    let stores = clone::open_stores(&config.data)?;
    let shown = |done, total| progress(done, total);
    Taking::new(&config.data, genesis, stores, clock, peers, &shown).patient_for(SHORT_PATIENCE).run()
}

/// Peers as a clone asks them, over the network's handle.
struct ByHandle {
    handle: Handle,
    runtime: tokio::runtime::Handle,
    /// Requests under way; they end with the clone.
    requests: Mutex<JoinSet<()>>,
}

impl clone::Peers for ByHandle {
    fn connected(&self) -> Vec<TransportId> {
        let peers = self.handle.peers().into_iter();
        peers.filter(|(_, status)| status.is_served() && status.refusal.is_none()).map(|(id, _)| id).collect()
    }

    fn ask(&self, peer: TransportId, number: u64, request: Message, answers: &SyncSender<Answer>) {
        let (handle, answers) = (self.handle.clone(), answers.clone());
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        while requests.try_join_next().is_some() {}
        let request = async move {
            let messages = handle.request(peer, request).await.map_err(|e| e.to_string());
            // The channel holds more than may be under way; when it is closed, the clone has ended.
            drop(answers.try_send(Answer { peer, number, messages }));
        };
        requests.spawn_on(request, &self.runtime);
    }
}

/// A replica that has nothing yet and wants nothing but objects.
struct Newcomer {
    genesis: GenesisId,
    key: AuthorKey,
    run: RunId,
    clock: Arc<dyn Clock>,
}

impl Host for Newcomer {
    fn genesis(&self) -> GenesisId {
        self.genesis
    }

    fn hello(&self, transport: &TransportId) -> Hello {
        Hello::sign(&self.key, self.genesis, self.run, transport, self.clock.wall_millis())
    }

    /// Who is a member is not known yet; what members say is believed by their signatures alone.
    fn access(&self, _: &AuthorId) -> Access {
        Access::Member
    }

    fn announcement(&self) -> Result<Announcement, HostError> {
        Ok(Announcement::new(None, &[], dag::heads::Heads::new().digest(), &Versions::new(), &[]))
    }

    fn heard(&self, _: &[u8]) -> Heard {
        Heard::Ahead
    }

    fn read(&self, job: &mut dyn FnMut(&dyn Ledger, u64)) {
        job(&Nothing, self.clock.wall_millis());
    }

    fn admit(&self, _: &AuthorId, _: Vec<RawSegment>) -> Admission {
        Admission::default()
    }

    fn gone(&self, _: &AuthorId) {}

    fn join(&self, _: &JoinRequest) -> Result<Welcome, Refusal> {
        Err(Refusal::new(RefusalKind::Busy, "this replica is being cloned and redeems no tickets yet"))
    }

    fn objects(&self, ids: &[NodeId]) -> Vec<Option<Arc<[u8]>>> {
        vec![None; ids.len()]
    }

    fn twin(&self, said: &Hello) {
        tracing::warn!(run = said.run.0, "another process is live under this author key");
    }
}

/// No commits, and no wish for any.
struct Nothing;

impl Ledger for Nothing {
    fn heads(&self) -> Vec<CommitId> {
        Vec::new()
    }

    fn knows(&self, _: &CommitId) -> bool {
        true
    }

    fn have(&self) -> Vec<(Chain, Position)> {
        Vec::new()
    }

    fn lack(&self, _: &Ask<'_>) -> Lack {
        Lack::default()
    }

    fn next(&self, _: &mut Walk, _: usize) -> Vec<CommitId> {
        Vec::new()
    }

    fn is_tip(&self, _: &CommitId) -> bool {
        false
    }

    fn vertex(&self, _: &CommitId) -> Option<Vertex> {
        None
    }

    fn served(&self, _: &CommitId) -> Option<Served> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Switch};
    use crate::network;
    use crate::replica::Replica;
    use crate::replica::fixture::{Peer, insert, schema};
    use std::path::Path;

    fn config(data: &Path, bootstrap: Vec<String>) -> Config {
        let settings = Settings {
            data: Some(data.to_owned()),
            peers_listen: Some("127.0.0.1:0".to_owned()),
            mdns: Some(Switch::Off),
            bootstrap,
            ..Settings::default()
        };
        Config::resolve(settings, None).unwrap()
    }

    fn newcomer_of(founder: &Peer) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(founder.data().join("genesis"), folder.path().join("genesis")).unwrap();
        let key = AuthorKey::generate(&System::new()).unwrap();
        key.save(&founding::key_path(folder.path())).unwrap();
        founder.admit(&key);
        folder
    }

    fn main_hash(replica: &Replica) -> NodeId {
        replica.local().latch().linearizer.main_hash()
    }

    #[test]
    fn a_newcomer_clones_over_the_network_and_then_follows() {
        let founder = Peer::founder(3);
        let (changes, table) = schema();
        founder.write(changes);
        for id in 0..60 {
            founder.write(insert(&table, id, "before"));
        }
        founder.replica().linearize().unwrap();
        let folder = newcomer_of(&founder);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let first = founder.shared();
            let peers = network::start(&config(founder.data(), Vec::new()), &first).await.unwrap().unwrap();
            let near = config(folder.path(), vec![peers.address().unwrap().to_string()]);
            let mut running = JoinSet::new();
            running.spawn(peers.run(std::future::pending()));
            assert!(is_due(&near).unwrap());
            let outcome = run(&near, |_, _| {}).await.unwrap();
            assert!(matches!(outcome, Outcome::Checkpoint { position: 61, .. }), "{outcome:?}");
            assert!(!is_due(&near).unwrap());
            for id in 60..70 {
                founder.write(insert(&table, id, "after"));
            }

            let second = Replica::open(&near, &|_, _| {}).unwrap();
            let peers = network::start(&near, &second).await.unwrap().unwrap();
            running.spawn(peers.run(std::future::pending()));
            let mut looks = 0;
            while main_hash(&first) != main_hash(&second) {
                looks += 1;
                assert!(looks < 600, "main is not equal after a minute");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            running.shutdown().await;
        });
    }
}
