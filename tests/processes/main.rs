//! End-to-end tests with real `headwaters` processes and a real client.

#![allow(clippy::unwrap_used, reason = "a step that fails is the test that fails")]

mod clock;
mod clones;
mod counter;
mod disk;
mod examples;
mod expressions;
mod import;
mod isolation;
mod kill;
mod large;
mod login;
mod membership;
mod packets;
mod peers;
mod probes;
mod reading;
mod refusals;
mod restart;
mod scenarios;
mod sessions;
mod sql_files;
mod verbs;
mod waits;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_headwaters");

/// The server's error code; 0 for an error of the connection itself.
pub fn code(error: &mysql_async::Error) -> u16 {
    match error {
        mysql_async::Error::Server(error) => error.code,
        _ => 0,
    }
}
