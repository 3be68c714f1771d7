//! INSERT, REPLACE, UPDATE and DELETE: bound once, run on the newest state under row locks (R34, R35).
//!
//! Promises: every row written is locked before it is read for good; a statement either writes all its rows into the
//! transaction's write set or, after an error or a wait, none (its caller undoes it). Knows no commits.

pub(crate) mod delete;
mod duplicate;
pub(crate) mod insert;
pub(crate) mod insert_bind;
mod matching;
mod row;
mod target;
pub(crate) mod update;

pub(crate) use target::Target;
