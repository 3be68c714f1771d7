//! Version vectors: what a peer holds, said in one position per chain, and what another lacks of it (R41).
//!
//! Promises: the answer to a known position costs nothing more; a position that is not held is answered with a ladder
//! of own ids (n, n-1, n-2, n-4 ...), so that a forked chain costs one more round trip and never stalls. Does not
//! talk to anyone: `gossip` does.

use crate::graph::Graph;
use crate::id::{AuthorId, CommitId};
use crate::vertex::{Chain, Vertex};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Most ids given for one position of a forked chain. An author that signed more branches than that at one number is
/// marked by the first two (R6); the rest travel as ancestors of others' commits.
pub const MAX_BRANCHES: usize = 4;

/// A place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number within the chain.
    pub seq: u64,
    /// The commit there.
    pub id: CommitId,
}

/// What a peer holds: the last position of each chain. Everything before it is held, too.
pub type Versions = BTreeMap<Chain, Position>;

/// Every commit of the window by its place in its chain.
#[derive(Clone, Debug, Default)]
pub struct Chains {
    by_chain: BTreeMap<Chain, BTreeMap<u64, Vec<CommitId>>>,
}

/// What to send, and what to ask first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lack {
    /// Commits to send, parents first.
    pub commits: Vec<CommitId>,
    /// Own ids of chains whose claimed position is not held here although commits of it would be sent: the other side
    /// picks the greatest it holds. Empty in the common case.
    pub ladders: BTreeMap<Chain, Vec<Position>>,
}

impl Chains {
    /// Adds a commit. `Some(other)`: a different commit has this number already, which proves equivocation (R6).
    pub fn insert(&mut self, vertex: &Vertex) -> Option<CommitId> {
        let place = self.by_chain.entry(vertex.chain()).or_default().entry(vertex.seq).or_default();
        let other = place.iter().find(|id| **id != vertex.id).copied();
        if !place.contains(&vertex.id) {
            place.push(vertex.id);
            place.sort_unstable();
        }
        other
    }

    /// Takes back a commit that did not stay.
    pub fn withdraw(&mut self, vertex: &Vertex) {
        let Some(places) = self.by_chain.get_mut(&vertex.chain()) else { return };
        if let Some(ids) = places.get_mut(&vertex.seq) {
            ids.retain(|id| *id != vertex.id);
            if ids.is_empty() {
                places.remove(&vertex.seq);
            }
        }
        if places.is_empty() {
            self.by_chain.remove(&vertex.chain());
        }
    }

    /// The commits with this number: none, one, or several if the author equivocated. Sorted.
    pub fn at(&self, chain: Chain, seq: u64) -> &[CommitId] {
        self.by_chain.get(&chain).and_then(|places| places.get(&seq)).map_or(&[], Vec::as_slice)
    }

    /// Authors with two commits of one number in memory: they equivocated (R6).
    pub fn equivocators(&self) -> BTreeSet<AuthorId> {
        let forked = self.by_chain.iter().filter(|(_, places)| places.values().any(|ids| ids.len() > 1));
        forked.map(|(chain, _)| chain.author).collect()
    }

    /// The last position of a chain; of a forked one the greater id.
    pub fn last(&self, chain: Chain) -> Option<Position> {
        let (seq, ids) = self.by_chain.get(&chain)?.last_key_value()?;
        ids.last().map(|id| Position { seq: *seq, id: *id })
    }

    /// What is held here, for a `have`.
    pub fn versions(&self) -> Versions {
        self.by_chain.keys().filter_map(|chain| Some((*chain, self.last(*chain)?))).collect()
    }

    /// Forgets numbers below `seq` of a chain, when they are final and out of the window. The last one always stays.
    pub fn forget_below(&mut self, chain: Chain, seq: u64) {
        if let Some(places) = self.by_chain.get_mut(&chain) {
            let last = places.last_key_value().map_or(0, |(seq, _)| *seq);
            *places = places.split_off(&seq.min(last));
        }
    }

    /// Own ids at and below `seq`: n, n-1, n-2, n-4, n-8 ... and the first. Downwards, at most 66 numbers.
    pub fn ladder(&self, chain: Chain, seq: u64) -> Vec<Position> {
        let Some(places) = self.by_chain.get(&chain) else { return Vec::new() };
        let Some((top, _)) = places.range(..=seq).next_back() else { return Vec::new() };
        let steps = std::iter::once(0).chain((0..64).map(|power| 1_u64 << power));
        let first = places.keys().next().copied();
        let mut numbers: Vec<u64> = steps.map_while(|step| top.checked_sub(step)).chain(first).collect();
        numbers.dedup();
        let ids = |seq: u64| self.at(chain, seq).iter().take(MAX_BRANCHES).map(move |id| Position { seq, id: *id });
        numbers.into_iter().flat_map(ids).collect()
    }

