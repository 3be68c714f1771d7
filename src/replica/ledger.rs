//! This replica as its exchanges see it: the window in memory and the log below it, read-only.
//!
//! Promises: only what is on disk and signed shows (R14); each question takes the latch for itself and shortly, bytes
//! are read without it. Does not know who asks.

use super::known::Knowledge;
use super::local::{Local, stopped};
use super::record;
use super::shown::Shown;
use super::writer::Writer;
use crate::failure::Failure;
use dag::admit::Known;
use dag::id::CommitId;
use dag::store::Kind;
use dag::version::{Ask, Lack, Lookup, Page, Position, Walk};
use dag::vertex::{Chain, Vertex};
use gossip::limits::MAX_ANNOUNCED_POSITIONS;
use gossip::{Announcement, Ledger, RawSegment, Served};

impl Local {
    /// Lets an exchange read.
    pub fn read(&self, job: &mut dyn FnMut(&dyn Ledger, u64)) {
        job(self, self.clock.wall_millis());
    }

    /// What this replica has, to be announced: signs a tip if one is due, and returns when all that it names is on disk
    /// (R14). `near`: where the network listens.
    pub fn announcement(&self, near: &[String]) -> Result<Announcement, Failure> {
        self.speak()?;
        let staged = self.latch().shown.last_staged();
        if let Some(stored) = staged {
            stored.wait_blocking().map_err(|e| Failure::environment(stopped(&e).message.into_owned()))?;
        }
        let mut writer = self.latch();
        writer.shown.refresh();
        let heads = writer.shown.heads();
        let tip = writer.shown.tip().map(|tip| tip.to_vec());
        let held = writer.shown.newest_versions(MAX_ANNOUNCED_POSITIONS);
        let announcement = Announcement::new(tip, &heads.newest(usize::MAX), heads.digest(), &held, near);
        let urgent = self.waits.want_others(self.clock.monotonic());
        Ok(Announcement { urgent, ..announcement })
    }

    /// An admitted commit that shows.
    fn shown_vertex(&self, id: &CommitId) -> Option<Vertex> {
        {
            let mut writer = self.latch();
            writer.shown.refresh();
            if writer.shown.hides(id) {
                return None;
            }
            if let Some(vertex) = writer.known.graph.get(id) {
                return Some(vertex.clone());
            }
        }
        let here = record::read_vertex(&self.log, id).ok().flatten();
        here.or_else(|| self.cloned.as_ref()?.foothold.vertex(id).cloned())
    }
}

impl Ledger for Local {
    fn heads(&self) -> Vec<CommitId> {
        let mut writer = self.latch();
        writer.shown.refresh();
        writer.shown.heads().newest(usize::MAX)
    }

    fn knows(&self, id: &CommitId) -> bool {
        let writer = self.latch();
        let is_here = writer.known.graph.contains(id) || writer.room.contains(id);
        drop(writer);
        is_here
            || self.log.has(Kind::COMMIT, &id.0).unwrap_or(false)
            || self.cloned.as_ref().is_some_and(|cloned| cloned.foothold.vertex(id).is_some())
    }

    fn missing(&self) -> Vec<CommitId> {
        self.latch().room.missing()
    }

    fn have(&self) -> Vec<(Chain, Position)> {
        let mut writer = self.latch();
        writer.shown.refresh();
        writer.shown.have(&writer.known.chains)
    }

    fn lack(&self, ask: &Ask<'_>) -> Lack {
        let mut writer = self.latch();
        writer.shown.refresh();
        let Writer { known, shown, .. } = &*writer;
        known.chains.lack(ask, &Showing { known, shown })
    }

    fn next(&self, walk: &mut Walk, most: usize) -> Vec<CommitId> {
        let writer = self.latch();
        let Writer { known, shown, .. } = &*writer;
        walk.next(&known.chains, &Showing { known, shown }, most)
    }

    fn has_bytes(&self, id: &CommitId) -> bool {
        self.log.has(Kind::COMMIT, &id.0).unwrap_or(false)
    }

    fn is_tip(&self, id: &CommitId) -> bool {
        self.log.has(Kind::TIP, &id.0).unwrap_or(false)
    }

    fn held(&self, id: &CommitId) -> Option<RawSegment> {
        self.held_segment(id)
    }

    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.shown_vertex(id)
    }

    fn served(&self, id: &CommitId) -> Option<Served> {
        if self.latch().shown.hides(id) {
            return None;
        }
        let bytes = self.log.get(Kind::COMMIT, &id.0).ok().flatten()?;
        let tip = self.log.get(Kind::TIP, &id.0).ok().flatten();
        Some(Served { commit: record::commit_bytes(&bytes)?.into(), tip })
    }
}

/// The commits that may be spoken of.
struct Showing<'a> {
    known: &'a Knowledge,
    shown: &'a Shown,
}

impl Lookup for Showing<'_> {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        if self.shown.hides(id) { None } else { Known::vertex(self.known, id) }
    }

    fn page(&self, chain: Chain, number: u64) -> Page {
        self.known.page(chain, number)
    }
}
