//! Transactions of one replica's sessions: locks, own writes over a snapshot, savepoints, change sets.
//!
//! A transaction reads its snapshot and writes on the newest state (R34); COMMIT turns its writes into a change set
//! that the journal decides on (R27).

pub(crate) mod change_set;
pub mod lock;
pub(crate) mod overlay;
pub(crate) mod read_set;
pub(crate) mod reader;
mod sorted;
pub(crate) mod write_set;

use crate::error::SqlError;
use crate::variables::Isolation;
use linearizer::view::View;
use lock::TransactionId;
use read_set::ReadSet;
use std::sync::Arc;
use write_set::{Mark, WriteSet};

/// An open transaction.
pub(crate) struct Transaction {
    pub id: TransactionId,
    /// Begun by BEGIN or by autocommit=0; otherwise it lives for one statement.
    pub explicit: bool,
    /// A DDL statement's own.
    pub ddl: bool,
    pub isolation: Isolation,
    pub read_only: bool,
    /// Taken at the first consistent read (R34); READ COMMITTED keeps none.
    pub snapshot: Option<Arc<dyn View>>,
    /// How new the state is that the writes stand on ([`crate::journal::Draft::basis`]).
    pub basis: Option<u64>,
    pub writes: Arc<WriteSet>,
    /// What its locking reads saw. Rolling back to a savepoint keeps it, as it keeps the locks.
    pub reads: ReadSet,
    savepoints: Vec<(Arc<str>, Mark)>,
}

impl Transaction {
    pub fn new(id: TransactionId, explicit: bool, isolation: Isolation, read_only: bool) -> Self {
        Transaction {
            id,
            explicit,
            ddl: false,
            isolation,
            read_only,
            snapshot: None,
            basis: None,
            writes: Arc::default(),
            reads: ReadSet::default(),
            savepoints: Vec::new(),
        }
    }

    /// The writes, to change them. A result set that is still being read keeps its own copy.
    pub fn writes_mut(&mut self) -> &mut WriteSet {
        Arc::make_mut(&mut self.writes)
    }

    /// SAVEPOINT: the same name replaces (R33).
    pub fn savepoint(&mut self, name: &Arc<str>) {
        self.savepoints.retain(|(other, _)| !same(other, name));
        self.savepoints.push((name.clone(), self.writes.mark()));
    }

    /// ROLLBACK TO: later savepoints vanish, this one and all locks stay. Error: 1305.
    pub fn rollback_to(&mut self, name: &str) -> Result<(), SqlError> {
        let place = self.find(name)?;
        let mark = self.savepoints[place].1;
        self.savepoints.truncate(place + 1);
        self.writes_mut().undo_to(mark);
        Ok(())
    }

    /// RELEASE SAVEPOINT: this one and later ones vanish. Error: 1305.
    pub fn release(&mut self, name: &str) -> Result<(), SqlError> {
        let place = self.find(name)?;
        self.savepoints.truncate(place);
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, SqlError> {
        let place = self.savepoints.iter().position(|(other, _)| same(other, name));
        place.ok_or_else(|| SqlError::new(1305, format!("SAVEPOINT {name} does not exist")))
    }

    /// The statement has ended well: without savepoints nothing before now will be undone.
    pub fn statement_done(&mut self) {
        if self.savepoints.is_empty() && !self.writes.is_empty() {
            self.writes_mut().forget_undo();
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
