//! What the acceptance tests share: the simulated world, and the real process.
//!
//! Knows every crate; no crate knows it.

pub mod process;
pub mod simulation;
