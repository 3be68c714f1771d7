//! Names of things: 32-byte BLAKE3 hashes and author keys, one type per kind of thing.
//!
//! Promises: two ids of different kinds never compare; the text form is lower-case base32 without padding, and any
//! unique prefix of [`MIN_PREFIX`] or more characters is accepted by whoever looks ids up. Does not know what is
//! hashed: that is `encode`.

pub use crate::limits::MIN_PREFIX;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(#[serde(with = "serde_bytes")] pub [u8; 32]);

        impl $name {
            /// All zero: no hash is. Stands for "none".
            pub const ZERO: Self = Self([0; 32]);

            /// The 32 bytes, in hash order.
            pub fn as_bytes(&self) -> &[u8; 32] { &self.0 }

            /// Reads the text form; `None` if it is not one.
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok()?;
                Some(Self(bytes.try_into().ok()?))
            }

            /// The first ten characters of the text form: enough for people to tell ids apart.
            pub fn short(&self) -> String { self.to_string()[..10].to_owned() }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.short()) }
        }
    };
}

hash_id!(
    /// Hash of a commit's header (R5).
    CommitId
);
hash_id!(
    /// Hash of a genesis: the identity of the whole replicated database (R1).
    GenesisId
);
hash_id!(
    /// Hash of a tree node or of an out-of-line value: a content-addressed object beside the commits.
    NodeId
);
hash_id!(
    /// Identity of a SQL database, table, column or index, made from what it is (R25).
    EntityId
);
hash_id!(
    /// An author's Ed25519 verifying key.
    AuthorId
);

/// One start of one process by one author (R6): random, so that a restored backup never reuses a sequence number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RunId(pub u64);

/// Names the cell layout a row is encoded with: the first 8 bytes of the layout's hash. Unique within one table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LayoutId(pub u64);
