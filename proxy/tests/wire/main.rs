//! The server against real clients and hostile bytes, with a session double behind the seam: what is tested here is
//! the wire alone.

#![allow(clippy::unwrap_used, reason = "a failed set-up ends the test")]

mod commands;
mod double;
mod hostile;
mod login;
mod raw;
mod stopping;
