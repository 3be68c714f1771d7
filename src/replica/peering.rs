//! What is known of other replicas, as facts for `headwaters.peers` and `status`.
//!
//! Promises: read from the network's book and this replica's chains; asks nobody. A lag is what the peer said it has
//! against what is here, so it is never less than the truth by more than an announcement.

use super::local::Local;
use dag::admit::Known;
use dag::hlc::Hlc;
use dag::id::AuthorId;
use dag::version::Versions;
use gossip::{PeerStatus, TransportId};

/// Another replica.
#[derive(Clone, Debug)]
pub struct PeerFact {
    /// Its transport key.
    pub transport: TransportId,
    /// What the network knows of it.
    pub status: PeerStatus,
    /// Its author's name among the members.
    pub member: Option<String>,
    /// Commits that are here and that it did not say it has; `None` if it said nothing yet.
    pub lag_commits: Option<u64>,
    /// By how much its newest known commit is older than ours.
    pub lag_millis: Option<u64>,
}

impl Local {
    /// Everybody seen since the start; the connected first.
    pub fn peer_facts(&self) -> Vec<PeerFact> {
        let here = self.latch().shown.versions();
        let newest = self.newest_of(&here);
        let mut facts: Vec<PeerFact> = Vec::new();
        for (transport, status) in self.network().peers() {
            let member = status.author.and_then(|author| self.member_name(&author));
            let theirs = self.newest_of(&status.held);
            let lag_millis = theirs.zip(newest).map(|(theirs, ours)| ours.millis().saturating_sub(theirs.millis()));
            facts.push(PeerFact { transport, member, lag_commits: lag(&here, &status.held), lag_millis, status });
        }
        facts.sort_by_key(|fact| (!fact.status.connected, fact.transport));
        facts
    }

    /// Facts for `status`: how many are connected, how many of them are let in, the median of their clocks.
    pub fn peer_summary(&self) -> Vec<(String, String)> {
        let peers = self.network().peers();
        let connected = peers.iter().filter(|(_, p)| p.connected).count();
        let served = peers.iter().filter(|(_, p)| p.is_served()).count();
        let mut differences = self.network().clock_differences();
        differences.sort_unstable();
        let median = differences.get(differences.len() / 2);
        vec![
            ("peers_connected".to_owned(), connected.to_string()),
            ("peers_served".to_owned(), served.to_string()),
            ("clock_difference_ms".to_owned(), median.map_or_else(|| "unknown".to_owned(), |ms| ms.to_string())),
        ]
    }

    fn newest_of(&self, versions: &Versions) -> Option<Hlc> {
        let writer = self.latch();
        versions.values().filter_map(|position| writer.known.vertex(&position.id)).map(|vertex| vertex.hlc).max()
    }

    fn member_name(&self, author: &AuthorId) -> Option<String> {
        let writer = self.latch();
        let members = writer.known.members_now();
        members.iter().find(|(id, _)| *id == author).map(|(_, member)| member.name.clone())
    }
}

/// Commits of chains here beyond what is held there.
fn lag(here: &Versions, there: &Versions) -> Option<u64> {
    if there.is_empty() {
        return None;
    }
    let missing = |(chain, ours): (&dag::vertex::Chain, &dag::version::Position)| {
        ours.seq.saturating_sub(there.get(chain).map_or(0, |theirs| theirs.seq))
    };
    Some(here.iter().map(missing).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::id::{CommitId, RunId};
    use dag::version::Position;
    use dag::vertex::Chain;

    fn versions(positions: &[(u8, u64)]) -> Versions {
        let chain = |n: u8| Chain { author: AuthorId([n; 32]), run: RunId(1) };
        positions.iter().map(|(n, seq)| (chain(*n), Position { seq: *seq, id: CommitId([*n; 32]) })).collect()
    }

    #[test]
    fn a_lag_is_what_was_not_said_to_be_there() {
        let here = versions(&[(1, 10), (2, 5)]);
        for (there, expected) in [
            (versions(&[]), None),
            (versions(&[(1, 10), (2, 5)]), Some(0)),
            (versions(&[(1, 7)]), Some(8)),
            (versions(&[(1, 12), (2, 5)]), Some(0)),
        ] {
            assert_eq!(lag(&here, &there), expected, "{there:?}");
        }
    }
}
