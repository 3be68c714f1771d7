//! Genesis: what every peer of one database agreed on before the first commit (R1).
//!
//! Promises: the database id is the hash of these bytes; nothing here ever changes. Does not hold secrets: the
//! recovery key is its public half.

use crate::clock::{Entropy, EntropyError};
use crate::encode::positional::positional;
use crate::encode::{self, Domain};
use crate::error::Result;
use crate::id::{AuthorId, GenesisId};
use serde_bytes::ByteArray;

/// Owned AUTO_INCREMENT slots (R38): enough for 1,024 replicas, since every invite hands over half.
const SLOTS: u32 = 1_024;
/// Milliseconds of one epoch of main (R29, R30): short enough that a late commit disturbs little.
const EPOCH_MILLIS: u64 = 10_000;

/// The founding facts of a database. Version 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Genesis {
    /// Version of this record.
    pub version: u32,
    /// The first member, an admin.
    pub founder: AuthorId,
    /// The key whose private half `init` printed once; an admin.
    pub recovery: AuthorId,
    /// Random, so that two databases never have one id.
    pub nonce: ByteArray<32>,
    /// Rules level of the first commit (R2).
    pub rules_level: u32,
    /// 1: BLAKE3.
    pub hash: u32,
    /// Key of the tree boundaries, so that nobody grinds keys against them (design, Trees).
    pub tree_key: ByteArray<32>,
    /// Target bytes of a tree node.
    pub tree_target: u32,
    /// Milliseconds of an epoch.
    pub epoch_millis: u64,
    /// Most bytes of a value in a cell.
    pub value_limit: u64,
    /// Version of the collation weights: 1 is UCA 9.0.0 and general_ci as generated.
    pub collations: u32,
    /// Number of AUTO_INCREMENT slots.
    pub slots: u32,
}

positional!(Genesis {
    version,
    founder,
    recovery,
    nonce,
    rules_level,
    hash,
    tree_key,
    tree_target,
    epoch_millis,
    value_limit,
    collations,
    slots,
});

impl Genesis {
    /// A new database for a founder and the public half of a recovery key.
    pub fn found(
        founder: AuthorId,
        recovery: AuthorId,
        entropy: &dyn Entropy,
    ) -> std::result::Result<Self, EntropyError> {
        let (mut nonce, mut tree_key) = ([0; 32], [0; 32]);
        entropy.fill(&mut nonce)?;
        entropy.fill(&mut tree_key)?;
        Ok(Genesis {
            version: 1,
            founder,
            recovery,
            nonce: ByteArray::new(nonce),
            rules_level: 1,
            hash: 1,
            tree_key: ByteArray::new(tree_key),
            tree_target: 4_096,
            epoch_millis: EPOCH_MILLIS,
            value_limit: u64::from(u32::MAX),
            collations: 1,
            slots: SLOTS,
        })
    }

    /// Its canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::to_bytes(self)
    }

    /// Reads canonical bytes; anything else is malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        encode::from_bytes("genesis", bytes)
    }

    /// The database id.
    pub fn id(&self) -> GenesisId {
        GenesisId(Domain::GENESIS.hash(&self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> std::result::Result<(), EntropyError> {
            buffer.fill(0);
            Ok(())
        }
    }

    fn sample() -> Genesis {
        Genesis::found(AuthorId([1; 32]), AuthorId([2; 32]), &Zeros).unwrap()
    }

    #[test]
    fn golden_bytes() {
        let zeros = "00".repeat(32);
        let golden = format!(
            "8c015820{}5820{}5820{zeros}01015820{zeros}1910001927101affffffff01190400",
            "01".repeat(32),
            "02".repeat(32)
        );
        assert_eq!(HEXLOWER.encode(&sample().to_bytes()), golden);
    }

    #[test]
    fn comes_back_and_a_changed_byte_is_another_database() {
        let genesis = sample();
        let mut bytes = genesis.to_bytes();
        assert_eq!(Genesis::from_bytes(&bytes).unwrap(), genesis);
        bytes[10] ^= 1;
        assert_ne!(Genesis::from_bytes(&bytes).unwrap().id(), genesis.id());
        bytes.push(0);
        assert!(Genesis::from_bytes(&bytes).is_err(), "trailing bytes");
    }
}
