//! What a session waits for besides locks and the disk: what its read mode promises of other replicas, and how far its
//! commit must have spread.
//!
//! Promises: a read in `after` or `quorum` runs only on a merge that holds what the mode names, or is an error; a COMMIT
//! whose wait ends early still says OK, because the commit is on disk, with a warning that names it: never a lie.

use super::scene::Scene;
use super::state::State;
use super::stop::Stop;
use crate::error::SqlError;
use crate::journal::ReadMode;
use crate::limits::MAX_REMEMBERED;
use crate::peers::{Spread, Token};
use crate::wait::Suspend;
use dag::id::CommitId;

/// Waits once in a statement for what its mode promises; afterwards it reads as `merge`. Errors: 1290 with the reason.
pub(super) fn gather(state: &State, scene: &mut Scene, mode: &ReadMode) -> Result<(), Stop> {
    let peers = state.engine.journal.peers();
    let happened = match mode {
        _ if scene.gathered => return Ok(()),
        ReadMode::After(token) => peers.arrived(parsed(token)?.heads()),
        ReadMode::Quorum(count) => peers.ask(*count),
        _ => return Ok(()),
    };
    match happened.answer() {
        Some(answer) => {
            answer?;
            scene.gathered = true;
            Ok(())
        }
        None => {
            scene.gathering = Some(mode.clone());
            state.process.enter_state("Waiting for other replicas");
            Err(Stop::Wait(Suspend::Peers { happened, timeout: state.settings.read_wait }))
        }
    }
}

fn parsed(token: &str) -> Result<Token, SqlError> {
    Token::parse(token).ok_or_else(|| SqlError::new(1231, format!("'{token}' is no token of headwaters_token()")))
}

/// The error of a read whose wait took too long.
pub(super) fn read_too_late(state: &State, mode: &ReadMode) -> SqlError {
    let seconds = state.settings.read_wait.as_secs();
    let text = format!(
        "What headwaters_read={mode} promises has not come within {seconds} s (headwaters_read_timeout); see \
         headwaters.peers, wait longer, or read 'merge'"
    );
    SqlError::new(3024, text)
}

/// The wait for a commit that is on disk here; `None` when it is over already.
pub(super) fn spread(state: &State, commit: CommitId) -> Option<Suspend> {
    let wanted = state.settings.spread;
    if wanted == Spread::Local {
        return None;
    }
    let happened = state.engine.journal.peers().spread(commit, wanted);
    match happened.answer() {
        Some(Ok(())) => None,
        Some(Err(error)) => {
            warn_unspread(state, commit, &error.message);
            None
        }
        None => {
            state.process.enter_state("Waiting for other replicas");
            Some(Suspend::Peers { happened, timeout: state.settings.spread_wait })
        }
    }
}

/// The wait for a commit ended before it had spread: it is OK, and the client is told what it is not.
pub(super) fn warn_unspread(state: &State, commit: CommitId, why: &str) {
    let wanted = state.settings.spread;
    let lacks = state.engine.journal.peers().lacking(commit, wanted);
    let text = format!("Commit {commit} is on disk here, but not {wanted}: {lacks}; {why}. It spreads by itself");
    state.warn(1105, text);
}

/// Why a wait for a commit ended at its timeout.
pub(super) fn spread_timeout(state: &State) -> String {
    format!("waited {} s (headwaters_commit_timeout)", state.settings.spread_wait.as_secs())
}

impl State {
    /// The session wrote a commit.
    pub(super) fn remember(&mut self, commit: CommitId) {
        self.own_commit = Some(commit);
        self.spreading = Some(commit);
        if self.own_commits.len() == MAX_REMEMBERED {
            self.own_commits.pop_front();
        }
        self.own_commits.push_back(commit);
    }

    /// Warns of own commits that a later arrival parked or voided since the last answer (R32).
    pub(super) fn warn_of_demoted(&mut self) {
        let count = self.engine.journal.demotions();
        if count == self.demotions {
            return;
        }
        for (commit, why) in self.engine.journal.demoted_since(self.demotions) {
            if self.own_commits.contains(&commit) {
                let text = format!(
                    "Your commit {commit} is no longer applied: {why}; see headwaters.conflicts, \
                     CALL headwaters.resubmit or headwaters.resolve"
                );
                self.warn(1105, text);
            }
        }
        self.demotions = count;
    }
}
