//! Transactions of one replica's sessions: locks, own writes over a snapshot, savepoints, change sets.

pub mod lock;
