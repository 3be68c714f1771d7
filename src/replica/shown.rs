//! What may leave this replica: commits that are on disk and signed (R14).
//!
//! Own commits show once a tip at or above them is on disk, fetched ones (whose segments end in tips) once their batch
//! is. Promises: the shown set is closed under parents, because the committer writes in the order of its queue and the
//! front of ours leaves first. Lives under the commit latch; waits for nothing.

use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::{CommitId, RunId};
use dag::store::Answer;
use dag::version::{Chains, Position, Versions};
use dag::vertex::{Chain, Vertex};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

/// Something that shows when the disk has it.
struct Staged {
    stored: Answer,
    vertices: Vec<Vertex>,
    /// This replica's tip over the vertices, if they are its own.
    tip: Option<Arc<[u8]>>,
}

/// The shown commits.
#[derive(Default)]
pub struct Shown {
    heads: Heads,
    last: BTreeMap<Chain, (Hlc, Position)>,
    hidden: HashSet<CommitId>,
    /// Own commits above the newest tip.
    unsigned: Vec<Vertex>,
    staged: VecDeque<Staged>,
    tip: Option<Arc<[u8]>>,
}

impl Shown {
    /// A commit that was on disk and signed when the replica opened.
    pub fn stored(&mut self, vertex: &Vertex) {
        self.heads.advance(vertex);
        let position = Position { seq: vertex.seq, id: vertex.id };
        let last = self.last.entry(vertex.chain()).or_insert((vertex.hlc, position));
        if (last.1.seq, last.1.id) < (vertex.seq, vertex.id) {
            *last = (vertex.hlc, position);
        }
    }

    /// This replica's newest tip was on disk when the replica opened.
    pub fn stored_tip(&mut self, tip: Arc<[u8]>) {
        self.tip = Some(tip);
    }

    /// An own commit, not signed yet.
    pub fn wrote(&mut self, vertex: Vertex) {
        self.hidden.insert(vertex.id);
        self.unsigned.push(vertex);
    }

    /// An own tip over all own commits was staged; `stored` tells when the disk has it.
    pub fn signed(&mut self, tip: Arc<[u8]>, stored: Answer) {
        let vertices = std::mem::take(&mut self.unsigned);
        self.staged.push_back(Staged { stored, vertices, tip: Some(tip) });
    }

    /// Fetched commits were staged with their tips.
    pub fn received(&mut self, vertices: Vec<Vertex>, stored: Answer) {
        self.hidden.extend(vertices.iter().map(|vertex| vertex.id));
        self.staged.push_back(Staged { stored, vertices, tip: None });
    }

    /// Lets show what the disk has by now. After a failed write nothing shows any more: the replica stops.
    pub fn refresh(&mut self) {
        while self.staged.front().is_some_and(|staged| matches!(staged.stored.answer(), Some(Ok(())))) {
            let Some(staged) = self.staged.pop_front() else { return };
            for vertex in &staged.vertices {
                self.hidden.remove(&vertex.id);
                self.stored(vertex);
            }
            self.tip = staged.tip.or(self.tip.take());
        }
    }

    /// What the disk is still writing: when it is answered, everything staged so far shows.
    pub fn last_staged(&self) -> Option<Answer> {
        self.staged.back().map(|staged| staged.stored.clone())
    }

    /// Whether the commit, which is admitted, must not leave yet.
    pub fn hides(&self, id: &CommitId) -> bool {
        self.hidden.contains(id)
    }

    /// Whether own commits wait for a tip.
    pub fn has_unsigned(&self) -> bool {
        !self.unsigned.is_empty()
    }

    /// The heads of what shows.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// This replica's newest tip on disk.
    pub fn tip(&self) -> Option<Arc<[u8]>> {
        self.tip.clone()
    }

    /// The last position of each chain that was written to lately: of those that are in memory.
    pub fn versions(&self) -> Versions {
        self.last.iter().map(|(chain, (_, position))| (*chain, *position)).collect()
    }

    /// What shows of the ends of chains, for a request ([`Chains::have`]).
    pub fn have(&self, chains: &Chains) -> Vec<(Chain, Position)> {
        let mut have: BTreeSet<(Chain, Position)> = BTreeSet::new();
        for (chain, end) in chains.have() {
            let shown = if self.hides(&end.id) { self.last_of(chain) } else { Some((chain, end)) };
            have.extend(shown);
        }
        have.into_iter().collect()
    }

    /// The last that shows of a chain; of one that does not show yet, what shows of its author's runs before.
    fn last_of(&self, chain: Chain) -> Option<(Chain, Position)> {
        if let Some((_, position)) = self.last.get(&chain) {
            return Some((chain, *position));
        }
        let runs = Chain { run: RunId(0), ..chain }..=Chain { run: RunId(u64::MAX), ..chain };
        let newest = self.last.range(runs).max_by_key(|(_, (hlc, _))| *hlc);
        newest.map(|(chain, (_, position))| (*chain, *position))
    }

    /// The positions of the `limit` chains that were written last: what an announcement has room for. Those since the
    /// last announcement are among them, and a lost announcement costs nothing.
    pub fn newest_versions(&self, limit: usize) -> Versions {
        let mut newest: Vec<_> = self.last.iter().map(|(chain, (hlc, position))| (*hlc, *chain, *position)).collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        newest.into_iter().take(limit).map(|(_, chain, position)| (chain, position)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::id::AuthorId;

    fn vertex(author: u8, seq: u64, parents: &[u8]) -> Vertex {
        let id = |n: u8| CommitId([n; 32]);
        let (author_id, generation) = (AuthorId([author; 32]), seq);
        let parents: Vec<CommitId> = parents.iter().map(|n| id(*n)).collect();
        let (hlc, prev) = (Hlc::new(seq, 0), None);
        Vertex {
            id: id(author * 10 + seq as u8),
            parents,
            hlc,
            author: author_id,
            run: RunId(1),
            seq,
            prev,
            generation,
        }
    }

    // 11 (own, unsigned) <- 21 (fetched); 12 (own) joins both.
    #[test]
    fn own_commits_show_with_their_tip_and_fetched_ones_with_their_batch_in_the_queues_order() {
        let mut shown = Shown::default();
        let (fetched, signed) = (Answer::default(), Answer::default());
        shown.wrote(vertex(1, 1, &[]));
        shown.received(vec![vertex(2, 1, &[])], fetched.clone());
        shown.wrote(vertex(1, 2, &[11, 21]));
        shown.signed(Arc::from(&b"tip"[..]), signed.clone());
        signed.complete(Ok(()));
        shown.refresh();
        assert!(shown.heads().is_empty() && shown.tip().is_none(), "the tip's commits stand on 21, which comes first");
        fetched.complete(Ok(()));
        shown.refresh();
        assert_eq!(shown.heads().frontier(), [CommitId([12; 32])]);
        assert!(shown.tip().is_some() && !shown.hides(&CommitId([11; 32])));
        shown.wrote(vertex(1, 3, &[12]));
        assert!(shown.hides(&CommitId([13; 32])) && shown.has_unsigned());
        assert_eq!(shown.newest_versions(1).values().map(|p| p.seq).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn after_a_failed_write_nothing_more_shows() {
        let mut shown = Shown::default();
        let answer = Answer::default();
        shown.received(vec![vertex(2, 1, &[])], answer.clone());
        answer.complete(Err(dag::store::StoreError::Closed));
        shown.refresh();
        assert!(shown.heads().is_empty() && shown.hides(&CommitId([21; 32])));
    }
}
