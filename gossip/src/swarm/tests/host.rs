//! A replica of plain letters as host of a real network.

use crate::Announcement;
use crate::exchange::tests::Book;
use crate::faults::Fault;
use crate::handle::Handle;
use crate::hello::{Access, Hello, TransportId};
use crate::host::{Admission, Heard, Host, HostError};
use crate::ledger::{Ledger, RawSegment};
use crate::limits::Limits;
use crate::objects::fixture::Here;
use crate::objects::{Event, Gathering};
use crate::options::NetworkOptions;
use crate::swarm::Network;
use crate::ticket::{JoinRequest, Refusal, RefusalKind, Welcome};
use dag::author_key::AuthorKey;
use dag::clock::System;
use dag::id::{AuthorId, CommitId, GenesisId, NodeId, RunId};
use dag::objects::Objects;
use dag::tree::{MemoryNodes, Need, NodeSink};
use dag::vertex::Vertex;
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Every commit there is, so that what travels can be its id alone.
pub(super) type World = Arc<Mutex<HashMap<CommitId, Vertex>>>;

/// A commit whose changes are a tree (R10): what it waits for, and all there is of it.
pub(super) struct Body {
    pub(super) commit: CommitId,
    pub(super) root: Need,
    pub(super) nodes: MemoryNodes,
}

/// One host.
pub(super) struct TestHost {
    key: AuthorKey,
    run: RunId,
    pub(super) genesis: GenesisId,
    pub(super) members: Mutex<BTreeSet<AuthorId>>,
    removed: Mutex<BTreeSet<AuthorId>>,
    pub(super) book: Mutex<Book>,
    world: World,
    pub(super) twins: AtomicU64,
    /// The one large commit of this world.
    pub(super) body: Option<Arc<Body>>,
    /// Objects of it that are here.
    pub(super) kept: Mutex<Here>,
}

impl TestHost {
    pub(super) fn new(seed: u8, run: u64, members: &[u8], world: &World) -> Arc<TestHost> {
        Arc::new(TestHost::bare(seed, run, members, world))
    }

    /// A host for which one commit is large.
    pub(super) fn with_body(seed: u8, members: &[u8], world: &World, body: &Arc<Body>) -> Arc<TestHost> {
        Arc::new(TestHost { body: Some(body.clone()), ..TestHost::bare(seed, 1, members, world) })
    }

    fn bare(seed: u8, run: u64, members: &[u8], world: &World) -> TestHost {
        let members = members.iter().map(|seed| author(*seed)).collect();
        TestHost {
            key: AuthorKey::from_seed([seed; 32]),
            run: RunId(run),
            genesis: GenesisId([1; 32]),
            members: Mutex::new(members),
            removed: Mutex::default(),
            book: Mutex::default(),
            world: world.clone(),
            twins: AtomicU64::new(0),
            body: None,
            kept: Mutex::new(Here(MemoryNodes::default())),
        }
    }

    /// Whether the commit waits for objects of its changes.
    fn lacks(&self, id: &CommitId) -> Option<Need> {
        let body = self.body.as_ref().filter(|body| body.commit == *id)?;
        let mut gathering = Gathering::new([body.root]);
        gathering.apply(Event::Source(TransportId([0; 32])), &*self.kept.lock().unwrap(), 0).unwrap();
        (!gathering.is_whole()).then_some(body.root)
    }

    pub(super) fn write(&self, author: u8, names: &[u32]) {
        let mut book = self.book.lock().unwrap();
        book.write(author, names);
        let ids: Vec<CommitId> = names.iter().map(|name| crate::exchange::tests::id(*name)).collect();
        self.world.lock().unwrap().extend(ids.iter().map(|id| (*id, book.graph.get(id).unwrap().clone())));
    }

    /// A member goes for good.
    pub(super) fn remove(&self, seed: u8) {
        self.members.lock().unwrap().remove(&author(seed));
        self.removed.lock().unwrap().insert(author(seed));
    }

    pub(super) fn heads(&self) -> Vec<CommitId> {
        self.book.lock().unwrap().heads.frontier()
    }
}

/// The author key of a seed.
pub(super) fn author(seed: u8) -> AuthorId {
    AuthorKey::from_seed([seed; 32]).id()
}

