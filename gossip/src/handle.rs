//! What the rest of the process asks of the network.
//!
//! Promises: cheap to clone; nothing here waits for a peer but [`Handle::ask`], [`Handle::dial`] and
//! [`Handle::request`], which end by their patience; an idle handle (no network) knows no peers and says so. Does not
//! know libp2p.

use crate::announcement::Announcement;
use crate::faults::Fault;
use crate::hello::{Access, TransportId};
use crate::host::Host;
use crate::limits::{COMMANDS_WAITING, PATIENCE};
use crate::message::Message;
use crate::stock::Stock;
use dag::id::{AuthorId, CommitId, RunId};
use dag::version::Versions;
use dag::vertex::Chain;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

/// What is known of a peer.
#[derive(Clone, Debug, Default)]
pub struct PeerStatus {
    /// Its author key; `None` until it said hello.
    pub author: Option<AuthorId>,
    /// What it may do.
    pub access: Option<Access>,
    /// Its run.
    pub run: Option<RunId>,
    /// Whether it is connected now.
    pub connected: bool,
    /// Where it is or was reached.
    pub address: String,
    /// Whether this side dialed.
    pub dialed: bool,
    /// The last ping.
    pub round_trip: Option<Duration>,
    /// Its clock less ours, milliseconds.
    pub clock_difference_millis: Option<i64>,
    /// Bytes of messages that came.
    pub bytes_in: u64,
    /// Bytes of messages that went.
    pub bytes_out: u64,
    /// Requests for commits or objects that were sent to it.
    pub round_trips: u64,
    /// What it did wrong, since this process started.
    pub faults: BTreeMap<Fault, u64>,
    /// When it was last heard, milliseconds since 1970.
    pub heard_millis: Option<u64>,
    /// Until when it is not let in, milliseconds since 1970.
    pub banned_until_millis: Option<u64>,
    /// Why it refused us, if it did.
    pub refusal: Option<String>,
    /// Whether commits are being fetched from it.
    pub fetching: bool,
    /// What it said of its objects; asked with every hello.
    pub stock: Option<Stock>,
    /// Positions that it said it has on disk.
    pub held: Versions,
}

impl PeerStatus {
    /// Whether it is connected and may fetch.
    pub fn is_served(&self) -> bool {
        self.connected && matches!(self.access, Some(Access::Member | Access::Reader))
    }
}

/// Why peers could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Not so many are connected.
    #[error("{wanted} peers were to answer and {connected} are connected; see headwaters.peers, or ask fewer")]
    Few {
        /// How many were to answer.
        wanted: usize,
        /// How many are there.
        connected: usize,
    },
    /// No answer in time, or what was named could not be fetched in time.
    #[error("{answered} of {wanted} peers answered, and what they named was not all here, within {} s; see headwaters.peers", PATIENCE.as_secs())]
    Patience {
        /// How many were to answer.
        wanted: usize,
        /// How many did.
        answered: usize,
    },
    /// No such peer is connected.
    #[error("the peer is not connected; see headwaters.peers")]
    Gone,
    /// An address that is none, with why.
    #[error("{0}")]
    Address(String),
    /// There is no network.
    #[error("this replica runs without peers (--peers-listen off and no --bootstrap)")]
    Off,
}

/// What the loop is asked.
pub(crate) enum Command {
    /// Connect there.
    Dial(String, oneshot::Sender<Result<(), AskError>>),
    /// Fresh announcements of so many peers.
    Ask(usize, oneshot::Sender<Result<Vec<Announcement>, AskError>>),
    /// One message to one peer.
    Request(TransportId, Box<Message>, oneshot::Sender<Result<Vec<Message>, AskError>>),
}

