//! A piece of an author's chain that ends in a signed tip: the unit in which foreign commits are believed (R13).

use super::{Checked, Commit, Received};
use crate::error::{Error, Result};
use crate::id::CommitId;
pub use crate::limits::{MAX_SEGMENT_COMMITS, MAX_SEGMENT_HEADERS};
use crate::tip::SignedTip;
use std::sync::Arc;

/// Commits of one chain, one after the other, and the tip at the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// At least one.
    pub commits: Vec<Commit>,
    /// Its author's signature over the last one, and so over all.
    pub tip: SignedTip,
}

/// What a received segment turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum SegmentCheck {
    /// Every commit and the signature hold.
    Verified(Box<Segment>),
    /// It has commits of a version that this program does not know: to be kept and relayed as it is (R2).
    Unread(Box<Unread>),
}

/// A segment that this program cannot read. Its hashes and its signature hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// Its commits.
    pub ids: Vec<CommitId>,
    /// The signed tip at the last one.
    pub tip: SignedTip,
    /// The version that is not known.
    pub version: u64,
}

impl Segment {
    /// Checks the commits, their links and the signature. The signature comes first of all: nobody's work is done
    /// for a stranger.
    pub fn verify(commits: Vec<Arc<[u8]>>, tip: &[u8]) -> Result<SegmentCheck> {
        if commits.is_empty() {
            return Err(bad("it has no commits"));
        }
        Error::limit("commits of a segment", commits.len(), MAX_SEGMENT_COMMITS)?;
        let tip = SignedTip::verify(tip)?;
        let (mut known, mut ids, mut unknown) = (Vec::with_capacity(commits.len()), Vec::new(), None);
        let mut headers = 0;
        for bytes in commits {
            match Received(bytes).verify()? {
                Checked::Commit(commit) => {
                    headers += commit.header_length();
                    Error::limit("bytes of a segment's headers", headers, MAX_SEGMENT_HEADERS)?;
                    ids.push(commit.id);
                    known.push(commit);
                }
                Checked::Held(held) => {
                    ids.push(held.id);
                    unknown.get_or_insert(held.version);
                }
            }
        }
        if let Some(version) = unknown {
            let is_at_its_end = ids.last() == Some(&tip.tip.commit);
            let unread = || SegmentCheck::Unread(Box::new(Unread { ids, tip, version }));
            return if is_at_its_end { Ok(unread()) } else { Err(bad("its tip is not at its last commit")) };
        }
        let segment = Segment { commits: known, tip };
        segment.check_links()?;
        Ok(SegmentCheck::Verified(Box::new(segment)))
    }

    fn check_links(&self) -> Result<()> {
        for pair in self.commits.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if after.header.prev != Some(before.id) || before.header.seq.checked_add(1) != Some(after.header.seq) {
                return Err(bad("its commits do not follow each other"));
            }
        }
        let tip = &self.tip.tip;
        let chain = |commit: &Commit| (commit.header.genesis, commit.header.author, commit.header.run);
        if self.commits.iter().any(|commit| chain(commit) != (tip.genesis, tip.author, tip.run)) {
            return Err(bad("it has commits of another chain than its tip"));
        }
        match self.commits.last() {
            Some(last) if (last.id, last.header.seq) == (tip.commit, tip.seq) => Ok(()),
            _ => Err(bad("its tip is not at its last commit")),
        }
    }
}

fn bad(reason: &'static str) -> Error {
    Error::malformed("segment", reason)
}
