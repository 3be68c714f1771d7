//! The replica's reports (see `report`): read under the latch, given out without it.

use super::fates::{Fates, fact};
use super::jobs::JobFact;
use super::listing::InOrder;
use super::local::{Local, stopped};
use super::peering::PeerFact;
use super::record;
use super::report::{CheckpointFact, CommitFact, ControlFact, Facts, HeldFact, MainEntry, MemberFact, Report};
use super::writer::Early;
use crate::config::PeersListen;
use dag::id::CommitId;
use dag::vertex::Vertex;
use sql::error::SqlError;

impl Report for Local {
    fn commits(&self) -> Result<Facts<CommitFact>, SqlError> {
        Ok(Box::new(InOrder::of(&self.log, self.fates()?)?))
    }

    fn heads(&self) -> Result<Vec<CommitFact>, SqlError> {
        let fates = self.fates()?;
        let heads = {
            let writer = self.latch();
            writer.heads.newest(usize::MAX)
        };
        heads.iter().map(|id| self.find(id, &fates)).collect()
    }

    fn main_log(&self) -> Result<Facts<MainEntry>, SqlError> {
        let (through, stable) = {
            let writer = self.latch();
            (writer.linearizer.main_position(), writer.linearizer.stable())
        };
        let entry = move |(position, fact): (u64, CommitFact)| MainEntry {
            position,
            id: fact.id,
            code: fact.code,
            outcome: fact.outcome,
            stable: stable.is_some_and(|end| fact.hlc <= end.hlc),
        };
        // A clone's log begins above its checkpoint.
        let first = self.cloned.as_ref().map_or(0, |cloned| cloned.position) + 1;
        let commits = (first..=through).zip(self.commits()?);
        Ok(Box::new(commits.map(move |(position, fact)| fact.map(|fact| entry((position, fact))))))
    }

    fn conflicts(&self) -> Result<Vec<CommitFact>, SqlError> {
        let fates = self.fates()?;
        let parked = self.latch().linearizer.parked().map_err(unreadable)?;
        let mut facts = parked.iter().map(|p| self.find(&p.commit, &fates)).collect::<Result<Vec<_>, _>>()?;
        facts.sort_by_key(|fact| (fact.hlc, fact.author, fact.run, fact.id));
        Ok(facts)
    }

    fn members(&self) -> Result<Vec<MemberFact>, SqlError> {
        Ok(self.member_facts())
    }

    fn control(&self) -> Result<Vec<ControlFact>, SqlError> {
        Ok(self.control_facts())
    }

    fn peers(&self) -> Result<Vec<PeerFact>, SqlError> {
        Ok(self.peer_facts())
    }

    fn checkpoints(&self) -> Result<Vec<CheckpointFact>, SqlError> {
        let writer = self.latch();
        let fact = |checkpoint: &linearizer::checkpoint::Checkpoint| CheckpointFact {
            position: checkpoint.position(),
            hlc: checkpoint.place.hlc,
            root: checkpoint.root(),
            stable: checkpoint.stable,
        };
        Ok(writer.linearizer.checkpoints().map(fact).collect())
    }

    fn held(&self) -> Result<Vec<HeldFact>, SqlError> {
        let writer = self.latch();
        let mut facts = writer.room.facts();
        facts.extend(writer.early.values().map(|Early { since, signed }| HeldFact {
            kind: "announcement",
            id: signed.tip.commit,
            author: signed.tip.author,
            reason: "announced by its author; the commit itself is not here yet".to_owned(),
            since: *since,
            until: None,
            waits_for: vec![signed.tip.commit],
        }));
        Ok(facts)
    }

    fn jobs(&self) -> Result<Vec<JobFact>, SqlError> {
        let fetching = self.peer_facts().into_iter().filter(|peer| peer.status.fetching);
        let fetch = |peer: PeerFact| JobFact {
            number: 0,
            kind: "fetch",
            detail: format!("from {}", peer.member.unwrap_or_else(|| peer.transport.to_string())),
            state: "running",
            message: format!("{} bytes came from it so far", peer.status.bytes_in),
            began: None,
            ended: None,
        };
        Ok(fetching.map(fetch).chain(self.jobs.facts()).collect())
    }

