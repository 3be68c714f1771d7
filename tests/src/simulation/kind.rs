//! What kind of world a seed stands for.

/// What happens in a world beside the storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: members that are there from the beginning to the end.
    #[default]
    Plain,
    /// Members come, are given other roles, and are removed (R12).
    Members,
    /// A disk is set back to an earlier state of it (R6).
    Restored,
    /// A folder is copied, and both instances live (R6).
    Copied,
    /// The same, and the copy goes on with the run of the original: one member writes two commits with one number (R6).
    Equivocator,
}

impl Kind {
    /// Half of the worlds have nothing but the storm. Neighbours are of one kind, because even and odd seeds run on a
    /// thread each.
    pub fn of(seed: u64) -> Kind {
        match seed / 2 % 8 {
            3 | 4 => Kind::Members,
            5 => Kind::Restored,
            6 => Kind::Copied,
            7 => Kind::Equivocator,
            _ => Kind::Plain,
        }
    }
}
