//! Several real replicas of one database on this machine: founded, invited and joined by the binary's own verbs, cut off,
//! killed and brought back, and compared.
//!
//! Promises: every process ends with the value; a replica comes back on the port for peers that it had, as an operator
//! would have it. Does not know which binary: the test that owns one brings it.

use crate::eventually::eventually;
use crate::instance::{Instance, Launch};
use crate::standing::Standing;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Longest wait for replicas to agree, where a test does not say: far above what any takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Pause of the background linearizer, so that main, its log and `stable` move while a test watches.
const LINEARIZE_SECONDS: u32 = 1;
/// What every ticket begins with.
const TICKET: &str = "headwaters-ticket-";

/// The replicas.
pub struct Cluster {
    replicas: Vec<Replica>,
    binary: String,
    folder: TempDir,
}

/// One of them, running or not.
struct Replica {
    launch: Launch,
    instance: Option<Instance>,
    /// Where it listens for peers; the port is fixed by its first start.
    peers: SocketAddr,
    /// Where it looks for others, if not at their own addresses.
    roads: Option<Vec<SocketAddr>>,
}

/// Any free port of loopback.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Cluster {
    /// None yet.
    pub fn empty(binary: &str) -> Cluster {
        let folder = tempfile::tempdir().expect("a folder for the replicas");
        Cluster { replicas: Vec::new(), binary: binary.to_owned(), folder }
    }

    /// One replica that founded a database and runs.
    pub fn found(binary: &str) -> Cluster {
        let mut cluster = Cluster::empty(binary);
        cluster.add();
        cluster.start(0);
        cluster
    }

    /// Brings the places into one database: the first founds it, the others join; all run and know of each other.
    pub async fn populate(&mut self) {
        self.start(0);
        for newcomer in 1..self.size() {
            self.admit(newcomer);
        }
        self.met().await;
    }

    /// So many replicas, all members, all running, that know of each other.
    pub async fn of(binary: &str, size: usize) -> Cluster {
        let mut cluster = Cluster::empty(binary);
        (0..size).for_each(|_| _ = cluster.add());
        cluster.populate().await;
        cluster
    }

    /// Another replica: invited by the first, joined and started. Gives its number.
    pub fn join(&mut self) -> usize {
        let newcomer = self.add();
        self.admit(newcomer);
        newcomer
    }

    /// Brings an empty place into the database: invited by the first replica, joined and started.
    pub fn admit(&mut self, newcomer: usize) {
        let ticket = self.ticket();
        self.verb(newcomer, &["join", &ticket]).expect("the ticket is good");
        self.start(newcomer);
    }

    /// A fresh ticket of the first replica.
    pub fn ticket(&self) -> String {
        let said = self.verb(0, &["invite"]).expect("the founder may invite");
        let ticket = said.split_whitespace().find(|word| word.starts_with(TICKET));
        ticket.unwrap_or_else(|| panic!("no ticket in: {said}")).to_owned()
    }

    /// A place for another replica: an empty folder, nothing started. Gives its number.
    pub fn add(&mut self) -> usize {
        let number = self.replicas.len();
        let mut launch = Launch::new(&self.binary, &self.folder.path().join(format!("replica-{number}")));
        launch.arguments.extend(["--linearize-seconds".to_owned(), LINEARIZE_SECONDS.to_string()]);
        self.replicas.push(Replica { launch, instance: None, peers: LOOPBACK, roads: None });
        number
    }

    /// How a replica is started from now on.
    pub fn launch(&mut self, number: usize) -> &mut Launch {
        &mut self.replicas[number].launch
    }

    /// How many there are, running or not.
    pub fn size(&self) -> usize {
        self.replicas.len()
    }

    /// Where a replica listens for peers from now on.
    pub fn listen(&mut self, number: usize, peers: SocketAddr) {
        self.replicas[number].peers = peers;
    }

    /// Where a replica looks for others from now on, instead of at their own addresses: at relays.
    pub fn roads(&mut self, number: usize, roads: Vec<SocketAddr>) {
        self.replicas[number].roads = Some(roads);
    }

    /// Where a replica listens for peers.
    pub fn peers(&self, number: usize) -> SocketAddr {
        self.replicas[number].peers
    }

    /// The folder of all, for what a test wants to put beside the replicas.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a replica, with everybody it may find.
    pub fn start(&mut self, number: usize) {
        let others = self.replicas.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, r)| r.peers);
        let known = self.replicas[number].roads.clone();
        let known = known.unwrap_or_else(|| others.filter(|address| address.port() != 0).collect());
        let mut arguments = vec!["--peers-listen".to_owned(), self.replicas[number].peers.to_string()];
        for address in known {
            arguments.extend(["--bootstrap".to_owned(), address.to_string()]);
        }
        self.start_with(number, arguments);
    }

    /// Starts a replica that neither finds anybody nor is found: cut off.
    pub fn start_alone(&mut self, number: usize) {
        self.start_with(number, Vec::new());
    }

    fn start_with(&mut self, number: usize, arguments: Vec<String>) {
        let replica = &mut self.replicas[number];
        assert!(replica.instance.is_none(), "replica {number} runs already");
        let mut launch = replica.launch.clone();
        launch.arguments.extend(arguments);
        let instance = Instance::launch(launch);
        replica.peers = instance.peers().unwrap_or(replica.peers);
        replica.instance = Some(instance);
    }

    /// kill -9.
    pub fn kill(&mut self, number: usize) {
        self.replicas[number].instance.take().expect("it runs").kill();
    }

    /// A graceful stop.
    pub fn stop(&mut self, number: usize) {
        assert!(self.replicas[number].instance.take().expect("it runs").stop(), "replica {number} stops well");
    }

    /// A running replica.
    pub fn instance(&self, number: usize) -> &Instance {
        self.replicas[number].instance.as_ref().expect("it runs")
    }

    /// Numbers of the running ones.
    pub fn running(&self) -> Vec<usize> {
        (0..self.replicas.len()).filter(|n| self.replicas[*n].instance.is_some()).collect()
    }

    /// Runs a verb on a replica's folder, beside it if it runs.
    pub fn verb(&self, number: usize, arguments: &[&str]) -> Result<String, String> {
        self.replicas[number].launch.verb(arguments)
    }

    /// A connection to a running replica.
    pub async fn connect(&self, number: usize) -> Conn {
        self.instance(number).connect().await
    }

    /// Runs statements on a replica, in a session of their own.
    pub async fn run(&self, number: usize, statements: &str) {
        let mut connection = self.connect(number).await;
        connection.query_drop(statements).await.unwrap_or_else(|e| panic!("replica {number}: {statements}: {e}"));
    }

    /// Waits until every running replica is a member that every other is connected to.
    pub async fn met(&self) {
        let running = self.running();
        let others = running.len() - 1;
        eventually(PATIENCE, "all replicas are connected", async || {
            for number in &running {
                let mut connection = self.connect(*number).await;
                let query = "SELECT COUNT(*) FROM headwaters.peers WHERE connected AND access = 'member'";
                let connected: Option<usize> = connection.query_first(query).await.map_err(|e| e.to_string())?;
                if connected.unwrap_or_default() < others {
                    return Err(format!("replica {number} is connected to {connected:?} of {others}"));
                }
            }
            Ok(())
        })
        .await;
    }

    /// Waits until all running replicas stand alike, and gives where.
    pub async fn converged(&self) -> Standing {
        self.converged_within(PATIENCE).await
    }

    /// The same, with a limit of its own.
    pub async fn converged_within(&self, within: Duration) -> Standing {
        let mut connections = Vec::new();
        for number in self.running() {
            connections.push((number, self.connect(number).await));
        }
        eventually(within, "all replicas stand alike", async || {
            let mut standings: Vec<(usize, Standing)> = Vec::new();
            for (number, connection) in &mut connections {
                standings.push((*number, Standing::of(connection).await?));
            }
            if standings.iter().all(|(_, standing)| standing.is_like(&standings[0].1)) {
                let whole = standings.into_iter().map(|(_, standing)| standing);
                return whole.max_by_key(|standing| standing.order.len()).ok_or_else(|| "none runs".to_owned());
            }
            Err(standings.iter().map(|(number, s)| format!("replica {number}: {s}")).collect::<Vec<_>>().join("\n"))
        })
        .await
    }
}
