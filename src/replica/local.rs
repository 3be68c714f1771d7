//! What the parts of a replica share: the latch, the published state, the log, the doors.
//!
//! Lock order: the latch first, then nothing that waits. Nobody holds the latch across a disk sync.

use super::clone::{Cloned, Stand};
use super::combining::{Latch, Queue};
use super::counters::Counters;
use super::demoted::Demoted;
use super::jobs::Jobs;
use super::opening::refused;
use super::skew;
use super::waits::Waits;
use super::writer::Writer;
use crate::config::Config;
use crate::failure::Failure;
use arc_swap::ArcSwap;
use dag::clock::{Clock, Entropy};
use dag::genesis::Genesis;
use dag::id::{AuthorId, RunId};
use dag::store::{Answer, Committer, Desk, Log, Record, TreeStore};
use dag::tree::Trees;
use gossip::Handle;
use linearizer::view::View;
use sql::error::SqlError;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockResult};
use tokio::sync::watch;

/// The newest merge and how many fetched batches it holds.
pub struct Newest {
    /// The virtual merge of all heads.
    pub view: Arc<dyn View>,
    /// Fetched batches folded into it (R27 step 1).
    pub basis: u64,
}

/// Everything below the SQL engine.
pub struct Local {
    /// The configuration it was opened with.
    pub config: Config,
    /// The founding facts.
    pub genesis: Genesis,
    /// Who writes here.
    pub author: AuthorId,
    /// This start of the process (R6).
    pub run: RunId,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The truth on disk.
    pub log: Arc<Log>,
    /// The committing thread; `None` once stopped.
    pub committer: Mutex<Option<Committer>>,
    /// Where a session finishes the commit it staged.
    pub desk: Desk,
    /// Checkpoint trees on disk.
    pub tree_store: Arc<TreeStore>,
    /// The same, as trees.
    pub trees: Trees,
    /// The trees of large commits, in the log.
    pub runs: Trees,
    /// AUTO_INCREMENT.
    pub counters: Counters,
    /// The next hidden row number of the run (R39).
    pub hidden: AtomicU64,
    /// What sessions read.
    pub newest: ArcSwap<Newest>,
    /// Checkpoints are cut one at a time.
    pub cutting: Mutex<()>,
    /// Bumped whenever something came or changed that others may want to know: a commit, a promise, stable, a tip that
    /// is due.
    pub news: watch::Sender<u64>,
    /// Own commits written so far, as published: tells a write here from news of elsewhere.
    pub own: AtomicU64,
    /// Tips renewed or due without an own commit: somebody's stable waits for them, so they are told as soon as commits.
    pub renewed: AtomicU64,
    /// Sessions that wait for other replicas.
    pub waits: Waits,
    /// What is done beside sessions.
    pub jobs: Jobs,
    /// Own commits that later arrivals parked or voided (R32).
    pub demoted: Demoted,
    /// When this process began, milliseconds since 1970.
    pub started_millis: u64,
    twin: OnceLock<String>,
    /// By how much this machine's clock is off, as last looked, milliseconds ([`super::skew`]).
    clock_off: AtomicI64,
    /// The network's door, once it is open.
    pub network: OnceLock<Handle>,
    /// The checkpoint this replica was cloned from, if it was.
    pub cloned: Option<Arc<Cloned>>,
    /// The newest stable checkpoint that this replica vouches for.
    pub stand: Mutex<Option<Stand>>,
    /// Tickets are issued and redeemed one at a time.
    pub tickets: Mutex<()>,
    /// Where peers reach this replica, as multiaddrs, if the network does not tell.
    near: Mutex<Vec<String>>,
    latch: Mutex<Writer>,
    /// Transactions that wait for the latch.
    pub(super) queue: Queue,
}

/// What [`Local`] is made of besides what it shares at once.
pub struct Parts {
    /// See [`Local`].
    pub config: Config,
    /// See [`Local`].
    pub genesis: Genesis,
    /// See [`Local`].
    pub clock: Arc<dyn Clock>,
    /// See [`Local`].
    pub entropy: Arc<dyn Entropy>,
    /// See [`Local`].
    pub log: Arc<Log>,
    /// See [`Local`].
    pub committer: Committer,
    /// See [`Local`].
    pub tree_store: Arc<TreeStore>,
    /// See [`Local`].
    pub trees: Trees,
    /// See [`Local`].
    pub runs: Trees,
    /// See [`Local`].
    pub counters: Counters,
    /// See [`Local`].
    pub cloned: Option<Arc<Cloned>>,
    /// See [`Local`].
    pub stand: Option<Stand>,
    /// The state under the latch.
    pub writer: Writer,
}

