//! How a connection begins: who speaks, for which database, from which run of which process.
//!
//! Promises: a [`Hello`] is signed by its author's key over the transport key it came through, so that nobody can say
//! another's; author and transport keys are apart. Whether the author may be served is the replica's to say
//! ([`Access`]). Does not know connections.

use crate::limits::PROTOCOL_VERSION;
use crate::ticket::{Refusal, RefusalKind};
use dag::author_key::{AuthorKey, verify};
use dag::encode::{Domain, to_bytes};
use dag::id::{AuthorId, GenesisId, RunId};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use std::fmt;

/// The Ed25519 public key of a peer's transport.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransportId(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl fmt::Display for TransportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        AuthorId(self.0).fmt(f)
    }
}

impl fmt::Debug for TransportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransportId({})", AuthorId(self.0).short())
    }
}

/// What an author may do with this replica's commits, by the members known here; asked again when they change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Fetches, and its commits and tips count.
    Member,
    /// Fetches; writes nothing.
    Reader,
    /// Is served nothing, and may only redeem a ticket.
    Stranger,
    /// Was a member once: is served nothing, heard nothing of, and told so before its connection is closed.
    Removed,
}

impl Access {
    /// Why the author is served nothing; `None`: it is.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        let (kind, reason) = match self {
            Access::Member | Access::Reader => return None,
            Access::Stranger => (
                RefusalKind::Stranger,
                "you are no member by what is known here; redeem a ticket, or wait until your admission has arrived",
            ),
            Access::Removed => (RefusalKind::Removed, RefusalKind::Removed.words()),
        };
        Some(Refusal::new(kind, reason))
    }
}

/// The first words of either side. Version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the protocol.
    pub version: u32,
    /// The database.
    pub genesis: GenesisId,
    /// Who writes there; for readers, who would.
    pub author: AuthorId,
    /// The transport key it is said through.
    pub transport: TransportId,
    /// This start of the process: two live runs of one author are a fault of its owner (R6).
    pub run: RunId,
    /// The speaker's clock, milliseconds since 1970: for the median (R9), and so that an old one proves no live twin.
    pub clock_millis: u64,
    /// The author's signature over everything before.
    pub signature: ByteArray<64>,
}

impl Hello {
    /// Signs one.
    pub fn sign(key: &AuthorKey, genesis: GenesisId, run: RunId, transport: &TransportId, clock_millis: u64) -> Hello {
        let signature = ByteArray::new([0; 64]);
        let (version, transport) = (PROTOCOL_VERSION, *transport);
        let mut hello = Hello { version, genesis, author: key.id(), transport, run, clock_millis, signature };
        hello.signature = ByteArray::new(key.sign(&hello.message()));
        hello
    }

    /// Whether the author signed this.
    pub fn is_signed(&self) -> bool {
        verify(&self.author, &self.message(), &self.signature)
    }

    /// Whether this was said by another live process under the same author key: another run, and said after `since`.
    pub fn is_twin_of(&self, author: &AuthorId, run: RunId, since_millis: u64) -> bool {
        self.author == *author && self.run != run && self.clock_millis >= since_millis && self.is_signed()
    }

    fn message(&self) -> Vec<u8> {
        let mut message = Domain::HELLO.prefix().to_vec();
        let said = (self.version, self.genesis, self.author, self.transport, self.run, self.clock_millis);
        message.extend(to_bytes(&said));
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(run: u64, clock: u64) -> Hello {
        let key = AuthorKey::from_seed([9; 32]);
        Hello::sign(&key, GenesisId([1; 32]), RunId(run), &TransportId([2; 32]), clock)
    }

    #[test]
    fn only_what_the_author_said_through_this_transport_is_signed() {
        assert!(hello(3, 4).is_signed());
        assert!(!Hello { transport: TransportId([3; 32]), ..hello(3, 4) }.is_signed());
        assert!(!Hello { genesis: GenesisId([3; 32]), ..hello(3, 4) }.is_signed());
        assert!(!Hello { author: AuthorKey::from_seed([8; 32]).id(), ..hello(3, 4) }.is_signed());
    }

    #[test]
    fn a_twin_is_another_run_that_spoke_since_this_one_began() {
        let author = AuthorKey::from_seed([9; 32]).id();
        for (run, clock, twin) in [(3, 100, false), (4, 100, true), (4, 99, false)] {
            assert_eq!(hello(run, clock).is_twin_of(&author, RunId(3), 100), twin, "run {run} at {clock}");
        }
        assert!(!hello(4, 100).is_twin_of(&AuthorId([7; 32]), RunId(3), 100));
    }
}
