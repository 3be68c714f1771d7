//! What became of each commit, as words for people.
//!
//! Promises: what is not listed here is applied, so that a million applied commits cost nothing.

use super::record::Stored;
use super::report::CommitFact;
use super::writer::Writer;
use dag::catalogue::Catalogue;
use dag::header::CommitKind;
use dag::id::CommitId;
use linearizer::outcome::Outcome;
use linearizer::view::ViewError;
use std::collections::HashMap;

/// What became of a commit.
#[derive(Clone)]
pub struct Fate {
    code: u8,
    outcome: &'static str,
    reason: Option<String>,
    against: Option<CommitId>,
}

/// Every fate that is not "applied".
pub struct Fates(HashMap<CommitId, Fate>);

impl Fates {
    /// As of now, under the latch.
    pub fn of(writer: &Writer) -> Result<Self, ViewError> {
        let view = writer.linearizer.view();
        let catalogue = view.catalogue();
        let mut fates = HashMap::new();
        for parked in writer.linearizer.parked()? {
            let reason = Some(format!("code {}", parked.code));
            let below = Fate { code: parked.code, outcome: "parked", reason, against: None };
            fates.insert(parked.commit, parked.outcome.as_ref().map_or(below, |outcome| fate(outcome, catalogue)));
        }
        for (seat, outcome) in writer.linearizer.outcomes().filter(|(_, outcome)| !outcome.is_applied()) {
            fates.insert(seat.id(), fate(outcome, catalogue));
        }
        Ok(Fates(fates))
    }
}

fn fate(outcome: &Outcome, catalogue: &Catalogue) -> Fate {
    let word = match outcome {
        Outcome::Applied => "applied",
        Outcome::Parked(_) => "parked",
        Outcome::Void => "void",
    };
    let reason = outcome.reason();
    Fate {
        code: outcome.code(),
        outcome: word,
        reason: reason.map(|r| r.describe(catalogue).to_string()),
        against: reason.and_then(|r| r.against()),
    }
}

/// A commit and what became of it.
pub fn fact(stored: &Stored, fates: &Fates) -> CommitFact {
    let header = &stored.commit.header;
    let user = header.extensions.get("user").map(|user| String::from_utf8_lossy(user).into_owned());
    let fate = fates.0.get(&stored.commit.id).cloned();
    let fate = fate.unwrap_or(Fate { code: Outcome::Applied.code(), outcome: "applied", reason: None, against: None });
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
        bytes: stored.commit.content_bytes(),
        size: stored.commit.bytes().len() as u64,
        user,
        parents: header.parents.clone(),
        outcome: fate.outcome,
        code: fate.code,
        reason: fate.reason,
        against: fate.against,
    }
}