/// What the loop and the handles share.
pub(crate) struct Shared {
    /// Everybody seen, by transport key; bounded by the loop.
    peers: Mutex<BTreeMap<TransportId, PeerStatus>>,
    /// Where to dial, for the next start.
    addresses: Mutex<Vec<String>>,
    /// Where others reach us, as multiaddrs with our transport's id.
    listening: Mutex<Vec<String>>,
    /// Something was written here: announce.
    pub(crate) changed: Notify,
    /// Something came here: announce a little later.
    pub(crate) learned: Notify,
    /// Something was learned or entered.
    pub(crate) news: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let (news, _) = watch::channel(0);
        let (peers, addresses, listening) = (Mutex::default(), Mutex::default(), Mutex::default());
        Shared { peers, addresses, listening, changed: Notify::new(), learned: Notify::new(), news }
    }

    pub(crate) fn peers(&self) -> MutexGuard<'_, BTreeMap<TransportId, PeerStatus>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An author speaks through this transport now: what is known of an earlier run of it, whose transport is gone, is
    /// forgotten, but for its faults.
    pub(crate) fn is_now(&self, transport: TransportId, author: AuthorId) {
        let mut peers = self.peers();
        let is_old = |id: &TransportId, p: &PeerStatus| *id != transport && p.author == Some(author) && !p.connected;
        let old: Vec<PeerStatus> = peers.extract_if(.., |id, p| is_old(id, p)).map(|(_, status)| status).collect();
        let faults = &mut peers.entry(transport).or_default().faults;
        for (fault, count) in old.iter().flat_map(|status| &status.faults) {
            *faults.entry(*fault).or_default() += count;
        }
    }

    pub(crate) fn listening(&self) -> MutexGuard<'_, Vec<String>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn addresses(&self) -> MutexGuard<'_, Vec<String>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bump(&self) {
        self.news.send_modify(|n| *n += 1);
    }
}

struct Running {
    host: Arc<dyn Host>,
    commands: mpsc::Sender<Command>,
}

/// The network's door.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    running: Option<Arc<Running>>,
}

impl Handle {
    /// No network: no peers, and every question that needs one is an error.
    pub fn idle() -> Handle {
        Handle { shared: Arc::new(Shared::new()), running: None }
    }

    pub(crate) fn running(host: Arc<dyn Host>, shared: Arc<Shared>) -> (Handle, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(COMMANDS_WAITING);
        (Handle { shared, running: Some(Arc::new(Running { host, commands })) }, received)
    }

    /// Something was written or learned here: announce it soon. Costs nothing; many calls make one announcement.
    pub fn changed(&self) {
        self.shared.changed.notify_one();
    }

    /// Something came here, or a tip is due: announce it with the next commit, or in a few ms.
    pub fn learned(&self) {
        self.shared.learned.notify_one();
    }

    /// Everybody seen since the start, connected or not.
    pub fn peers(&self) -> Vec<(TransportId, PeerStatus)> {
        self.shared.peers().iter().map(|(id, status)| (*id, status.clone())).collect()
    }

    /// By how many milliseconds the clocks of connected members are ahead of ours (R9), each author's once.
    pub fn clock_differences(&self) -> Vec<i64> {
        let peers = self.shared.peers();
        let members = peers.values().filter(|p| p.connected && p.access == Some(Access::Member));
        let known: BTreeMap<_, _> = members.filter_map(|p| Some((p.author?, p.clock_difference_millis?))).collect();
        known.into_values().collect()
    }

    /// How many peers are known to have this number of the chain on disk; this replica is not counted.
    pub fn holders(&self, chain: Chain, seq: u64) -> usize {
        let holds = |p: &&PeerStatus| p.held.get(&chain).is_some_and(|position| position.seq >= seq);
        // A copied folder that lives twice is one peer: its author may keep one of the two.
        let peers = self.shared.peers();
        let holders: BTreeSet<_> = peers.iter().filter(|(_, p)| holds(p)).map(|(id, p)| p.author.ok_or(id)).collect();
        holders.len()
    }

    /// Where others reach this replica, as multiaddrs with its transport's id: what a ticket names. Empty if it does not
    /// listen.
    pub fn listening(&self) -> Vec<String> {
        self.shared.listening().clone()
    }

    /// Addresses that led to members, best first: for the next start.
    pub fn addresses(&self) -> Vec<String> {
        self.shared.addresses().clone()
    }

    /// Bumped whenever something was learned or entered.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.shared.news.subscribe()
    }

    /// Asks `k - 1` peers what they have now, and returns when everything they named is here.
    pub async fn ask(&self, k: usize) -> Result<(), AskError> {
        let wanted = k.saturating_sub(1);
        if wanted == 0 {
            return Ok(());
        }
        let mut news = self.news();
        let host = self.running.as_ref().ok_or(AskError::Off)?.host.clone();
        let announcements = self.send(|reply| Command::Ask(wanted, reply)).await?;
        let answered = announcements.len();
        let mut missing: Vec<CommitId> = announcements.into_iter().flat_map(|a| a.heads).collect();
        let arrived = async {
            loop {
                missing = still_missing(host.clone(), missing).await;
                if missing.is_empty() || news.changed().await.is_err() {
                    return;
                }
            }
        };
        timeout(PATIENCE, arrived).await.map_err(|_| AskError::Patience { wanted, answered })
    }

    /// Connects to host:port or a multiaddr; returns when the connection stands, before any hello.
    pub async fn dial(&self, address: &str) -> Result<(), AskError> {
        self.send(|reply| Command::Dial(address.to_owned(), reply)).await
    }

    /// Sends one request to a connected peer and gives its answer, unverified.
    pub async fn request(&self, peer: TransportId, message: Message) -> Result<Vec<Message>, AskError> {
        self.send(|reply| Command::Request(peer, Box::new(message), reply)).await
    }

    async fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, AskError>>) -> Command,
    ) -> Result<T, AskError> {
        let running = self.running.as_ref().ok_or(AskError::Off)?;
        let (reply, answer) = oneshot::channel();
        running.commands.send(command(reply)).await.map_err(|_| AskError::Off)?;
        match timeout(2 * PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(AskError::Off),
            Err(_) => Err(AskError::Gone),
        }
    }
}

