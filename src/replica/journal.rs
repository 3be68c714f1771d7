//! The SQL layer's journal over this replica (R27): snapshots out, commits in.
//!
//! Promises: a commit is checked by the fold itself on the merge of all heads, gets its place, is enqueued for the
//! disk and published, all under the latch ([`super::combining`]); so none is parked at birth. Nobody waits for the
//! disk under the latch, and only a session that commits alone writes its commit itself.

use super::combining::{Placed, Transaction};
use super::local::{Local, stopped};
use super::refusal;
use super::writer::{Contents, Writer};
use super::{finality, record, snapshots};
use dag::change::ChangeSet;
use dag::commit::{Commit, Prepared};
use dag::header::{CommitKind, MAX_PARENTS};
use dag::id::{CommitId, EntityId};
use dag::signal::Signal;
use dag::store::{Answer, Committer, Desk, Record, RunWriter, StoreError};
use linearizer::linearizer::Checked;
use linearizer::view::View;
use sql::error::SqlError;
use sql::journal::{Committed, Draft, Handed, Journal, ReadMode};
use sql::peers::Peers;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

impl Journal for Local {
    fn snapshot(&self, mode: &ReadMode, own: Option<CommitId>) -> Result<Arc<dyn View>, SqlError> {
        match mode {
            mode if mode.is_merge() => Ok(self.newest.load().view.clone()),
            other => snapshots::open(self, other, own),
        }
    }

    fn newest(&self) -> (Arc<dyn View>, u64) {
        let newest = self.newest.load();
        (newest.view.clone(), newest.basis)
    }

    fn changed_since(&self, basis: u64, keys: &mut dyn Iterator<Item = (EntityId, &[u8])>) -> bool {
        self.latch().fetched.changed_since(basis, keys)
    }

    fn reserve_ids(&self, table: EntityId, first: u64, count: u64) -> Result<u64, SqlError> {
        let given = self.counters.reserve(table, first, count, &*self.newest.load().view);
        // A reader has no slots, but that is not its reason.
        given.map_err(|error| self.check_writes(&self.latch()).err().unwrap_or(error))
    }

    fn raise_ids(&self, table: EntityId, used: u64) {
        self.counters.raise(table, used);
    }

    fn reset_ids(&self, table: EntityId, first: u64) {
        self.counters.reset(table, first);
    }

    fn peek_ids(&self, table: EntityId, first: u64) -> u64 {
        self.counters.peek(table, first, &*self.newest.load().view)
    }

    fn reserve_hidden(&self, count: u64) -> [u8; 48] {
        let number = self.hidden.fetch_add(count, Ordering::Relaxed);
        let mut key = [0; 48];
        key[..32].copy_from_slice(self.author.as_bytes());
        key[32..40].copy_from_slice(&self.run.0.to_be_bytes());
        key[40..].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn peers(&self) -> &dyn Peers {
        self
    }

    fn demotions(&self) -> u64 {
        self.demoted.count()
    }

    fn demoted_since(&self, since: u64) -> Vec<(CommitId, String)> {
        self.demoted.since(since)
    }

    fn commit(&self, draft: Draft) -> Result<Committed, SqlError> {
        let Handed { placed, durable } = self.hand_over(draft);
        if placed.answer().is_none() {
            // Whoever has the latch places what waits before letting go of it, so this is the last that may have to.
            drop(self.latch());
        }
        placed.wait_blocking().map(|id| Committed { id, durable })
    }

    fn hand_over(&self, draft: Draft) -> Handed {
        if let Some(refused) = self.write_refusal() {
            return Handed::of(Err(refused));
        }
        let changes = Arc::new(draft.changes);
        let encoded = match self.encode(&changes) {
            Ok(encoded) => encoded,
            Err(error) => return Handed::of(Err(error)),
        };
        self.enter(Transaction { changes, encoded, settles: draft.settles, user: draft.user, basis: draft.basis })
    }
}

impl Local {
    /// R27 steps 1 to 4, but for publishing.
    pub fn place_transaction(&self, writer: &mut Writer, transaction: Transaction) -> Result<Placed, SqlError> {
        let contents = Contents {
            kind: CommitKind::Data,
            changes: transaction.changes,
            control: &[],
            settles: transaction.settles,
            user: &transaction.user,
            next_hidden: self.hidden.load(Ordering::Relaxed),
        };
        if writer.fetched.changed_since(transaction.basis, &mut keys(&contents.changes)) {
            return Err(refusal::deadlock());
        }
        let checked = writer.linearizer.check(&contents.changes, &contents.settles).map_err(unreadable)?;
        let catalogue = writer.linearizer.catalogue();
        if let Some(error) = refusal::error(checked.outcome(), &contents.changes, catalogue) {
            return Err(error);
        }
        // The fold lets writes to a dropped table pass without effect (R25); who knows of it is told (R35).
        if contents.changes.tables.iter().any(|part| catalogue.dropped.contains(&part.table)) {
            return Err(refusal::deadlock());
        }
        while writer.heads.len() > MAX_PARENTS {
            self.write(writer, &self.joining())?;
        }
        // What admission refuses as invalid has a reason that a person can do something about.
        self.place(writer, &contents, transaction.encoded, Some(checked))
            .map_err(|error| self.check_writes(writer).err().unwrap_or(error))
    }
}

/// Every key the transaction wrote: what a fetched commit must not have changed meanwhile (R27 step 1).
fn keys(changes: &ChangeSet) -> impl Iterator<Item = (EntityId, &[u8])> {
    changes.tables.iter().flat_map(|part| {
        let inserts = part.inserts.iter().map(|change| &change.key);
        let updates = part.updates.iter().map(|change| &change.key);
        let deletes = part.deletes.iter().map(|change| &change.key);
        inserts.chain(updates).chain(deletes).map(|key| (part.table, key.as_ref()))
    })
}

/// A transaction's contents as bytes, and the records that go with its commit.
pub struct Encoded {
    contents: Prepared,
    nodes: Vec<Record>,
}

/// Sees to what was staged when it is dropped.
pub struct Staged<'a>(pub &'a Desk);

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

