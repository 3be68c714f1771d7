//! A simulated replica's promises, floor and stable: the real rules over its disk and fold (R13 to R16).
//!
//! Promises: a tip counts once its chain is in the fold; stable is shown once its record is on disk.

use super::chain::{Record, sign};
use super::replica::{AfterSync, Replica};
use super::step::Habit;
use dag::change::ChangeSet;
use dag::commit::Commit;
use dag::hlc::Hlc;
use dag::id::{AuthorId, NodeId};
use dag::tip::{SignedTip, Tip};
use linearizer::finality::{self, Outlook, Renewal, Word, Writing};

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

    /// Why a new tip is due.
    pub fn due(&self, now_millis: u64) -> Option<Renewal> {
        let memory = self.memory.as_ref()?;
        memory.finality.due(&Outlook {
            unsigned: false,
            newest: memory.last_hlc.max(memory.library.newest_hlc()),
            newest_heard: memory.fold.last_through(memory.finality.floor()),
            unvouched: false,
            now_millis,
        })
    }

    /// A member's first word: an empty commit, so that it has something to sign.
    pub(super) fn introduce(&mut self, now_millis: u64) {
        let Some(memory) = &self.memory else { return };
        let last = memory.library.commit(&memory.last);
        if last.is_none_or(|commit| commit.header.author != self.author()) {
            // Refused while its clock is off; the next announcement tries again.
            let _ = self.write(ChangeSet::default(), now_millis);
        }
    }

    /// Signs the last own commit again, with a promise of now. Before its first commit a member has nothing to sign.
    pub(super) fn renew(&mut self, now_millis: u64) {
        let Some(memory) = &self.memory else { return };
        let Some(last) = memory.library.commit(&memory.last).filter(|c| c.header.author == self.author()).cloned()
        else {
            return;
        };
        let given_out = memory.last_hlc.max(memory.library.newest_hlc());
        let promise = finality::promise(given_out, memory.finality.promise(), now_millis);
        self.put_tip(&last, promise, now_millis);
    }

    /// Signs a tip and puts it on its way to the disk.
    pub(super) fn put_tip(&mut self, commit: &Commit, promise: Hlc, now_millis: u64) {
        let Some(memory) = &mut self.memory else { return };
        let told = memory.finality.voice(&commit.header.author).map_or(Word::default(), |voice| voice.last());
        let floor = memory.finality.floor_with(promise);
        let hash = memory.fold.hash_at(floor).filter(|_| floor > told.floor);
        let (floor, floor_hash) = hash.map_or((told.floor, told.floor_hash), |hash| (floor, hash));
        let word = Word { promise, floor, floor_hash };
        let tip = sign(&self.key, commit, word, memory.library.stored_heads.digest());
        memory.finality.spoke(word, now_millis);
        memory.library.keep_tip(&tip);
        memory.after_sync.push(AfterSync::Signed(Box::new(tip.clone())));
        self.disk.append(vec![Record::Tip(tip)]);
    }

    /// A tip that came with an announcement.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let Some(memory) = &mut self.memory else { return };
        let Ok(signed) = SignedTip::verify(bytes) else { return };
        if signed.tip.author != self.key.id() && signed.tip.genesis == self.ground.genesis {
            memory.early.insert(signed.tip.author, signed);
            self.settle();
        }
    }

    /// Takes tips whose chains are in the fold, and moves floor and stable.
    pub(super) fn settle(&mut self) {
        let habit = self.habit;
        let (own, founder, recovery) = (self.author(), self.genesis.founder, self.genesis.recovery);
        let Some(memory) = &mut self.memory else { return };
        let come = |tip: &SignedTip| memory.fold.outcome(&tip.tip.commit).is_some();
        let ready: Vec<AuthorId> =
            memory.early.iter().filter(|(_, tip)| come(tip)).map(|(author, _)| *author).collect();
        for signed in ready.iter().filter_map(|author| memory.early.remove(author)) {
            if memory.finality.heard(signed.tip.author, word_of(&signed.tip)) {
                memory.library.keep_tip(&signed);
                self.disk.append(vec![Record::Tip(signed)]);
            }
        }
        let admitted = memory.library.dawn;
        let members = memory.library.members().into_iter().filter(|author| *author != recovery);
        let since = |author: AuthorId| (author, if author == founder { Hlc::default() } else { admitted });
        let mut writing: Vec<Writing> = members.map(since).collect();
        if habit == Habit::ForgetsAMember
            && let Some(other) = writing.iter().position(|(author, _)| *author != own)
        {
            writing.remove(other);
        }
        let fold = &mut memory.fold;
        memory.finality.settle(writing, &mut |hlc| fold.hash_at(hlc));
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
