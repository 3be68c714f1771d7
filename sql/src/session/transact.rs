//! Beginning, committing and undoing transactions, and locks (R27, R33, R35).

use super::state::State;
use super::stop::Stop;
use crate::engine::Counters;
use crate::error::SqlError;
use crate::journal::{Committed, Draft, Handed, ReadMode};
use crate::transaction::Transaction;
use crate::transaction::change_set::change_set;
use crate::transaction::lock::{Grant, LockKey, Mode, TransactionId};
use crate::wait::Suspend;
use dag::change::ChangeSet;
use linearizer::view::View;
use std::sync::Arc;
use std::time::Duration;

impl State {
    /// BEGIN: commits what is open (R33).
    pub fn begin(&mut self, read_only: Option<bool>, snapshot: bool) -> Result<(), SqlError> {
        self.commit()?;
        let mut transaction = self.new_transaction(true, read_only);
        if snapshot && !transaction.isolation.per_statement() {
            transaction.snapshot = Some(self.engine.journal.snapshot(&self.read_mode(), self.own_commit)?);
        }
        self.transaction = Some(transaction);
        Ok(())
    }

    /// Commits what is open, if anything; its durability is awaited at the end of the statement. After an error
    /// nothing is open and nothing was written.
    pub fn commit(&mut self) -> Result<(), SqlError> {
        let Some((transaction, draft)) = self.close()? else { return Ok(()) };
        let handed = Handed::of(self.engine.journal.commit(draft));
        self.engine.locks.release_all(transaction);
        self.handed = Some(handed);
        self.placed().unwrap_or(Ok(()))
    }

    /// As [`State::commit`], for the end of a statement: does not wait for others who commit. What came of it is told
    /// by [`State::placed`].
    pub fn hand_over(&mut self) -> Result<(), SqlError> {
        let Some((transaction, draft)) = self.close()? else { return Ok(()) };
        let handed = self.engine.journal.hand_over(draft);
        let engine = self.engine.clone();
        // Not left to this session, whose turn may come later: others wait for these rows.
        handed.placed.then(move |_| engine.locks.release_all(transaction));
        self.handed = Some(handed);
        Ok(())
    }

    /// What came of the transaction that was handed over, if there is one; `None` while that is open.
    pub fn placed(&mut self) -> Option<Result<(), SqlError>> {
        let Some(handed) = self.handed.take() else { return Some(Ok(())) };
        let Some(placed) = handed.placed.answer() else {
            self.handed = Some(handed);
            return None;
        };
        self.count(placed.as_ref().err());
        Some(placed.map(|id| {
            self.remember(id);
            self.durable = Some(handed.durable);
        }))
    }

    /// Ends the open transaction: gives what it wrote, and who holds its locks until that has its place.
    fn close(&mut self) -> Result<Option<(TransactionId, Draft)>, SqlError> {
        let Some(transaction) = self.transaction.take() else { return Ok(None) };
        let id = transaction.id;
        let draft = self.draft(transaction);
        if !matches!(draft, Ok(Some(_))) {
            self.engine.locks.release_all(id);
            self.count(draft.as_ref().err());
        }
        Ok(draft?.map(|draft| (id, draft)))
    }

    /// What a transaction wrote. An empty change set makes no commit (R33).
    fn draft(&self, transaction: Transaction) -> Result<Option<Draft>, SqlError> {
        if transaction.writes.is_empty() {
            return Ok(None);
        }
        // Consumed, so that a large transaction's writes are freed before the fold makes its own.
        let mut changes = change_set(Arc::unwrap_or_clone(transaction.writes))?;
        changes.reads = transaction.reads.into_guards();
        let is_empty = changes.schema.is_empty() && changes.tables.is_empty();
        Ok((!is_empty).then(|| self.draft_of(changes, transaction.basis.unwrap_or(0))))
    }

    fn draft_of(&self, changes: ChangeSet, basis: u64) -> Draft {
        Draft { changes, basis, settles: Vec::new(), user: Arc::from(self.login.user.as_str()) }
    }

    /// Counts the end of a transaction.
    fn count(&self, error: Option<&SqlError>) {
        let counters = &self.engine.counters;
        Counters::bump(if error.is_some() { &counters.rollbacks } else { &counters.commits });
        if error.is_some_and(|error| error.code == 1213) {
            Counters::bump(&counters.deadlocks);
        }
    }

    /// Hands the changes of a statement that is its own transaction to the journal (R27).
    pub fn submit(&mut self, changes: ChangeSet, basis: u64) -> Result<(), SqlError> {
        if changes.schema.is_empty() && changes.tables.is_empty() {
            return Ok(());
        }
        let Committed { id, durable } = self.engine.journal.commit(self.draft_of(changes, basis))?;
        self.remember(id);
        self.durable = Some(durable);
        Ok(())
    }

