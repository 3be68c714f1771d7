//! Admission: whether a commit may enter the graph (R2 to R9, R12, R15).
//!
//! Promises: a pure function of the commit's header, its ancestors and genesis (R3), so that every peer decides alike;
//! the clock only holds a commit back, and an announced promise only sets it aside as proof. Hashes and signatures are
//! checked before (`commit`, `tip`); whether the changes apply is the fold's matter, not ours.

mod closed;
mod known;
mod segment;

pub use known::{Known, Promise, Standing, walks_to};
pub use segment::{Admitted, Candidate, Window, admit_segment};

use crate::header::{CommitKind, Header, MAX_PARENTS};
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, GenesisId, NodeId};
pub use crate::limits::{MAX_CLOCK_SKEW_MILLIS, MAX_EXTENSIONS, MAX_SETTLES};
use crate::tip::Tip;
use crate::vertex::{Chain, Vertex};
pub use closed::Closed;
use std::collections::BTreeSet;

/// The newest rules level this program knows (R2).
pub const RULES_LEVEL: u32 = 1;

/// What admission takes from genesis (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The database.
    pub genesis: GenesisId,
    /// Who may write the first commit.
    pub founder: AuthorId,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It enters, with this generation. `twin`: another commit has its number, which proves that the author
    /// equivocated; both stay (R6).
    Admit {
        /// For the vertex.
        generation: u64,
        /// The other commit with the same (author, run, seq).
        twin: Option<CommitId>,
    },
    /// These ancestors are missing here.
    Wait(BTreeSet<CommitId>),
    /// Held until the wall clock shows these milliseconds (R9).
    HoldUntil(u64),
    /// Held until a program that knows this rules level runs here (R2).
    HoldForUpgrade(u32),
    /// Proof of a broken promise: kept aside, neither admitted nor refused silently; leads to a cut (R15).
    BrokenPromise(Promise),
    /// It lies in what is closed here, through this time: its author wrote it before its folder was restored, or after it
    /// was removed. Kept aside as a proof is, because what is stable never changes (R16); leads to a cut.
    BelowClosed(Hlc),
    /// Invalid everywhere and for ever.
    Invalid(Invalid),
}

/// Why a commit is invalid everywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// R5.
    #[error("it belongs to database {0}, not to this one")]
    OtherDatabase(GenesisId),
    /// R5.
    #[error("its parents are not sorted, unique and at most {MAX_PARENTS}")]
    Parents,
    /// R5, R24.
    #[error("its settled commits are not sorted, unique, at most {MAX_SETTLES} and among its ancestors")]
    Settles,
    /// R5.
    #[error("its extensions take more than {MAX_EXTENSIONS} bytes")]
    Extensions,
    /// R8.
    #[error("its time {0} is beyond what any clock may show")]
    Time(Hlc),
    /// R2.
    #[error("it names rules level {named}, but {in_force} is in force at its ancestors")]
    RulesLevel {
        /// In the header.
        named: u32,
        /// By the control records of its ancestors.
        in_force: u32,
    },
    /// R5, R12: a transaction carries no control records, a control commit nothing else, a join nothing.
    #[error("it says it is {0:?} but carries something else")]
    Kind(CommitKind),
    /// R6.
    #[error("its number is 0, or only the founder's first commit may have no ancestors")]
    Root,
    /// R6.
    #[error("its previous commit is not the one before it in its author's chain")]
    Prev,
    /// R7.
    #[error("its previous commit is not among its ancestors")]
    PrevOutside,
    /// R7.
    #[error("its time is not after the time of {0}")]
    NotAfter(CommitId),
    /// R12.
    #[error("its author may not write this at its ancestors: it is {0:?} there")]
    Standing(Standing),
}

/// Decides about one commit.
pub fn admit(id: CommitId, header: &Header, ground: &Ground, known: &dyn Known, now_millis: u64) -> Verdict {
    if let Err(invalid) = check_alone(header, ground) {
        return Verdict::Invalid(invalid);
    }
    if header.rules_level > RULES_LEVEL {
        return Verdict::HoldForUpgrade(header.rules_level);
    }
    let named = header.parents.iter().chain(&header.prev);
    let (present, missing): (Vec<_>, Vec<_>) = named.map(|id| (*id, known.vertex(id))).partition(|(_, v)| v.is_some());
    if !missing.is_empty() {
        return Verdict::Wait(missing.into_iter().map(|(id, _)| id).collect());
    }
    let ancestors: Vec<Vertex> = present.into_iter().filter_map(|(_, vertex)| vertex).collect();
    if let Err(invalid) = check_ancestors(header, &ancestors, known) {
        return Verdict::Invalid(invalid);
    }
    if header.hlc.millis() > now_millis + MAX_CLOCK_SKEW_MILLIS {
        return Verdict::HoldUntil(header.hlc.millis() - MAX_CLOCK_SKEW_MILLIS);
    }
    match known.promise(&header.author) {
        Some(promise) if header.hlc <= promise.through && is_binding(&promise, header, known) => {
            Verdict::BrokenPromise(promise)
        }
        _ if header.hlc <= known.closed(&header.author) => Verdict::BelowClosed(known.closed(&header.author)),
        _ => Verdict::Admit { generation: generation(header, &ancestors), twin: twin(id, header, known) },
    }
}

