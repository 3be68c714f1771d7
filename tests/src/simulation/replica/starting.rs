//! How a simulated replica starts: a new run (R6) from what is on its disk.
//!
//! Promises: everything a crash forgets is made anew from the disk's records, in their order; what is on disk and not
//! signed is signed before the new run writes anything (R14).

use super::super::chain::{Record, candidate};
use super::super::fold::{NewFold, ordered};
use super::super::library::Library;
use super::super::promises::word_of;
use super::super::step::Habit;
use super::{Memory, Replica};
use dag::admit::{Ground, admit_segment, ruled_out};
use dag::commit::Commit;
use dag::hlc::Hlc;
use dag::id::RunId;
use dag::tip::SignedTip;
use dag::waiting::WaitingRoom;
use linearizer::finality::{Finality, Mark};
use linearizer::offer;
use std::collections::BTreeMap;

impl Replica {
    /// Starts with a new run (R6) from what is on disk.
    pub fn start(&mut self, run: RunId, new_fold: &NewFold, now_millis: u64) {
        let mut library = Library::new(&self.genesis);
        let (mut commits, mut last, mut stable, mut own_tip) = (Vec::new(), None, Hlc::default(), None);
        let mut unsigned = Vec::new();
        let mut finality = Finality::new(self.key.id(), stable);
        let (mut fold, mut stand) = (new_fold(self.number, self.kind), None);
        for record in self.disk.records().iter().flatten() {
            match record {
                Record::Commit(commit) => {
                    replay(&mut library, commit, &self.ground);
                    if commit.header.author == self.key.id() {
                        last = Some(commit.clone());
                        unsigned.push(commit.id);
                    }
                    commits.push(commit.clone());
                }
                Record::Tip(signed) => {
                    library.keep_tip(signed);
                    let tip = &signed.tip;
                    let notes = self.habit != Habit::OverlooksBrokenPromises;
                    if notes && ruled_out(tip, &library.skeleton).is_some() {
                        finality.mark(tip.author, Mark::BrokePromise);
                    }
                    finality.heard(tip.author, word_of(tip));
                    if tip.author == self.key.id() {
                        own_tip = Some(signed.clone());
                        unsigned.retain(|id| library.graph().is_ancestor(id, &tip.commit) != Some(true));
                    }
                }
                Record::Stable(hlc) => stable = stable.max(*hlc),
                Record::Cloned(taken) => {
                    taken.enter(&mut library, &mut finality, self.habit);
                    taken.checkpoint_of(&mut *fold, self.habit);
                }
                Record::Stand(written) => stand = Some(written.clone()),
            }
        }
        fold.arrive(commits.iter().map(ordered).collect());
        finality.resume(stable);
        fold.set_stable(stable);
        library.skeleton.close(finality.closed());
        let equivocators = library.skeleton.chains().equivocators();
        equivocators.into_iter().for_each(|author| finality.mark(author, Mark::Equivocated));
        // A run that goes on counts on: only an equivocator's does.
        let of_run = commits.iter().filter(|c| c.header.author == self.key.id() && c.header.run == run);
        let seq = of_run.map(|c| c.header.seq).max().unwrap_or(0);
        let (last, last_hlc) = last.map_or((None, Hlc::default()), |c| (Some(c.id), c.header.hlc));
        let vouched = own_tip.as_ref().and_then(|tip: &SignedTip| offer::vouchers(&tip.tip).next_back());
        self.memory = Some(Memory {
            library,
            fold,
            waiting: WaitingRoom::default(),
            connections: BTreeMap::new(),
            after_sync: Vec::new(),
            run,
            seq,
            last,
            last_hlc,
            finality,
            stable: (stable, stable),
            tip: own_tip,
            early: BTreeMap::new(),
            unsigned,
            announce: false,
            started_millis: now_millis,
            stopped: false,
            hellos: BTreeMap::new(),
            stand,
            vouched,
            cuts: BTreeMap::new(),
        });
        self.sign_leftovers();
    }

    /// After a crash what is on disk is signed (R14), before anything of the new run: a tip covers one run only.
    fn sign_leftovers(&mut self) {
        let left = self.memory.as_ref().map_or(0, |memory| memory.unsigned.len());
        if left > 0 {
            self.sign(left - 1, 0);
        }
    }
}

/// A commit from disk enters as it did before the crash.
fn replay(library: &mut Library, commit: &Commit, ground: &Ground) {
    // Held commits were only stored when their time had come, so no clock is needed here.
    let entered = admit_segment(&[candidate(commit)], ground, &mut library.skeleton, u64::MAX >> 20);
    let entered =
        entered.unwrap_or_else(|(id, why)| panic!("{id} was admitted before (R3): {why:?}; {:?}", commit.header));
    library.keep(commit.clone());
    for admitted in entered {
        library.heads.advance(&admitted.vertex);
        library.stored(&admitted.vertex.id);
    }
}
