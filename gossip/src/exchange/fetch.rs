//! Our side of a fetch: what to ask for, and whether the answer is what was asked.
//!
//! Promises: one fetch at a time; parts in order, nothing twice, nothing unasked; what a peer turned out not to have is
//! not asked of it again until it announces more. Does not look into commits.

use crate::announcement::Announcement;
use crate::faults::Fault;
use crate::ledger::{Ledger, RawSegment};
use crate::limits::{FETCH_PATIENCE_MILLIS, MAX_HAVE, MAX_SEGMENT_BYTES, MAX_SEGMENT_COMMITS, MAX_WANT};
use crate::message::{Message, Rung, ends_of};
use dag::id::CommitId;
use serde_bytes::ByteBuf;
use std::collections::BTreeSet;

/// What a fetch still has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Parts,
    /// The answer has ended; waiting for it to be on disk.
    Storing {
        more: bool,
    },
}

/// The fetch under way.
#[derive(Clone, Debug)]
struct Fetch {
    number: u64,
    want: Vec<CommitId>,
    stage: Stage,
    heard_millis: u64,
    next_part: u64,
    segment: RawSegment,
    /// The segment's last commit is not whole yet.
    is_cut: bool,
    bytes: usize,
}

/// A part of an answer.
pub(super) struct Part {
    pub(super) index: u64,
    pub(super) commits: Vec<ByteBuf>,
    pub(super) cut: bool,
    pub(super) tip: Option<ByteBuf>,
}

impl Fetch {
    /// Adds the next part to the segment under way; gives it when it is whole.
    fn take(&mut self, part: Part) -> Result<Option<RawSegment>, Fault> {
        self.bytes += part.commits.iter().map(|c| c.len()).sum::<usize>();
        let mut commits = part.commits.into_iter();
        if std::mem::replace(&mut self.is_cut, part.cut)
            && let (Some(begun), Some(rest)) = (self.segment.commits.last_mut(), commits.next())
        {
            begun.extend_from_slice(&rest);
        }
        self.segment.commits.extend(commits);
        if self.segment.commits.len() > MAX_SEGMENT_COMMITS || self.bytes > MAX_SEGMENT_BYTES {
            return Err(Fault::TooLarge);
        }
        let Some(tip) = part.tip else { return Ok(None) };
        self.bytes = 0;
        Ok(Some(RawSegment { tip, ..std::mem::take(&mut self.segment) }))
    }
}

/// What is wanted of this peer, and the fetch under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetcher {
    wanted: BTreeSet<CommitId>,
    /// What this peer must have, for it brought what stands on it; bounded like what is wanted.
    owed: BTreeSet<CommitId>,
    /// The last answer lacked some of it.
    debt: bool,
    /// The peer has more heads than it could name: ask for all of them once.
    all: bool,
    last_number: u64,
    fetch: Option<Fetch>,
}

impl Fetcher {
    pub(super) fn is_busy(&self) -> bool {
        self.fetch.is_some()
    }

    pub(super) fn learn(&mut self, announcement: &Announcement, ledger: &dyn Ledger) -> Result<(), Fault> {
        if !announcement.is_bounded() {
            return Err(Fault::TooLarge);
        }
        self.miss(&announcement.heads, ledger);
        self.miss(&ledger.missing(), ledger);
        self.all |= announcement.more;
        Ok(())
    }

    pub(super) fn miss(&mut self, ids: &[CommitId], ledger: &dyn Ledger) {
        let room = MAX_WANT.saturating_sub(self.wanted.len());
        self.wanted.extend(ids.iter().filter(|id| !ledger.knows(id)).take(room));
    }

    /// What stands on these came from this peer (R41): it has them, or nobody may.
    pub(super) fn owe(&mut self, ids: &[CommitId], ledger: &dyn Ledger) {
        self.owed.retain(|id| self.wanted.contains(id));
        let room = MAX_WANT.saturating_sub(self.owed.len());
        self.owed.extend(ids.iter().filter(|id| !ledger.knows(id)).take(room));
        self.miss(ids, ledger);
    }

    /// Whether an answer since the last call lacked what the peer must have.
    pub(super) fn take_debt(&mut self) -> bool {
        std::mem::take(&mut self.debt)
    }

    /// The next request, if there is something to ask for and no fetch under way.
    pub(super) fn next_request(&mut self, ledger: &dyn Ledger, now_millis: u64) -> Option<Message> {
        if self.fetch.is_some() {
            return None;
        }
        self.wanted.retain(|id| !ledger.knows(id));
        let all = std::mem::take(&mut self.all);
        if self.wanted.is_empty() && !all {
            return None;
        }
        let want: Vec<CommitId> = if all { Vec::new() } else { self.wanted.iter().copied().collect() };
        self.last_number += 1;
        let number = self.last_number;
        self.fetch = Some(Fetch {
            number,
            want: want.clone(),
            stage: Stage::Parts,
            heard_millis: now_millis,
            next_part: 0,
            segment: RawSegment::default(),
            is_cut: false,
            bytes: 0,
        });
        Some(Message::Fetch { fetch: number, want, have: ends_of(&ledger.have(), MAX_HAVE) })
    }

