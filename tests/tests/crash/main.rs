//! The store under crashes: power cuts, full disks and failing disks at every operation of a 200-commit run.
//!
//! What must hold after any of them: everything acknowledged is there, nothing torn is visible, and the log can be
//! written on. The disk is an image in memory that knows what was synced (`dag::disk::Image`).

#![allow(clippy::unwrap_used, reason = "tests, whose helpers clippy does not take for tests")]

mod damage;
mod fault;
mod large;
mod power;
mod queue;
mod workload;
