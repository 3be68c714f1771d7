//! One seeded world: replicas with the real admission, exchange, order, fold and main, on simulated disks, clocks and a
//! network that loses, delays, doubles, reorders, damages and splits.
//!
//! Promises: a seed is the whole history, so that a failure is replayed by its number. After every step a replica's
//! incremental fold equals the naive one; replicas with equal frontiers have equal states and mains; after the storm
//! everybody has every acknowledged commit.

mod chain;
pub mod compacting;
mod disk;
pub mod fold;
mod founding;
mod kind;
mod library;
mod network;
pub mod planted;
mod promises;
pub mod random;
mod replica;
pub mod report;
mod stable;
mod step;
mod summary;
mod workload;
mod world;

pub use kind::Kind;
pub use step::Habit;
pub use summary::{Failure, Summary};
pub use world::run;
