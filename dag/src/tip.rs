//! Signed tips: the one thing that is signed (R13). A tip names an author's newest commit, and by its hash links the
//! whole chain; it carries the author's promise and floor (R15, R16).
//!
//! Promises: acceptance is strict Ed25519 over domain-separated canonical bytes, the same on every peer. Does not
//! check that the commit exists or that the promise was kept: that is `admit`.

use crate::admit::MAX_CLOCK_SKEW_MILLIS;
use crate::author_key::{AuthorKey, verify};
use crate::encode::positional::positional;
use crate::encode::{self, Domain};
use crate::error::{Error, Result};
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, GenesisId, NodeId, RunId};
pub use crate::limits::MAX_TIP;
use serde_bytes::{ByteArray, ByteBuf};
use std::collections::BTreeMap;

/// What an author says of its chain. Version 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Tip {
    /// Version of this record.
    pub version: u32,
    /// The database.
    pub genesis: GenesisId,
    /// The author.
    pub author: AuthorId,
    /// Its run.
    pub run: RunId,
    /// Number of the newest commit in the run.
    pub seq: u64,
    /// The newest commit.
    pub commit: CommitId,
    /// The author writes nothing at or below this (R15).
    pub promise: Hlc,
    /// Everything up to here is known to the author from all members (R16).
    pub floor: Hlc,
    /// main's hash at the floor.
    pub floor_hash: NodeId,
    /// Digest of the author's sorted frontier.
    pub frontier: NodeId,
    /// Signed, kept, ignored when unknown.
    pub extensions: BTreeMap<String, ByteBuf>,
}

positional!(Tip { version, genesis, author, run, seq, commit, promise, floor, floor_hash, frontier, extensions });

/// A tip with its signature, as it is stored and sent.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedTip {
    /// The tip.
    pub tip: Tip,
    /// Ed25519 over the domain and the tip's canonical bytes.
    pub signature: ByteArray<64>,
}

positional!(SignedTip { tip, signature });

impl Tip {
    /// Signs it; the key must be the author's.
    pub fn sign(self, key: &AuthorKey) -> SignedTip {
        let signature = key.sign(&self.message());
        SignedTip { tip: self, signature: ByteArray::new(signature) }
    }

    /// Whether this tip, over commits of which the newest is from `newest`, proves that another live process writes with
    /// the key of an author whose own run began at `since_millis`: a copied folder (R6). A restored backup meets only
    /// what it wrote before, give or take the skew that clocks may have.
    pub fn is_of_twin(&self, author: &AuthorId, run: RunId, since_millis: u64, newest: Hlc) -> bool {
        self.author == *author && self.run != run && newest.millis() > since_millis + MAX_CLOCK_SKEW_MILLIS
    }

    fn message(&self) -> Vec<u8> {
        let mut message = Domain::TIP.prefix().to_vec();
        message.extend(encode::to_bytes(self));
        message
    }
}

impl SignedTip {
    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode::to_bytes(self)
    }

    /// Reads canonical bytes and checks the signature: what comes back is what its author signed.
    pub fn verify(bytes: &[u8]) -> Result<SignedTip> {
        Error::limit("bytes of a tip", bytes.len(), MAX_TIP)?;
        let signed: SignedTip = encode::from_bytes("tip", bytes)?;
        if signed.tip.version != 1 {
            return Err(Error::malformed("tip", format!("version {} is not known here", signed.tip.version)));
        }
        if verify(&signed.tip.author, &signed.tip.message(), &signed.signature) {
            Ok(signed)
        } else {
            Err(Error::Signature("the tip is not signed by its author"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn tip(key: &AuthorKey) -> Tip {
        Tip {
            version: 1,
            genesis: GenesisId([1; 32]),
            author: key.id(),
            run: RunId(2),
            seq: 3,
            commit: CommitId([4; 32]),
            promise: Hlc(5),
            floor: Hlc(6),
            floor_hash: NodeId([7; 32]),
            frontier: NodeId([8; 32]),
            extensions: BTreeMap::new(),
        }
    }

    #[test]
    fn a_signed_tip_verifies_and_any_flipped_bit_does_not() {
        let bytes = tip(&AuthorKey::from_seed([9; 32])).sign(&AuthorKey::from_seed([9; 32])).to_bytes();
        assert_eq!(SignedTip::verify(&bytes).unwrap().tip.seq, 3);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(SignedTip::verify(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_key_cannot_sign_for_the_author() {
        let forged = tip(&AuthorKey::from_seed([9; 32])).sign(&AuthorKey::from_seed([8; 32]));
        assert!(SignedTip::verify(&forged.to_bytes()).is_err());
    }

    #[test]
    fn golden_bytes() {
        let key = AuthorKey::from_seed([9; 32]);
        let fill = |n: &str| n.repeat(32);
        let author = HEXLOWER.encode(key.id().as_bytes());
        let golden = format!(
            "8b015820{}5820{author}02035820{}05065820{}5820{}a0",
            fill("01"),
            fill("04"),
            fill("07"),
            fill("08")
        );
        assert_eq!(HEXLOWER.encode(&encode::to_bytes(&tip(&key))), golden);
    }

    #[test]
    fn an_oversized_tip_is_refused() {
        let key = AuthorKey::from_seed([9; 32]);
        let sized = |n: usize| {
            let mut tip = tip(&key);
            tip.extensions.insert("note".to_owned(), ByteBuf::from(vec![0; n]));
            tip.sign(&key).to_bytes()
        };
        let most = (0..MAX_TIP).rev().find(|n| sized(*n).len() <= MAX_TIP).unwrap();
        assert!(SignedTip::verify(&sized(most)).is_ok());
        assert!(SignedTip::verify(&sized(most + 1)).is_err());
    }
}
