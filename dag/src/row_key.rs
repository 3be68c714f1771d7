//! Order-preserving key bytes (R40): `memcmp` on them is the SQL order of the values under the index's collations.
//!
//! Promises: at most [`MAX_KEY`] bytes; equal under the collation means equal bytes. Not invertible for text: the row
//! keeps the original.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Longest key (R40), as InnoDB's.
pub const MAX_KEY: usize = 3072;

/// Key bytes, shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Arc<[u8]>);

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Key {
    fn from(bytes: Vec<u8>) -> Self {
        Key(bytes.into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}
