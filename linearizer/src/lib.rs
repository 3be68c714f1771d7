//! Order, fold, virtual merge, main, checkpoints: what a closure of commits means.
//!
//! Knows nothing of SQL text, network or files.

pub mod view;
