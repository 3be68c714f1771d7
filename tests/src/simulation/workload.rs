//! What simulated clients write.
//!
//! Stand-in: empty change sets, told apart by their place in the chain.

use super::random::Random;
use dag::change::ChangeSet;

/// One transaction's changes.
pub fn changes(_: &mut Random) -> ChangeSet {
    ChangeSet::default()
}
