//! Where nodes end: a keyed hash of the key against a threshold that rises with the node's size.
//!
//! Promises: integer arithmetic only, so every machine cuts alike; a decision depends on the level, the key and the
//! bytes since the last cut, on nothing else. Sizes follow a Weibull distribution of shape 4, hence narrow around the
//! target, and the threshold passes certainty below 24 KiB even for the smallest entries, so that no choice of keys
//! can make a node much bigger. The seed is per database: keys ground against one database mean nothing in another.

use super::node::MAX_LEVEL;
use std::sync::Arc;

/// Mean node size in bytes. 4 KiB has half the write amplification of 8 KiB at the same get time (measured).
pub const TARGET_NODE: u32 = 4096;

/// The mean of a Weibull distribution of shape 4 is 0.906 of its scale.
const MEAN_PER_MILLE: u64 = 906;

/// Fewest entries of an inner node that is not the last of its level: levels must shrink or trees would not end.
const MIN_INNER_ENTRIES: usize = 2;

/// The parameters that decide every node boundary of a database's trees (genesis, R1).
#[derive(Clone)]
pub struct Shape(Arc<Parameters>);

struct Parameters {
    level_keys: Vec<[u8; 32]>,
    scale_4: u128,
}

impl Shape {
    /// Boundaries under a database's seed, for nodes of [`TARGET_NODE`] bytes.
    pub fn new(seed: [u8; 32]) -> Self {
        Shape::with_target(seed, TARGET_NODE)
    }

    /// Boundaries for a smaller mean size, from 64 bytes on: deep trees of few rows, for tests. Larger ones are taken as
    /// [`TARGET_NODE`], which the bound on node bytes rests on.
    pub fn with_target(seed: [u8; 32], target: u32) -> Self {
        let level_keys = (0..=MAX_LEVEL).map(|level| *blake3::keyed_hash(&seed, &[level]).as_bytes()).collect();
        let scale = u128::from(u64::from(target.clamp(64, TARGET_NODE)) * 1000 / MEAN_PER_MILLE);
        Shape(Arc::new(Parameters { level_keys, scale_4: scale.pow(4) }))
    }

    /// Whether a node ends behind this entry, which grew it from `before` to `after` bytes as entry number `entries`.
    pub(super) fn ends(&self, level: u8, key: &[u8], entries: usize, before: usize, after: usize) -> bool {
        if level > 0 && entries < MIN_INNER_ENTRIES {
            return false;
        }
        let hash = blake3::keyed_hash(&self.0.level_keys[usize::from(level)], key);
        let drawn =
            u32::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1], hash.as_bytes()[2], hash.as_bytes()[3]]);
        // drawn / 2^32 < (after^4 - before^4) / scale^4, without the division; sizes below 2^17 keep it under 2^100.
        let risk = (after as u128).pow(4) - (before as u128).pow(4);
        u128::from(drawn) * self.0.scale_4 < risk << 32
    }
}
