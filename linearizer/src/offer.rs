//! What is said to newcomers of a stable checkpoint, and who must have signed before one believes it (R16, R31).
//!
//! Promises: a checkpoint is believed when a majority of the members that wrote below it name its voucher in their
//! signed tips; anything less is not taken. A voucher covers everything that a newcomer takes on trust: the consensus
//! root, the index trees and the foothold. Decides from bytes alone; does not fetch. Why so: docs/decisions/0008-clone.md.

mod word;

pub use word::{cut, extensions, vouchers};

use crate::checkpoint::Checkpoint;
use crate::order::Place;
use dag::admit::Standing;
use dag::control::Members;
use dag::encode::{self, Domain};
use dag::foothold::{Foothold, Spot};
use dag::genesis::Genesis;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId};
use dag::tip::SignedTip;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// An offer, as it is sent. Version 1.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    checkpoint: Checkpoint,
    foothold: NodeId,
    tips: Vec<ByteBuf>,
}

/// An offer whose tips are verified.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The checkpoint; its trees are objects.
    pub checkpoint: Checkpoint,
    /// Its foothold's object.
    pub foothold: NodeId,
    /// The newest tip of each member, as the peer knows them.
    pub tips: Vec<SignedTip>,
}

impl Offer {
    /// The bytes of an offer of a stable checkpoint, with signed tips as they came.
    pub fn write(checkpoint: Checkpoint, foothold: NodeId, tips: Vec<ByteBuf>) -> Vec<u8> {
        let checkpoint = Checkpoint { stable: true, ..checkpoint };
        encode::to_bytes(&Written { version: 1, checkpoint, foothold, tips })
    }

    /// Reads an offer. Error, in words: it is none, or of another version, or names a checkpoint that may change.
    pub fn read(bytes: &[u8], genesis: &Genesis) -> Result<Offer, String> {
        let written: Written = encode::from_bytes("offer", bytes).map_err(|e| e.to_string())?;
        if written.version != 1 {
            return Err(format!("an offer of version {} is not known here", written.version));
        }
        if !written.checkpoint.stable {
            return Err("the checkpoint is not stable (R30)".to_owned());
        }
        let tips = written.tips.iter().filter_map(|tip| SignedTip::verify(tip).ok());
        let tips = tips.filter(|signed| signed.tip.genesis == genesis.id()).collect();
        Ok(Offer { checkpoint: written.checkpoint, foothold: written.foothold, tips })
    }

    /// What tips must name.
    pub fn voucher(&self) -> NodeId {
        voucher(&self.checkpoint, self.foothold)
    }

    /// Whether the foothold is the checkpoint's own.
    pub fn fits(&self, foothold: &Foothold) -> bool {
        foothold.place() == spot_of(self.checkpoint.place) && foothold.frontier() == self.checkpoint.frontier
    }

    /// The promises that count from the start: time, commit of the tip. One counts when its commit is known (R15); later
    /// tips come with their commits.
    pub fn promises(&self, foothold: &Foothold) -> Vec<(AuthorId, Hlc, CommitId)> {
        let known = self.tips.iter().filter(|signed| foothold.vertex(&signed.tip.commit).is_some());
        known.map(|s| (s.tip.author, s.tip.promise, s.tip.commit)).collect()
    }

    /// How far stable is for whoever takes it: just below its place, for a commit of the same moment may still come with
    /// the tail.
    pub fn stable(&self) -> Hlc {
        Hlc(self.checkpoint.place.hlc.0.saturating_sub(1))
    }
}

/// What a tip says of a checkpoint: everything that a newcomer cannot check by itself.
pub fn voucher(checkpoint: &Checkpoint, foothold: NodeId) -> NodeId {
    let covered = (checkpoint.root(), &checkpoint.indexes, foothold);
    NodeId(Domain::VOUCHER.hash(&encode::to_bytes(&covered)))
}

/// A place as `dag` names it.
pub fn spot_of(place: Place) -> Spot {
    (place.hlc, place.author, place.run, place.id)
}

/// What a newcomer makes of all offers.
#[derive(Debug)]
pub enum Choice {
    /// The newest checkpoint that enough members vouch for.
    Take(Box<(Offer, Foothold)>),
    /// None has a majority; they lie at these positions.
    Doubt(BTreeSet<u64>),
}

/// Chooses. `foothold` brings an offer's foothold if it can be got and read.
pub fn choose<E>(
    mut offers: Vec<Offer>,
    genesis: &Genesis,
    foothold: &mut dyn FnMut(&Offer) -> Result<Option<Foothold>, E>,
) -> Result<Choice, E> {
    offers.sort_by_key(|offer| Reverse(offer.checkpoint.position()));
    let believed = vouching(offers.iter().flat_map(|offer| &offer.tips));
    let mut doubts = BTreeSet::new();
    for offer in offers {
        let Some(foothold) = foothold(&offer)?.filter(|foothold| offer.fits(foothold)) else { continue };
        if is_believed(&writers(genesis, &foothold), believed.get(&offer.voucher())) {
            return Ok(Choice::Take(Box::new((offer, foothold))));
        }
        doubts.insert(offer.checkpoint.position());
    }
    Ok(Choice::Doubt(doubts))
}

/// Who vouches for what, by all tips that were brought.
fn vouching<'a>(tips: impl Iterator<Item = &'a SignedTip>) -> BTreeMap<NodeId, BTreeSet<AuthorId>> {
    let mut all: BTreeMap<NodeId, BTreeSet<AuthorId>> = BTreeMap::new();
    for signed in tips {
        for voucher in vouchers(&signed.tip) {
            all.entry(voucher).or_default().insert(signed.tip.author);
        }
    }
    all
}

/// The writing members below a checkpoint; the recovery key writes only in an emergency and does not count.
fn writers(genesis: &Genesis, foothold: &Foothold) -> BTreeSet<AuthorId> {
    let mut members = Members::founding(genesis);
    foothold.controls().iter().flat_map(|c| &c.records).for_each(|record| members.apply(record));
    let writes = |author: &&AuthorId| members.standing(author) >= Standing::Writer && **author != genesis.recovery;
    members.iter().map(|(author, _)| author).filter(writes).copied().collect()
}

/// Whether more than half of the writers vouch.
fn is_believed(writers: &BTreeSet<AuthorId>, vouching: Option<&BTreeSet<AuthorId>>) -> bool {
    let agree = vouching.map_or(0, |vouching| vouching.intersection(writers).count());
    2 * agree > writers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_the_writers_must_vouch() {
        let set = |n: &[u8]| n.iter().map(|n| AuthorId([*n; 32])).collect::<BTreeSet<_>>();
        for (writers, vouching, believed) in [
            (&[1][..], &[1][..], true),
            (&[1, 2], &[1], false),
            (&[1, 2], &[1, 2], true),
            (&[1, 2, 3], &[1, 3], true),
            (&[1, 2, 3], &[1, 8, 9], false),
            (&[], &[], false),
        ] {
            assert_eq!(is_believed(&set(writers), Some(&set(vouching))), believed, "{vouching:?} of {writers:?}");
        }
        assert!(!is_believed(&set(&[1]), None));
    }
}
