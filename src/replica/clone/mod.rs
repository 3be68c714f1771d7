//! Clones: a new replica starts from the newest stable checkpoint instead of the whole history (R16, R30, R31).
//!
//! `stand` keeps what this replica can vouch for: its newest stable checkpoint with a foothold below it; its signed
//! tips carry the voucher. `offer` is what is said of it to newcomers. `taking` is the newcomer's side: choose, gather
//! node by node, write. Whom one believes is `linearizer::offer`'s to say. Why so: docs/decisions/0008-clone.md.

mod offer;
mod sealing;
mod shelf;
mod stand;
mod taking;
#[cfg(test)]
mod tests;

pub use stand::{Cloned, Stand, renew};
pub use taking::{Answer, Outcome, Peers, Taking, is_under_way, open_stores};