fn unreadable(error: linearizer::view::ViewError) -> SqlError {
    SqlError::new(1030, error.to_string())
}

impl Local {
    /// An empty commit that joins as many heads as one may name (R7).
    pub fn joining(&self) -> Contents<'static> {
        let next_hidden = self.hidden.load(Ordering::Relaxed);
        Contents {
            kind: CommitKind::Join,
            changes: Arc::default(),
            control: &[],
            settles: Vec::new(),
            user: "",
            next_hidden,
        }
    }

    /// Encodes changes, without the latch. Those of a large transaction become trees (R10), whose nodes are on the disk
    /// on return but for the last buffer full; if the commit is refused later, they are objects that nothing names.
    pub fn encode(&self, changes: &Arc<ChangeSet>) -> Result<Encoded, SqlError> {
        let mut nodes = RunWriter::new(&self.log);
        let contents = Prepared::of(changes, self.runs.shape(), &mut nodes);
        let contents = contents.map_err(|e| SqlError::new(1105, e.to_string()))?;
        Ok(Encoded { contents, nodes: nodes.into_rest() })
    }

    /// As [`Self::place`], for contents that are not encoded yet: few.
    pub fn write(&self, writer: &mut Writer, contents: &Contents<'_>) -> Result<Committed, SqlError> {
        let encoded = self.encode(&contents.changes)?;
        let Placed { id, stored } = self.place(writer, contents, encoded, None)?;
        let durable = Signal::default();
        let answer = durable.clone();
        stored.then(move |result| answer.complete(result.clone().map_err(|e| stopped(&e))));
        Ok(Committed { id, durable })
    }

    /// Gives a commit its place, stages it for the disk, and folds it in (R27 steps 3 and 4). The caller publishes, lets
    /// go of the latch, and finishes at the desk.
    fn place(
        &self,
        writer: &mut Writer,
        contents: &Contents<'_>,
        encoded: Encoded,
        checked: Option<Checked>,
    ) -> Result<Placed, SqlError> {
        let now = self.clock.wall_millis();
        let header = writer.header(contents, now)?;
        let commit = Commit::place(header, &encoded.contents, contents.control)
            .map_err(|e| SqlError::new(1105, e.to_string()))?;
        let admitted = writer.admit_own(&commit, now)?;
        // One batch: a commit is never on the disk without the objects that it names.
        let mut records = encoded.nodes;
        records.push(record::of_commit(&commit, admitted.generation));
        let (id, ordered) = (commit.id, record::ordered(&commit, contents.changes.clone()));
        let stored = match self.enqueue(records) {
            Ok(stored) => stored,
            Err(error) => {
                writer.withdraw(&admitted);
                return Err(error);
            }
        };
        writer.fold_own(ordered, &admitted, checked).map_err(unreadable)?;
        writer.unsigned.add(&commit);
        if writer.unsigned.is_full() {
            // A longer piece of chain without a tip could never be served (R13).
            finality::sign(self, writer).map_err(|e| SqlError::new(1290, e.to_string()))?;
        }
        Ok(Placed { id, stored })
    }

    fn enqueue(&self, records: Vec<Record>) -> Result<Answer, SqlError> {
        self.with_committer(|committer| committer.stage(records))
    }

    /// Puts records into the disk's queue, to be written together.
    pub fn enqueue_all(&self, records: Vec<Record>) -> Result<Answer, SqlError> {
        self.with_committer(|committer| committer.try_submit(records))
    }

    /// The same, for a thread that may wait while the queue is full.
    pub fn submit_waiting(&self, records: Vec<Record>) -> Result<Answer, SqlError> {
        self.with_committer(|committer| Ok(committer.submit(records)))
    }

    fn with_committer(&self, hand: impl FnOnce(&Committer) -> Result<Answer, StoreError>) -> Result<Answer, SqlError> {
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        let committer: &Committer =
            committer.as_ref().ok_or_else(|| SqlError::new(1053, "Server shutdown in progress"))?;
        hand(committer).map_err(|e| SqlError::new(1205, format!("The disk does not keep up: {e}; try again")))
    }
}
