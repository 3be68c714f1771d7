//! MySQL as a language: parse, bind, evaluate, execute over a view of a state.
//!
//! Knows no sockets and no libp2p.

pub mod aggregate;
pub mod bind;
mod catalog;
pub mod convert;
mod ddl;
pub mod dialect;
mod dml;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod exec;
pub mod expression;
pub mod function;
mod information_schema;
pub mod journal;
pub mod json;
pub mod limits;
pub mod peers;
pub mod plan;
#[cfg(test)]
mod probes;
pub mod render;
pub mod response;
pub mod session;
mod show;
pub mod temporal;
pub mod transaction;
pub mod types;
mod variables;
pub mod version;
pub mod wait;
