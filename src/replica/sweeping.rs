//! Tree segments: dead ones are deleted, nearly dead ones are emptied into one.
//!
//! Promises: the number of segments stays below [`SEGMENTS_WORTH_A_SWEEP`] and a few, however long a replica runs (each
//! holds two file handles), and every byte is moved a logarithmic number of times. Whoever calls holds the cutting lock,
//! and has the list of checkpoints on disk.

use super::local::Local;
use super::opening::refused;
use crate::failure::Failure;
use dag::store::{Roots, TreeSegment};
use dag::tree::{Tree, TreeError};
use linearizer::checkpoint::Checkpoint;
use std::collections::{BTreeMap, BTreeSet};

/// Segments are looked at when so many stand: below that they cost little (one a checkpoint).
const SEGMENTS_WORTH_A_SWEEP: usize = 24;
/// The fullest segments stay as they are; the others are emptied into one. A segment is moved again only after so many
/// fuller ones exist, so bytes move a logarithmic number of times.
const SEGMENTS_LEFT_ALONE: usize = 8;

/// Deletes what no kept checkpoint needs.
pub fn sweep(local: &Local, kept: &[Checkpoint]) -> Result<(), Failure> {
    if local.tree_store.segments().len() < SEGMENTS_WORTH_A_SWEEP {
        return Ok(());
    }
    let job = local.jobs.begin("sweep", "tree segments".to_owned(), local.clock.wall_millis());
    let roots = roots(kept);
    let needed = local.tree_store.reach(&local.trees, &roots).map_err(damaged)?;
    let scattered = scattered(&needed);
    let mut live: BTreeSet<TreeSegment> = needed.into_keys().filter(|segment| !scattered.contains(segment)).collect();
    if !scattered.is_empty() {
        let mut writer = local.tree_store.write().map_err(refused)?;
        local.tree_store.evacuate(&local.trees, &roots, &scattered, &mut writer).map_err(damaged)?;
        live.extend(writer.finish().map_err(refused)?);
    }
    let gone = local.tree_store.sweep(&live).map_err(refused)?;
    tracing::debug!(deleted = gone.len(), emptied = scattered.len(), "tree segments");
    let brought = format!("{} segments deleted, {} emptied into one", gone.len(), scattered.len());
    job.end(Ok(brought), local.clock.wall_millis());
    Ok(())
}

fn roots(kept: &[Checkpoint]) -> Roots {
    let spaces = kept.iter().flat_map(|checkpoint| checkpoint.trees.iter().chain(&checkpoint.indexes));
    let trees = spaces.map(|(_, root)| Tree { root: Some(*root) }).collect();
    Roots { trees, objects: kept.iter().map(|checkpoint| checkpoint.catalogue).collect() }
}

/// All but the fullest, if there are many.
fn scattered(needed: &BTreeMap<TreeSegment, u64>) -> BTreeSet<TreeSegment> {
    if needed.len() < SEGMENTS_WORTH_A_SWEEP / 2 {
        return BTreeSet::new();
    }
    let mut by_fill: Vec<(u64, TreeSegment)> = needed.iter().map(|(segment, objects)| (*objects, *segment)).collect();
    by_fill.sort_unstable_by(|a, b| b.cmp(a));
    by_fill.into_iter().skip(SEGMENTS_LEFT_ALONE).map(|(_, segment)| segment).collect()
}

fn damaged(error: TreeError) -> Failure {
    Failure::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_segments_stay_and_of_many_the_emptiest_are_moved() {
        let few: BTreeMap<TreeSegment, u64> = (0..11).map(|n| (n, n)).collect();
        assert!(scattered(&few).is_empty());
        let many: BTreeMap<TreeSegment, u64> = (0..20).map(|n| (n, n)).collect();
        assert_eq!(scattered(&many), (0..12).collect());
    }
}
