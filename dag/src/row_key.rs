//! Order-preserving key bytes (R40): `memcmp` on them is the SQL order of the values under the index's collations.
//!
//! A key is its parts one after the other. A part of a nullable column begins with 0 for NULL or 1 for a value, so NULL
//! comes first; then numbers as big-endian bytes with the sign flipped, text as its collation's sort key, bytes
//! escaped and ended by two zeros, ENUM as the label's position, SET as bits. A DESC part is inverted bit by bit.
//!
//! Promises: at most [`MAX_KEY`] bytes; equal under the collation means equal bytes; no part begins another, so parts
//! order one after the other. Not invertible for text: the row keeps the original.

mod index;
mod part;

pub use part::{KeyPart, encode_part, encode_start};

pub use crate::limits::MAX_KEY;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Key bytes, shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Arc<[u8]>);

impl Key {
    /// The least key that is greater than every key beginning with these bytes; `None` if there is none.
    pub fn after_prefix(prefix: &[u8]) -> Option<Key> {
        let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
        let mut bytes = prefix[..=last].to_vec();
        bytes[last] += 1;
        Some(Key(bytes.into()))
    }
}

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

#[cfg(test)]
mod tests;
