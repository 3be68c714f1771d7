//! What a step of a replica gives to the world: packets, notes, refusals; and the habits a replica may have.

use super::network::Packet;
use dag::hlc::Hlc;
use dag::id::CommitId;
use linearizer::outcome::Outcome;

/// What happened inside, for the world's ledger and trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A client was told that its commit is on disk.
    Acknowledged(CommitId),
    /// Stable has moved, for readers.
    Stable(Hlc),
    /// The connection with this peer was closed after too many faults.
    Dropped(usize),
    /// The set of commits in the fold grew, and this many outcomes changed.
    Grew {
        /// Earlier commits that were judged anew.
        rejudged: usize,
    },
}

/// Packets to carry and notes to take.
#[derive(Debug, Default)]
pub struct Output {
    /// To the network.
    pub packets: Vec<Packet>,
    /// To the world.
    pub notes: Vec<Note>,
}

/// Why a write was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// R9: the next HLC would be held everywhere.
    Clock,
    /// R6, R12: it may not write, or has stopped writing.
    Standing,
    /// R3: a replica's own commits pass the same admission; an honest one's always do.
    Admission(String),
    /// R27: the fold's own check.
    Check(Outcome),
}

/// How a replica treats its promises; all but one are planted bugs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// As it should.
    #[default]
    Honest,
    /// Acknowledges before the sync (against R14).
    AcknowledgesEarly,
    /// Shows stable before its record is on disk (against R16).
    ShowsStableEarly,
    /// Does not count one member's promise in its floor (against R16).
    ForgetsAMember,
    /// Writes below what it promised (against R15).
    BreaksPromises,
    /// Takes no notice of others' broken promises (against R15).
    OverlooksBrokenPromises,
    /// Tells floors, and lets in below them what a removed member wrote (against R16).
    ForgetsToldFloors,
    /// Waits for the promises of who was removed (against R16).
    CountsTheRemoved,
    /// Begins with a checkpoint and leaves out the parked commits (against R31).
    ClonesWithoutParked,
    /// Begins with a checkpoint and does not say that it has what lies below (against R41).
    ClonesWithoutChains,
}
