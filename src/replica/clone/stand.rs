//! What this replica vouches for: its newest stable checkpoint, and the foothold of what lies below it (R30, R31).
//!
//! Promises: worked out from the log, from where the last foothold ended, so it costs what came since; on disk before a
//! tip names it.

use crate::failure::Failure;
use crate::limits::KEPT_VOUCHERS;
use crate::replica::local::Local;
use crate::replica::opening::refused;
use crate::replica::record;
use crate::replica::writer::Writer;
use dag::encode;
use dag::foothold::{Foothold, Spot, Survey, spot};
use dag::id::{CommitId, NodeId};
use dag::store::{Kind, Log, Position, Record, StoreError};
use dag::tree::value_id;
use dag::vertex::Vertex;
use linearizer::checkpoint::Checkpoint;
use linearizer::offer::{extensions, spot_of, voucher};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

/// Names of the records in the log.
const STAND: &str = "stand";
const CLONED: &str = "cloned";

/// Where a replica stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Stand {
    /// Consensus root of the checkpoint.
    pub checkpoint: NodeId,
    /// The foothold's object.
    pub foothold: NodeId,
    /// Every commit above the checkpoint stands here in the log, or behind.
    scan_from: Position,
    /// What was vouched for, oldest first; the last one is for this checkpoint.
    pub vouchers: Vec<NodeId>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    checkpoint: NodeId,
    foothold: NodeId,
    scan_from: ByteArray<16>,
    vouchers: Vec<NodeId>,
}

impl Stand {
    /// The stand of a replica that was just cloned.
    pub fn cloned(checkpoint: &Checkpoint, foothold: NodeId) -> Self {
        let vouchers = vec![voucher(checkpoint, foothold)];
        Stand { checkpoint: checkpoint.root(), foothold, scan_from: Position::START, vouchers }
    }

    /// The last one written; one that cannot be read is as if there were none.
    pub fn load(log: &Log) -> Result<Option<Stand>, StoreError> {
        let Some(bytes) = log.named(STAND)? else { return Ok(None) };
        let written = encode::from_bytes::<Written>("stand", &bytes).ok().filter(|w| w.version == 1);
        Ok(written.map(|w| Stand {
            checkpoint: w.checkpoint,
            foothold: w.foothold,
            scan_from: Position::from_bytes(w.scan_from.into_array()),
            vouchers: w.vouchers,
        }))
    }

    /// For the log.
    pub fn record(&self) -> Record {
        let written = Written {
            version: 1,
            checkpoint: self.checkpoint,
            foothold: self.foothold,
            scan_from: ByteArray::new(self.scan_from.to_bytes()),
            vouchers: self.vouchers.clone(),
        };
        Record::named(STAND, encode::to_bytes(&written))
    }
}

/// The checkpoint that a replica was cloned from: below it there are no commits here.
pub struct Cloned {
    /// Commits below.
    pub position: u64,
    /// What is known of them.
    pub foothold: Foothold,
}

impl Cloned {
    /// The record that says so.
    pub fn record(position: u64, foothold: NodeId) -> Record {
        Record::named(CLONED, encode::to_bytes(&(1_u32, position, foothold)))
    }

    /// `None` for a replica that has the whole history. Error: damaged.
    pub fn load(log: &Log) -> Result<Option<Arc<Cloned>>, Failure> {
        let Some(bytes) = log.named(CLONED).map_err(refused)? else { return Ok(None) };
        let damaged = |why: String| {
            Failure::Damaged(format!(
                "what is known below the checkpoint that this replica was cloned from cannot be read ({why}); move \
                 the data folder away and clone again"
            ))
        };
        let (version, position, id): (u32, u64, NodeId) =
            encode::from_bytes("cloned", &bytes).map_err(|e| damaged(e.to_string()))?;
        if version != 1 {
            return Err(damaged(format!("version {version} is not known here; upgrade headwaters")));
        }
        let foothold = foothold(log, id)?.ok_or_else(|| damaged("the record is missing".to_owned()))?;
        Ok(Some(Arc::new(Cloned { position, foothold })))
    }

    /// Why something below cannot be answered here.
    pub fn refusal(&self) -> String {
        format!(
            "this replica was cloned from a checkpoint, and the {} commits below it were not fetched; ask a replica \
             that has the whole history",
            self.position
        )
    }
}

/// Reads a foothold from the log.
fn foothold(log: &Log, id: NodeId) -> Result<Option<Foothold>, Failure> {
    let Some(bytes) = log.get(Kind::VALUE, &id.0).map_err(refused)? else { return Ok(None) };
    Foothold::from_bytes(&bytes).map(Some).map_err(|e| Failure::Damaged(e.to_string()))
}

