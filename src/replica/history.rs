//! Commits that have left the linearizer's window, from the log on disk.
//!
//! Promises: the same commits whichever way they are found; by the chains' pages it costs what lies between, so that a
//! late commit does not hold the latch for the length of the history.

use super::clone::Cloned;
use super::known::Knowledge;
use super::record;
use dag::hlc::Hlc;
use dag::store::{Log, Position};
use dag::tree::Trees;
use dag::version::Step;
use linearizer::commit::Ordered;
use linearizer::linearizer::History;
use linearizer::order::Place;
use linearizer::view::ViewError;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The log as a history, with the trees of large commits in it.
pub struct LogHistory<'a> {
    /// Where commits are kept.
    pub log: &'a Log,
    /// The trees of large commits.
    pub runs: &'a Trees,
    /// Which commits there are.
    pub known: &'a Knowledge,
}

impl History for LogHistory<'_> {
    fn between(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        // Late commits below a stable checkpoint are broken promises and never get here; this is the net beneath.
        let cloned = Cloned::load(self.log).map_err(|e| ViewError(e.to_string().into()))?;
        if let Some(cloned) = cloned.filter(|_| after.is_none()) {
            return Err(ViewError(cloned.refusal().into()));
        }
        let from = after.map_or(Hlc::default(), |after| after.hlc);
        match self.known.chains.between(from, through.hlc, self.known) {
            Some(steps) => self.named(&steps, after, through),
            None => self.scanned(after, through),
        }
    }
}

impl LogHistory<'_> {
    /// Those of the steps that lie between.
    fn named(&self, steps: &[Step], after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        let mut found = Vec::with_capacity(steps.len());
        for step in steps {
            match record::find(self.log, &step.id).map_err(|e| ViewError(e.to_string().into()))? {
                Some(stored) => found.extend(self.take(&stored, after, through)?),
                // It has just come, and is on its way to the disk: whoever brings it adds it.
                None if self.known.graph.contains(&step.id) => {}
                None => {
                    let text = format!("commit {} is not in the log any more; run headwaters verify", step.id);
                    return Err(ViewError(text.into()));
                }
            }
        }
        Ok(found)
    }

    /// The same by reading the whole log.
    fn scanned(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        tracing::warn!(
            "a late commit came, and the chains' pages do not tell what lies behind it: reading the whole log"
        );
        let mut found = Vec::new();
        let mut failed = None;
        let scanned = self.log.scan(Position::START, &mut |entry| {
            let stored = record::of_entry(&entry).transpose().map_err(|reason| ViewError(reason.into()));
            match stored.and_then(|stored| stored.map_or(Ok(None), |stored| self.take(&stored, after, through))) {
                Ok(commit) => {
                    found.extend(commit);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        scanned.map_err(|error| ViewError(error.to_string().into()))?;
        failed.map_or(Ok(found), Err)
    }

    fn take(
        &self,
        stored: &record::Stored,
        after: Option<Place>,
        through: Place,
    ) -> Result<Option<Arc<Ordered>>, ViewError> {
        let header = &stored.commit.header;
        let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
        if after.is_some_and(|after| place <= after) || place > through {
            return Ok(None);
        }
        let changes = stored.changes(self.runs).map_err(|reason| ViewError(reason.into()))?;
        Ok(Some(Arc::new(record::ordered(&stored.commit, changes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::fixture::{Link, Peer};
    use std::collections::BTreeSet;

    fn ids(commits: Vec<Arc<Ordered>>) -> BTreeSet<dag::id::CommitId> {
        commits.iter().map(|commit| commit.id).collect()
    }

    #[test]
    fn the_pages_tell_what_the_whole_log_tells() {
        let mut founder = Peer::founder(100);
        let other = founder.newcomer(100);
        Link::default().pull(&other, &founder);
        other.write_many(700);
        founder.write_many(300);
        Link::default().pull(&founder, &other);
        founder.restart();
        founder.write_many(300);
        founder.replica().linearize().unwrap();
        let local = founder.local();
        let writer = local.latch();
        let history = LogHistory { log: &local.log, runs: &local.runs, known: &writer.known };
        let end = Place::end_of(Hlc(u64::MAX >> 1));
        let mut all = history.scanned(None, end).unwrap();
        all.sort_by_key(|c| Place::new(c.hlc, c.author, c.run, c.id));
        let place = |n: usize| Place::new(all[n].hlc, all[n].author, all[n].run, all[n].id);
        assert!(all.len() > 1_300 && writer.known.graph.len() < 400, "most of it is on pages only");
        for (after, through) in [(None, place(5)), (None, end), (Some(place(0)), place(900)), (Some(place(700)), end)] {
            let steps =
                writer.known.chains.between(after.map_or(Hlc::default(), |a| a.hlc), through.hlc, &writer.known);
            let steps = steps.expect("all pages are here");
            let scanned = ids(history.scanned(after, through).unwrap());
            assert!(steps.len() < scanned.len() + 8, "{} commits are read for {}", steps.len(), scanned.len());
            assert_eq!(ids(history.named(&steps, after, through).unwrap()), scanned, "{after:?} {through:?}");
        }
    }
}
