//! Commits of other authors, however they came: verified, admitted, stored, folded, in whole segments (R13).
//!
//! Promises: a segment enters whole or not at all; what is refused changes nothing and says why; nobody's bad segment
//! stops another's. Does not fetch: whoever has segments brings them.

use super::bodies::{Bodies, Lack};
use super::history::LogHistory;
use super::local::{Local, stopped};
use super::record;
use super::writer::Writer;
use dag::admit::{Admitted, Verdict, admit_segment};
use dag::commit::{Segment, SegmentCheck};
use dag::id::EntityId;
use dag::row_key::Key;
use dag::store::{Kind, Record};
use linearizer::commit::Ordered;
use sql::error::SqlError;
use std::collections::HashSet;
use std::sync::Arc;

/// A segment as it travels: the bytes of its commits, and the signed tip at the last.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Commits of one chain, one after the other.
    pub commits: Vec<Arc<[u8]>>,
    /// The tip.
    pub tip: Arc<[u8]>,
}

/// A verified segment, with the changes of its large commits.
type Bodied = (Segment, Bodies);

/// What became of parcels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    /// Commits that entered.
    pub entered: u64,
    /// Commits that were here already.
    pub known: u64,
    /// Segments that wait for ancestors or for their time, with why: bring them again later.
    pub waiting: Vec<String>,
    /// Segments that are invalid, with why.
    pub refused: Vec<String>,
}

impl Local {
    /// Takes parcels in any order: those whose ancestors come later in the same call are tried again. Returns when what
    /// entered is on the disk. Error: 1290, the replica takes no writes.
    pub fn receive(&self, parcels: Vec<Parcel>) -> Result<Receipt, SqlError> {
        if let Some(refused) = self.refusal() {
            return Err(refused);
        }
        let mut receipt = Receipt::default();
        let mut bodiless = Vec::new();
        let mut open = self.whole(verify_all(parcels, &mut receipt), &mut bodiless, &mut receipt);
        let mut answers = Vec::new();
        loop {
            let mut waiting = Vec::new();
            let before = receipt.entered;
            let batch = self.take_all(open, &mut waiting, &mut receipt)?;
            answers.extend(batch);
            if waiting.is_empty() || receipt.entered == before {
                receipt.waiting.extend(waiting.into_iter().map(|(_, why)| why).chain(bodiless));
                break;
            }
            open = waiting.into_iter().map(|(segment, _)| segment).collect();
        }
        answers.iter().try_for_each(|answer| answer.wait_blocking()).map_err(|e| stopped(&e))?;
        Ok(receipt)
    }

    /// The segments whose bodies are all here; the others wait for their objects, or are refused.
    fn whole(&self, segments: Vec<Segment>, waiting: &mut Vec<String>, receipt: &mut Receipt) -> Vec<Bodied> {
        let mut whole = Vec::with_capacity(segments.len());
        for segment in segments {
            match self.bodies(&segment) {
                Ok(bodies) => whole.push((segment, bodies)),
                Err(Lack::Objects(id, count)) => {
                    waiting.push(format!("commit {id} waits for {count} or more objects of its changes (R10)"));
                }
                Err(Lack::Invalid(id, why)) => receipt.refused.push(format!("commit {id}: {why}")),
                Err(Lack::Unreadable(why)) => waiting.push(why),
            }
        }
        whole
    }

