//! The server against real clients and hostile bytes, with a session double behind the seam: what is tested here is
//! the wire alone.

mod commands;
mod double;
mod hostile;
mod login;
mod raw;
mod stopping;
