//! Newcomers that take a checkpoint: whom they ask, how long they wait for a majority, and what they are held to.
//!
//! Promises: a newcomer asks whoever runs, serves it and is on its island; it chooses as the real one does. What it folds
//! is compared with the naive fold of everything below its heads, also of what it never fetched.

use super::super::fold::ordered;
use super::super::report::{Report, reference};
use super::{Happening, World};
use dag::commit::Commit;
use dag::id::CommitId;
use linearizer::offer::{Choice, Offer, choose};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// How long members are waited for that have not signed for the same checkpoint yet.
pub(super) const PATIENCE_MILLIS: u64 = 15_000;
/// How often they are asked.
const PAUSE_MILLIS: u64 = 500;

impl World<'_> {
    /// A newcomer asks for a checkpoint; after its patience it starts with nothing, and fetches everything.
    pub(super) fn clone_into(&mut self, who: usize, until: u64) -> Result<(), String> {
        if self.replicas[who].is_running() || self.replicas[who].has_folder() {
            return Ok(());
        }
        let offers = self.offers_to(who)?;
        let genesis = self.replicas[who].genesis();
        let mut nodes = None;
        let choice = choose(offers, &genesis, &mut |offer| -> Result<_, Infallible> {
            let found = self.replicas.iter().find_map(|replica| replica.objects(offer.foothold));
            nodes = found.as_ref().map(|(_, nodes)| nodes.clone());
            Ok(found.map(|(foothold, _)| (*foothold).clone()))
        });
        match (choice, nodes) {
            (Ok(Choice::Take(taken)), Some(nodes)) => {
                let (offer, foothold) = *taken;
                self.record(&format!("{who} takes the checkpoint at position {}", offer.checkpoint.position()));
                self.summary.cloned += 1;
                self.replicas[who].take(offer, foothold, nodes);
                self.start(who)
            }
            _ if self.now < until => {
                self.after(PAUSE_MILLIS, Happening::Clone(who, until));
                Ok(())
            }
            _ => {
                self.summary.doubted += 1;
                self.start(who)
            }
        }
    }

    fn offers_to(&mut self, who: usize) -> Result<Vec<Offer>, String> {
        let mut offers = Vec::new();
        for peer in 0..self.replicas.len() {
            let wall = self.wall(peer);
            if !self.network.reaches(peer, who) || !self.replicas[peer].serves(who) {
                continue;
            }
            if let Some(bytes) = self.replicas[peer].offer(wall) {
                offers.push(Offer::read(&bytes, &self.replicas[peer].genesis())?);
            }
            self.sync_soon(peer);
        }
        Ok(offers)
    }

    /// Whether a newcomer is still to begin.
    pub(super) fn is_cloning(&self) -> bool {
        self.agenda.values().any(|what| matches!(what, Happening::Clone(..)))
    }

    /// Everything below these commits, wherever it is.
    pub(super) fn closure(&self, heads: &[CommitId]) -> BTreeMap<CommitId, &Commit> {
        let all: BTreeMap<CommitId, &Commit> = self
            .replicas
            .iter()
            .flat_map(|replica| replica.commits_on_disk())
            .map(|commit| (commit.id, commit))
            .collect();
        let (mut found, mut open) = (BTreeMap::new(), heads.to_vec());
        while let Some(id) = open.pop() {
            if let Some(commit) = all.get(&id)
                && found.insert(id, *commit).is_none()
            {
                open.extend(&commit.header.parents);
            }
        }
        found
    }

    /// What the naive fold makes of everything below these commits.
    pub(super) fn fold_all(&self, heads: &[CommitId]) -> Report {
        let commits: Vec<_> = self.closure(heads).into_values().map(ordered).collect();
        reference(&commits)
    }
}
