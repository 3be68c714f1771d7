//! `CALL headwaters.compact()`: a checkpoint of main now, on a thread of its own, so that no session's worker waits.
//!
//! Promises: one at a time; the thread is joined by the next call or when the replica goes. The answer is one row.

use super::linearizing;
use super::local::Local;
use dag::schema::ColumnType;
use dag::signal::Signal;
use dag::value::Value;
use sql::engine::procedure::{Answer, Procedure, Table};
use sql::engine::system_table::SystemColumn;
use sql::error::SqlError;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};

/// The procedure. Holds the replica weakly: the engine that owns the procedure is owned by the replica.
pub struct Compact {
    local: Weak<Local>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Compact {
    /// Over a replica.
    pub fn new(local: &Arc<Local>) -> Self {
        Compact { local: Arc::downgrade(local), thread: Mutex::new(None) }
    }

    fn join(&self) {
        let last = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if last.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a compaction failed unexpectedly; main is unchanged");
        }
    }
}

impl Drop for Compact {
    fn drop(&mut self) {
        self.join();
    }
}

impl Procedure for Compact {
    fn name(&self) -> &str {
        "compact"
    }

    fn arity(&self) -> usize {
        0
    }

    fn begin(&self, _: &[Value], answer: Answer) -> Signal<Result<(), SqlError>> {
        self.join();
        let done = Signal::default();
        let (local, told) = (self.local.clone(), done.clone());
        let work = move || told.complete(carry_out(&local, &answer));
        match Builder::new().name("compaction".into()).spawn(work) {
            Ok(thread) => *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread),
            Err(error) => done.complete(Err(SqlError::new(1135, format!("Can't create a new thread: {error}")))),
        }
        done
    }
}

fn carry_out(local: &Weak<Local>, answer: &Answer) -> Result<(), SqlError> {
    let local = local.upgrade().ok_or_else(|| SqlError::new(1053, "Server shutdown in progress"))?;
    let cut = linearizing::cut_now(&local).map_err(|failure| SqlError::new(1105, failure.to_string()))?;
    let column = |name, kind| SystemColumn { name, kind, nullable: false };
    let columns = vec![
        column("position", ColumnType::Integer { bytes: 8, unsigned: true, display_width: None }),
        column("root", ColumnType::VarChar(52)),
        column("main_hash", ColumnType::VarChar(52)),
        column("cut", ColumnType::Integer { bytes: 1, unsigned: false, display_width: Some(1) }),
    ];
    let row = vec![
        Value::UInt(cut.position),
        Value::text(cut.root),
        Value::text(cut.main_hash),
        Value::Int(i64::from(cut.new)),
    ];
    *answer.lock().unwrap_or_else(PoisonError::into_inner) = Table { columns, rows: vec![row] };
    Ok(())
}
