//! A simulated replica's promises, floor and stable: the real rules over its disk and fold (R13 to R16).
//!
//! Promises: a tip counts once its chain is in the fold; stable is shown once its record is on disk.

use super::chain::{Record, sign};
use super::replica::{AfterSync, Memory, Replica};
use super::step::Habit;
use dag::admit::{Closed, Standing};
use dag::commit::Commit;
use dag::control::{ControlRecord, Members};
use dag::hlc::Hlc;
use dag::id::{AuthorId, NodeId};
use dag::tip::{SignedTip, Tip};
use linearizer::finality::{self, Mark, Outlook, Renewal, Word};
use linearizer::offer;

/// What a tip says of finality.
pub fn word_of(tip: &Tip) -> Word {
    Word { promise: tip.promise, floor: tip.floor, floor_hash: tip.floor_hash }
}

impl Replica {
    /// Stable as its readers see it; `None` while it does not run.
    pub fn stable(&self) -> Option<Hlc> {
        self.memory.as_ref().map(|memory| memory.stable.0)
    }

    /// main's hash here at a time.
    pub fn hash_at(&mut self, hlc: Hlc) -> Option<NodeId> {
        self.memory.as_mut()?.fold.hash_at(hlc)
    }

    /// Members whose main was seen to be another.
    pub fn disputes(&self) -> Vec<AuthorId> {
        self.memory.iter().flat_map(|memory| memory.finality.disputes()).map(|(author, _)| author).collect()
    }

    /// Those it names as behind a dispute, and whom it has proofs against.
    pub fn accused(&self) -> (Vec<AuthorId>, Vec<AuthorId>) {
        let Some(memory) = &self.memory else { return Default::default() };
        let marked = self.directory.iter().filter(|author| !memory.finality.marks(author).is_empty());
        (memory.finality.culprits(), marked.copied().collect())
    }

    /// Why a new tip is due.
    pub fn due(&self, now_millis: u64) -> Option<Renewal> {
        let memory = self.memory.as_ref()?;
        memory.finality.due(&Outlook {
            unsigned: false,
            newest: memory.last_hlc.max(memory.library.newest_hlc()),
            newest_heard: memory.fold.last_through(memory.finality.floor()),
            unvouched: memory.is_unvouched(),
            now_millis,
        })
    }

    /// Signs the last own commit again, with a promise of now. Before its first commit a member has nothing to sign.
    pub(super) fn renew(&mut self, now_millis: u64) {
        let Some(memory) = &self.memory else { return };
        let Some(last) = memory.last.and_then(|last| memory.library.commit(&last)).cloned() else { return };
        let given_out = memory.last_hlc.max(memory.library.newest_hlc());
        // For an earlier run nothing more is promised than that what is here is its end.
        let told = memory.finality.promise();
        let is_own = last.header.run == memory.run;
        let promise = if is_own { finality::promise(given_out, told, now_millis) } else { told.max(last.header.hlc) };
        self.put_tip(&last, promise, now_millis);
    }

    /// Signs a tip and puts it on its way to the disk.
    pub(super) fn put_tip(&mut self, commit: &Commit, promise: Hlc, now_millis: u64) {
        let Some(memory) = &mut self.memory else { return };
        let told = memory.finality.voice(&commit.header.author).map_or(Word::default(), |voice| voice.last());
        let floor = memory.finality.floor_with(promise);
        let hash = memory.fold.hash_at(floor).filter(|_| floor > told.floor && !memory.is_publishing());
        let (floor, floor_hash) = hash.map_or((told.floor, told.floor_hash), |hash| (floor, hash));
        let word = Word { promise, floor, floor_hash };
        let said = memory.says_of_checkpoints();
        let tip = sign(&self.key, commit, word, memory.library.stored_heads.digest(), said);
        memory.vouched = offer::vouchers(&tip.tip).next_back();
        memory.finality.spoke(word, now_millis);
        memory.close(self.habit);
        memory.library.keep_tip(&tip);
        memory.after_sync.push(AfterSync::Signed(Box::new(tip.clone())));
        self.disk.append(vec![Record::Tip(tip)]);
    }

    /// A tip that came with an announcement.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let Ok(signed) = SignedTip::verify(bytes) else { return };
        let writes = self.standing(&signed.tip.author) >= Standing::Writer;
        let Some(memory) = &mut self.memory else { return };
        if signed.tip.author != self.key.id() && signed.tip.genesis == self.ground.genesis && writes {
            memory.early.insert(signed.tip.author, signed);
            self.settle();
        }
    }

    /// Takes tips whose chains are in the fold, and moves floor and stable.
    pub(super) fn settle(&mut self) {
        let habit = self.habit;
        let own = self.author();
        let Some(memory) = self.memory.as_mut().filter(|memory| !memory.is_publishing()) else { return };
        let come = |tip: &SignedTip| memory.is_folded(&tip.tip.commit);
        let ready: Vec<AuthorId> =
            memory.early.iter().filter(|(_, tip)| come(tip)).map(|(author, _)| *author).collect();
        for author in &ready {
            let Some(signed) = memory.early.remove(author) else { continue };
            if memory.note_tip(&signed.tip, habit) {
                memory.library.keep_tip(&signed);
                self.disk.append(vec![Record::Tip(signed)]);
            }
        }
        // What is on its way to the disk is not in the fold yet, and says nothing yet.
        let here = memory.library.skeleton.controls().iter().filter(|(id, ..)| memory.is_folded(id));
        let records = here.flat_map(|(_, _, hlc, records)| records.iter().map(move |record| (hlc, record)));
        let counts = |record: &ControlRecord| !matches!(record, ControlRecord::Remove(_));
        let records = records.filter(|(_, record)| habit != Habit::CountsTheRemoved || counts(record));
        let mut writing = finality::writing(Members::founding(&self.genesis), records, &self.genesis.recovery);
        if habit == Habit::ForgetsAMember
            && let Some(other) = writing.iter().position(|(author, _)| *author != own)
        {
            writing.remove(other);
        }
        let fold = &mut memory.fold;
        memory.finality.settle(writing, &mut |hlc| fold.hash_at(hlc));
        memory.close(habit);
        let stable = memory.finality.stable();
        if stable > memory.stable.1 {
            memory.stable.1 = stable;
            if habit == Habit::ShowsStableEarly {
                memory.stable.0 = stable;
            }
            memory.after_sync.push(AfterSync::Stable(stable));
            self.disk.append(vec![Record::Stable(stable)]);
        }
    }

    /// Its author key's id.
    pub fn author(&self) -> AuthorId {
        self.key.id()
    }
}

impl Memory {
    /// What may enter no more, from now on.
    fn close(&mut self, habit: Habit) {
        let closed = self.finality.closed();
        let told = if habit == Habit::ForgetsToldFloors { Hlc::default() } else { closed.told };
        self.library.skeleton.close(Closed { told, ..closed });
    }

    /// Something was proved against an author.
    pub(super) fn prove(&mut self, author: AuthorId, mark: Mark, habit: Habit) {
        if habit != Habit::OverlooksBrokenPromises || mark != Mark::BrokePromise {
            self.finality.mark(author, mark);
        }
    }
}
