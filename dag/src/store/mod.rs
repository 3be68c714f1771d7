//! The stores: `log/`, which is the truth, and `trees/`, which can be rebuilt from it (R42).
//!
//! Promises: what was acknowledged is on the disk; a crash loses only what was never acknowledged; damage is an error
//! that names file and offset, never a wrong answer. Records are opaque bytes under a kind and a 32-byte id. Does not
//! know what they mean, nor check that an id is the hash of its bytes (whoever decodes them does).

mod committer;
mod error;
mod filter;
mod index;
mod log;
#[cfg(test)]
mod planted;
mod reach;
mod record;
mod recovery;
mod runs;
mod scan;
mod sealed;
#[cfg(test)]
mod tests;
mod trees;
#[cfg(test)]
mod trees_tests;

pub use committer::{Answer, Committer, Desk, Limits};
pub use error::StoreError;
pub use log::{Log, Options, Position, Recovery};
pub use reach::Roots;
pub use record::{Kind, MAX_RECORD, Record};
pub use runs::{RunWriter, object_record};
pub use scan::Entry;
pub use trees::{TreeRecovery, TreeSegment, TreeStore, TreeWriter};
