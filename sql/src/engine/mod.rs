//! The engine: what all sessions of a replica share, and the door through which sessions open.
//!
//! Promises: nothing here blocks; every shared table has a bound or is bounded by the number of sessions. Knows no
//! sockets, no authentication (the caller has done that) and no runtime.

pub mod procedure;
pub mod process;
pub mod system_table;

use crate::error::SqlError;
use crate::journal::Journal;
use crate::session::{Login, Session};
use crate::transaction::lock::LockTable;
use crate::variables::Globals;
use dag::clock::{Clock, Entropy};
use procedure::Procedure;
use process::ProcessList;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use system_table::SystemTable;

/// What the replica gives the engine.
pub struct EngineParts {
    /// The replica beneath.
    pub journal: Arc<dyn Journal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The tables of database `headwaters`.
    pub system_tables: Vec<Arc<dyn SystemTable>>,
    /// What `CALL headwaters.NAME()` calls.
    pub procedures: Vec<Arc<dyn Procedure>>,
    /// What `@@port`, `@@hostname`, `@@datadir` and their kin show: (lower-case name, value). Unknown names are ignored.
    pub facts: Vec<(String, String)>,
}

/// What all sessions share.
pub struct Engine {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) system_tables: Vec<Arc<dyn SystemTable>>,
    pub(crate) procedures: Vec<Arc<dyn Procedure>>,
    pub(crate) globals: Globals,
    pub(crate) locks: LockTable,
    pub(crate) processes: ProcessList,
    pub(crate) counters: Counters,
    next_transaction: AtomicU64,
}

/// What SHOW STATUS counts.
#[derive(Default)]
pub struct Counters {
    /// Statements from clients.
    pub questions: AtomicU64,
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Transactions rolled back.
    pub rollbacks: AtomicU64,
    /// Sessions opened.
    pub connections: AtomicU64,
    /// Statements that waited for a row lock.
    pub lock_waits: AtomicU64,
    /// Transactions chosen as deadlock victims, and commits refused with 1213.
    pub deadlocks: AtomicU64,
}

impl Counters {
    /// Adds one.
    pub(crate) fn bump(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Engine {
    /// An engine over a replica.
    pub fn new(parts: EngineParts) -> Arc<Engine> {
        let started = parts.clock.monotonic();
        Arc::new(Engine {
            globals: Globals::new(&parts.facts, started),
            journal: parts.journal,
            clock: parts.clock,
            entropy: parts.entropy,
            system_tables: parts.system_tables,
            procedures: parts.procedures,
            locks: LockTable::default(),
            processes: ProcessList::default(),
            counters: Counters::default(),
            next_transaction: AtomicU64::new(1),
        })
    }

    /// Opens a session for a client that has authenticated. Errors: 1049 when its database does not exist.
    pub fn open_session(self: &Arc<Self>, login: Login) -> Result<Session, SqlError> {
        Counters::bump(&self.counters.connections);
        Session::open(self.clone(), login)
    }

    /// Marks a session to be killed, as KILL does; false if there is no such connection.
    pub fn kill(&self, connection_id: u64, query_only: bool) -> bool {
        self.processes.kill(connection_id, query_only, &self.locks)
    }

    /// Sessions open now.
    pub fn session_count(&self) -> usize {
        self.processes.count()
    }

    pub(crate) fn next_transaction(&self) -> u64 {
        self.next_transaction.fetch_add(1, Ordering::Relaxed)
    }
}
