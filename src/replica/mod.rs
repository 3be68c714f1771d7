//! One replica: the crates wired together over a data folder.
//!
//! [`Replica::open`] recovers the state and starts the committer; the SQL engine runs over [`local::Local`], which is
//! the journal; `linearizing` cuts checkpoints in the background; [`Replica::stop`] leaves a clean folder. State under
//! the commit latch has one owner, [`writer::Writer`]; readers take published snapshots and never the latch.

mod bodies;
pub mod bundle;
mod calling;
pub mod clone;
mod combining;
mod compaction;
mod counters;
mod demoted;
#[cfg(test)]
mod exchange_tests;
mod fates;
#[cfg(test)]
mod fetched_ddl_tests;
pub mod finality;
#[cfg(test)]
pub mod fixture;
pub mod founding;
mod held;
mod history;
mod inviting;
mod jobs;
pub mod joining;
mod journal;
mod kept;
mod known;
mod ledger;
mod linearizing;
mod listing;
pub mod local;
mod membership;
mod opening;
pub mod peering;
pub mod presence;
pub mod receiving;
#[cfg(test)]
mod receiving_tests;
mod record;
mod refusal;
#[cfg(test)]
mod reopening_tests;
pub mod report;
mod reporting;
mod resolving;
mod roll;
pub mod serving;
mod shown;
mod skew;
mod snapshots;
mod sweeping;
mod tickets;
mod unsigned;
pub mod verifying;
pub mod waits;
mod writer;

use crate::config::Config;
use crate::failure::Failure;
use crate::system;
use dag::id::NodeId;
use local::Local;
use sql::engine::{Engine, EngineParts};
use std::sync::Arc;

/// Told how far opening has come: done, total.
pub type Progress<'a> = dyn Fn(u64, u64) + 'a;

/// An opened replica.
pub struct Replica {
    local: Arc<Local>,
    engine: Arc<Engine>,
}

impl Replica {
    /// Opens the folder: takes its lock, recovers, and is ready to serve. Errors say what keeps it shut.
    pub fn open(config: &Config, progress: &Progress<'_>) -> Result<Arc<Replica>, Failure> {
        let local = opening::open(config, progress)?;
        finality::sign_tail(&local)?;
        local.admit_kept();
        let report: Arc<dyn report::Report> = local.clone();
        let engine = Engine::new(EngineParts {
            journal: local.clone(),
            clock: local.clock.clone(),
            entropy: local.entropy.clone(),
            system_tables: system::tables(&report),
            procedures: inviting::all(&local),
            facts: serving::facts(config),
        });
        Ok(Arc::new(Replica { local, engine }))
    }

    /// What lies below the SQL engine.
    pub fn local(&self) -> &Arc<Local> {
        &self.local
    }

    /// The SQL engine over this replica.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Takes chains of other authors (R13); returns when they are on the disk.
    pub fn receive(&self, segments: Vec<gossip::RawSegment>) -> Result<receiving::Taken, Failure> {
        Ok(self.local.receive(&self.local.author, segments)?)
    }

    /// Stores objects of large commits that came from elsewhere (R10).
    pub fn store_objects(&self, objects: Vec<(NodeId, Arc<[u8]>)>) -> Result<(), Failure> {
        self.local.store_objects(objects)
    }

    /// Cuts what is due; the background task calls it at every tick.
    pub fn linearize(&self) -> Result<(), Failure> {
        self.local.admit_due();
        linearizing::tick(&self.local)
    }

    /// Moves stable along with what peers tell: the background task calls it whenever there are news.
    pub fn settle(&self) -> Result<(), Failure> {
        self.local.settle()
    }

    /// Bumped whenever a commit came, stable moved, or a tip is due.
    pub fn news(&self) -> tokio::sync::watch::Receiver<u64> {
        self.local.news.subscribe()
    }

    /// Writes what is left to write and marks a clean end. The replica takes no more commits.
    pub fn stop(&self) -> Result<(), Failure> {
        linearizing::close(&self.local)
    }
}
