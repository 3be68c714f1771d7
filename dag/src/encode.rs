//! Canonical bytes: the only place that says how things are written and hashed (R40).
//!
//! Envelopes are strict DAG-CBOR of positional arrays: one encoding only, so hash and keep the bytes received. Every
//! hash has a domain that names type and version, so that no bytes of one type pass for another's. Does not know what
//! a thing means or whether it is allowed.

mod catalogue;
mod cell;
mod change;
mod frame;
mod header;

pub(crate) mod positional;
mod schema;

pub(crate) use cell::double_from_bits;
pub use cell::{decode_cell, encode_cell};
pub(crate) use frame::{Frame, header_version};
pub(crate) use header::HEADER_VERSION;

pub use change::{Body, Run, TableRuns, decode_reads, encode_reads};

use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is hashed or signed; the text is in the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain(&'static str);

impl Domain {
    /// A commit's header: the commit id.
    pub const HEADER: Domain = Domain("headwaters header 1\0");
    /// A commit's body.
    pub const BODY: Domain = Domain("headwaters body 1\0");
    /// A commit's read set.
    pub const READ_SET: Domain = Domain("headwaters read set 1\0");
    /// A commit's control records.
    pub const CONTROL: Domain = Domain("headwaters control 1\0");
    /// A genesis: the database id.
    pub const GENESIS: Domain = Domain("headwaters genesis 1\0");
    /// A signed tip.
    pub const TIP: Domain = Domain("headwaters tip 1\0");
    /// An announcement's name while it is passed on; never stored.
    pub const ANNOUNCEMENT: Domain = Domain("headwaters announcement 1\0");
    /// The first words on a connection.
    pub const HELLO: Domain = Domain("headwaters hello 1\0");
    /// The sorted frontier.
    pub const FRONTIER: Domain = Domain("headwaters frontier 1\0");
    /// A database, table, column or index (R25).
    pub const ENTITY: Domain = Domain("headwaters entity 1\0");
    /// A row layout.
    pub const LAYOUT: Domain = Domain("headwaters layout 1\0");
    /// A cell as its author saw it.
    pub const CELL: Domain = Domain("headwaters cell 1\0");
    /// A row as its author saw it.
    pub const ROW: Domain = Domain("headwaters row 1\0");
    /// A node of a tree.
    pub const TREE_NODE: Domain = Domain("headwaters tree node 1\0");
    /// A value kept out of line.
    pub const VALUE: Domain = Domain("headwaters value 1\0");
    /// A catalogue in a checkpoint.
    pub const CATALOGUE: Domain = Domain("headwaters catalogue 1\0");
    /// A scan as its reader saw it.
    pub const RANGE: Domain = Domain("headwaters range 1\0");
    /// Entries of main, and its epochs (R29).
    pub const MAIN: Domain = Domain("headwaters main 1\0");
    /// The consensus root of a checkpoint (R31).
    pub const CHECKPOINT: Domain = Domain("headwaters checkpoint 1\0");
    /// What a newcomer takes on trust of a checkpoint, as members' tips name it.
    pub const VOUCHER: Domain = Domain("headwaters voucher 1\0");
    /// An operator's command for a replica's control records, signed by the recovery key.
    pub const RECOVERY: Domain = Domain("headwaters recovery 1\0");

    /// A ticket's checksum, and the key that its secret stands for (R12).
    pub const TICKET: Domain = Domain("headwaters ticket 1\0");
    /// What a joining author signs and proves, and the answer's proof (R12).
    pub const JOIN: Domain = Domain("headwaters join 1\0");

    /// The bytes that open everything hashed or signed under this domain.
    pub fn prefix(self) -> &'static [u8] {
        self.0.as_bytes()
    }

    /// BLAKE3 of the domain and the bytes.
    pub fn hash(self, bytes: &[u8]) -> [u8; 32] {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finalize().into()
    }

    /// BLAKE3 of the domain and the bytes under a key: a proof for whoever knows the key.
    pub fn prove(self, key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(self.prefix()).update(bytes);
        hasher.finalize().into()
    }

    /// For what comes in pieces.
    pub fn hasher(self) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.prefix());
        hasher
    }
}

/// The one encoding of a value.
pub fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).expect("types with canonical bytes have no floats, maps or sizes that can fail")
}

/// Reads the one encoding of a value: anything else that would decode to it is refused.
pub fn from_bytes<T: Serialize + DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T> {
    let value: T = serde_ipld_dagcbor::from_slice(bytes).map_err(|e| Error::malformed(what, e.to_string()))?;
    let mut rest = Rest(bytes);
    let same = serde_ipld_dagcbor::to_writer(&mut rest, &value).is_ok() && rest.0.is_empty();
    if same { Ok(value) } else { Err(Error::malformed(what, "not in canonical form")) }
}

/// Compares what is written with bytes that are there, so that a large body is not held twice.
struct Rest<'a>(&'a [u8]);

impl std::io::Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