impl Local {
    /// Puts the parts together and publishes the state.
    pub fn new(parts: Parts) -> Arc<Self> {
        let newest = Newest { view: parts.writer.linearizer.view(), basis: 0 };
        let started_millis = parts.clock.wall_millis();
        let local = Arc::new(Local {
            author: parts.writer.author(),
            run: parts.writer.run(),
            config: parts.config,
            genesis: parts.genesis,
            clock: parts.clock,
            entropy: parts.entropy,
            log: parts.log,
            desk: parts.committer.desk(),
            committer: Mutex::new(Some(parts.committer)),
            tree_store: parts.tree_store,
            trees: parts.trees,
            runs: parts.runs,
            counters: parts.counters,
            hidden: AtomicU64::new(1),
            newest: ArcSwap::from_pointee(newest),
            cutting: Mutex::new(()),
            news: watch::Sender::new(0),
            own: AtomicU64::new(0),
            renewed: AtomicU64::new(0),
            waits: Waits::default(),
            jobs: Jobs::default(),
            demoted: Demoted::default(),
            started_millis,
            network: OnceLock::new(),
            twin: OnceLock::new(),
            clock_off: AtomicI64::new(0),
            cloned: parts.cloned,
            stand: Mutex::new(parts.stand),
            tickets: Mutex::new(()),
            near: Mutex::default(),
            latch: Mutex::new(parts.writer),
            queue: Queue::default(),
        });
        local.govern(&local.latch());
        local
    }

    /// Takes the commit latch.
    pub fn latch(&self) -> Latch<'_> {
        Latch::new(self.latch.lock().unwrap_or_else(PoisonError::into_inner), self)
    }

    /// Takes the commit latch without waiting, for [`Local::combine`].
    pub(super) fn try_latch(&self) -> TryLockResult<MutexGuard<'_, Writer>> {
        self.latch.try_lock()
    }

    /// Where peers reach this replica: what tickets name.
    pub fn near(&self) -> Vec<String> {
        let told: Vec<String> = self.network.get().map(Handle::listening).unwrap_or_default();
        if told.is_empty() { self.near.lock().unwrap_or_else(PoisonError::into_inner).clone() } else { told }
    }

    /// Peers reach this replica there, whatever the network tells: tests, which have none.
    #[cfg(test)]
    pub fn listens(&self, addresses: Vec<String>) {
        *self.near.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// This replica's AUTO_INCREMENT slots by the control records that are here (R38).
    pub fn govern(&self, writer: &Writer) {
        let controls = writer.known.control_count();
        if self.counters.is_outdated(controls) {
            self.counters.govern(writer.known.slots(&self.genesis).share(&self.author), controls);
        }
    }

    /// Makes the writer's state the one sessions read; the caller holds the latch.
    pub fn publish(&self, writer: &Writer) {
        self.own.store(writer.seq, Ordering::Relaxed);
        self.govern(writer);
        self.newest.store(Arc::new(Newest { view: writer.linearizer.view(), basis: writer.fetched.batches() }));
        self.told();
    }

    /// Something is new: wakes whoever waits for [`Local::news`].
    pub fn told(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// Puts records into the committer's queue, as one piece of one batch; without records, the answer says that all
    /// before is on the disk.
    pub fn submit_all(&self, records: Vec<Record>) -> Result<Answer, Failure> {
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        let committer = committer.as_ref().ok_or_else(|| Failure::environment("the replica is stopping"))?;
        committer.try_submit(records).map_err(refused)
    }

    /// Why writes are refused, if they are: a failed disk poisons the replica (design, section 5), a second live
    /// instance of the author key stops it (R6).
    pub fn refusal(&self) -> Option<SqlError> {
        let twin = self.twin.get().map(|reason| {
            SqlError::new(1290, format!("This replica has stopped accepting writes: {reason}; stop one of the two for good, then restart the other; a further replica is made by headwaters invite and join, not by a copy"))
        });
        self.disk_refusal().or(twin)
    }

    /// Why no session may write, if so: what [`Local::refusal`] says, or a clock that is wrong (R9), which passes.
    pub fn write_refusal(&self) -> Option<SqlError> {
        let wrong = || skew::refusal(self.clock_off.load(Ordering::Relaxed));
        let clock = || wrong().map(|why| SqlError::new(1290, format!("This replica takes no writes for now: {why}")));
        self.refusal().or_else(clock)
    }

    /// Looks at the peers' clocks.
    pub fn compare_clocks(&self) {
        let off = skew::off_by(&self.network().clock_differences());
        let before = self.clock_off.swap(off, Ordering::Relaxed);
        match (skew::refusal(before), skew::refusal(off)) {
            (None, Some(why)) => tracing::error!(%why, "writes are refused"),
            (Some(_), None) => tracing::info!("the clock is right again: writes are accepted"),
            _ => {}
        }
    }

    /// Stops writing for as long as this process lives, with a message: a second live instance of the author key (R6).
    /// Reading and receiving go on.
    pub fn stop_writing(&self, reason: &str) {
        if self.twin.set(reason.to_owned()).is_ok() {
            tracing::error!(%reason, "writes are refused from now on");
        }
    }

    /// The network's door; an idle one before the network runs, and for verbs that run none.
    pub fn network(&self) -> Handle {
        self.network.get().cloned().unwrap_or_else(Handle::idle)
    }

    /// Why nothing can be stored, if so.
    pub fn disk_refusal(&self) -> Option<SqlError> {
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        match committer.as_ref().map(Committer::failure) {
            None => Some(SqlError::new(1053, "Server shutdown in progress")),
            Some(Some(failure)) => Some(stopped(&failure)),
            Some(None) => None,
        }
    }
}

/// Writing stopped for good: 1290 with the reason and the way out.
pub fn stopped(reason: &dyn std::fmt::Display) -> SqlError {
    let text = "nothing acknowledged is lost; free the disk or replace it, then restart (headwaters doctor looks for the cause)";
    SqlError::new(1290, format!("This replica has stopped accepting writes: {reason}; {text}"))
}
