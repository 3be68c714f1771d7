//! The background linearizer: signs tips, moves stable, cuts checkpoints, sweeps dead trees; also once, on demand.
//!
//! Promises: the latch is held only to copy and to adopt, never while trees are written; a checkpoint is recorded only
//! after its trees are on disk; one cut at a time. A late commit that comes below a cut voids it, and it is cut again
//! at the next tick.

use super::kept::{Kept, Marks};
use super::local::Local;
use super::opening::refused;
use super::sweeping;
use super::writer::Writer;
use crate::failure::Failure;
use dag::admit::{Known, Standing};
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::store::{Committer, Kind, Record};
use dag::tip::Tip;
use linearizer::checkpoint::{Checkpoint, Cut};
use linearizer::finality::{self, Member};
use linearizer::order::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

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

/// Signs what a crash left unsigned, before this run writes anything: a tip of this run says nothing of the chain of
/// the run before, so that peers would be sent children without their parents (R14).
pub fn sign_tail(local: &Local) -> Result<(), Failure> {
    let mut writer = local.latch();
    if writer.unsigned > 0 { sign(local, &mut writer) } else { Ok(()) }
}

/// One look: what the background task does at every tick.
pub fn tick(local: &Local) -> Result<(), Failure> {
    let cut = {
        let mut writer = local.latch();
        settle(local, &mut writer)?;
        let (commits, bytes) = above(&writer);
        let due = commits >= local.config.checkpoint_commits || bytes >= local.config.checkpoint_bytes;
        let cut = if due { writer.linearizer.cut() } else { writer.linearizer.stable_cut() };
        local.publish(&writer);
        cut
    };
    cut.map_or(Ok(()), |cut| carry_out(local, cut).map(drop))
}

/// A cut now: `headwaters compact`.
pub fn cut_now(local: &Local) -> Result<CutFact, Failure> {
    let cut = {
        let mut writer = local.latch();
        settle(local, &mut writer)?;
        local.publish(&writer);
        writer.linearizer.cut()
    };
    let new = match cut {
        Some(cut) => carry_out(local, cut)?,
        None => false,
    };
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
    if local.refusal().is_none() {
        let mut writer = local.latch();
        settle(local, &mut writer)?;
    }
    // Dropping the committer writes what waits, marks the end, and joins its thread.
    let committer = local.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(committer);
    Ok(())
}

fn above(writer: &Writer) -> (u64, u64) {
    writer.linearizer.outcomes().fold((0, 0), |(n, bytes), (seat, _)| (n + 1, bytes + seat.commit().bytes))
}

/// Brings main up to date, promises, signs, and moves stable (R13 to R16).
fn settle(local: &Local, writer: &mut Writer) -> Result<(), Failure> {
    writer.linearizer.advance();
    if writer.unsigned > 0 {
        sign(local, writer)?;
    }
    let members = promises(local, writer);
    let before = writer.linearizer.stable().map_or(Hlc::default(), |place| place.hlc);
    let own = writer.author();
    let stable = finality::stable(before, own, &members, |hlc| writer.linearizer.main_hash_at(hlc));
    if stable.hlc > Hlc::default() {
        writer.linearizer.set_stable(stable.hlc);
        let hash = writer.linearizer.main_hash_at(stable.hlc);
        writer.floor = hash.map_or(writer.floor, |hash| (stable.hlc, hash));
    }
    Ok(())
}

/// Signs the newest commit with the promise that nothing is written at or below it (R15); on disk before it is used.
pub fn sign(local: &Local, writer: &mut Writer) -> Result<(), Failure> {
    let Some(commit) = writer.prev else { return Ok(()) };
    let Some(vertex) = writer.known.vertex(&commit) else { return Ok(()) };
    let (floor, floor_hash) = writer.floor;
    let tip = Tip {
        version: 1,
        genesis: writer.genesis(),
        author: writer.author(),
        run: vertex.run,
        seq: vertex.seq,
        commit,
        promise: vertex.hlc,
        floor,
        floor_hash,
        frontier: dag::id::NodeId(writer.heads.digest()),
        extensions: BTreeMap::new(),
    };
    let signed: Arc<[u8]> = tip.sign(writer.key()).to_bytes().into();
    let stored = submit(local, Record::new(Kind::TIP, commit.0, signed.clone()))?;
    writer.shown.signed(signed, stored);
    writer.promise = vertex.hlc;
    writer.unsigned = 0;
    Ok(())
}

