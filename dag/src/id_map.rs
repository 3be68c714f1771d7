//! Maps keyed by ids: content hashes, of which a commit passes half a dozen maps under the commit latch.
//!
//! Promises: the hasher is seeded anew in each process, so that nobody can choose ids that meet in one slot. Its order
//! is not canonical: whoever iterates sorts.

use foldhash::fast::RandomState;
use std::collections::HashMap;

/// A map whose hasher costs a third of the standard library's, which guards against keys of any length.
pub type IdMap<K, V> = HashMap<K, V, RandomState>;