    /// ROLLBACK, and the end of a victim.
    pub fn rollback(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.engine.locks.release_all(transaction.id);
            Counters::bump(&self.engine.counters.rollbacks);
        }
    }

    /// The end of a transaction that AND CHAIN follows: the next has the same isolation and access mode.
    pub fn chain(&mut self, isolation: crate::variables::Isolation, read_only: bool) {
        self.next = (Some(isolation), Some(read_only));
        self.transaction = Some(self.new_transaction(true, None));
    }

    /// Takes a lock for the transaction, or says whom to wait for. True if it was not held before.
    pub fn lock(&mut self, key: LockKey, mode: Mode, timeout: Duration) -> Result<bool, Stop> {
        let transaction = self.transaction();
        let (id, weight) = (transaction.id, transaction.writes.weight());
        match self.engine.locks.acquire(id, key, mode, weight)? {
            Grant::Held => Ok(false),
            Grant::New => Ok(true),
            Grant::Wait(granted) => {
                Counters::bump(&self.engine.counters.lock_waits);
                self.process.enter_state("Waiting for a lock");
                Err(Stop::Wait(Suspend::Lock { granted, timeout }))
            }
        }
    }

    /// Locks a row or a UNIQUE entry.
    pub fn lock_row(&mut self, key: LockKey, mode: Mode) -> Result<bool, Stop> {
        self.lock(key, mode, self.settings.lock_wait)
    }

    /// Locks a table's name to the end of the transaction: shared for use, exclusive for DDL.
    pub fn lock_name(&mut self, database: &str, table: &str, mode: Mode) -> Result<(), Stop> {
        self.lock(LockKey::name(database, table), mode, self.settings.name_wait).map(drop)
    }

    /// DDL commits what is open (R33) and runs in a transaction of its own, which only holds names.
    pub fn begin_ddl(&mut self) -> Result<(), SqlError> {
        if self.transaction.as_ref().is_some_and(|t| t.ddl) {
            return Ok(());
        }
        self.check_writable()?;
        self.commit()?;
        let mut transaction = self.new_transaction(false, Some(false));
        transaction.ddl = true;
        self.transaction = Some(transaction);
        Ok(())
    }

    /// The state a consistent read sees (R34): the transaction's snapshot, or a new one that nobody keeps yet.
    pub fn read_view(&self) -> Result<Arc<dyn View>, SqlError> {
        let kept = self.transaction.as_ref().and_then(|t| t.snapshot.clone());
        match kept {
            Some(snapshot) => Ok(snapshot),
            None => self.engine.journal.snapshot(&self.read_mode(), self.own_commit),
        }
    }

    /// A consistent read of a table has begun: without autocommit it opens a transaction, and a transaction that
    /// reads repeatably keeps the snapshot from here on (R34).
    pub fn keep_view(&mut self, view: &Arc<dyn View>) {
        if self.transaction.is_none() && self.settings.autocommit {
            return;
        }
        let transaction = self.transaction();
        if transaction.explicit && !transaction.isolation.per_statement() {
            transaction.snapshot.get_or_insert_with(|| view.clone());
        }
    }

    /// The newest state, for a statement that writes; the transaction remembers how new. Errors: 1213, 1792
    /// in a READ ONLY transaction, 1290 in a read mode that cannot write.
    pub fn write_view(&mut self) -> Result<Arc<dyn View>, SqlError> {
        self.check_writable()?;
        self.newest_view()
    }

    /// The newest state, for locking reads too. Error: 1213.
    pub fn newest_view(&mut self) -> Result<Arc<dyn View>, SqlError> {
        let journal = self.engine.journal.clone();
        let (view, basis) = journal.newest();
        let transaction = self.transaction();
        if let Some(seen) = transaction.basis
            && seen != basis
            && journal.changed_since(seen, &mut transaction.writes.keys())
        {
            // A fetched commit took what this transaction has written on (R27): it cannot commit any more.
            return Err(crate::transaction::lock::deadlock());
        }
        transaction.basis = Some(basis);
        Ok(view)
    }

    /// Whether the session may write at all.
    pub fn check_writable(&self) -> Result<(), SqlError> {
        let read_only = match &self.transaction {
            Some(open) => open.read_only,
            None => self.next.1.unwrap_or(self.settings.read_only),
        };
        if read_only {
            return Err(SqlError::new(1792, "Cannot execute statement in a READ ONLY transaction."));
        }
        writable(&self.read_mode())
    }
}

/// Whether statements in this read mode may write or lock (R32). Error: 1290 with the way out.
pub(crate) fn writable(mode: &ReadMode) -> Result<(), SqlError> {
    if mode.is_merge() || *mode == ReadMode::Head {
        return Ok(());
    }
    Err(SqlError::new(
        1290,
        format!(
            "The Headwaters server is running with the headwaters_read={mode} option so it cannot execute this \
             statement; SET headwaters_read = 'merge' (and name databases without @) to write"
        ),
    ))
}
