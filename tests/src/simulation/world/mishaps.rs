//! Folders that are not what they were: restored from a backup, copied, and gone on with as if nothing had happened (R6).
//!
//! Promises: a backup and a copy hold what was safely on the disk. What was acknowledged and is on no disk any more is
//! counted out; whatever anybody else has must come back.

use super::super::kind::Kind;
use super::super::replica::Replica;
use super::{Happening, STORM_MILLIS, World};
use dag::id::{AuthorId, CommitId, RunId};
use std::collections::BTreeSet;

impl World<'_> {
    /// What happens to folders in a world of this kind.
    pub(super) fn plan_mishaps(&mut self) {
        match self.kind {
            Kind::Plain | Kind::Members | Kind::Cloned | Kind::Demoted => {}
            Kind::Restored => {
                let who = self.random.below(self.replicas.len() as u64) as usize;
                let backup = self.random.below(STORM_MILLIS / 2);
                let restore = self.random.between(backup + 500, STORM_MILLIS);
                self.suspect = Some(who);
                self.at(backup, Happening::Backup(who));
                self.at(restore, Happening::Restore(who));
            }
            Kind::Copied | Kind::Equivocator => {
                self.suspect = Some(self.copy() - 1);
                let when = self.random.between(500, STORM_MILLIS * 3 / 4);
                self.at(when, Happening::Copy);
                self.replicas.iter_mut().filter(|_| self.kind == Kind::Copied).for_each(Replica::let_greet);
            }
        }
    }

    /// The replica whose folder is a copy: the last one, of the one before it.
    fn copy(&self) -> usize {
        self.replicas.len() - 1
    }

    /// Whether clocks jump: what a folder promised before a backup was restored holds only for a clock that goes on.
    pub(super) fn clocks_jump(&self) -> bool {
        self.kind != Kind::Restored
    }

    /// A backup of the disk is taken.
    pub(super) fn back_up(&mut self, who: usize) {
        self.backup = Some(self.replicas[who].safe_length());
    }

    /// The backup is restored, and the replica started anew.
    pub(super) fn restore(&mut self, who: usize) {
        let Some(length) = self.backup else { return };
        self.replicas[who].restore(length);
        self.summary.restored += 1;
        self.finality.forget(who);
        let on_disk = |replica: &Replica| replica.safe_commits().collect::<BTreeSet<CommitId>>();
        let disks: Vec<BTreeSet<CommitId>> = self.replicas.iter().map(on_disk).collect();
        for (id, at) in std::mem::take(&mut self.acknowledged) {
            let holder = if disks[at].contains(&id) { Some(at) } else { disks.iter().position(|d| d.contains(&id)) };
            match holder {
                Some(holder) => drop(self.acknowledged.insert(id, holder)),
                None => self.summary.left_behind += 1,
            }
        }
        let pause = self.random.between(50, 3_000);
        self.after(pause, Happening::Start(who));
    }

    /// The folder is copied and the copy started.
    pub(super) fn copy_folder(&mut self) -> Result<(), String> {
        let copy = self.copy();
        let (others, last) = self.replicas.split_at_mut(copy);
        last[0].copy_folder(&others[copy - 1]);
        self.summary.copied += 1;
        self.start(copy)
    }

    /// The run of the next start: an equivocator's copy goes on with its original's.
    pub(super) fn next_run(&mut self, who: usize) -> RunId {
        let fresh = RunId(self.random.next());
        let is_ghost = self.kind == Kind::Equivocator && who == self.copy();
        let original = self.replicas[who.saturating_sub(1)].run().filter(|_| is_ghost);
        original.unwrap_or(fresh)
    }

    /// The author whose folder it was.
    pub(super) fn suspect(&self) -> Option<AuthorId> {
        self.suspect.map(|who| self.replicas[who].author())
    }

    /// Whether this replica is one of two instances of one author.
    pub(super) fn is_doubled(&self, who: usize) -> bool {
        matches!(self.kind, Kind::Copied | Kind::Equivocator) && who + 2 >= self.replicas.len()
    }

    /// Whether what this replica shows as stable is promised to agree with what the others show: not of two instances of
    /// one author, nor of one that was removed and is never told.
    pub(super) fn is_bound(&self, who: usize) -> bool {
        let is_gone = self.kind == Kind::Members && self.suspect == Some(who);
        !self.is_doubled(who) && !is_gone
    }

    /// Both instances have heard of each other and write no more; an equivocator's know nothing of each other.
    pub(super) fn twins_have_stopped(&self) -> bool {
        self.kind != Kind::Copied || self.replicas.iter().rev().take(2).all(Replica::has_stopped)
    }
}
