//! The seam behind `CALL headwaters.NAME(...)`: procedures that the replica carries out.
//!
//! Promises: a statement begins its procedure once, however often it is run again (R36), and answers when the signal
//! is complete. A procedure's effects are its own: they are no part of the session's transaction, and a client that
//! leaves does not take them back.

use crate::engine::system_table::SystemColumn;
use crate::error::SqlError;
use dag::signal::Signal;
use dag::value::Value;
use std::sync::{Arc, Mutex};

/// What a procedure gives back: columns and rows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<SystemColumn>,
    /// The rows, one value a column.
    pub rows: Vec<Vec<Value>>,
}

/// Where a procedure puts its table before it completes its signal.
pub type Answer = Arc<Mutex<Table>>;

/// A procedure of database `headwaters`.
pub trait Procedure: Send + Sync {
    /// Its name, lower case.
    fn name(&self) -> &str;
    /// How many arguments it takes.
    fn arity(&self) -> usize;
    /// Begins the work on a thread of its own and returns at once; the signal is completed when it is done, and the
    /// table is in `answer` before. Without columns the client gets an OK.
    fn begin(&self, arguments: &[Value], answer: Answer) -> Signal<Result<(), SqlError>>;
}
