//! The commit latch, with flat combining (Hendler et al., SPAA 2010): who finds it taken leaves its transaction with the
//! holder, who places all that wait.
//!
//! Promises: nobody lets go of the latch without having placed what waited; transactions enter in the order they were
//! handed over, and are published as one step; locks are given up, and answers given, only after that. Why: a thread
//! that waits for the latch takes its other sessions along, and a holder that the system pauses took all of them.

use super::journal::{Encoded, Staged};
use super::local::{Local, stopped};
use super::writer::Writer;
use crate::limits::ROUNDS_AT_THE_LATCH;
use dag::change::ChangeSet;
use dag::id::CommitId;
use dag::store::Answer;
use sql::error::SqlError;
use sql::journal::Handed;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// A transaction on its way to its place.
pub struct Transaction {
    /// What it changes.
    pub changes: Arc<ChangeSet>,
    /// The same as bytes.
    pub encoded: Encoded,
    /// Parked commits it settles, sorted.
    pub settles: Vec<CommitId>,
    /// The SQL user.
    pub user: Arc<str>,
    /// Fetched batches its statements have seen (R27 step 1).
    pub basis: u64,
}

/// A commit that has its place, and when it is on disk.
pub struct Placed {
    /// Its id.
    pub id: CommitId,
    /// The committer's answer.
    pub stored: Answer,
}

/// What a session waits for. Dropped without a place (a panic on the way), it says so: nobody waits for ever.
struct Promise(Handed);

impl Drop for Promise {
    fn drop(&mut self) {
        if self.0.placed.answer().is_none() {
            let text = "the commit broke off: whether it was written is not known; see the log of the server";
            self.refuse(&SqlError::new(1105, text));
        }
    }
}

impl Promise {
    fn refuse(&self, error: &SqlError) {
        self.0.placed.complete(Err(error.clone()));
        self.0.durable.complete(Err(error.clone()));
    }

    /// Tells what became of the transaction; it is published.
    fn answer(&self, placed: Result<Placed, SqlError>) {
        match placed {
            Ok(Placed { id, stored }) => {
                self.0.placed.complete(Ok(id));
                let durable = self.0.durable.clone();
                stored.then(move |result| durable.complete(result.clone().map_err(|e| stopped(&e))));
            }
            Err(error) => self.refuse(&error),
        }
    }
}

/// Transactions that wait: at most one a session.
#[derive(Default)]
pub struct Queue(Mutex<Vec<(Transaction, Promise)>>);

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Vec<(Transaction, Promise)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The commit latch, taken. What was handed over meanwhile is placed when it is dropped.
pub struct Latch<'a> {
    writer: MutexGuard<'a, Writer>,
    // Fields are dropped in this order: the latch is free when the queue is looked at.
    _after: Release<'a>,
}

impl<'a> Latch<'a> {
    pub(super) fn new(writer: MutexGuard<'a, Writer>, local: &'a Local) -> Self {
        Latch { writer, _after: Release(local) }
    }
}

impl Deref for Latch<'_> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl DerefMut for Latch<'_> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }
}

struct Release<'a>(&'a Local);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.combine();
        }
    }
}

impl Local {
    /// Takes a transaction, and places it at once unless the latch is taken.
    pub fn enter(&self, transaction: Transaction) -> Handed {
        let handed = Handed::default();
        self.queue.waiting().push((transaction, Promise(handed.clone())));
        self.combine();
        handed
    }

    /// Places what waits, unless the latch is taken: then its holder does.
    pub fn combine(&self) {
        self.combine_for(ROUNDS_AT_THE_LATCH);
    }