/// Which of these commits have not entered here.
async fn still_missing(host: Arc<dyn Host>, ids: Vec<CommitId>) -> Vec<CommitId> {
    let look = move || {
        let mut missing = Vec::new();
        host.read(&mut |ledger, _| missing = ids.iter().filter(|id| ledger.vertex(id).is_none()).copied().collect());
        missing
    };
    // A job that was cancelled found nothing missing only because the runtime ends.
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::version::Position;

    #[tokio::test]
    async fn an_idle_handle_knows_nobody_and_says_so() {
        let handle = Handle::idle();
        handle.changed();
        assert_eq!(handle.ask(1).await, Ok(()));
        assert_eq!(handle.ask(2).await, Err(AskError::Off));
        assert_eq!(handle.dial("127.0.0.1:1").await, Err(AskError::Off));
        assert!(handle.peers().is_empty());
    }

    #[test]
    fn a_peer_that_came_back_through_another_transport_is_one_peer() {
        let handle = Handle::idle();
        let author = Some(AuthorId([7; 32]));
        let chain = Chain { author: AuthorId([1; 32]), run: RunId(1) };
        let held = Versions::from([(chain, Position { seq: 5, id: CommitId([9; 32]) })]);
        let status = |connected| PeerStatus { author, connected, held: held.clone(), ..PeerStatus::default() };
        let old = PeerStatus { faults: BTreeMap::from([(Fault::Gap, 2)]), ..status(false) };
        let peers = [(1, old), (2, status(true)), (3, status(true))];
        handle.shared.peers().extend(peers.map(|(n, status)| (TransportId([n; 32]), status)));
        handle.shared.is_now(TransportId([3; 32]), AuthorId([7; 32]));
        let known = handle.peers();
        assert_eq!(known.iter().map(|(id, _)| id.0[0]).collect::<Vec<_>>(), [2, 3], "2 is a live twin");
        assert_eq!(known[1].1.faults.get(&Fault::Gap), Some(&2));
        assert_eq!(handle.holders(chain, 5), 1);
    }

    #[test]
    fn only_connected_members_clocks_count() {
        let handle = Handle::idle();
        let peer = |n, connected, access, difference| PeerStatus {
            author: Some(AuthorId([n; 32])),
            connected,
            access: Some(access),
            clock_difference_millis: difference,
            ..PeerStatus::default()
        };
        let peers = [
            peer(1, true, Access::Member, Some(7)),
            peer(1, true, Access::Member, Some(7)),
            peer(2, true, Access::Member, None),
            peer(3, false, Access::Member, Some(90_000)),
            peer(4, true, Access::Stranger, Some(90_000)),
            peer(5, true, Access::Member, Some(-5)),
        ];
        let numbered = (0..).zip(peers).map(|(n, status)| (TransportId([n; 32]), status));
        handle.shared.peers().extend(numbered);
        assert_eq!(handle.clock_differences(), [7, -5]);
    }

    #[test]
    fn holders_are_the_peers_that_said_so() {
        let handle = Handle::idle();
        let chain = Chain { author: AuthorId([1; 32]), run: RunId(1) };
        for (peer, seq) in [(1, 4), (2, 5), (3, 6)] {
            let held = Versions::from([(chain, Position { seq, id: CommitId([9; 32]) })]);
            handle.shared.peers().insert(TransportId([peer; 32]), PeerStatus { held, ..PeerStatus::default() });
        }
        assert_eq!(handle.holders(chain, 5), 2);
        assert_eq!(handle.holders(Chain { run: RunId(2), ..chain }, 1), 0);
    }
}
