//! What is said to newcomers of a checkpoint, and who must have signed before one believes it (R16, R31).
//!
//! Promises: a checkpoint is believed when a majority of the members that wrote below it name its voucher in their
//! signed tips; anything less is not taken. Decides from bytes alone; does not fetch.

use super::stand::voucher;
use super::word;
use crate::failure::Failure;
use crate::replica::local::Local;
use crate::replica::opening::refused;
use dag::admit::{Known, Standing};
use dag::control::Members;
use dag::encode;
use dag::foothold::Foothold;
use dag::genesis::Genesis;
use dag::id::{AuthorId, CommitId, NodeId};
use dag::store::Kind;
use dag::tip::SignedTip;
use gossip::limits::MAX_OFFER;
use linearizer::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

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
        foothold.place() == super::stand::spot_of(self.checkpoint.place)
            && foothold.frontier() == self.checkpoint.frontier
    }
}

/// Who vouches for what, by all tips that were brought.
pub fn vouching<'a>(tips: impl Iterator<Item = &'a SignedTip>) -> BTreeMap<NodeId, BTreeSet<AuthorId>> {
    let mut all: BTreeMap<NodeId, BTreeSet<AuthorId>> = BTreeMap::new();
    for signed in tips {
        for voucher in word::vouchers(&signed.tip) {
            all.entry(voucher).or_default().insert(signed.tip.author);
        }
    }
    all
}

/// The writing members below a checkpoint; the recovery key writes only in an emergency and does not count.
pub fn writers(genesis: &Genesis, foothold: &Foothold) -> BTreeSet<AuthorId> {
    let mut members = Members::founding(genesis);
    foothold.controls().iter().flat_map(|c| &c.records).for_each(|record| members.apply(record));
    let writes = |author: &&AuthorId| members.standing(author) >= Standing::Writer && **author != genesis.recovery;
    members.iter().map(|(author, _)| author).filter(writes).copied().collect()
}

/// Whether more than half of the writers vouch.
pub fn is_believed(writers: &BTreeSet<AuthorId>, vouching: Option<&BTreeSet<AuthorId>>) -> bool {
    let agree = vouching.map_or(0, |vouching| vouching.intersection(writers).count());
    2 * agree > writers.len()
}

impl Local {
    /// The checkpoints that newcomers may take: at most one, the newest stable one, with the tips that vouch for it.
    pub fn offers(&self) -> Vec<Vec<u8>> {
        match self.offer() {
            Ok(offer) => offer.into_iter().collect(),
            Err(error) => {
                tracing::warn!(%error, "no checkpoint is offered to newcomers");
                Vec::new()
            }
        }
    }

    fn offer(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(stand) = self.stand.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return Ok(None) };
        let found = |checkpoint: &&Checkpoint| checkpoint.root() == stand.checkpoint;
        let (checkpoint, commits) = {
            let writer = self.latch();
            let Some(checkpoint) = writer.linearizer.checkpoints().find(found).cloned() else { return Ok(None) };
            let members = writer.known.members(&writer.heads.frontier());
            let known = |author: &AuthorId| match *author == self.author {
                true => writer.prev,
                false => writer.known.promise(author).map(|promise| promise.commit),
            };
            (checkpoint, members.iter().filter_map(|(author, _)| known(author)).collect::<Vec<CommitId>>())
        };
        self.vouch(*stand.vouchers.last().unwrap_or(&NodeId::ZERO))?;
        let tip = |commit: &CommitId| self.log.get(Kind::TIP, &commit.0).map_err(refused).transpose();
        let tips: Vec<ByteBuf> = commits
            .iter()
            .filter_map(tip)
            .map(|tip| tip.map(|bytes| ByteBuf::from(bytes.to_vec())))
            .collect::<Result<_, _>>()?;
        let checkpoint = Checkpoint { stable: true, ..checkpoint };
        let written = Written { version: 1, checkpoint, foothold: stand.foothold, tips };
        let bytes = encode::to_bytes(&written);
        if bytes.len() > MAX_OFFER {
            let text = format!("the offer has {} bytes and {MAX_OFFER} are allowed: too many tables", bytes.len());
            return Err(Failure::environment(text));
        }
        Ok(Some(bytes))
    }

    /// Signs a tip that names the voucher, unless the last one does; a tip says it for the next announcement, too.
    fn vouch(&self, voucher: NodeId) -> Result<(), Failure> {
        let mut writer = self.latch();
        if writer.vouched == Some(voucher) || writer.prev.is_none() {
            return Ok(());
        }
        let signed = crate::replica::finality::sign(self, &mut writer);
        drop(writer);
        signed?;
        self.submit_all(Vec::new())?.wait_blocking().map_err(refused)
    }
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
