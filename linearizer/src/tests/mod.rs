//! Tests that need more than one part: histories against the naive fold, drawn DAGs, planted bugs, checkpoints, limits.

mod checkpoints;
mod closures;
mod equivalence;
mod golden;
mod limits;
mod planted;
