//! Several replicas as real processes: how they come together, what happens when they are cut off, killed, slow or wrong
//! about the time.
//!
//! One family a file. The first two are DoltSwarm's own scenarios and those that it only proposed, under their names.

mod clocks;
mod cloning;
mod equivocator;
mod hosts;
mod joining;
mod proposed;
mod swarm;
mod twins;