    /// One pass under the latch: admission, the disk's queue, one fold for all that entered.
    fn take_all(
        &self,
        open: Vec<Bodied>,
        waiting: &mut Vec<(Bodied, String)>,
        receipt: &mut Receipt,
    ) -> Result<Vec<dag::store::Answer>, SqlError> {
        let now = self.clock.wall_millis();
        let mut latch = self.latch();
        let writer = &mut *latch;
        let mut entered: Vec<Arc<Ordered>> = Vec::new();
        let mut answers = Vec::new();
        for (segment, bodies) in open {
            let candidates: Vec<_> = segment.commits.iter().map(record::candidate).collect();
            let ground = *writer.ground();
            match admit_segment(&candidates, &ground, &mut writer.known, now) {
                Ok(admitted) => {
                    let stored = self.enqueue_all(records(&segment, &admitted))?;
                    writer.shown.received(admitted.iter().map(|a| a.vertex.clone()).collect(), stored.clone());
                    answers.push(stored);
                    receipt.entered += admitted.len() as u64;
                    receipt.known += (segment.commits.len() - admitted.len()) as u64;
                    entered.extend(advance(writer, (&segment, &bodies), &admitted)?);
                }
                Err((id, Verdict::Wait(missing))) => {
                    let why = format!("commit {id} waits for {} ancestors that are not here", missing.len());
                    waiting.push(((segment, bodies), why));
                }
                Err((id, Verdict::HoldUntil(millis))) => {
                    waiting.push(((segment, bodies), format!("commit {id} is from the future: held until {millis} ms")))
                }
                Err((id, Verdict::HoldForUpgrade(level))) => waiting
                    .push(((segment, bodies), format!("commit {id} needs rules level {level}: upgrade headwaters"))),
                Err((id, verdict)) => receipt.refused.push(format!("commit {id}: {}", reason(&verdict))),
            }
        }
        self.fold(writer, entered)?;
        Ok(answers)
    }

    fn fold(&self, writer: &mut Writer, entered: Vec<Arc<Ordered>>) -> Result<(), SqlError> {
        if entered.is_empty() {
            return Ok(());
        }
        let changes = writer
            .linearizer
            .add(entered, &LogHistory(&self.log, &self.runs))
            .map_err(|e| SqlError::new(1030, e.to_string()))?;
        let keys: HashSet<(EntityId, Key)> =
            changes.keys.iter().flat_map(|(space, keys)| keys.iter().map(|key| (*space, key.clone()))).collect();
        writer.fetched.note(keys);
        self.note_demoted(writer, &changes);
        self.publish(writer);
        Ok(())
    }
}

fn verify_all(parcels: Vec<Parcel>, receipt: &mut Receipt) -> Vec<Segment> {
    let mut verified = Vec::new();
    for parcel in parcels {
        match Segment::verify(parcel.commits, &parcel.tip) {
            Ok(SegmentCheck::Verified(segment)) => verified.push(*segment),
            Ok(SegmentCheck::Held(held)) => {
                let versions: Vec<String> = held.iter().map(|h| format!("{} (version {})", h.id, h.version)).collect();
                receipt
                    .waiting
                    .push(format!("commits of unknown versions: {}; upgrade headwaters", versions.join(", ")));
            }
            Err(error) => receipt.refused.push(error.to_string()),
        }
    }
    verified
}

fn records(segment: &Segment, admitted: &[Admitted]) -> Vec<Record> {
    // Both in chain order: one pass.
    let mut new = admitted.iter().peekable();
    let mut taken = |id| new.next_if(|a| a.vertex.id == id);
    let commits = segment.commits.iter().filter_map(|c| taken(c.id).map(|a| record::of_commit(c, a.vertex.generation)));
    commits.chain([Record::new(Kind::TIP, segment.tip.tip.commit.0, segment.tip.to_bytes())]).collect()
}

/// The admitted commits of a segment become heads; gives them as the fold takes them.
fn advance(
    writer: &mut Writer,
    (segment, bodies): (&Segment, &Bodies),
    admitted: &[Admitted],
) -> Result<Vec<Arc<Ordered>>, SqlError> {
    let mut entered = Vec::with_capacity(admitted.len());
    let mut next = segment.commits.iter();
    for each in admitted {
        let Some(commit) = next.by_ref().find(|c| c.id == each.vertex.id) else { continue };
        writer.heads.advance(&each.vertex);
        writer.hlc = writer.hlc.max(each.vertex.hlc);
        let changes = bodies
            .changes(commit)
            .ok_or_else(|| SqlError::new(1105, format!("The changes of commit {} were not gathered", commit.id)))?;
        entered.push(Arc::new(record::ordered(commit, changes)));
        if let Some(twin) = each.twin {
            tracing::warn!(commit = %each.vertex.id, %twin, author = %each.vertex.author, "the author wrote two commits with one number: both are kept (R6)");
        }
    }
    writer.note_tip(&segment.tip.tip);
    Ok(entered)
}

fn reason(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Invalid(invalid) => invalid.to_string(),
        Verdict::BrokenPromise(promise) => {
            format!("its author had promised to write nothing at or below {}", promise.through)
        }
        other => format!("{other:?}"),
    }
}
