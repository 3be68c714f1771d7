//! This replica as its exchanges see it: the window in memory and the log below it, read-only.
//!
//! Promises: only what is on disk and signed shows (R14); each question takes the latch for itself and shortly, bytes
//! are read without it. Does not know who asks.

use super::local::{Local, stopped};
use super::record;
use crate::failure::Failure;
use dag::id::CommitId;
use dag::store::Kind;
use dag::version::{Lack, Versions};
use dag::vertex::Vertex;
use gossip::limits::MAX_ANNOUNCED_POSITIONS;
use gossip::{Announcement, Ledger, RawSegment, Served};
use std::collections::BTreeMap;

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
        Ok(Announcement::new(tip, &heads.newest(usize::MAX), heads.digest(), &held, near))
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

    fn versions(&self) -> Versions {
        let mut writer = self.latch();
        writer.shown.refresh();
        writer.shown.versions()
    }

    fn lack(&self, want: &[CommitId], have: &Versions, also: &[CommitId], _: bool) -> Lack {
        let mut walk = Difference { ledger: self, open: BTreeMap::new(), wanted: 0 };
        have.values().map(|p| &p.id).chain(also).for_each(|id| walk.reach(id, true));
        want.iter().for_each(|id| walk.reach(id, false));
        Lack { commits: walk.run(), ladders: BTreeMap::new() }
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

/// `closure(want) - closure(have)`, by falling generation.
struct Difference<'a> {
    ledger: &'a Local,
    open: BTreeMap<(u64, CommitId), (Vertex, bool)>,
    wanted: usize,
}

impl Difference<'_> {
    fn reach(&mut self, id: &CommitId, held: bool) {
        let Some(vertex) = self.ledger.shown_vertex(id) else { return };
        let mut added = false;
        let place = self.open.entry((vertex.generation, *id)).or_insert_with(|| {
            added = true;
            (vertex, held)
        });
        if added {
            self.wanted += usize::from(!held);
        } else if held && !place.1 {
            place.1 = true;
            self.wanted -= 1;
        }
    }

    fn run(mut self) -> Vec<CommitId> {
        let mut lacking = Vec::new();
        while self.wanted > 0 {
            let Some((_, (vertex, held))) = self.open.pop_last() else { break };
            if !held {
                self.wanted -= 1;
                lacking.push(vertex.id);
            }
            vertex.parents.iter().for_each(|parent| self.reach(parent, held));
        }
        lacking.reverse();
        lacking
    }
}
