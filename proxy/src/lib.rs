//! MySQL's wire: any MySQL client talks to a replica through this crate.
//!
//! A [`Server`] listens; each connection is one task that logs in (`handshake`, [`auth`]), then reads commands
//! (`packet`, `command`), drives a synchronous session of `sql` through the [`handler`] seam, and writes answers
//! (`answer`, `result`). Everything a client can make us hold is bounded in [`limits`]. Knows nothing of libp2p,
//! storage or order.

mod answer;
pub mod auth;
mod command;
mod connection;
mod error;
pub mod exposure;
mod gate;
pub mod handler;
mod handshake;
mod lifeguard;
pub mod limits;
mod login;
mod pace;
mod packet;
mod result;
mod server;
mod session;
mod statement;
pub mod tls;

pub use error::Error;
pub use server::{Server, ServerParts};