/// Puts a record into the committer's queue.
fn submit(local: &Local, record: Record) -> Result<dag::store::Answer, Failure> {
    let committer = local.committer.lock().unwrap_or_else(PoisonError::into_inner);
    let committer: &Committer = committer.as_ref().ok_or_else(|| Failure::environment("the replica is stopping"))?;
    committer.try_submit(vec![record]).map_err(refused)
}

/// What each writing member has promised (R16); the recovery key writes only in an emergency and does not count.
fn promises(local: &Local, writer: &Writer) -> Vec<Member> {
    let heads = writer.heads.frontier();
    let set = writer.known.members(&heads);
    let writes = |author| set.standing(author) >= Standing::Writer && *author != local.genesis.recovery;
    let own = writer.author();
    let member = |author: &dag::id::AuthorId| {
        let theirs = writer.known.promises().get(author).map_or(Hlc::default(), |p| p.through);
        let promise = if *author == own { writer.promise } else { theirs };
        Member { author: *author, promise, floor: (*author == own).then_some((promise, dag::id::NodeId([0; 32]))) }
    };
    set.iter().map(|(author, _)| author).filter(|a| writes(a)).map(member).collect()
}

/// Writes a cut's trees, adopts it, records it. `false`: a late commit voided it.
fn carry_out(local: &Local, cut: Cut) -> Result<bool, Failure> {
    let _one_at_a_time = local.cutting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut nodes = local.tree_store.write().map_err(refused)?;
    let checkpoint = cut.write(&local.trees, &mut nodes).map_err(|e| Failure::environment(e.to_string()))?;
    nodes.finish().map_err(refused)?;
    let base = checkpoint.open(&*local.tree_store, &local.trees).map_err(|e| Failure::Damaged(e.to_string()))?;
    drop(cut);
    // Every commit of the cut was enqueued before this record, so it is in the log when this is answered.
    let barrier = submit(local, Record::named("cut", checkpoint.root().0.to_vec()))?;
    barrier.wait_blocking().map_err(refused)?;
    let place = checkpoint.place;
    let mut writer = local.latch();
    if !writer.linearizer.adopt(checkpoint, base) {
        return Ok(false);
    }
    let marks = forget_below(local, &mut writer, place);
    let record = kept(local, &writer, marks).record();
    let recorded = submit(local, record)?;
    local.publish(&writer);
    let kept: Vec<Checkpoint> = writer.linearizer.checkpoints().cloned().collect();
    drop(writer);
    recorded.wait_blocking().map_err(refused)?;
    sweeping::sweep(local, &kept)?;
    tracing::info!(position = kept.last().map_or(0, Checkpoint::position), "checkpoint");
    Ok(true)
}

/// Commits below a checkpoint leave memory; gives where the log is to be read from now on.
fn forget_below(local: &Local, writer: &mut Writer, place: Place) -> Marks {
    let end = local.log.end();
    let remaining: BTreeSet<CommitId> =
        writer.linearizer.outcomes().filter(|(seat, _)| seat.place() > place).map(|(seat, _)| seat.id()).collect();
    writer.known.graph.retire(&|id| !remaining.contains(id));
    writer.known.entered.retain(|id, _| remaining.contains(id));
    writer.known.forget_chains();
    let scan_from = writer.known.entered.values().min().copied().unwrap_or(end);
    Marks { scan_from, adopted_at: end }
}

fn kept(local: &Local, writer: &Writer, marks: Marks) -> Kept {
    let checkpoints = writer.linearizer.checkpoints().cloned().collect();
    let mut kept = Kept::new(checkpoints, marks, local.counters.keep());
    kept.controls = writer.known.controls().map(|(id, _)| id).collect();
    kept.promises = writer.known.promises().iter().map(|(author, p)| (*author, p.through, p.commit)).collect();
    kept.prev = writer.prev;
    kept.hlc = writer.hlc;
    kept.promise = writer.promise;
    kept
}
