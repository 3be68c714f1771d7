//! The peer's side of a fetch: which commits it lacks, cut into segments and parts.
//!
//! Promises: reads only; the stream is closed under parents over what the asker said it has; every segment ends at a
//! tip, so commits that are not signed yet are left out with whatever stands on them. Does not know who may ask.

use crate::ledger::{Ledger, RawSegment, Served};
use crate::limits::{FETCH_BYTES, FETCH_COMMITS, MAX_RUNGS, MAX_SEGMENT_COMMITS, PART_BYTES, PART_COMMITS};
use crate::message::{Held, Message, Rung, ends_in};
use dag::id::CommitId;
use dag::version::{Ask, Position, Walk};
use dag::vertex::Chain;
use serde_bytes::ByteBuf;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Commits of a difference that are looked at together.
const STEP_COMMITS: usize = 512;

/// The question that waits for the answer to a ladder.
#[derive(Clone, Debug)]
struct Asked {
    fetch: u64,
    want: Vec<CommitId>,
    have: Vec<(Chain, Position)>,
}

/// What is being answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    asked: Option<Asked>,
}

impl Server {
    pub(super) fn asked(
        &mut self,
        fetch: u64,
        want: Vec<CommitId>,
        have: &[Held],
        ledger: &dyn Ledger,
    ) -> Vec<Message> {
        let want = if want.is_empty() { ledger.heads() } else { want };
        let have = ends_in(have);
        let lack = ledger.lack(&Ask { want: &want, have: &have, also: &[], settled: false });
        if lack.ladders.is_empty() {
            return stream(fetch, lack.walk, &held(&want, ledger), ledger);
        }
        let rung = |(chain, at): (&Chain, &Vec<Position>)| {
            let chain = *chain;
            at.clone().into_iter().map(move |p| Held(chain.author, chain.run, p.seq, p.id)).collect::<Vec<Rung>>()
        };
        let rungs = lack.ladders.iter().flat_map(rung).take(MAX_RUNGS).collect();
        self.asked = Some(Asked { fetch, want, have });
        vec![Message::Ladder { fetch, rungs }]
    }

    /// The asker climbed the ladder; an answer to an older question means nothing.
    pub(super) fn climbed(&mut self, fetch: u64, also: &[CommitId], ledger: &dyn Ledger) -> Vec<Message> {
        let Some(asked) = self.asked.take_if(|asked| asked.fetch == fetch) else { return Vec::new() };
        let lack = ledger.lack(&Ask { want: &asked.want, have: &asked.have, also, settled: true });
        stream(fetch, lack.walk, &held(&asked.want, ledger), ledger)
    }
}

/// The held segments among what is wanted, each once.
fn held(want: &[CommitId], ledger: &dyn Ledger) -> Vec<RawSegment> {
    let mut found: Vec<RawSegment> = Vec::new();
    for segment in want.iter().filter_map(|id| ledger.held(id)) {
        if !found.contains(&segment) {
            found.push(segment);
        }
    }
    found
}

/// Parts up to the bounds of one answer, then `Done`. A difference is read as far as the answer goes, no further.
fn stream(fetch: u64, mut walk: Walk, held: &[RawSegment], ledger: &dyn Ledger) -> Vec<Message> {
    let (mut parts, mut open, mut sent, mut bytes) = (Vec::new(), HashMap::new(), 0, 0);
    let mut more = false;
    // A clone does not have what lies below its checkpoint.
    let mut withheld = HashSet::new();
    'answer: loop {
        let ids = ledger.next(&mut walk, STEP_COMMITS);
        if ids.is_empty() {
            break;
        }
        for id in ids {
            let Some(whole) = gather(id, &mut open, &mut withheld, ledger) else { continue };
            let Some(segment) = whole.iter().map(|id| ledger.served(id)).collect::<Option<Vec<_>>>() else { continue };
            let size: usize = segment.iter().map(|c| c.commit.len()).sum();
            if sent > 0 && (sent + segment.len() > FETCH_COMMITS || bytes + size > FETCH_BYTES) {
                more = true;
                break 'answer;
            }
            (sent, bytes) = (sent + segment.len(), bytes + size);
            cut(fetch, segment, &mut parts);
        }
    }
    for segment in held {
        let size: usize = segment.commits.iter().map(|c| c.len()).sum();
        if more || bytes > 0 && bytes + size > FETCH_BYTES {
            more = true;
            break;
        }
        bytes += size;
        let last = segment.commits.len().saturating_sub(1);
        let tip: Arc<[u8]> = segment.tip.as_slice().into();
        let served = |(at, commit): (usize, &ByteBuf)| Served {
            commit: commit.as_slice().into(),
            tip: (at == last).then(|| tip.clone()),
        };
        cut(fetch, segment.commits.iter().enumerate().map(served).collect(), &mut parts);
    }
    let count = parts.len() as u64;
    parts.push(Message::Done { fetch, parts: count, more });
    parts
}

/// Adds a commit to the open segment that ends at its predecessor; at a tip the segment is whole. Segments come whole
/// in the order of their tips: another author can only have built on a tip (R13), so parents stay first. Names only:
/// the bytes are read when a segment is whole. A commit that cannot be served is withheld, and so is what stands on it.
fn gather(
    id: CommitId,
    open: &mut HashMap<CommitId, Vec<CommitId>>,
    withheld: &mut HashSet<CommitId>,
    ledger: &dyn Ledger,
) -> Option<Vec<CommitId>> {
    let stands = ledger.vertex(&id).filter(|v| !v.parents.iter().chain(&v.prev).any(|id| withheld.contains(id)));
    let Some(vertex) = stands.filter(|_| ledger.has_bytes(&id)) else {
        withheld.insert(id);
        return None;
    };
    let before = vertex.prev.filter(|_| vertex.seq > 1).and_then(|prev| open.remove(&prev));
    let mut segment = before.unwrap_or_default();
    segment.push(id);
    if ledger.is_tip(&id) {
        return Some(segment);
    }
    if segment.len() < MAX_SEGMENT_COMMITS {
        open.insert(id, segment);
    }
    None
}

/// A segment as parts of at most [`PART_BYTES`]; longer commits are cut.
fn cut(fetch: u64, segment: Vec<Served>, parts: &mut Vec<Message>) {
    let tip = segment.last().and_then(|served| served.tip.as_ref()).map(|tip| ByteBuf::from(tip.to_vec()));
    let (mut commits, mut room) = (Vec::new(), PART_BYTES);
    for served in &segment {
        let mut rest: &[u8] = &served.commit;
        if rest.len() > room && !commits.is_empty() || commits.len() == PART_COMMITS {
            let commits = std::mem::take(&mut commits);
            parts.push(part(fetch, parts, commits, false, None));
            room = PART_BYTES;
        }
        while rest.len() > PART_BYTES {
            let (now, later) = rest.split_at(PART_BYTES);
            parts.push(part(fetch, parts, vec![ByteBuf::from(now)], true, None));
            rest = later;
        }
        room -= rest.len();
        commits.push(ByteBuf::from(rest));
    }
    parts.push(part(fetch, parts, commits, false, tip));
}

fn part(fetch: u64, before: &[Message], commits: Vec<ByteBuf>, cut: bool, tip: Option<ByteBuf>) -> Message {
    Message::Part { fetch, index: before.len() as u64, commits, cut, tip }
}
