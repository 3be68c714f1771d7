//! When the background linearizer runs, and where it may cut (R30).
//!
//! Pure: time comes in as a duration. Cuts lie where every peer would cut, so that checkpoints at equal places have
//! equal roots.

use crate::main_log::epoch_of;
use crate::order::Seat;
use crate::window::Weight;
use std::time::Duration;

/// When to bring main up to date and cut a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// At the latest after this time, if there is anything new.
    pub every: Duration,
    /// After so many new commits.
    pub commits: u64,
    /// After so many new canonical bytes; this bounds the memory above the last checkpoint (R30).
    pub bytes: u64,
}

impl Default for Policy {
    /// A minute keeps a restart's tail short; 200,000 commits of 300 bytes, or 64 MiB, are about 200 MiB in memory,
    /// which leaves room below 512 MiB.
    fn default() -> Self {
        Policy { every: Duration::from_secs(60), commits: 200_000, bytes: 64 << 20 }
    }
}

/// What has gathered since the last run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backlog {
    /// How long ago it ran.
    pub since: Duration,
    /// New commits.
    pub commits: u64,
    /// Their canonical bytes.
    pub bytes: u64,
    /// Somebody asked for it: `headwaters compact`.
    pub asked: bool,
}

/// Why to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody asked.
    Asked,
    /// Memory: the bytes are over the bound.
    Bytes,
    /// The commits are over the bound.
    Commits,
    /// It is time.
    Time,
}

/// Whether to run now.
pub fn decide(policy: &Policy, backlog: &Backlog) -> Option<Cause> {
    match backlog {
        Backlog { asked: true, .. } => Some(Cause::Asked),
        Backlog { commits: 0, .. } => None,
        Backlog { bytes, .. } if *bytes >= policy.bytes => Some(Cause::Bytes),
        Backlog { commits, .. } if *commits >= policy.commits => Some(Cause::Commits),
        Backlog { since, .. } if *since >= policy.every => Some(Cause::Time),
        _ => None,
    }
}

/// Where peers cut: at the end of each epoch, and within one after so many commits or canonical bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Length of an epoch (genesis).
    pub epoch_millis: u64,
    /// Commits after which an epoch is cut once more (rules level).
    pub commits: u64,
    /// Canonical bytes after which an epoch is cut once more (rules level).
    pub bytes: u64,
}

impl Default for Cuts {
    /// An hour; within it the bounds of [`Policy`].
    fn default() -> Self {
        let Policy { commits, bytes, .. } = Policy::default();
        Cuts { epoch_millis: 3_600_000, commits, bytes }
    }
}

impl Cuts {
    /// Whether a place to cut may lie between these two, if all in between is no more than this; cheaper than to look.
    pub fn may_lie(&self, first: &Seat, last: &Seat, within: Weight) -> bool {
        self.epoch(first) != self.epoch(last) || within.commits >= self.commits || within.bytes >= self.bytes
    }

    fn epoch(&self, seat: &Seat) -> u64 {
        epoch_of(seat.commit().hlc, self.epoch_millis)
    }

    /// The last place to cut among these commits, which begin behind a cut (or with the first commit ever).
    pub fn last<'a>(&self, commits: impl Iterator<Item = &'a Seat>) -> Option<&'a Seat> {
        let (mut count, mut bytes, mut cut) = (0, 0, None);
        let mut commits = commits.peekable();
        while let Some(seat) = commits.next() {
            count += 1;
            bytes += seat.commit().bytes;
            let ends = commits.peek().is_some_and(|next| self.epoch(next) != self.epoch(seat));
            if ends || count >= self.commits || bytes >= self.bytes {
                (count, bytes, cut) = (0, 0, Some(seat));
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Place;
    use dag::hlc::Hlc;

    #[test]
    fn it_runs_for_whichever_bound_is_reached() {
        let policy = Policy { every: Duration::from_secs(10), commits: 5, bytes: 100 };
        let backlog = |secs, commits, bytes, asked| Backlog { since: Duration::from_secs(secs), commits, bytes, asked };
        for (backlog, decision) in [
            (backlog(99, 0, 0, false), None),
            (backlog(9, 4, 99, false), None),
            (backlog(10, 1, 1, false), Some(Cause::Time)),
            (backlog(0, 5, 1, false), Some(Cause::Commits)),
            (backlog(0, 1, 100, false), Some(Cause::Bytes)),
            (backlog(0, 0, 0, true), Some(Cause::Asked)),
        ] {
            assert_eq!(decide(&policy, &backlog), decision, "{backlog:?}");
        }
    }

    #[test]
    fn cuts_lie_at_epoch_ends_and_after_so_many_commits() {
        let cuts = Cuts { epoch_millis: 10, commits: 3, bytes: u64::MAX };
        for (millis, cut) in
            [(&[1, 2][..], None), (&[1, 2, 3, 4], Some(3)), (&[1, 2, 11], Some(2)), (&[1, 11, 12, 13, 14], Some(13))]
        {
            let seats: Vec<Seat> = millis.iter().map(|&ms| Seat::marker(Place::end_of(Hlc::new(ms, 0)))).collect();
            assert_eq!(cuts.last(seats.iter()).map(|s| s.commit().hlc.millis()), cut, "{millis:?}");
        }
    }
}
