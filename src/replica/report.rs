//! What a replica tells about itself, as plain facts: the source of the system tables and of `status`.
//!
//! Promises: every list is a snapshot taken under the latch, given out without it; long ones are streamed.

use super::finality::VoiceFact;
use super::jobs::JobFact;
use super::peering::PeerFact;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId};
use sql::error::SqlError;

/// The items of a long list, each made when it is asked for.
pub type Facts<T> = Box<dyn Iterator<Item = Result<T, SqlError>> + Send>;

/// A commit and what became of it.
#[derive(Clone, Debug)]
pub struct CommitFact {
    /// Its id.
    pub id: CommitId,
    /// Who wrote it.
    pub author: AuthorId,
    /// Which start of the author's process.
    pub run: u64,
    /// Its number in the run.
    pub seq: u64,
    /// When.
    pub hlc: Hlc,
    /// data, control or join.
    pub kind: &'static str,
    /// Row changes in it.
    pub changes: u64,
    /// Bytes of its body.
    pub bytes: u64,
    /// Bytes of all of it as it travels, the header with it; a large body's trees are not counted.
    pub size: u64,
    /// The SQL user, if it says.
    pub user: Option<String>,
    /// Its parents.
    pub parents: Vec<CommitId>,
    /// applied, parked, void.
    pub outcome: &'static str,
    /// The outcome's code in main (R29).
    pub code: u8,
    /// Why, for what is not applied.
    pub reason: Option<String>,
    /// The commit in the way, where one is known.
    pub against: Option<CommitId>,
}

/// An entry of main's log.
#[derive(Clone, Debug)]
pub struct MainEntry {
    /// Position, from 1.
    pub position: u64,
    /// The commit.
    pub id: CommitId,
    /// The outcome code (R29).
    pub code: u8,
    /// applied, parked, void.
    pub outcome: &'static str,
    /// Whether it can never change.
    pub stable: bool,
}

/// A member.
#[derive(Clone, Debug)]
pub struct MemberFact {
    /// Its key.
    pub author: AuthorId,
    /// Its name for people.
    pub name: String,
    /// admin, writer, reader; recovery for the key that `init` printed.
    pub role: &'static str,
    /// Since when it is a member; `None` for those of genesis.
    pub since: Option<Hlc>,
    /// AUTO_INCREMENT slots that are its (R38).
    pub slots: u32,
    /// Whether it wrote two commits with one number (R6).
    pub equivocated: bool,
    /// Starts of its process whose commits are here.
    pub runs: u64,
    /// The time of its last commit here.
    pub last_commit: Option<Hlc>,
    /// The promise known of it.
    pub promise: Option<Hlc>,
    /// What finality knows of it; `None` for readers and the recovery key, which do not count (R16).
    pub voice: Option<VoiceFact>,
    /// Whether it is this replica.
    pub here: bool,
}

/// A control record.
#[derive(Clone, Debug)]
pub struct ControlFact {
    /// The commit that carries it.
    pub commit: CommitId,
    /// 1, 2 ... within the commit.
    pub place: u64,
    /// The administrator who wrote it.
    pub author: AuthorId,
    /// When.
    pub hlc: Hlc,
    /// What it does.
    pub kind: &'static str,
    /// To whom.
    pub member: Option<AuthorId>,
    /// How.
    pub detail: String,
}

/// A checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointFact {
    /// Commits of main below it.
    pub position: u64,
    /// The last commit's time.
    pub hlc: Hlc,
    /// The consensus root (R31).
    pub root: NodeId,
    /// Whether it can never be replaced.
    pub stable: bool,
}

/// A commit held back, or an announcement.
#[derive(Clone, Debug)]
pub struct HeldFact {
    /// commit, or announcement: of a commit that is not here.
    pub kind: &'static str,
    /// The commit's id.
    pub id: CommitId,
    /// Who wrote it, by its tip.
    pub author: AuthorId,
    /// Why.
    pub reason: String,
    /// When it came, milliseconds since 1970.
    pub since: u64,
    /// When it may enter, milliseconds since 1970, where time is all that it waits for (R9).
    pub until: Option<u64>,
    /// Missing ancestors.
    pub waits_for: Vec<CommitId>,
}

/// The reports.
pub trait Report: Send + Sync {
    /// Every commit in the graph, in main's order.
    fn commits(&self) -> Result<Facts<CommitFact>, SqlError>;
    /// The heads, greatest rank first: the first is the read head.
    fn heads(&self) -> Result<Vec<CommitFact>, SqlError>;
    /// main's log from position 1.
    fn main_log(&self) -> Result<Facts<MainEntry>, SqlError>;
    /// Parked commits that nothing has settled, in order.
    fn conflicts(&self) -> Result<Vec<CommitFact>, SqlError>;
    /// The member set of all heads.
    fn members(&self) -> Result<Vec<MemberFact>, SqlError>;
    /// Other replicas seen since the start, the connected first.
    fn peers(&self) -> Result<Vec<PeerFact>, SqlError>;
    /// Control records here, in the order of their commits.
    fn control(&self) -> Result<Vec<ControlFact>, SqlError>;
    /// Checkpoints kept, oldest first.
    fn checkpoints(&self) -> Result<Vec<CheckpointFact>, SqlError>;
    /// Commits held or waiting.
    fn held(&self) -> Result<Vec<HeldFact>, SqlError>;
    /// What the replica does beside its sessions: what runs, then what ended, the newest first.
    fn jobs(&self) -> Result<Vec<JobFact>, SqlError>;
    /// Settings in force.
    fn settings(&self) -> Vec<(String, String)>;
    /// Facts for `status`, in the order to show them.
    fn status(&self) -> Result<Vec<(String, String)>, SqlError>;
}
