//! Every commit here in main's order, made one by one while somebody reads: a million of them take 16 MB, not a gigabyte.
//!
//! Promises: a snapshot of the log's commits as of the call; each is read from the log when its turn comes, in chunks
//! whose pieces lie together. Costs one pass over the log's headers first, for the order.

use super::fates::{Fates, fact};
use super::record::{self, Stored};
use super::report::CommitFact;
use crate::limits::LISTED_AT_ONCE;
use dag::store::{Kind, Log, Position};
use linearizer::order::Place;
use sql::error::SqlError;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::vec::IntoIter;

/// Bytes of other records that are read over rather than begun anew behind: a fraction of what a scan reads at once.
const GAP: u64 = 64 << 10;

/// Where a commit stands in the order, as little as tells it; equal times are told apart when the commits are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hlc: u64,
    segment: u32,
    offset: u32,
}

impl Entry {
    fn position(self) -> Position {
        Position { segment: u64::from(self.segment), offset: u64::from(self.offset) }
    }
}

/// The commits still to be given.
pub struct InOrder {
    log: Arc<Log>,
    fates: Fates,
    order: Vec<Entry>,
    taken: usize,
    ready: IntoIter<CommitFact>,
}

fn unreadable(error: impl std::fmt::Display) -> SqlError {
    SqlError::new(1030, error.to_string())
}

impl InOrder {
    /// Every commit of the log, with its fate.
    pub fn of(log: &Arc<Log>, fates: Fates) -> Result<Self, SqlError> {
        let mut order = Vec::new();
        let mut failed = None;
        log.scan(Position::START, &mut |entry| {
            if entry.kind != Kind::COMMIT {
                return ControlFlow::Continue(());
            }
            match (record::time_of(entry.bytes), narrow(entry.position)) {
                (Ok(hlc), Some((segment, offset))) => order.push(Entry { hlc: hlc.0, segment, offset }),
                (Err(why), _) => failed = Some(unreadable(why)),
                (_, None) => failed = Some(unreadable("the log has more segments than can be listed")),
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(unreadable)?;
        failed.map_or(Ok(()), Err)?;
        order.sort_unstable();
        Ok(InOrder { log: log.clone(), fates, order, taken: 0, ready: Vec::new().into_iter() })
    }

    /// Reads the next commits, never some of one time without the others.
    fn fill(&mut self) -> Result<(), SqlError> {
        let rest = &self.order[self.taken..];
        let mut end = rest.len().min(LISTED_AT_ONCE);
        while end < rest.len() && rest[end].hlc == rest[end - 1].hlc {
            end += 1;
        }
        let mut wanted: Vec<Position> = rest[..end].iter().map(|entry| entry.position()).collect();
        wanted.sort_unstable();
        let mut found: Vec<(Place, CommitFact)> = Vec::with_capacity(end);
        for run in wanted.chunk_by(|a, b| a.segment == b.segment && b.offset - a.offset <= GAP) {
            read(&self.log, run, &mut |stored| {
                let header = &stored.commit.header;
                let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
                found.push((place, fact(&stored, &self.fates)));
            })?;
        }
        found.sort_unstable_by_key(|(place, _)| *place);
        self.taken += end;
        self.ready = found.into_iter().map(|(_, fact)| fact).collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

impl Iterator for InOrder {
    type Item = Result<CommitFact, SqlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.len() == 0
            && self.taken < self.order.len()
            && let Err(error) = self.fill()
        {
            self.taken = self.order.len();
            return Some(Err(error));
        }
        self.ready.next().map(Ok)
    }
}

fn narrow(position: Position) -> Option<(u32, u32)> {
    Some((position.segment.try_into().ok()?, position.offset.try_into().ok()?))
}

/// The commits at these positions, which ascend within one segment.
fn read(log: &Log, positions: &[Position], take: &mut dyn FnMut(Stored)) -> Result<(), SqlError> {
    let Some(first) = positions.first() else { return Ok(()) };
    let mut wanted = positions.iter().peekable();
    let mut failed = None;
    log.scan(*first, &mut |entry| {
        if wanted.next_if(|position| **position == entry.position).is_some() {
            match record::of_entry(&entry) {
                Some(Ok(stored)) => take(stored),
                Some(Err(why)) => failed = Some(unreadable(why)),
                None => failed = Some(unreadable("the log has changed under a listing")),
            }
        }
        if failed.is_some() || wanted.peek().is_none() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(unreadable)?;
    failed.map_or(Ok(()), Err)
}
