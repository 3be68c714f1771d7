//! How a world ends: who has to agree with whom, and what must hold then.
//!
//! Promises: everybody who is still a member has every acknowledged commit, with one status each (R19); all of them
//! have one frontier, and stable has passed it. A removed member is left alone with what it wrote since.

use super::super::kind::Kind;
use super::super::replica::Replica;
use super::super::summary::Summary;
use super::World;
use dag::admit::Standing;
use dag::hlc::Hlc;
use dag::id::CommitId;

impl World<'_> {
    /// Those that are members in the end, by the founder's records: it is never removed. Two instances of one author are
    /// left to themselves.
    pub(super) fn present(&self) -> Vec<&Replica> {
        let is_member = |replica: &&Replica| self.replicas[0].standing(&replica.author()) >= Standing::Reader;
        self.replicas.iter().filter(is_member).filter(|replica| !self.is_doubled(replica.number)).collect()
    }

    pub(super) fn everybody_agrees(&self) -> bool {
        let frontier = |r: &Replica| r.library().map(|l| l.stored_heads.digest());
        let first = frontier(&self.replicas[0]);
        let present = self.present();
        first.is_some()
            && !self.is_ruling()
            && !self.is_cloning()
            && self.twins_have_stopped()
            && present.iter().all(|r| frontier(r) == first && r.is_idle() && r.held().is_empty())
            && present.iter().all(|r| r.library().is_some_and(|l| l.heads == l.stored_heads))
            // A copied folder's author writes no more, and so promises no more: stable waits for its owner.
            && (self.kind == Kind::Copied || self.everything_is_stable(&present))
    }

    /// Stable has passed every commit, and nobody has anything to say about it: an idle system becomes quiet.
    fn everything_is_stable(&self, present: &[&Replica]) -> bool {
        let newest = self.replicas[0].library().map_or(Hlc::default(), |library| library.newest_hlc());
        let quiet = |r: &Replica| r.stable() >= Some(newest) && r.due(self.wall(r.number)).is_none();
        present.iter().all(|r| quiet(r))
    }

    /// What must be everywhere: what was acknowledged by those that are present.
    fn owed(&self) -> impl Iterator<Item = &CommitId> {
        let present: Vec<usize> = self.present().iter().map(|replica| replica.number).collect();
        self.acknowledged.iter().filter(move |(_, at)| present.contains(at)).map(|(id, _)| id)
    }

    /// Whether what is left can only be settled by a cut (R17): somebody keeps a proof, all proofs are against one author,
    /// and nobody else is named as behind a dispute by who has a proof.
    pub(super) fn waits_for_a_cut(&mut self) -> Result<bool, String> {
        let Some(suspect) = self.suspect() else { return Ok(false) };
        let mut proofs = 0;
        for replica in self.present() {
            let (named, marked) = replica.accused();
            if marked.iter().any(|author| *author != suspect) {
                return Err(format!("replica {} has a proof against an honest author", replica.number));
            }
            proofs += usize::from(!marked.is_empty());
            if !marked.is_empty() && named.iter().any(|author| *author != suspect) {
                return Err(format!("replica {} names an honest author as the culprit", replica.number));
            }
        }
        self.summary.waiting_for_a_cut += usize::from(proofs > 0);
        Ok(proofs > 0)
    }

    pub(super) fn finish(&mut self) -> Result<Summary, String> {
        let mut summary = std::mem::take(&mut self.summary);
        let present = self.present();
        summary.removed = self.replicas.iter().filter(|replica| self.is_removed(replica)).count();
        summary.demoted = self.replicas.iter().filter(|replica| self.is_demoted(replica)).count();
        summary.left_behind += self.acknowledged.len() - self.owed().count();
        for replica in present {
            let (Some(fold), Some(library)) = (replica.fold(), replica.library()) else { continue };
            let report = fold.report();
            summary.proofs += usize::from(!replica.accused().1.is_empty());
            // What a clone never fetched lies below its heads.
            let below = replica.begins().map(|_| self.closure(&library.stored_heads.frontier())).unwrap_or_default();
            if summary.waiting_for_a_cut == 0
                && let Some(id) = self.owed().find(|id| !library.is_durable(id) && !below.contains_key(id))
            {
                return Err(format!("replica {} never got the acknowledged commit {id}", replica.number));
            }
            if let Some(id) = library
                .graph()
                .closure(&library.graph().heads())
                .iter()
                .find(|id| library.commit(id).is_some() && !report.outcomes.contains_key(*id))
            {
                return Err(format!("replica {}: {id} has no outcome (R19)", replica.number));
            }
            let parked = report.outcomes.values().filter(|o| !o.is_applied()).count();
            (summary.commits, summary.parked) = (report.outcomes.len(), parked).max((summary.commits, summary.parked));
        }
        summary.held = self.held.len();
        summary.trace = *self.trace.finalize().as_bytes();
        summary.millis = self.now;
        Ok(summary)
    }

    pub(super) fn describe(&self) -> String {
        let one = |r: &Replica| match r.library() {
            Some(l) => {
                format!(
                    "{}: {} commits, heads {:?}, held {:?}",
                    r.number,
                    l.graph().len(),
                    l.stored_heads.newest(4),
                    r.held()
                ) + &format!(
                    ", {:?}, stable {:?}, disputes {:?}, due {:?}",
                    r.standing(&r.author()),
                    r.stable(),
                    r.disputes(),
                    r.due(self.wall(r.number))
                )
            }
            None => format!("{}: down", r.number),
        };
        self.replicas.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}