    /// What `want` lacks for a peer that holds `have` and, from earlier ladders, `also`. Ids in `want` that are not
    /// held here are skipped. With `settled` no ladder is given any more, so a fetch takes two rounds at most.
    pub fn lack(&self, graph: &Graph, want: &[CommitId], have: &Versions, also: &[CommitId], settled: bool) -> Lack {
        let mut held: Vec<CommitId> = have.values().map(|p| p.id).filter(|id| graph.contains(id)).collect();
        held.extend(also.iter().filter(|id| graph.contains(id)));
        let commits = graph.difference(want, &held);
        if settled {
            return Lack { commits, ladders: BTreeMap::new() };
        }
        let touched: HashSet<Chain> = commits.iter().filter_map(|id| graph.get(id)).map(Vertex::chain).collect();
        let doubtful = have.iter().filter(|(chain, p)| touched.contains(chain) && !graph.contains(&p.id));
        let ladders = doubtful.map(|(chain, p)| (*chain, self.ladder(*chain, p.seq))).filter(|(_, l)| !l.is_empty());
        let ladders = ladders.collect();
        Lack { commits, ladders }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vertex::drawing::{id, names, vertex};

    /// A straight chain of one author, one letter a commit, the letters naming the branch taken.
    fn chain_of(text: &str) -> (Graph, Chains) {
        let (mut graph, mut chains) = (Graph::new(), Chains::default());
        let mut last = None;
        for (at, letter) in text.chars().enumerate() {
            let vertex = vertex(&letter.to_string(), last.into_iter().collect(), at as u64 + 1);
            last = Some(vertex.id);
            chains.insert(&vertex);
            graph.insert(vertex).unwrap();
        }
        (graph, chains)
    }

    #[test]
    fn a_known_position_needs_no_ladder_and_a_fork_needs_one() {
        let (graph, mine) = chain_of("abcdefgh");
        let want = [id("h")];
        let (_, behind) = chain_of("abc");
        let lack = mine.lack(&graph, &want, &behind.versions(), &[], false);
        assert_eq!((names(&lack.commits).as_str(), lack.ladders.len()), ("defgh", 0));

        // Theirs forks after c: x is not held here. The ladder at 5 is e, d, c, a; they hold c, which is enough.
        let (theirs, forked) = chain_of("abcxy");
        let lack = mine.lack(&graph, &want, &forked.versions(), &[], false);
        let ladder = lack.ladders.values().next().expect("a ladder for the fork");
        assert_eq!(names(&ladder.iter().map(|p| p.id).collect::<Vec<_>>()), "edca");
        let also: Vec<CommitId> = ladder.iter().map(|p| p.id).filter(|id| theirs.contains(id)).take(1).collect();
        let lack = mine.lack(&graph, &want, &forked.versions(), &also, true);
        assert_eq!((names(&lack.commits).as_str(), lack.ladders.len()), ("defgh", 0));
    }

    #[test]
    fn a_peer_that_is_ahead_on_a_chain_is_asked_only_if_commits_of_it_would_be_sent() {
        let (graph, mine) = chain_of("abc");
        let (_, ahead) = chain_of("abcdef");
        let lack = mine.lack(&graph, &[id("c")], &ahead.versions(), &[], false);
        assert_eq!(names(&lack.ladders.values().flatten().map(|p| p.id).collect::<Vec<_>>()), "cba");
        let nothing = mine.lack(&graph, &[], &ahead.versions(), &[], false);
        assert_eq!(nothing, Lack::default());
    }

    #[test]
    fn two_commits_with_one_number_prove_equivocation() {
        let (_, mut chains) = chain_of("abc");
        let twin = vertex("x", vec![id("b")], 3);
        assert_eq!(chains.insert(&twin), Some(id("c")));
        assert_eq!(chains.at(twin.chain(), 3), [id("c"), id("x")]);
        chains.forget_below(twin.chain(), 9);
        assert_eq!(chains.last(twin.chain()).map(|p| p.seq), Some(3));
    }
}
