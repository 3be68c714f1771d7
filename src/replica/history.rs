//! Commits that have left the linearizer's window, from the log on disk.

use super::clone::Cloned;
use super::record;
use dag::store::{Log, Position};
use dag::tree::Trees;
use linearizer::commit::Ordered;
use linearizer::linearizer::History;
use linearizer::order::Place;
use linearizer::view::ViewError;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The log as a history, with the trees of large commits in it. Costs a scan of the whole log: only a commit from below the last checkpoint asks for it.
pub struct LogHistory<'a>(pub &'a Log, pub &'a Trees);

impl History for LogHistory<'_> {
    fn between(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        // Late commits below a stable checkpoint are broken promises and never get here; this is the net beneath.
        let cloned = Cloned::load(self.0).map_err(|e| ViewError(e.to_string().into()))?;
        if let Some(cloned) = cloned.filter(|_| after.is_none()) {
            return Err(ViewError(cloned.refusal().into()));
        }
        let mut found = Vec::new();
        let mut failed = None;
        let scanned = self.0.scan(Position::START, &mut |entry| match record::of_entry(&entry) {
            None => ControlFlow::Continue(()),
            Some(Err(reason)) => {
                failed = Some(reason);
                ControlFlow::Break(())
            }
            Some(Ok(stored)) => {
                let header = &stored.commit.header;
                let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
                if after.is_none_or(|after| place > after) && place <= through {
                    match stored.changes(self.1) {
                        Ok(changes) => found.push(Arc::new(record::ordered(&stored.commit, changes))),
                        Err(reason) => failed = Some(reason),
                    }
                }
                ControlFlow::Continue(())
            }
        });
        match (scanned, failed) {
            (Err(error), _) => Err(ViewError(error.to_string().into())),
            (_, Some(reason)) => Err(ViewError(reason.into())),
            _ => Ok(found),
        }
    }
}