/// Whether a promise was this run's to keep. One of another run of the author was given by who did not know of this
/// commit: a folder restored from a backup does not have what it wrote last, and gets it back from the others (R6).
fn is_binding(promise: &Promise, header: &Header, known: &dyn Known) -> bool {
    let by = known.vertex(&promise.commit);
    by.is_none_or(|by| by.author != header.author || by.run == header.run)
}

/// A commit that a tip's promise ruled out and that was admitted before the tip came: the next one of its run, at or
/// below the promise (R15).
pub fn ruled_out(tip: &Tip, known: &dyn Known) -> Option<CommitId> {
    let next = known.numbered(Chain { author: tip.author, run: tip.run }, tip.seq + 1);
    next.into_iter().find(|id| known.vertex(id).is_some_and(|vertex| vertex.hlc <= tip.promise))
}

/// What the header shows by itself (R5, R8).
fn check_alone(header: &Header, ground: &Ground) -> Result<(), Invalid> {
    if header.genesis != ground.genesis {
        return Err(Invalid::OtherDatabase(header.genesis));
    }
    if !header.parents.is_sorted_by(|a, b| a < b) || header.parents.len() > MAX_PARENTS {
        return Err(Invalid::Parents);
    }
    if !header.settles.is_sorted_by(|a, b| a < b) || header.settles.len() > MAX_SETTLES {
        return Err(Invalid::Settles);
    }
    if header.extensions.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_EXTENSIONS {
        return Err(Invalid::Extensions);
    }
    if !header.hlc.is_valid() {
        return Err(Invalid::Time(header.hlc));
    }
    let has_control = header.control != NodeId([0; 32]);
    let fits = match header.kind {
        CommitKind::Data => !has_control,
        CommitKind::Control => has_control && header.changes == 0,
        CommitKind::Join => !has_control && header.changes == 0,
    };
    if !fits {
        return Err(Invalid::Kind(header.kind));
    }
    let is_root = header.parents.is_empty() && header.prev.is_none();
    let may_be_root = header.author == ground.founder && header.seq == 1;
    if header.seq == 0 || (header.parents.is_empty() || header.prev.is_none()) && !(is_root && may_be_root) {
        return Err(Invalid::Root);
    }
    Ok(())
}

/// What the ancestors say (R2, R6, R7, R12). `ancestors` are the parents' vertices, then prev's.
fn check_ancestors(header: &Header, ancestors: &[Vertex], known: &dyn Known) -> Result<(), Invalid> {
    let in_force = known.rules_level(&header.parents);
    if header.rules_level != in_force {
        return Err(Invalid::RulesLevel { named: header.rules_level, in_force });
    }
    let Some(prev) = ancestors.last() else { return Ok(()) };
    let follows = match header.seq {
        1 if prev.author == header.author => prev.run != header.run,
        1 => known.admits(&prev.id, &header.author),
        seq => prev.chain() == Chain { author: header.author, run: header.run } && prev.seq + 1 == seq,
    };
    if !follows {
        return Err(Invalid::Prev);
    }
    if !known.in_closure(&prev.id, &header.parents) {
        return Err(Invalid::PrevOutside);
    }
    if let Some(later) = ancestors.iter().find(|a| a.hlc >= header.hlc) {
        return Err(Invalid::NotAfter(later.id));
    }
    if header.settles.iter().any(|settled| !known.in_closure(settled, &header.parents)) {
        return Err(Invalid::Settles);
    }
    let standing = known.standing(&header.author, &header.parents);
    let needed = if header.kind == CommitKind::Control { Standing::Admin } else { Standing::Writer };
    if standing < needed { Err(Invalid::Standing(standing)) } else { Ok(()) }
}

fn generation(header: &Header, ancestors: &[Vertex]) -> u64 {
    ancestors[..header.parents.len()].iter().map(|parent| parent.generation).max().unwrap_or(0) + 1
}

fn twin(id: CommitId, header: &Header, known: &dyn Known) -> Option<CommitId> {
    let numbered = known.numbered(Chain { author: header.author, run: header.run }, header.seq);
    numbered.into_iter().find(|other| *other != id)
}

#[cfg(test)]
mod tests;