/// Takes up the newest stable checkpoint, if it is newer than what this replica stands on. Reads the log, without the
/// latch; cheap when there is nothing new.
pub fn renew(local: &Local) -> Result<(), Failure> {
    let newest = local.latch().linearizer.checkpoints().rev().find(|checkpoint| checkpoint.stable).cloned();
    let Some(checkpoint) = newest else { return Ok(()) };
    let before = local.stand.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if before.as_ref().is_some_and(|stand| stand.checkpoint == checkpoint.root()) {
        return Ok(());
    }
    let place = spot_of(checkpoint.place);
    let earlier = before.as_ref().map(|stand| foothold(&local.log, stand.foothold)).transpose()?.flatten();
    let earlier = earlier.filter(|earlier| earlier.place() < place);
    let from = before.as_ref().filter(|_| earlier.is_some()).map_or(Position::START, |stand| stand.scan_from);
    let mut survey = Survey::new(place, earlier.as_ref());
    let scan_from = scan(local, from, place, &mut survey)?;
    let look = |id: &CommitId| look(local, earlier.as_ref(), id);
    let found = match survey.finish(checkpoint.frontier.clone(), &look) {
        Ok(found) => found.to_bytes(),
        Err(error) => {
            tracing::warn!(%error, position = checkpoint.position(), "no clone can start from this checkpoint");
            return Ok(());
        }
    };
    let foothold = value_id(&found);
    let vouchers = before.map_or_else(Vec::new, |stand| stand.vouchers);
    let vouchers = with_newest(vouchers, voucher(&checkpoint, foothold));
    let stand = Stand { checkpoint: checkpoint.root(), foothold, scan_from, vouchers };
    let records = vec![Record::new(Kind::VALUE, foothold.0, found), stand.record()];
    local.submit_all(records)?.wait_blocking().map_err(refused)?;
    *local.stand.lock().unwrap_or_else(PoisonError::into_inner) = Some(stand);
    Ok(())
}

/// The vouchers to be kept: the newest last, the oldest gone.
fn with_newest(mut vouchers: Vec<NodeId>, newest: NodeId) -> Vec<NodeId> {
    vouchers.push(newest);
    vouchers.drain(..vouchers.len().saturating_sub(KEPT_VOUCHERS));
    vouchers
}

/// Brings every commit of the log from a position on to the survey; answers where the first above the place stands.
fn scan(local: &Local, from: Position, place: Spot, survey: &mut Survey) -> Result<Position, Failure> {
    let mut above = None;
    let mut failed = None;
    let end = local.log.scan(from, &mut |entry| match record::outline(&entry) {
        None => ControlFlow::Continue(()),
        Some(Err(reason)) => {
            failed = Some(Failure::Damaged(reason));
            ControlFlow::Break(())
        }
        Some(Ok((vertex, control))) => {
            if spot(&vertex) > place {
                above.get_or_insert(entry.position);
            }
            survey.take(&vertex, &control);
            ControlFlow::Continue(())
        }
    });
    let end = end.map_err(refused)?;
    failed.map_or(Ok(above.unwrap_or(end)), Err)
}

fn look(local: &Local, earlier: Option<&Foothold>, id: &CommitId) -> Option<Vertex> {
    let here = record::read_vertex(&local.log, id).ok().flatten();
    let cloned = || local.cloned.as_ref()?.foothold.vertex(id).cloned();
    here.or_else(|| earlier?.vertex(id).cloned()).or_else(cloned)
}

impl Local {
    /// What the next tip says of checkpoints.
    pub fn says_of_checkpoints(&self, writer: &Writer) -> BTreeMap<String, ByteBuf> {
        let Some(stand) = self.stand.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return BTreeMap::new();
        };
        let kept = writer.linearizer.checkpoints().find(|checkpoint| checkpoint.root() == stand.checkpoint);
        extensions(&stand.vouchers, kept.map(|checkpoint| checkpoint.place.id))
    }

    /// Whether the last tip leaves out the newest checkpoint that this replica vouches for.
    pub fn is_unvouched(&self, writer: &Writer) -> bool {
        let stand = self.stand.lock().unwrap_or_else(PoisonError::into_inner);
        stand.as_ref().is_some_and(|stand| stand.vouchers.last() != writer.vouched.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_vouchers_are_kept() {
        let vouchers = |range: std::ops::Range<usize>| range.map(|n| NodeId([n as u8; 32])).collect::<Vec<_>>();
        for kept in [0, KEPT_VOUCHERS - 1, KEPT_VOUCHERS] {
            let first = (kept + 1).saturating_sub(KEPT_VOUCHERS);
            assert_eq!(with_newest(vouchers(0..kept), NodeId([kept as u8; 32])), vouchers(first..kept + 1));
        }
    }
}
