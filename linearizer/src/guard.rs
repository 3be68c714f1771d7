//! The read set: what a transaction saw and relies on must still read the same (R11).

use crate::fold::{Fold, Stop};
use crate::footprint::Use;
use crate::outcome::Reason;
use dag::change::ReadGuard;
use dag::encode::Domain;
use dag::id::NodeId;
use dag::row_key::Key;
use std::ops::Bound;

/// The digest of a row's bytes that [`ReadGuard::Row`] names.
pub fn row_digest(row: &[u8]) -> NodeId {
    NodeId(Domain::ROW.hash(row))
}

/// The digest of a scan that [`ReadGuard::Range`] names: over each entry's key and bytes, in order.
#[derive(Clone)]
pub struct RangeDigest {
    count: u64,
    hasher: blake3::Hasher,
}

impl Default for RangeDigest {
    fn default() -> Self {
        RangeDigest { count: 0, hasher: Domain::RANGE.hasher() }
    }
}

impl RangeDigest {
    /// The next entry.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count += 1;
        for part in [key, value] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }

    /// Entries seen, and their digest.
    pub fn finish(&self) -> (u64, NodeId) {
        (self.count, NodeId(*self.hasher.finalize().as_bytes()))
    }
}

/// Parks a commit whose read does not read the same here.
pub(crate) fn check(fold: &mut Fold<'_>, read: &ReadGuard) -> Result<(), Stop> {
    let (ReadGuard::Row { table: space, .. } | ReadGuard::Range { space, .. }) = read;
    if !fold.catalogue.has_space(*space) {
        // Dropped: whatever was read there is gone, also where its entries still lie in the state.
        return Err(Stop::Park(Reason::Read(*space)));
    }
    let (space, same) = match read {
        ReadGuard::Row { table, key, row } => {
            fold.uses.push(Use::Key(*table, key.clone()));
            let found = fold.at.find(*table, key.as_ref())?.value;
            (*table, found.map(|bytes| row_digest(&bytes)) == *row)
        }
        ReadGuard::Range { space, from, to, count, digest } => {
            let end = (!to.0.is_empty()).then(|| to.clone());
            fold.uses.push(Use::Range(*space, from.clone(), end.clone()));
            let mut seen = RangeDigest::default();
            fold.at.scan(
                *space,
                Bound::Included(from.clone()),
                end.map_or(Bound::Unbounded, Bound::Excluded),
                |k: &Key, v| {
                    seen.add(k.as_ref(), v);
                    Ok(())
                },
            )?;
            (*space, seen.finish() == (*count, *digest))
        }
    };
    if same { Ok(()) } else { Err(Stop::Park(Reason::Read(space))) }
}
