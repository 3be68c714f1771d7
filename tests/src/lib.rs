//! What the acceptance tests share: the simulated world.
//!
//! Knows every crate; no crate knows it.

pub mod simulation;
