//! What kind of world a seed stands for.

/// What happens in a world beside the storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: members that are there from the beginning to the end.
    #[default]
    Plain,
    /// Members come, are given other roles, and are removed (R12).
    Members,
    /// Members come, and take a checkpoint that members vouch for instead of the whole history (R16, R30).
    Cloned,
    /// A member may write no more, and goes on writing until it hears of that (R3, R16).
    Demoted,
    /// A disk is set back to an earlier state of it (R6).
    Restored,
    /// A folder is copied, and both instances live (R6).
    Copied,
    /// The same, and the copy goes on with the run of the original: one member writes two commits with one number (R6).
    Equivocator,
}

impl Kind {
    /// Neighbours are of one kind, because even and odd seeds run on a thread each.
    pub fn of(seed: u64) -> Kind {
        match seed / 2 % 16 {
            0 | 8 => Kind::Cloned,
            1 => Kind::Demoted,
            3 | 4 | 11 | 12 => Kind::Members,
            5 | 13 => Kind::Restored,
            6 | 14 => Kind::Copied,
            7 | 15 => Kind::Equivocator,
            _ => Kind::Plain,
        }
    }

    /// Whether members come and go while the world runs.
    pub fn is_governed(self) -> bool {
        matches!(self, Kind::Members | Kind::Cloned | Kind::Demoted)
    }
}
