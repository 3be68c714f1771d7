//! What this replica offers to newcomers: its newest stable checkpoint, with the tips that vouch for it (R16, R31).
//!
//! Promises: offers only what its own last tip vouches for. What is believed of an offer is `linearizer::offer`'s to say.

use crate::failure::Failure;
use crate::replica::local::Local;
use crate::replica::opening::refused;
use dag::admit::Known;
use dag::id::{AuthorId, CommitId, NodeId};
use dag::store::Kind;
use gossip::limits::MAX_OFFER;
use linearizer::checkpoint::Checkpoint;
use linearizer::offer::Offer;
use serde_bytes::ByteBuf;
use std::sync::PoisonError;

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
        let bytes = Offer::write(checkpoint, stand.foothold, tips);
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
