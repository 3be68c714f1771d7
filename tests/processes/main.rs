//! End-to-end tests with real `headwaters` processes and a real client.

#![allow(clippy::unwrap_used, reason = "a step that fails is the test that fails")]

mod examples;
mod import;
mod isolation;
mod kill;
mod large;
mod probes;
mod refusals;
mod restart;
mod sql_files;
mod verbs;
mod waits;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_headwaters");
