//! What sessions wait for beyond this replica: commits that are to spread, commits that are to come.
//!
//! Promises: looked at whenever there are news, never polled; a session that stops waiting is forgotten; no thread waits.
//! Does not know the network: [`Swarm`] is what it needs of it.

use super::finality::stable_shown;
use super::local::Local;
use dag::admit::Known;
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::vertex::Chain;
use sql::error::SqlError;
use sql::peers::{Happened, Peers, Spread};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How long after a session's wait another is expected.
const AGAIN: Duration = Duration::from_secs(1);

/// What the replica asks of the network.
pub trait Swarm: Send + Sync {
    /// How many peers are known to have this number of the chain on disk; this replica is not counted.
    fn holders(&self, chain: Chain, seq: u64) -> usize;
    /// Asks `count - 1` peers for their heads; answers when what they named is here. Error: 1290 naming how many did.
    fn ask(&self, count: usize, happened: Happened);
}

/// What a session waits for.
enum Wanted {
    Stable(Hlc),
    Held { chain: Chain, seq: u64, replicas: usize },
    Here(Vec<CommitId>),
}

/// The waits of all sessions: at most one for each.
#[derive(Default)]
pub struct Waits {
    open: Mutex<Vec<(Wanted, Happened)>>,
    /// When a session last began to wait for others; `None`: none did.
    began: Mutex<Option<Duration>>,
    swarm: OnceLock<Box<dyn Swarm>>,
}

impl Waits {
    /// The network has come up.
    pub fn connect(&self, swarm: Box<dyn Swarm>) {
        if self.swarm.set(swarm).is_err() {
            tracing::error!("a second network for one replica is not used");
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<(Wanted, Happened)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody waits for stable.
    pub fn want_stable(&self) -> bool {
        self.open().iter().any(|(wanted, happened)| matches!(wanted, Wanted::Stable(_)) && !happened.is_abandoned())
    }

    /// Whether sessions wait for others' tips, or did a moment ago and most likely will again: a session's wait begins
    /// when its commit has been announced already.
    pub fn want_others(&self, now: Duration) -> bool {
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.is_some_and(|at| now < at + AGAIN)
    }

    fn holders(&self, chain: Chain, seq: u64) -> usize {
        1 + self.swarm.get().map_or(0, |swarm| swarm.holders(chain, seq))
    }
}

impl Local {
    /// Answers the waits that are over. Called without the latch.
    pub fn answer_waits(&self) {
        let waiting = std::mem::take(&mut *self.waits.open());
        let mut rest: Vec<(Wanted, Happened)> = Vec::with_capacity(waiting.len());
        for (wanted, happened) in waiting {
            if self.has_happened(&wanted) {
                happened.complete(Ok(()));
            } else if !happened.is_abandoned() {
                rest.push((wanted, happened));
            }
        }
        self.waits.open().append(&mut rest);
    }

    fn has_happened(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Stable(hlc) => stable_shown(self) >= *hlc,
            Wanted::Held { chain, seq, replicas } => self.waits.holders(*chain, *seq) >= *replicas,
            Wanted::Here(commits) => {
                let writer = self.latch();
                commits.iter().all(|id| writer.known.vertex(id).is_some())
            }
        }
    }

    /// Waits from now on; what has happened already is answered at once.
    fn wait_for(&self, wanted: Wanted) -> Happened {
        let happened = Happened::default();
        if self.has_happened(&wanted) {
            happened.complete(Ok(()));
            return happened;
        }
        if !matches!(wanted, Wanted::Here(_)) {
            *self.waits.began.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.monotonic());
        }
        self.waits.open().push((wanted, happened.clone()));
        // It may have happened in between; and a tip may be due only because somebody waits.
        self.told();
        happened
    }

    fn wanted(&self, commit: CommitId, spread: Spread) -> Option<Wanted> {
        let vertex = self.latch().known.vertex(&commit)?;
        match spread {
            Spread::Local => None,
            Spread::Stable => Some(Wanted::Stable(vertex.hlc)),
            Spread::Replicated(replicas) => {
                Some(Wanted::Held { chain: vertex.chain(), seq: vertex.seq, replicas: replicas as usize })
            }
        }
    }
}

impl Peers for Local {
    fn spread(&self, commit: CommitId, spread: Spread) -> Happened {
        match self.wanted(commit, spread) {
            Some(wanted) => self.wait_for(wanted),
            None => done(),
        }
    }

    fn lacking(&self, commit: CommitId, spread: Spread) -> String {
        match self.wanted(commit, spread) {
            Some(Wanted::Held { chain, seq, replicas }) => {
                format!("{} of {replicas} replicas are known to have it", self.waits.holders(chain, seq))
            }
            Some(Wanted::Stable(hlc)) => {
                let holding = self.latch().finality.holds(hlc);
                let names: Vec<String> = holding.iter().map(ToString::to_string).collect();
                if names.is_empty() {
                    "it is on its way".to_owned()
                } else {
                    format!("stable waits for {}", names.join(", "))
                }
            }
            _ => "it is not known here".to_owned(),
        }
    }

    fn arrived(&self, commits: &[CommitId]) -> Happened {
        self.wait_for(Wanted::Here(commits.to_vec()))
    }

    fn ask(&self, count: u32) -> Happened {
        if count <= 1 {
            return done();
        }
        let happened = Happened::default();
        match self.waits.swarm.get() {
            Some(swarm) => swarm.ask(count as usize, happened.clone()),
            None => {
                let text = format!(
                    "headwaters_read = 'quorum({count})' needs {} other replicas, and this one runs without a network",
                    count - 1
                );
                happened.complete(Err(SqlError::new(1290, text)));
            }
        }
        happened
    }
}

fn done() -> Happened {
    let happened = Happened::default();
    happened.complete(Ok(()));
    happened
}
