//! The background linearizer: cuts checkpoints, sweeps dead trees; also once, on demand.
//!
//! Promises: the latch is held only to copy and to adopt, never while trees are written; a checkpoint is recorded only
//! after its trees are on disk; one cut at a time. A late commit that comes below a cut voids it, and it is cut again
//! at the next tick.

use super::clone;
use super::finality::submit;
use super::jobs::Job;
use super::kept::{Kept, Marks};
use super::local::Local;
use super::opening::refused;
use super::sweeping;
use super::writer::Writer;
use crate::failure::Failure;
use crate::limits::{COMPACT_TRIES, FORGOTTEN_AT_ONCE, LET_GO_AT_ONCE};
use dag::id::CommitId;
use dag::store::Record;
use linearizer::checkpoint::{Checkpoint, Cut};
use linearizer::order::Place;
use linearizer::window::Weight;
use std::sync::PoisonError;

/// What a cut brought.
#[derive(Clone, Debug)]
pub struct CutFact {
    /// Commits of main below the checkpoint.
    pub position: u64,
    /// Its consensus root.
    pub root: String,
    /// main's hash there.
    pub main_hash: String,
    /// Whether it is new: `false` if there was nothing to cut.
    pub new: bool,
}

/// One look: what the background task does at every tick.
pub fn tick(local: &Local) -> Result<(), Failure> {
    local.settle_alone()?;
    let cut = {
        let writer = local.latch();
        let Weight { commits, bytes } = writer.linearizer.weight();
        let due = commits >= local.config.checkpoint_commits || bytes >= local.config.checkpoint_bytes;
        // Stable places first: a cut above them would stand in their way.
        let stable = writer.linearizer.stable_cut().filter(|cut| fits(&writer, cut)).or_else(|| follow(&writer));
        if due && stable.is_none() { forced(&writer) } else { stable }
    };
    cut.map_or(Ok(()), |cut| carry_out(local, cut).map(drop))?;
    clone::renew(local)
}

/// A cut now: `headwaters compact`.
pub fn cut_now(local: &Local) -> Result<CutFact, Failure> {
    local.settle_alone()?;
    let mut new = false;
    for _ in 0..COMPACT_TRIES {
        let cut = {
            let writer = local.latch();
            writer.linearizer.cut().filter(|cut| fits(&writer, cut))
        };
        let Some(cut) = cut else { break };
        new = carry_out(local, cut)?;
        if new {
            break;
        }
    }
    clone::renew(local)?;
    let writer = local.latch();
    let last = writer.linearizer.checkpoints().next_back();
    Ok(CutFact {
        position: last.map_or(0, Checkpoint::position),
        root: last.map_or_else(String::new, |c| c.root().to_string()),
        main_hash: writer.linearizer.main_hash().to_string(),
        new,
    })
}

/// Writes what is left and marks a clean end.
pub fn close(local: &Local) -> Result<(), Failure> {
    local.settle_alone()?;
    // Dropping the committer writes what waits, marks the end, and joins its thread.
    let committer = local.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(committer);
    Ok(())
}

/// Where every peer would cut, unless commits from above that have left memory: then through all there is.
fn forced(writer: &Writer) -> Option<Cut> {
    let cut = writer.linearizer.forced_cut()?;
    if fits(writer, &cut) { Some(cut) } else { writer.linearizer.cut().filter(|cut| fits(writer, cut)) }
}

/// Whether all commits above the cut are in memory. After a late commit made a checkpoint void, those that it had let
/// go are above the older one, and no cut may come between them.
fn fits(writer: &Writer, cut: &Cut) -> bool {
    writer.let_go.is_none_or(|place| cut.place() >= place)
}

/// A cut where another member has cut (R30). Epochs end at one place for all, but cuts that memory forces or somebody
/// asks for lie anywhere; the greatest stable one draws all members after it, so that they vouch for the same.
fn follow(writer: &Writer) -> Option<Cut> {
    writer.linearizer.cut_behind(&mut writer.cuts.values().copied()).filter(|cut| fits(writer, cut))
}

/// Cuts, as a job that `headwaters.jobs` shows. `false`: a late commit voided the cut.
fn carry_out(local: &Local, cut: Cut) -> Result<bool, Failure> {
    let _one_at_a_time = local.cutting.lock().unwrap_or_else(PoisonError::into_inner);
    let job = local.jobs.begin("checkpoint", format!("through {}", cut.place().hlc), local.clock.wall_millis());
    let cut = write_out(local, cut, &job);
    let outcome = match &cut {
        Ok(true) => Ok("cut".to_owned()),
        Ok(false) => Ok("void: a late commit or another cut came first; it is cut again".to_owned()),
        Err(failure) => Err(failure.to_string()),
    };
    job.end(outcome, local.clock.wall_millis());
    cut
}