    fn combine_for(&self, rounds: usize) {
        for _ in 0..rounds {
            if self.queue.waiting().is_empty() {
                return;
            }
            // On every way out, and after the latch.
            let _staged = Staged(&self.desk);
            let mut writer = match self.try_latch() {
                Ok(writer) => writer,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let waiting = std::mem::take(&mut *self.queue.waiting());
            let placed = self.place_all(&mut writer, waiting);
            drop(writer);
            placed.into_iter().for_each(|(promise, placed)| promise.answer(placed));
        }
        // Others go on handing over; this thread has an answer of its own to give. Whoever hears news takes the latch.
        self.told();
    }

    fn place_all(
        &self,
        writer: &mut Writer,
        waiting: Vec<(Transaction, Promise)>,
    ) -> Vec<(Promise, Result<Placed, SqlError>)> {
        let place = |(transaction, promise)| (promise, self.place_transaction(writer, transaction));
        let placed: Vec<_> = waiting.into_iter().map(place).collect();
        self.publish(writer);
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::fixture::{Peer, insert, schema};
    use dag::schema::Table;
    use sql::journal::{Draft, Journal};

    fn founder() -> (Peer, Arc<Table>) {
        let (peer, (changes, table)) = (Peer::founder(u64::MAX), schema());
        peer.write(changes);
        (peer, table)
    }

    /// Hands over an insert of this row.
    fn hand_over(local: &Local, table: &Table, id: i64) -> Handed {
        let (changes, (_, basis)) = (insert(table, id, "row"), local.newest());
        local.hand_over(Draft { changes, basis, settles: Vec::new(), user: "".into() })
    }

    fn seq(local: &Local, handed: &Handed) -> u64 {
        let id = handed.placed.answer().unwrap().unwrap();
        local.latch().known.graph.get(&id).unwrap().seq
    }

    fn rows(peer: &Peer) -> Vec<String> {
        peer.sql("SELECT id FROM far.note ORDER BY id").unwrap()
    }

    #[test]
    fn what_finds_the_latch_taken_is_placed_in_its_turn_when_that_is_let_go() {
        let (peer, table) = founder();
        let local = peer.local();
        let latch = local.latch();
        let handed: Vec<Handed> = [1, 2, 1, 3].map(|id| hand_over(local, &table, id)).into();
        assert!(handed.iter().all(|h| h.placed.answer().is_none() && h.durable.answer().is_none()));
        drop(latch);
        let codes: Vec<u16> = handed.iter().map(|h| h.durable.wait_blocking().err().map_or(0, |e| e.code)).collect();
        assert_eq!(codes, [0, 0, 1062, 0], "a refused one takes no other along");
        let first = seq(local, &handed[0]);
        assert_eq!([1, 3].map(|n| seq(local, &handed[n])), [first + 1, first + 2]);
        assert_eq!(rows(&peer), ["1", "2", "3"]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "real threads are what this is about")]
    fn whoever_waits_for_its_place_gets_it_from_the_holder() {
        let (peer, table) = founder();
        let local = peer.local().clone();
        let latch = peer.local().latch();
        let waiting = std::thread::spawn(move || {
            let draft = Draft { changes: insert(&table, 1, "row"), basis: 0, settles: Vec::new(), user: "".into() };
            local.commit(draft).unwrap().durable.wait_blocking()
        });
        while peer.local().queue.waiting().is_empty() {
            std::thread::yield_now();
        }
        drop(latch);
        assert_eq!(waiting.join().unwrap(), Ok(()));
        assert_eq!(rows(&peer), ["1"]);
    }

    #[test]
    fn what_is_on_the_disk_has_its_place_and_is_seen() {
        const THREADS: i64 = 4;
        const EACH: i64 = 100;
        let (peer, table) = founder();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (local, table) = (peer.local(), &table);
                scope.spawn(move || {
                    for id in thread * EACH..(thread + 1) * EACH {
                        let handed = hand_over(local, table, id);
                        // Waited for as a session does, which takes the latch now and then.
                        while handed.durable.answer().is_none() {
                            local.settle().unwrap();
                        }
                        assert!(matches!(handed.placed.answer(), Some(Ok(_))));
                        let (view, _) = local.newest();
                        let key = &insert(table, id, "row").tables[0].inserts[0].key;
                        assert!(view.get(table.id, key.as_ref()).unwrap().is_some(), "row {id}");
                    }
                });
            }
        });
        assert_eq!(rows(&peer).len() as i64, THREADS * EACH);
    }

    #[test]
    fn who_breaks_off_leaves_nobody_waiting() {
        let handed = Handed::default();
        drop(Promise(handed.clone()));
        assert_eq!(handed.placed.answer().unwrap().unwrap_err().code, 1105);
        assert_eq!(handed.durable.answer().unwrap().unwrap_err().code, 1105);
    }

    #[test]
    fn who_has_placed_enough_tells_others_who_then_place_the_rest() {
        let (peer, table) = founder();
        let local = peer.local();
        let mut news = local.news.subscribe();
        let draft = |id| (insert(&table, id, "row"), Handed::default());
        for id in [1, 2] {
            let (changes, handed) = draft(id);
            let changes = Arc::new(changes);
            let transaction = Transaction {
                encoded: local.encode(&changes).unwrap(),
                changes,
                settles: Vec::new(),
                user: "".into(),
                basis: 0,
            };
            local.queue.waiting().push((transaction, Promise(handed)));
        }
        news.mark_unchanged();
        local.combine_for(0);
        assert!(news.has_changed().unwrap() && local.queue.waiting().len() == 2);
        local.settle().unwrap();
        assert_eq!(rows(&peer), ["1", "2"]);
    }
}