    pub(super) fn ladder(
        &mut self,
        number: u64,
        rungs: &[Rung],
        ledger: &dyn Ledger,
        now_millis: u64,
    ) -> Result<Option<Message>, Fault> {
        let Some(fetch) = self.current(number)? else { return Ok(None) };
        fetch.heard_millis = now_millis;
        let also: BTreeSet<CommitId> =
            rungs.iter().map(|rung| rung.3).filter(|id| ledger.vertex(id).is_some()).collect();
        Ok(Some(Message::Climb { fetch: number, also: also.into_iter().collect() }))
    }

    pub(super) fn part(&mut self, number: u64, part: Part, now_millis: u64) -> Result<Option<RawSegment>, Fault> {
        let Some(fetch) = self.current(number)? else { return Ok(None) };
        if part.index < fetch.next_part {
            return Ok(None);
        }
        if part.index > fetch.next_part {
            return Err(Fault::Gap);
        }
        fetch.next_part += 1;
        fetch.heard_millis = now_millis;
        fetch.take(part)
    }

    pub(super) fn done(&mut self, number: u64, parts: u64, more: bool) -> Result<Option<u64>, Fault> {
        let Some(fetch) = self.current(number)? else { return Ok(None) };
        // A part is missing, or the last segment has no tip: what is known of a chain ends at a tip (R13).
        if parts != fetch.next_part || !fetch.segment.commits.is_empty() {
            return Err(Fault::Gap);
        }
        fetch.stage = Stage::Storing { more };
        Ok(Some(number))
    }

    /// The answer is on disk. `true`: it brought something.
    pub(super) fn stored(&mut self, number: u64, ledger: &dyn Ledger) -> bool {
        let Some(fetch) = self.fetch.take_if(|f| f.number == number && f.stage != Stage::Parts) else { return false };
        let more = fetch.stage == Stage::Storing { more: true };
        if more && fetch.next_part > 0 {
            self.all |= fetch.want.is_empty();
        } else {
            // What did not come, the peer does not have.
            self.debt |= fetch.want.iter().any(|id| self.owed.remove(id) && !ledger.knows(id));
            self.wanted.retain(|id| !fetch.want.contains(id));
        }
        self.wanted.retain(|id| !ledger.knows(id));
        fetch.next_part > 0
    }

    pub(super) fn check_patience(&mut self, now_millis: u64) -> Result<(), Fault> {
        let waiting = self.fetch.as_ref().filter(|fetch| fetch.stage == Stage::Parts);
        match waiting {
            Some(fetch) if now_millis > fetch.heard_millis + FETCH_PATIENCE_MILLIS => Err(Fault::Silent),
            _ => Ok(()),
        }
    }

    /// Forgets the fetch, not what it was for.
    pub(super) fn give_up(&mut self) {
        self.all |= self.fetch.take().is_some_and(|fetch| fetch.want.is_empty());
    }

    /// The fetch with this number; `None` for one that was given up or has ended, whose late parts mean nothing.
    fn current(&mut self, number: u64) -> Result<Option<&mut Fetch>, Fault> {
        if number > self.last_number || number == 0 {
            return Err(Fault::Unasked);
        }
        Ok(self.fetch.as_mut().filter(|fetch| fetch.number == number && fetch.stage == Stage::Parts))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Book, id};
    use super::*;

    /// A fetch that has taken so many commits of so many bytes each, none of them the last of its segment.
    fn taken(commits: usize, bytes: usize) -> Result<(), Fault> {
        let mut fetcher = Fetcher::default();
        fetcher.miss(&[id(1)], &Book::default());
        fetcher.next_request(&Book::default(), 0);
        let part = |index| Part { index, commits: vec![ByteBuf::from(vec![0; bytes])], cut: false, tip: None };
        (0..commits as u64).try_for_each(|index| fetcher.part(1, part(index), 0).map(drop))
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        assert_eq!([0, 1].map(|more| taken(MAX_SEGMENT_COMMITS + more, 1)), [Ok(()), Err(Fault::TooLarge)]);
        assert_eq!([0, 1].map(|more| taken(1, MAX_SEGMENT_BYTES + more)), [Ok(()), Err(Fault::TooLarge)]);
        let names: Vec<CommitId> = (0..=MAX_WANT as u32).map(id).collect();
        for (missed, wanted) in [(MAX_WANT, MAX_WANT), (MAX_WANT + 1, MAX_WANT)] {
            let mut fetcher = Fetcher::default();
            fetcher.miss(&names[..missed], &Book::default());
            assert_eq!(fetcher.wanted.len(), wanted, "the rest is asked for with the next announcement");
        }
        let mut fetcher = Fetcher::default();
        fetcher.miss(&names[..1], &Book::default());
        fetcher.next_request(&Book::default(), 7);
        let mut patience = |millis| fetcher.check_patience(7 + millis);
        assert_eq!(patience(FETCH_PATIENCE_MILLIS), Ok(()));
        assert_eq!(patience(FETCH_PATIENCE_MILLIS + 1), Err(Fault::Silent));
    }
}