/// Writes a cut's trees, adopts it, records it. `false`: a late commit voided it.
fn write_out(local: &Local, cut: Cut, job: &Job<'_>) -> Result<bool, Failure> {
    job.at("writing trees");
    let mut nodes = local.tree_store.write().map_err(refused)?;
    let checkpoint = cut.write(&local.trees, &mut nodes).map_err(|e| Failure::environment(e.to_string()))?;
    nodes.finish().map_err(refused)?;
    let base = checkpoint.open(&*local.tree_store, &local.trees).map_err(|e| Failure::Damaged(e.to_string()))?;
    let (mut leaving, weight): (Vec<CommitId>, Weight) = (cut.commits().collect(), cut.weight());
    drop(cut);
    // Every commit of the cut was enqueued before this record, so it is in the log when this is answered.
    let barrier = submit(local, Record::named("cut", checkpoint.root().0.to_vec()))?;
    barrier.wait_blocking().map_err(refused)?;
    let place = checkpoint.place;
    let mut writer = local.latch();
    if !writer.linearizer.adopt(checkpoint, base, weight) {
        return Ok(false);
    }
    drop(writer);
    job.at("writing pages of chains");
    let mut writer = loop {
        if !let_go(local, &leaving, place)? {
            return Ok(false);
        }
        let writer = local.latch();
        // What an earlier checkpoint that is void now had left in memory.
        leaving = writer.known.through(place);
        if leaving.is_empty() {
            break writer;
        }
    };
    if !stands(&writer, place) {
        return Ok(false);
    }
    writer.known.tidy(place);
    let end = local.log.end();
    let scan_from = writer.known.entered.values().min().copied().unwrap_or(end);
    let marks = Marks { scan_from, adopted_at: end };
    let record = kept(local, &writer, marks).record();
    let recorded = submit(local, record)?;
    local.publish(&writer);
    let kept: Vec<Checkpoint> = writer.linearizer.checkpoints().cloned().collect();
    drop(writer);
    recorded.wait_blocking().map_err(refused)?;
    job.at("sweeping trees");
    sweeping::sweep(local, &kept)?;
    tracing::info!(position = kept.last().map_or(0, Checkpoint::position), "checkpoint");
    Ok(true)
}

/// Commits below a checkpoint leave memory, some at a time: their pages are written, without the latch, then they are
/// forgotten; sessions commit in between. `false`: a late commit voided the checkpoint, and what is not forgotten yet
/// stays.
fn let_go(local: &Local, leaving: &[CommitId], place: Place) -> Result<bool, Failure> {
    for some in leaving.chunks(LET_GO_AT_ONCE) {
        let (vertices, pages) = {
            let writer = local.latch();
            let vertices = writer.known.in_memory(some);
            let pages = writer.known.pages(&vertices);
            (vertices, pages)
        };
        local.submit_waiting(pages)?.wait_blocking().map_err(refused)?;
        for few in vertices.chunks(FORGOTTEN_AT_ONCE) {
            let mut writer = local.latch();
            if !stands(&writer, place) {
                return Ok(false);
            }
            writer.let_go = Some(place);
            writer.known.forget(few, place);
        }
    }
    Ok(true)
}

/// Whether the checkpoint there is the newest: no late commit has come below it.
fn stands(writer: &Writer, place: Place) -> bool {
    writer.linearizer.checkpoints().next_back().map(|newest| newest.place) == Some(place)
}

fn kept(local: &Local, writer: &Writer, marks: Marks) -> Kept {
    let checkpoints = writer.linearizer.checkpoints().cloned().collect();
    let mut kept = Kept::new(checkpoints, marks, local.counters.keep());
    let ground = writer.linearizer.checkpoints().next_back().map_or(&[][..], |newest| &newest.frontier);
    kept.ground = writer.known.controls.kept_ground(ground);
    kept.controls = writer.known.controls.kept();
    kept.promises = writer.known.promises().iter().map(|(author, p)| (*author, p.through, p.commit)).collect();
    kept.floors = writer.finality.words().map(|(author, word)| (author, word.floor, word.floor_hash)).collect();
    kept.chains = writer.known.chains.records();
    kept.held = writer.room.kept();
    kept.prev = writer.prev;
    kept.hlc = writer.hlc;
    kept.promise = writer.finality.promise();
    kept
}