impl Host for TestHost {
    fn genesis(&self) -> GenesisId {
        self.genesis
    }
    fn hello(&self, transport: &TransportId) -> Hello {
        Hello::sign(&self.key, self.genesis, self.run, transport, 1_000)
    }
    fn access(&self, author: &AuthorId) -> Access {
        match self.members.lock().unwrap().contains(author) {
            true => Access::Member,
            false if self.removed.lock().unwrap().contains(author) => Access::Removed,
            false => Access::Stranger,
        }
    }
    fn announcement(&self) -> Result<Announcement, HostError> {
        Ok(self.book.lock().unwrap().announcement())
    }
    fn heard(&self, _: &[u8]) -> Heard {
        Heard::Forged
    }
    fn read(&self, job: &mut dyn FnMut(&dyn Ledger, u64)) {
        let now_millis = dag::clock::Clock::wall_millis(&System::new());
        job(&*self.book.lock().unwrap(), now_millis);
    }
    fn admit(&self, _: &AuthorId, segments: Vec<RawSegment>) -> Admission {
        let mut admission = Admission::default();
        let (mut book, world) = (self.book.lock().unwrap(), self.world.lock().unwrap());
        for commit in segments.iter().flat_map(|segment| &segment.commits) {
            let id = <[u8; 32]>::try_from(&commit[..]).map(CommitId);
            match id.ok().and_then(|id| world.get(&id).cloned()) {
                Some(vertex) if vertex.parents.iter().any(|id| !book.graph.contains(id)) => {
                    admission.missing.extend(vertex.parents);
                }
                Some(vertex) if !book.graph.contains(&vertex.id) => match self.lacks(&vertex.id) {
                    Some(root) => admission.lacking.push((vertex.id, vec![root])),
                    None => {
                        book.enter(vertex);
                        admission.entered += 1;
                    }
                },
                Some(_) => {}
                None => admission.faults.push(Fault::Invalid),
            }
        }
        admission
    }
    fn join(&self, _: &JoinRequest) -> Result<Welcome, Refusal> {
        Err(Refusal::new(RefusalKind::Unknown, "no such ticket"))
    }
    fn objects(&self, ids: &[NodeId]) -> Vec<Option<Arc<[u8]>>> {
        let kept = self.kept.lock().unwrap();
        ids.iter().map(|id| kept.get(*id).unwrap()).collect()
    }
    fn kept(&self, id: NodeId) -> Result<Option<Arc<[u8]>>, HostError> {
        Ok(self.kept.lock().unwrap().get(id).unwrap())
    }
    fn keep(&self, objects: Vec<(NodeId, Arc<[u8]>)>) -> Result<(), HostError> {
        let mut kept = self.kept.lock().unwrap();
        objects.iter().for_each(|(id, bytes)| kept.0.put(*id, bytes).unwrap());
        Ok(())
    }
    fn gone(&self, _: &AuthorId) {}
    fn twin(&self, _: &Hello) {
        self.twins.fetch_add(1, Ordering::Relaxed);
    }
}

/// A running network, ended with the value.
pub(super) struct Node {
    pub(super) handle: Handle,
    pub(super) address: SocketAddr,
    pub(super) host: Arc<TestHost>,
    _stop: oneshot::Sender<()>,
    _tasks: JoinSet<()>,
}

/// Options for a node with a transport key of this seed.
pub(super) fn options(transport: u8, bootstrap: &[SocketAddr]) -> NetworkOptions {
    let system = Arc::new(System::new());
    NetworkOptions {
        transport: AuthorKey::from_seed([transport; 32]),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        bootstrap: bootstrap.iter().map(ToString::to_string).collect(),
        mdns: false,
        limits: Limits::default(),
        clock: system.clone(),
        entropy: system,
    }
}

impl Node {
    pub(super) async fn start(host: &Arc<TestHost>, options: NetworkOptions) -> Node {
        let (network, handle) = Network::start(options, host.clone()).await.unwrap();
        let address = network.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(network.run(async move { drop(stopped.await) }));
        Node { handle, address, host: host.clone(), _stop: stop, _tasks: tasks }
    }

    /// Waits until this holds.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Node) -> bool) {
        for _ in 0..1_000 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not within 10 s: {what}; peers: {:#?}", self.handle.peers());
    }

    /// What this node counted against the peer with this transport seed.
    pub(super) fn faults(&self, transport: u8, fault: Fault) -> u64 {
        let id = TransportId(*author(transport).as_bytes());
        let peers = self.handle.peers();
        peers.iter().find(|(peer, _)| *peer == id).and_then(|(_, s)| s.faults.get(&fault).copied()).unwrap_or(0)
    }

    /// Whether the peer with this transport seed is banned.
    pub(super) fn bans(&self, transport: u8) -> bool {
        let id = TransportId(*author(transport).as_bytes());
        self.handle.peers().iter().any(|(peer, s)| *peer == id && s.banned_until_millis.is_some() && !s.connected)
    }
}
