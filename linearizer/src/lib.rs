//! Order, fold, virtual merge, main, checkpoints: what a closure of commits means.
//!
//! Commits come in ([`commit::Ordered`]), effects go out ([`window::Changes`]): the [`linearizer::Linearizer`] keeps
//! every commit above the last checkpoint in one order ([`order`]), evaluates each at its place ([`fold`]), keeps a short
//! list of versions under each key ([`state`]), and redoes after a late arrival only what shares a key with it
//! ([`window`]). Readers hold immutable [`view::View`]s. Synchronous; no clock, no randomness, no files, no tasks. Knows
//! nothing of SQL text, network or files.

pub mod checkpoint;
pub mod commit;
pub mod compact;
mod constraint;
mod fault;
pub mod finality;
pub mod fold;
pub mod footprint;
pub mod ground;
pub mod guard;
pub mod limits;
pub mod linearizer;
pub mod main_log;
pub mod offer;
pub mod order;
pub mod outcome;
mod policy;
mod prefix;
mod schema_fold;
pub mod slot;
pub mod snapshot;
pub mod state;
mod table_fold;
pub mod view;
pub mod window;

pub use linearizer::Linearizer;

#[cfg(any(test, feature = "reference"))]
pub mod naive;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
