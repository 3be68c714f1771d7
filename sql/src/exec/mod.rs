//! The executor: runs plans row by row over a reader.
//!
//! Promises: synchronous (R36), bounded in memory, stops within some hundred rows when cancelled. One row buffer a
//! SELECT, which its sources fill slot by slot; only what sorts, groups or joins keep is copied. Knows no sessions,
//! locks or wire.

mod block;
mod budget;
mod cursor;
mod derived;
mod distinct;
mod group;
mod hash_join;
mod join;
mod key;
mod limit;
mod membership;
mod place;
mod query;
mod reader;
mod recursive;
mod run;
mod scan;
mod seek;
mod set;
mod sort;
mod source;
mod system;
mod target;

#[cfg(test)]
pub(crate) mod tests;

pub use budget::MAX_BYTES;
pub use cursor::{Cursor, Evaluator, OwnedRows};
pub use reader::{Snapshot, TableReader, unreadable};
pub use scan::cell;
pub use seek::{Seek, Seeks};
pub use target::visible_row;
