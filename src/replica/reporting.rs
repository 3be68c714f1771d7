//! The replica's reports (see `report`): read under the latch, given out without it.

use super::local::Local;
use super::record::{self, Stored};
use super::report::{CheckpointFact, CommitFact, HeldFact, MainEntry, MemberFact, Report, Take};
use dag::catalogue::Catalogue;
use dag::header::CommitKind;
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::store::Position;
use linearizer::order::Place;
use linearizer::outcome::Outcome;
use sql::error::SqlError;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// What became of a commit, as words.
#[derive(Clone)]
struct Fate {
    outcome: &'static str,
    reason: Option<String>,
    against: Option<CommitId>,
}

impl Report for Local {
    fn commits(&self, take: &mut Take<'_, CommitFact>) -> Result<(), SqlError> {
        let fates = self.fates()?;
        let mut found: Vec<(Place, CommitFact)> = Vec::new();
        self.scan(&mut |stored| {
            let header = &stored.commit.header;
            let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
            found.push((place, fact(&stored, fates.get(&stored.commit.id))));
        })?;
        found.sort_unstable_by_key(|(place, _)| *place);
        for (_, fact) in found {
            if take(fact).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn heads(&self) -> Result<Vec<CommitFact>, SqlError> {
        let fates = self.fates()?;
        let heads = {
            let writer = self.latch();
            writer.heads.newest(usize::MAX)
        };
        heads.iter().map(|id| self.find(id, &fates)).collect()
    }

    fn main_log(&self, take: &mut Take<'_, MainEntry>) -> Result<(), SqlError> {
        let (through, stable) = {
            let writer = self.latch();
            (writer.linearizer.main_position(), writer.linearizer.stable())
        };
        let mut position = 0;
        let mut failed = None;
        self.commits(&mut |fact| {
            position += 1;
            if position > through {
                return ControlFlow::Break(());
            }
            let is_stable = stable.is_some_and(|end| fact.hlc <= end.hlc);
            let code = match self.code(&fact) {
                Ok(code) => code,
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            };
            take(MainEntry { position, id: fact.id, code, outcome: fact.outcome, stable: is_stable })
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn conflicts(&self) -> Result<Vec<CommitFact>, SqlError> {
        let fates = self.fates()?;
        let parked = self.latch().linearizer.parked().map_err(unreadable)?;
        let mut facts = parked.iter().map(|p| self.find(&p.commit, &fates)).collect::<Result<Vec<_>, _>>()?;
        facts.sort_by_key(|fact| (fact.hlc, fact.author, fact.run, fact.id));
        Ok(facts)
    }

    fn members(&self) -> Result<Vec<MemberFact>, SqlError> {
        let writer = self.latch();
        let members = writer.known.members(&writer.heads.frontier());
        let promise = |author: &dag::id::AuthorId| {
            let own = *author == self.author;
            let known = if own { Some(writer.promise) } else { writer.known.promises().get(author).map(|p| p.through) };
            known.filter(|hlc| *hlc > Hlc::default())
        };
        let fact = |(author, member): (&dag::id::AuthorId, &dag::control::Member)| MemberFact {
            author: *author,
            role: match member.role {
                dag::control::Role::Reader => "reader",
                dag::control::Role::Writer => "writer",
                dag::control::Role::Admin if *author == self.genesis.recovery => "recovery",
                dag::control::Role::Admin => "admin",
            },
            promise: promise(author),
            here: *author == self.author,
        };
        Ok(members.iter().map(fact).collect())
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

    /// Nothing is received before replicas are connected, so nothing waits here yet.
    fn held(&self) -> Result<Vec<HeldFact>, SqlError> {
        Ok(Vec::new())
    }

    fn settings(&self) -> Vec<(String, String)> {
        let config = &self.config;
        let fact = |name: &str, value: String| (name.to_owned(), value);
        vec![
            fact("data", config.data.display().to_string()),
            fact("listen", config.listen.to_string()),
            fact("root-password", if config.root_password.is_some() { "set" } else { "none" }.to_owned()),
            fact("linearize-seconds", config.linearize_every.as_secs().to_string()),
            fact("checkpoint-commits", config.checkpoint_commits.to_string()),
            fact("checkpoint-mib", (config.checkpoint_bytes >> 20).to_string()),
        ]
    }

    fn status(&self) -> Result<Vec<(String, String)>, SqlError> {
        let refusal = self.refusal();
        let writer = self.latch();
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let last = writer.linearizer.checkpoints().next_back().map_or(0, linearizer::checkpoint::Checkpoint::position);
        let parked = writer.linearizer.parked().map_err(unreadable)?.len();
        let above = writer.linearizer.outcomes().count() as u64;
        let stable = writer.linearizer.stable().map_or_else(|| "nothing yet".to_owned(), |place| place.hlc.to_string());
        Ok(vec![
            fact("database", self.genesis.id().to_string()),
            fact("author", self.author.to_string()),
            fact("run", self.run.0.to_string()),
            fact("writes", refusal.map_or_else(|| "accepted".to_owned(), |error| error.to_string())),
            fact("heads", writer.heads.len().to_string()),
            fact("commits", (last + above).to_string()),
            fact("parked", parked.to_string()),
            fact("main_position", writer.linearizer.main_position().to_string()),
            fact("main_hash", writer.linearizer.main_hash().to_string()),
            fact("stable_through", stable),
            fact("checkpoint", last.to_string()),
            fact("tree_segments", self.tree_store.segments().len().to_string()),
        ])
    }
}

fn unreadable(error: impl std::fmt::Display) -> SqlError {
    SqlError::new(1030, error.to_string())
}

fn fate(outcome: &Outcome, catalogue: &Catalogue) -> Fate {
    let word = match outcome {
        Outcome::Applied => "applied",
        Outcome::Parked(_) => "parked",
        Outcome::Void => "void",
    };
    let reason = outcome.reason();
    Fate {
        outcome: word,
        reason: reason.map(|r| r.describe(catalogue).to_string()),
        against: reason.and_then(|r| r.against()),
    }
}

fn fact(stored: &Stored, fate: Option<&Fate>) -> CommitFact {
    let header = &stored.commit.header;
    let user = header.extensions.get("user").map(|user| String::from_utf8_lossy(user).into_owned());
    let fate = fate.cloned().unwrap_or(Fate { outcome: "applied", reason: None, against: None });
    CommitFact {
        id: stored.commit.id,
        author: header.author,
        run: header.run.0,
        seq: header.seq,
        hlc: header.hlc,
        kind: match header.kind {
            CommitKind::Data => "data",
            CommitKind::Control => "control",
            CommitKind::Join => "join",
        },
        changes: header.changes,
        bytes: header.body_length,
        user,
        parents: header.parents.clone(),
        outcome: fate.outcome,
        reason: fate.reason,
        against: fate.against,
    }
}

impl Local {
    /// Every fate that is not "applied below the last checkpoint".
    fn fates(&self) -> Result<HashMap<CommitId, Fate>, SqlError> {
        let writer = self.latch();
        let view = writer.linearizer.view();
        let catalogue = view.catalogue();
        let mut fates: HashMap<CommitId, Fate> = HashMap::new();
        for parked in writer.linearizer.parked().map_err(unreadable)? {
            let below = Fate { outcome: "parked", reason: Some(format!("code {}", parked.code)), against: None };
            fates.insert(parked.commit, parked.outcome.as_ref().map_or(below, |outcome| fate(outcome, catalogue)));
        }
        for (seat, outcome) in writer.linearizer.outcomes() {
            fates.insert(seat.id(), fate(outcome, catalogue));
        }
        Ok(fates)
    }

    fn code(&self, fact: &CommitFact) -> Result<u8, SqlError> {
        let writer = self.latch();
        if let Some(outcome) = writer.linearizer.outcome(fact.id) {
            return Ok(outcome.code());
        }
        let parked = writer.linearizer.parked().map_err(unreadable)?;
        Ok(parked.iter().find(|p| p.commit == fact.id).map_or(0, |p| p.code))
    }

    fn find(&self, id: &CommitId, fates: &HashMap<CommitId, Fate>) -> Result<CommitFact, SqlError> {
        let stored = record::find(&self.log, id).map_err(unreadable)?;
        let stored =
            stored.ok_or_else(|| SqlError::new(1030, format!("commit {id} is still being written; ask again")))?;
        Ok(fact(&stored, fates.get(id)))
    }

    fn scan(&self, each: &mut dyn FnMut(Stored)) -> Result<(), SqlError> {
        let mut failed = None;
        let scanned = self.log.scan(Position::START, &mut |entry| match record::of_entry(&entry) {
            None => ControlFlow::Continue(()),
            Some(Ok(stored)) => {
                each(stored);
                ControlFlow::Continue(())
            }
            Some(Err(reason)) => {
                failed = Some(SqlError::new(1030, reason));
                ControlFlow::Break(())
            }
        });
        scanned.map_err(unreadable)?;
        failed.map_or(Ok(()), Err)
    }
}
