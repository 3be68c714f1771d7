//! Tickets: how a person brings a new replica to a database (R12).
//!
//! Promises: one text form, lower-case base32 behind a readable prefix, with a checksum, so that a mistyped ticket is
//! recognised before anybody is asked; spaces and line breaks of a mail do no harm. The secret shows in no debug
//! output. Does not know who may redeem it: its issuer does.

mod joining;
mod refusal;

pub use joining::{Foreign, JoinRequest, MAX_GENESIS, Welcome};
pub use refusal::{MAX_REASON, Refusal, RefusalKind};

use crate::limits::{MAX_ADDRESS, MAX_ADDRESSES, MAX_TICKET_TEXT};
use dag::clock::{Entropy, EntropyError};
use dag::control::{MAX_MEMBER_NAME, Role};
use dag::encode::{self, Domain};
use dag::id::GenesisId;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use std::fmt;

/// What every ticket begins with.
const PREFIX: &str = "headwaters-ticket-";
/// Bytes of the checksum: one mistyped ticket in 2^40 passes, and then its issuer refuses it.
const CHECKSUM: usize = 5;
/// Version of the bytes.
const VERSION: u32 = 1;

/// Names a ticket; no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketId(#[serde(with = "serde_bytes")] pub [u8; 16]);

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", HEXLOWER.encode(&self.0[..5]))
    }
}

/// What the secret stands for: the key of both sides' proofs. Its issuer keeps this, not the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketKey(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKey(hidden)")
    }
}

/// An invitation. Version 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The database.
    pub genesis: GenesisId,
    /// Where its issuer can be reached, as multiaddrs; at most [`MAX_ADDRESSES`].
    pub addresses: Vec<String>,
    /// Its name.
    pub id: TicketId,
    /// Proves that the holder was invited.
    pub secret: [u8; 32],
    /// What the new member may do.
    pub role: Role,
    /// The new member's name; empty if it may choose.
    pub name: String,
    /// Milliseconds since 1970 after which it is refused.
    pub expires: u64,
}

/// Why a text is no ticket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Something else altogether.
    #[error("this is no ticket: a ticket begins with {PREFIX}; copy all of what `headwaters invite` printed")]
    Prefix,
    /// A character that base32 does not have.
    #[error("the ticket was mistyped: '{0}' at place {1} cannot stand there; copy it again")]
    Character(char, usize),
    /// The checksum differs.
    #[error("the ticket was mistyped or cut short: its checksum does not fit; copy all of it again")]
    Checksum,
    /// Longer than tickets are.
    #[error("the ticket has {0} characters, more than any ticket ({MAX_TICKET_TEXT}); copy only the ticket")]
    Long(usize),
    /// Made by a later release.
    #[error("the ticket is of version {0}, which this release does not know: upgrade headwaters")]
    Version(u32),
    /// The checksum fits, the contents do not: no release wrote this.
    #[error("the ticket is malformed: {0}; ask for a new one")]
    Malformed(String),
}

/// The bytes in their order.
#[derive(Serialize, Deserialize)]
struct Bytes(u32, GenesisId, Vec<String>, TicketId, ByteArray<32>, Role, String, u64);

impl Ticket {
    /// A ticket with a new name and secret.
    pub fn issue(
        genesis: GenesisId,
        addresses: Vec<String>,
        role: Role,
        name: String,
        expires: u64,
        entropy: &dyn Entropy,
    ) -> Result<Ticket, EntropyError> {
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        entropy.fill(&mut id)?;
        entropy.fill(&mut secret)?;
        Ok(Ticket { genesis, addresses, id: TicketId(id), secret, role, name, expires })
    }

    /// What its issuer keeps of the secret.
    pub fn key(&self) -> TicketKey {
        TicketKey(Domain::TICKET.hash(&self.secret))
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        let bytes = self.to_bytes();
        let sum = checksum(&bytes);
        format!("{PREFIX}{}", BASE32_NOPAD.encode(&[&bytes[..], &sum].concat()).to_ascii_lowercase())
    }

    /// Reads the text form, in either case and with white space anywhere.
    pub fn parse(text: &str) -> Result<Ticket, TicketError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        if text.len() > MAX_TICKET_TEXT {
            return Err(TicketError::Long(text.len()));
        }
        let digits = text.strip_prefix(PREFIX).ok_or(TicketError::Prefix)?;
        let stray = digits.chars().enumerate().find(|(_, c)| !matches!(c, 'a'..='z' | '2'..='7'));
        if let Some((at, stray)) = stray {
            return Err(TicketError::Character(stray, PREFIX.len() + at + 1));
        }
        let all = BASE32_NOPAD.decode(digits.to_ascii_uppercase().as_bytes()).map_err(|_| TicketError::Checksum)?;
        match all.split_last_chunk::<CHECKSUM>() {
            Some((bytes, sum)) if checksum(bytes) == *sum => Ticket::from_bytes(bytes),
            _ => Err(TicketError::Checksum),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        encode::to_bytes(&Bytes(
            VERSION,
            self.genesis,
            self.addresses.clone(),
            self.id,
            ByteArray::new(self.secret),
            self.role,
            self.name.clone(),
            self.expires,
        ))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Ticket, TicketError> {
        let read = encode::from_bytes("ticket", bytes);
        let Bytes(version, genesis, addresses, id, secret, role, name, expires) =
            read.map_err(|e| unreadable(bytes, &e))?;
        if version != VERSION {
            return Err(TicketError::Version(version));
        }
        let fits = addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|a| a.len() <= MAX_ADDRESS);
        if !fits || name.len() > MAX_MEMBER_NAME {
            return Err(TicketError::Malformed("too many addresses, or one or the name is too long".to_owned()));
        }
        Ok(Ticket { genesis, addresses, id, secret: secret.into_array(), role, name, expires })
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:?} of {:?}, {:?} '{}')", self.id, self.genesis, self.role, self.name)
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let hash = Domain::TICKET.hash(bytes);
    std::array::from_fn(|i| hash[i])
}

/// A later version with other fields says so: every version's bytes are an array that begins with its number.
fn unreadable(bytes: &[u8], error: &dag::error::Error) -> TicketError {
    match bytes {
        [0x80..=0x97, version @ 2..=23, ..] => TicketError::Version(u32::from(*version)),
        _ => TicketError::Malformed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
