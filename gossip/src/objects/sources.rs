//! The peers that a gathering asks: who is next, and what went wrong with whom.
//!
//! Promises: the peer with the fewest requests under way is next, so a slow one gets less; one that failed rests while
//! there is another. Does not know what is asked.

use crate::faults::{Fault, Faults};
use crate::hello::TransportId;
use crate::limits::{GET_PATIENCE_MILLIS, GET_WINDOW, GET_WINDOW_ALL};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Source {
    under_way: usize,
    faults: Faults,
    rests_until_millis: u64,
}

/// Who can be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(BTreeMap<TransportId, Source>);

impl Sources {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, peer: TransportId) {
        self.0.entry(peer).or_default();
    }

    pub(super) fn remove(&mut self, peer: TransportId) {
        self.0.remove(&peer);
    }

    /// Who is asked next; `None` if everybody has enough to answer.
    pub(super) fn next(&self, now_millis: u64) -> Option<TransportId> {
        if self.0.values().map(|source| source.under_way).sum::<usize>() >= GET_WINDOW_ALL {
            return None;
        }
        let free = self.0.iter().filter(|(_, source)| source.under_way < GET_WINDOW);
        free.min_by_key(|(_, source)| (source.rests_until_millis > now_millis, source.under_way)).map(|(peer, _)| *peer)
    }

    pub(super) fn asked(&mut self, peer: TransportId) {
        if let Some(source) = self.0.get_mut(&peer) {
            source.under_way += 1;
        }
    }

    pub(super) fn answered(&mut self, peer: TransportId) {
        if let Some(source) = self.0.get_mut(&peer) {
            source.under_way = source.under_way.saturating_sub(1);
        }
    }

    pub(super) fn forgive(&mut self, peer: TransportId) {
        if let Some(source) = self.0.get_mut(&peer) {
            source.faults.forgive();
            source.rests_until_millis = 0;
        }
    }

    /// Counts a fault. `true`: that was one too many.
    pub(super) fn fault(&mut self, peer: TransportId, fault: Fault, now_millis: u64) -> bool {
        let Some(source) = self.0.get_mut(&peer) else { return false };
        source.rests_until_millis = now_millis + GET_PATIENCE_MILLIS;
        source.faults.record(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_are_under_way_with_one_and_with_all() {
        for (peers, under_way) in [(1, GET_WINDOW), (2, GET_WINDOW_ALL), (5, GET_WINDOW_ALL)] {
            let mut sources = Sources::default();
            (0..peers).for_each(|n| sources.add(TransportId([n; 32])));
            let mut asked = 0;
            while let Some(peer) = sources.next(0) {
                sources.asked(peer);
                asked += 1;
            }
            assert_eq!(asked, under_way, "{peers} peers");
            sources.answered(TransportId([0; 32]));
            assert_eq!(sources.next(0), Some(TransportId([0; 32])));
        }
    }
}
