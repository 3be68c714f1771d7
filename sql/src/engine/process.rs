//! The process list: one entry a session, for SHOW PROCESSLIST and KILL.
//!
//! Promises: an entry lives exactly as long as its session; a kill wakes a waiting session at once.

use crate::error::SqlError;
use crate::limits::{FULL_INFO_BYTES, INFO_BYTES};
use crate::transaction::lock::{LockTable, TransactionId};
use dag::signal::Signal;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How far a kill goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// Only the running statement: 1317.
    Query,
    /// The connection.
    Connection,
}

const ALIVE: u8 = 0;
const KILL_QUERY: u8 = 1;
const KILL_CONNECTION: u8 = 2;

/// What changes while a session works.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub database: Option<Arc<str>>,
    pub command: &'static str,
    pub state: &'static str,
    pub info: Option<Arc<str>>,
    pub since: Duration,
}

/// One session as others see it.
pub struct Process {
    pub(crate) id: u64,
    pub(crate) user: String,
    pub(crate) host: String,
    activity: Mutex<Activity>,
    kill: AtomicU8,
    transaction: AtomicU64,
    notice: Mutex<Signal<()>>,
    /// Looked at by running operators.
    cancelled: Arc<AtomicBool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    pub(crate) fn new(id: u64, user: String, host: String, since: Duration) -> Self {
        let activity = Activity { database: None, command: "Sleep", state: "", info: None, since };
        Process {
            id,
            user,
            host,
            activity: Mutex::new(activity),
            kill: AtomicU8::new(ALIVE),
            transaction: AtomicU64::new(0),
            notice: Mutex::default(),
            cancelled: Arc::default(),
        }
    }

    /// Whether someone killed this session or its statement.
    pub fn killed(&self) -> Option<Kill> {
        match self.kill.load(Ordering::Acquire) {
            KILL_QUERY => Some(Kill::Query),
            KILL_CONNECTION => Some(Kill::Connection),
            _ => None,
        }
    }

    /// Completed when a kill arrives: await it beside a lock, a sleep or the next packet.
    pub fn kill_notice(&self) -> Signal<()> {
        lock(&self.notice).clone()
    }

    pub(crate) fn cancelled(&self) -> Arc<AtomicBool> {
        self.cancelled.clone()
    }

    pub(crate) fn activity(&self) -> Activity {
        lock(&self.activity).clone()
    }

    pub(crate) fn begin(&self, command: &'static str, info: &str, since: Duration) {
        let mut activity = lock(&self.activity);
        activity.command = command;
        activity.since = since;
        activity.info = Some(Arc::from(cut(info, FULL_INFO_BYTES)));
    }

    /// As [`Process::begin`] with a text that is shared already: no copy on the way of prepared statements.
    pub(crate) fn begin_shared(&self, command: &'static str, info: &Arc<str>, since: Duration) {
        let mut activity = lock(&self.activity);
        activity.command = command;
        activity.since = since;
        activity.info = Some(info.clone());
    }

    pub(crate) fn end(&self, since: Duration) {
        let mut activity = lock(&self.activity);
        activity.command = "Sleep";
        activity.info = None;
        activity.since = since;
    }

    pub(crate) fn enter_state(&self, state: &'static str) {
        lock(&self.activity).state = state;
    }

    pub(crate) fn enter_database(&self, database: Option<Arc<str>>) {
        lock(&self.activity).database = database;
    }

    pub(crate) fn enter_transaction(&self, id: TransactionId) {
        self.transaction.store(id.0, Ordering::Release);
    }

    /// A KILL QUERY is spent on the statement it hit; a killed connection stays killed.
    pub(crate) fn statement_over(&self) {
        if self.kill.load(Ordering::Relaxed) == KILL_QUERY {
            let _ = self.kill.compare_exchange(KILL_QUERY, ALIVE, Ordering::AcqRel, Ordering::Relaxed);
            *lock(&self.notice) = Signal::default();
            self.cancelled.store(false, Ordering::Release);
        }
    }

    /// 1317 if the statement is to stop.
    pub(crate) fn check(&self) -> Result<(), SqlError> {
        match self.killed() {
            None => Ok(()),
            Some(Kill::Query) => Err(interrupted()),
            Some(Kill::Connection) => Err(SqlError::new(1927, "Connection was killed")),
        }
    }
}

/// 1317.
pub(crate) fn interrupted() -> SqlError {
    SqlError::new(1317, "Query execution was interrupted")
}

/// The start of a text, at most so many bytes, whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// The Info column of SHOW PROCESSLIST.
pub(crate) fn short_info(info: &str) -> &str {
    cut(info, INFO_BYTES)
}

/// All sessions of the engine, bounded by the proxy's connection limit.
#[derive(Default)]
pub struct ProcessList {
    sessions: Mutex<BTreeMap<u64, Arc<Process>>>,
}

impl ProcessList {
    pub(crate) fn add(&self, process: Arc<Process>) {
        lock(&self.sessions).insert(process.id, process);
    }

    pub(crate) fn remove(&self, id: u64) {
        lock(&self.sessions).remove(&id);
    }

    pub(crate) fn all(&self) -> Vec<Arc<Process>> {
        lock(&self.sessions).values().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.sessions).len()
    }

    pub(crate) fn kill(&self, id: u64, query_only: bool, locks: &LockTable) -> bool {
        let Some(process) = lock(&self.sessions).get(&id).cloned() else { return false };
        let wanted = if query_only { KILL_QUERY } else { KILL_CONNECTION };
        process.kill.fetch_max(wanted, Ordering::AcqRel);
        process.cancelled.store(true, Ordering::Release);
        lock(&process.notice).complete(());
        locks.cancel(TransactionId(process.transaction.load(Ordering::Acquire)), interrupted());
        true
    }
}