    fn settings(&self) -> Vec<(String, String)> {
        let config = &self.config;
        let peers_listen = match config.peers_listen {
            PeersListen::Off => "off".to_owned(),
            PeersListen::At(address) => address.to_string(),
        };
        let fact = |name: &str, value: String| (name.to_owned(), value);
        vec![
            fact("data", config.data.display().to_string()),
            fact("listen", config.listen.to_string()),
            fact("peers-listen", peers_listen),
            fact("bootstrap", config.bootstrap.join(",")),
            fact("mdns", if config.mdns { "on" } else { "off" }.to_owned()),
            fact("root-password", if config.root_password.is_some() { "set" } else { "none" }.to_owned()),
            fact("linearize-seconds", config.linearize_every.as_secs().to_string()),
            fact("checkpoint-commits", config.checkpoint_commits.to_string()),
            fact("checkpoint-mib", (config.checkpoint_bytes >> 20).to_string()),
        ]
    }

    fn status(&self) -> Result<Vec<(String, String)>, SqlError> {
        let refusal = self.write_refusal();
        let writer = self.latch();
        let refused = refusal.or_else(|| writer.next_hlc(self.clock.wall_millis()).err());
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let last = writer.linearizer.checkpoints().next_back().map_or(0, linearizer::checkpoint::Checkpoint::position);
        let parked = writer.linearizer.parked().map_err(unreadable)?.len();
        let above = writer.linearizer.outcomes().count() as u64;
        let stable = writer.linearizer.stable().map_or_else(|| "nothing yet".to_owned(), |place| place.hlc.to_string());
        let mut facts = vec![
            fact("database", self.genesis.id().to_string()),
            fact("author", self.author.to_string()),
            fact("run", self.run.0.to_string()),
            fact("writes", refused.map_or_else(|| "accepted".to_owned(), |error| error.to_string())),
            fact("heads", writer.heads.len().to_string()),
            fact("commits", (last + above).to_string()),
            fact("parked", parked.to_string()),
            fact("main_position", writer.linearizer.main_position().to_string()),
            fact("main_hash", writer.linearizer.main_hash().to_string()),
            fact("stable_through", stable),
            fact("checkpoint", last.to_string()),
            fact("cloned_at", self.cloned.as_ref().map_or(0, |cloned| cloned.position).to_string()),
            fact("tree_segments", self.tree_store.segments().len().to_string()),
        ];
        facts.extend(self.peer_summary());
        Ok(facts)
    }
}

/// A commit of which a clone has no more than the vertex.
fn bare_fact(vertex: &Vertex, why: String) -> CommitFact {
    CommitFact {
        id: vertex.id,
        author: vertex.author,
        run: vertex.run.0,
        seq: vertex.seq,
        hlc: vertex.hlc,
        kind: "not here",
        changes: 0,
        bytes: 0,
        size: 0,
        user: None,
        parents: vertex.parents.clone(),
        outcome: "applied",
        code: 0,
        reason: Some(why),
        against: None,
    }
}

fn unreadable(error: impl std::fmt::Display) -> SqlError {
    SqlError::new(1030, error.to_string())
}

impl Local {
    fn fates(&self) -> Result<Fates, SqlError> {
        Fates::of(&self.latch()).map_err(unreadable)
    }

    fn find(&self, id: &CommitId, fates: &Fates) -> Result<CommitFact, SqlError> {
        if let Some(stored) = record::find(&self.log, id).map_err(unreadable)? {
            return Ok(fact(&stored, fates));
        }
        let below = self.cloned.as_ref().and_then(|cloned| Some((cloned, cloned.foothold.vertex(id)?)));
        match below {
            Some((cloned, vertex)) => Ok(bare_fact(vertex, cloned.refusal())),
            None => self.find_written(id, fates),
        }
    }

    /// A commit that is published and still in the disk's queue: it is there when all that waits now is written, which
    /// takes no longer than a COMMIT of now would.
    fn find_written(&self, id: &CommitId, fates: &Fates) -> Result<CommitFact, SqlError> {
        self.submit_waiting(Vec::new())?.wait_blocking().map_err(|error| stopped(&error))?;
        match record::find(&self.log, id).map_err(unreadable)? {
            Some(stored) => Ok(fact(&stored, fates)),
            None => Err(SqlError::new(1030, format!("commit {id} is not in the log (headwaters verify)"))),
        }
    }
}
