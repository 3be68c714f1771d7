//! How a world ended.

/// A world that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which world.
    pub seed: u64,
    /// When, in milliseconds from its beginning.
    pub millis: u64,
    /// What did not hold.
    pub what: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { seed, millis, what } = self;
        writeln!(f, "seed {seed} at {millis} ms: {what}")?;
        write!(f, "replay: HEADWATERS_SEED={seed} cargo test -p acceptance --test simulation one_seed")
    }
}

/// What a world that went well did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Hash of everything that happened: the same for the same seed.
    pub trace: [u8; 32],
    /// Commits in the end.
    pub commits: usize,
    /// Of which parked.
    pub parked: usize,
    /// Writes refused by the fold's own check (R27).
    pub refused: usize,
    /// Writes refused because the clock was off (R9).
    pub clock_refused: usize,
    /// Writes refused by who may not write, or does not know yet that it may (R12).
    pub standing_refused: usize,
    /// Decisions about members.
    pub rulings: usize,
    /// Members that were removed.
    pub removed: usize,
    /// Members that may write no more in the end.
    pub demoted: usize,
    /// Newcomers that took a checkpoint.
    pub cloned: usize,
    /// Newcomers that found no majority for one, and fetched the whole history.
    pub doubted: usize,
    /// Disks that were set back.
    pub restored: usize,
    /// Folders that were copied.
    pub copied: usize,
    /// Worlds that wait for a cut (R17), with the culprit named.
    pub waiting_for_a_cut: usize,
    /// Replicas that have a proof against an author in the end.
    pub proofs: usize,
    /// Acknowledged commits of removed members and restored disks, which nobody else has to have.
    pub left_behind: usize,
    /// Crashes.
    pub crashes: usize,
    /// Commits that were held back at some time.
    pub held: usize,
    /// Packets delivered.
    pub packets: usize,
    /// Connections dropped for faults.
    pub dropped: usize,
    /// Outcomes that a late commit changed.
    pub rejudged: usize,
    /// How often stable moved on some replica.
    pub stable_moves: usize,
    /// Milliseconds until everybody agreed.
    pub millis: u64,
}
