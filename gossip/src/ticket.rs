//! What a newcomer says to redeem a ticket, and what it is answered.
//!
//! Promises: bounded before it is looked at. Does not decide whether a ticket is good: the replica that issued it does.

use crate::hello::TransportId;
use dag::id::{AuthorId, CommitId};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

/// Longest name a member may have, bytes: as admission's limit on names.
pub const MAX_MEMBER_NAME: usize = 64;
/// Longest reason of a refusal, bytes: two sentences.
pub const MAX_REASON: usize = 512;
/// Longest genesis, bytes: fixed fields only.
pub const MAX_GENESIS: usize = 4 << 10;

/// A ticket is redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// Which ticket.
    pub ticket: ByteArray<16>,
    /// That its secret is known.
    pub proof: ByteArray<32>,
    /// Who wants in.
    pub author: AuthorId,
    /// Under which name.
    pub name: String,
    /// The newcomer's transport key.
    pub transport: TransportId,
    /// The author's signature over everything before.
    pub signature: ByteArray<64>,
}

/// The newcomer is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The database's genesis, canonical bytes.
    pub genesis: ByteBuf,
    /// The commit that admitted the newcomer.
    pub admission: CommitId,
}

/// Why somebody is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalKind {
    /// Another database, or another version of the protocol.
    OtherDatabase,
    /// Not a member by what is known here.
    Stranger,
    /// The ticket is unknown, spent, expired or forged.
    Ticket,
    /// Not now: too much at once, or this replica cannot write.
    Busy,
}

/// No, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people.
    pub reason: String,
}

impl Refusal {
    /// A refusal; a reason that is too long is cut.
    pub fn new(kind: RefusalKind, reason: impl Into<String>) -> Refusal {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        Refusal { kind, reason }
    }
}

impl JoinRequest {
    /// Whether the name keeps its bound.
    pub fn is_bounded(&self) -> bool {
        self.name.len() <= MAX_MEMBER_NAME
    }
}
