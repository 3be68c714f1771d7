//! How a simulated replica writes: transactions, control records (R12), a member's first word.
//!
//! Promises: what it writes passed the fold's own check (R27) and the admission that everybody's commits pass (R3). A
//! reader, a stranger and a removed member refuse, as far as they know that they are.

use super::super::chain::{Record, candidate};
use super::super::fold::ordered;
use super::super::step::{Habit, Refused};
use super::{AfterSync, Memory, Replica};
use dag::admit::{Ground, Known, MAX_CLOCK_SKEW_MILLIS, Standing, admit_segment};
use dag::change::ChangeSet;
use dag::commit::Commit;
use dag::control::ControlRecord;
use dag::header::{CommitKind, Header};
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId};
use linearizer::finality::Renewal;
use linearizer::outcome::Outcome;

impl Replica {
    /// A client's COMMIT (R27). The commit is in the merge at once and acknowledged after the next sync.
    pub fn write(&mut self, changes: &ChangeSet, now_millis: u64) -> Result<CommitId, Refused> {
        self.put(changes, &[], now_millis)
    }

    /// An administrator's decision about members (R12).
    pub fn rule(&mut self, records: &[ControlRecord], now_millis: u64) -> Result<CommitId, Refused> {
        self.put(&ChangeSet::default(), records, now_millis)
    }

    fn put(&mut self, changes: &ChangeSet, records: &[ControlRecord], now_millis: u64) -> Result<CommitId, Refused> {
        let standing = self.standing(&self.author());
        let Some(memory) = &mut self.memory else { return Err(Refused::Clock) };
        let needed = if records.is_empty() { Standing::Writer } else { Standing::Admin };
        if standing < needed || memory.stopped {
            return Err(Refused::Standing);
        }
        let own = memory.library.skeleton.promise(&self.key.id()).map_or(Hlc::default(), |promise| promise.through);
        let promise = memory.finality.promise().max(own);
        let promise = if self.habit == Habit::BreaksPromises { Hlc::default() } else { promise };
        let header = memory.next_header(&self.key.id(), &self.ground, promise, now_millis);
        if header.hlc.millis() > now_millis + MAX_CLOCK_SKEW_MILLIS {
            return Err(Refused::Clock);
        }
        match memory.fold.check(changes) {
            Outcome::Applied => {}
            other => return Err(Refused::Check(other)),
        }
        let kind = match (records, *changes == ChangeSet::default()) {
            ([], true) => CommitKind::Join,
            ([], false) => CommitKind::Data,
            _ => CommitKind::Control,
        };
        let commit = Commit::new(Header { kind, ..header }, changes, records).expect("simulated commits are small");
        let entered = admit_segment(&[candidate(&commit)], &self.ground, &mut memory.library.skeleton, now_millis);
        let entered = entered.map_err(|(_, verdict)| Refused::Admission(format!("{verdict:?}")))?;
        memory.library.keep(commit.clone());
        entered.iter().for_each(|admitted| memory.library.heads.advance(&admitted.vertex));
        memory.fold.arrive(vec![ordered(&commit)]);
        (memory.last, memory.last_hlc, memory.seq) = (Some(commit.id), commit.header.hlc, commit.header.seq);
        memory.unsigned.push(commit.id);
        memory.after_sync.push(AfterSync::Own(commit.id));
        let id = commit.id;
        self.disk.append(vec![Record::Commit(commit)]);
        Ok(id)
    }

    /// A member's first word: an empty commit, so that it has something to sign; again in a run whose promise others wait
    /// for.
    pub(super) fn introduce(&mut self, now_millis: u64) {
        let is_mute = match self.last_run() {
            Some(is_own) => !is_own && self.due(now_millis) == Some(Renewal::Promise),
            None => true,
        };
        if is_mute {
            // Refused while its clock is off, and before its admission is here; the next announcement tries again.
            let _ = self.write(&ChangeSet::default(), now_millis);
        }
    }

    /// Whether the author's last commit is of this run; `None`: there is none.
    pub(super) fn last_run(&self) -> Option<bool> {
        let memory = self.memory.as_ref()?;
        Some(memory.library.commit(&memory.last?)?.header.run == memory.run)
    }

    /// What an author is by all control records here.
    pub fn standing(&self, author: &AuthorId) -> Standing {
        self.memory.as_ref().map_or(Standing::Stranger, |memory| {
            memory.library.skeleton.members(&memory.library.heads.frontier()).standing(author)
        })
    }
}

impl Memory {
    fn next_header(&self, author: &AuthorId, ground: &Ground, promise: Hlc, now_millis: u64) -> Header {
        let floor = self.last_hlc.max(self.library.newest_hlc()).max(promise);
        Header {
            prev: self.last.or_else(|| self.library.skeleton.admission(author)),
            parents: self.library.heads.frontier(),
            hlc: floor.after(now_millis),
            ..Header::bare(ground.genesis, *author, self.run, self.seq + 1)
        }
    }
}
