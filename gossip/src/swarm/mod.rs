//! The network over libp2p: the only place that knows it.
//!
//! A [`Network`] listens, dials, and carries what the pure parts decide: the loop (`task`) owns the swarm and every
//! peer's desk; what touches the replica runs as jobs on blocking threads, one a peer at a time, a bounded number in
//! all. Ends when told, within two seconds; owns every task it starts.

mod address;
mod announcing;
mod behaviour;
mod connections;
mod context;
mod desk;
mod gatherer;
mod job;
mod joining;
mod peer;
mod task;
#[cfg(test)]
mod tests;
mod wire;

pub use joining::{JoinError, join};
pub use task::Network;
