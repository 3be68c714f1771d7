//! MySQL as a language: parse, bind, evaluate, execute over a view of a state.
//!
//! Knows no sockets and no libp2p.

mod catalog;
mod command;
pub mod dialect;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod expression;
pub mod function;
pub mod journal;
#[cfg(test)]
mod probes;
pub mod response;
pub mod session;
pub mod transaction;
mod variables;
pub mod wait;
