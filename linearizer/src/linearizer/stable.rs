//! The stable prefix: how far it goes, and its state.
//!
//! Promises: its view never goes back, whatever checkpoints are cut above it.

use super::{History, Linearizer};
use crate::order::{Place, Seat};
use crate::snapshot::Snapshot;
use crate::view::{View, ViewError};
use crate::window::Window;
use dag::hlc::Hlc;
use std::sync::Arc;

impl Linearizer {
    /// main's stable prefix; nothing before the first promise. While a tentative checkpoint stands above stable and
    /// stable moves below it, each move is folded from an older checkpoint: `history` gives the commits between.
    pub fn stable_view(&mut self, history: &dyn History) -> Result<Arc<dyn View>, ViewError> {
        let base = self.window.base().place;
        let Some(end) = self.stable else { return Ok(self.first_view()) };
        if base.is_none_or(|base| base <= end) {
            return Ok(self.prefix(self.window.last_through(end).cloned()));
        }
        if let Some((at, view)) = &self.kept_stable
            && *at == end
        {
            return Ok(view.clone());
        }
        let below = self.checkpoints.iter().rfind(|kept| kept.checkpoint.place <= end).map(|kept| kept.base.clone());
        let below = below.unwrap_or_else(|| Linearizer::new(self.cuts.clone()).window.base().clone());
        let commits = history.between(below.place, end)?;
        let mut window = Window::new(below);
        window.set_void(&self.window.void().iter().copied().collect::<Vec<_>>(), true)?;
        window.add(commits)?;
        let view: Arc<dyn View> = Arc::new(Snapshot::newest(&window));
        self.kept_stable = Some((end, view.clone()));
        Ok(view)
    }

    /// The window's base is about to rise: a stable prefix that ends below it keeps the state it has now.
    pub(super) fn keep_stable(&mut self, rises_to: Place) {
        let base = self.window.base().place;
        match self.stable {
            Some(end) if end < rises_to && base.is_none_or(|base| base <= end) => {
                self.kept_stable = Some((end, self.prefix(self.window.last_through(end).cloned())));
            }
            Some(end) if end < rises_to => {}
            _ => self.kept_stable = None,
        }
    }

    /// The state before the first commit.
    fn first_view(&self) -> Arc<dyn View> {
        let empty = Linearizer::new(self.cuts.clone());
        Arc::new(Snapshot::newest(&empty.window))
    }

    /// The place of the last commit at or before a time: what a floor at that time covers. `None` below the first.
    pub fn last_through(&self, hlc: Hlc) -> Option<Place> {
        let place = Place::end_of(hlc);
        let base = self.window.base().place.filter(|base| *base <= place);
        self.window.last_through(place).map(Seat::place).max(base)
    }

    /// Nothing at or below this time can change any more ([`crate::finality`]). Never goes back. Checkpoints that were
    /// tentative until now are stable.
    pub fn set_stable(&mut self, hlc: Hlc) {
        self.stable = self.stable.max(Some(Place::end_of(hlc)));
        for kept in &mut self.checkpoints {
            kept.checkpoint.stable |= self.stable.is_some_and(|end| kept.checkpoint.place <= end);
        }
    }

    /// Where the stable prefix ends.
    pub fn stable(&self) -> Option<Place> {
        self.stable
    }
}
