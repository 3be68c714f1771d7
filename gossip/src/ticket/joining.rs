//! What a joining replica says to the issuer of its ticket, and what it is told (R12).
//!
//! Promises: a request is signed by the author key that asks to enter, so that nobody has a foreign key admitted, and
//! proves the ticket's secret for this author and this transport alone, so that who overhears it gains nothing; a
//! welcome proves the secret, too, so that only the issuer can have written it. Does not know tickets' fates.

use super::{TicketId, TicketKey};
use crate::hello::TransportId;
pub use crate::limits::MAX_GENESIS;
use dag::author_key::{AuthorKey, verify};
use dag::control::MAX_MEMBER_NAME;
use dag::encode::{self, Domain};
use dag::genesis::Genesis;
use dag::id::{AuthorId, CommitId, GenesisId};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

/// Asks to be admitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The database of the ticket.
    pub genesis: GenesisId,
    /// The ticket.
    pub ticket: TicketId,
    /// The key that asks to become a member.
    pub author: AuthorId,
    /// The transport key it connects with; whoever serves the connection compares.
    pub transport: TransportId,
    /// The name it would like; empty for the ticket's.
    pub name: String,
    /// Knows the secret.
    pub proof: ByteArray<32>,
    /// Owns the author key: Ed25519 over all of the above.
    pub signature: ByteArray<64>,
}

/// What is proven and signed, in this order.
type Asked<'a> = (u8, &'a GenesisId, &'a TicketId, &'a AuthorId, &'a TransportId, &'a str);

/// Opens the bytes of a request, so that a welcome's proof never passes for one.
const REQUEST: u8 = 1;
/// Opens the bytes of a welcome.
const WELCOME: u8 = 2;

impl JoinRequest {
    /// A request by the owner of `key`, which connects as `transport`.
    pub fn new(
        genesis: GenesisId,
        ticket: (TicketId, &TicketKey),
        key: &AuthorKey,
        transport: TransportId,
        name: &str,
    ) -> Self {
        let mut request = JoinRequest {
            genesis,
            ticket: ticket.0,
            author: key.id(),
            transport,
            name: name.to_owned(),
            proof: ByteArray::default(),
            signature: ByteArray::new([0; 64]),
        };
        request.proof = ByteArray::new(Domain::JOIN.prove(&ticket.1.0, &request.asked()));
        request.signature = ByteArray::new(key.sign(&request.message()));
        request
    }

    /// Whether it keeps its bounds.
    pub fn is_bounded(&self) -> bool {
        self.name.len() <= MAX_MEMBER_NAME
    }

    /// Whether whoever sent it owns the author key.
    pub fn is_signed(&self) -> bool {
        verify(&self.author, &self.message(), &self.signature)
    }

    /// Whether its sender knows the ticket's secret.
    pub fn proves(&self, key: &TicketKey) -> bool {
        same(&Domain::JOIN.prove(&key.0, &self.asked()), &self.proof)
    }

    fn asked(&self) -> Vec<u8> {
        let asked: Asked<'_> =
            (REQUEST, &self.genesis, &self.ticket, &self.author, &self.transport, self.name.as_str());
        encode::to_bytes(&asked)
    }

    fn message(&self) -> Vec<u8> {
        [Domain::JOIN.prefix(), &self.asked(), self.proof.as_slice()].concat()
    }
}

/// The author is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Genesis; its hash is the database id of the ticket.
    pub genesis: ByteBuf,
    /// The commit that admits: the first commit of the new member follows it (R6).
    pub admission: CommitId,
    /// The name it was given.
    pub name: String,
    /// Whoever wrote this knows the ticket.
    pub proof: ByteArray<32>,
}

impl Welcome {
    /// The answer to `author`.
    pub fn new(genesis: &Genesis, admission: CommitId, name: String, author: &AuthorId, key: &TicketKey) -> Self {
        let bytes = genesis.to_bytes();
        let proof = ByteArray::new(Domain::JOIN.prove(&key.0, &answered(author, &bytes, &admission, &name)));
        Welcome { genesis: ByteBuf::from(bytes), admission, name, proof }
    }

    /// Whether it keeps its bounds.
    pub fn is_bounded(&self) -> bool {
        self.genesis.len() <= MAX_GENESIS && self.name.len() <= MAX_MEMBER_NAME
    }

    /// The genesis, if this is the issuer's answer to `author` about the database of the ticket.
    pub fn check(&self, database: &GenesisId, author: &AuthorId, key: &TicketKey) -> Result<Genesis, Foreign> {
        let proof = Domain::JOIN.prove(&key.0, &answered(author, &self.genesis, &self.admission, &self.name));
        if !same(&proof, &self.proof) {
            return Err(Foreign::Proof);
        }
        let genesis = Genesis::from_bytes(&self.genesis).map_err(|e| Foreign::Genesis(e.to_string()))?;
        let found = genesis.id();
        if found == *database { Ok(genesis) } else { Err(Foreign::Database(found)) }
    }
}

/// Why a welcome is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Written by someone who does not know the ticket.
    #[error("the answer was not written by the issuer of the ticket")]
    Proof,
    /// Not a genesis.
    #[error("the genesis it sent cannot be read: {0}; if the other side is newer, upgrade headwaters")]
    Genesis(String),
    /// Another database.
    #[error("it answered for database {0}, not for the ticket's")]
    Database(GenesisId),
}

fn answered(author: &AuthorId, genesis: &[u8], admission: &CommitId, name: &str) -> Vec<u8> {
    encode::to_bytes(&(WELCOME, author, serde_bytes::Bytes::new(genesis), admission, name))
}

/// Compares in constant time: how far a wrong proof agrees tells nothing.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
