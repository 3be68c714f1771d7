//! What the acceptance tests share: the simulated world, real processes, SQL as data.
//!
//! Knows every crate; no crate knows it.

pub mod cluster;
pub mod eventually;
pub mod hosts;
pub mod instance;
pub mod isolation;
pub mod oracle;
pub mod relay;
pub mod simulation;
pub mod skewed;
pub mod slt;
pub mod standing;
