//! How a simulated replica takes a segment: verified, admitted, or waiting for a parent, its time or an upgrade.
//!
//! Promises: what is refused changes nothing; what entered is enqueued with its tip as one batch. Does not fetch.

use super::super::chain::{Record, candidate, verify};
use super::{AfterSync, Output, Replica};
use dag::admit::{Admitted, Candidate, Verdict, admit_segment};
use dag::commit::Segment;
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::waiting::Until;
use gossip::{Fault, RawSegment};
use linearizer::finality::Mark;
use std::collections::BTreeSet;

impl Replica {
    /// A segment as it came: opened, verified, admitted.
    pub(super) fn receive(
        &mut self,
        peer: usize,
        raw: &RawSegment,
        now_millis: u64,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let segment = verify(raw).ok_or(Fault::Invalid)?;
        self.admit(peer, segment, now_millis, output)
    }

    pub(super) fn admit_all(&mut self, segments: Vec<(usize, Segment)>, now_millis: u64, output: &mut Output) {
        let mut todo: std::collections::VecDeque<(usize, Segment)> = segments.into();
        while let Some((peer, segment)) = todo.pop_front() {
            if let Some(memory) = &mut self.memory {
                memory.refresh_waiting();
            }
            // A fault found after the wait is nobody's on this connection any more: the segment is forgotten.
            let _ = self.admit(peer, segment, now_millis, output);
        }
    }

    fn admit(&mut self, peer: usize, segment: Segment, now_millis: u64, output: &mut Output) -> Result<(), Fault> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let candidates: Vec<Candidate<'_>> = segment.commits.iter().map(candidate).collect();
        let until = match admit_segment(&candidates, &self.ground, &mut memory.library.skeleton, now_millis) {
            Ok(entered) => {
                let free = self.enter(&segment, &entered);
                self.admit_all(free, now_millis, output);
                return Ok(());
            }
            // What is nowhere here is asked for with the next announcement.
            Err((_, Verdict::Wait(missing))) => Until::Parents(missing),
            Err((_, Verdict::HoldUntil(millis))) => Until::Time(millis),
            Err((_, Verdict::HoldForUpgrade(_))) => Until::Upgrade,
            Err((_, Verdict::BrokenPromise(_))) => {
                memory.prove(segment.tip.tip.author, Mark::BrokePromise, self.habit);
                Until::Cut
            }
            Err((_, Verdict::BelowClosed(_))) => {
                memory.finality.mark(segment.tip.tip.author, Mark::BelowClosed);
                Until::Cut
            }
            Err((_, Verdict::Invalid(_))) => return Err(Fault::Invalid),
            Err((_, Verdict::Admit { .. })) => return Ok(()),
        };
        if !memory.library.waiting.contains(&segment.tip.tip.commit) {
            let bytes = segment.commits.iter().map(|c| c.bytes().len()).sum();
            let count = segment.commits.len();
            // A full room is no fault: the segment is fetched again later.
            if memory.waiting.enter(peer, count, bytes, until, segment).is_ok() {
                memory.refresh_waiting();
            }
        }
        Ok(())
    }

    /// An admitted segment goes to the disk; gives what waited for it.
    fn enter(&mut self, segment: &Segment, entered: &[Admitted]) -> Vec<(usize, Segment)> {
        let Some(memory) = &mut self.memory else { return Vec::new() };
        let (mut free, mut batch) = (Vec::new(), Vec::new());
        let twins = entered.iter().filter(|admitted| admitted.twin.is_some());
        twins.for_each(|twin| memory.finality.mark(twin.vertex.author, Mark::Equivocated));
        let fresh: BTreeSet<CommitId> = entered.iter().map(|a| a.vertex.id).collect();
        for opened in segment.commits.iter().filter(|c| fresh.contains(&c.id)) {
            memory.library.keep(opened.clone());
            batch.push(Record::Commit(opened.clone()));
            free.extend(memory.waiting.arrived(&opened.id));
        }
        batch.push(Record::Tip(segment.tip.clone()));
        self.disk.append(batch);
        memory.library.keep_tip(&segment.tip);
        let tip = Box::new(segment.tip.clone());
        memory.after_sync.push(AfterSync::Fetched(entered.iter().map(|a| a.vertex.id).collect(), tip));
        memory.refresh_waiting();
        self.watch(segment, entered.last().map_or(Hlc::default(), |admitted| admitted.vertex.hlc));
        free
    }
}
