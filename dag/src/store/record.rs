//! The bytes of one record, and of the marker that ends a batch.
//!
//! Layout, little endian: payload length u32, crc32c u32, kind u8, three zeros, id, payload. The checksum also covers
//! segment number and offset, so that a record is valid in one place only: stale or misplaced bytes never pass.

use super::StoreError;
pub use crate::limits::MAX_RECORD;
use std::sync::Arc;

pub(super) const HEAD: usize = 44;
/// Payload of a batch end: where the batch starts, how many records it has, a checksum over their checksums.
pub(super) const END_PAYLOAD: usize = 16;

/// What a record holds. Numbers are for ever (R40); unknown ones are kept and handed out as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(pub u8);

impl Kind {
    /// A commit: header and body.
    pub const COMMIT: Kind = Kind(1);
    /// An out-of-line value.
    pub const VALUE: Kind = Kind(2);
    /// A node of a large change set's run (R10).
    pub const RUN_NODE: Kind = Kind(3);
    /// A signed tip (R13).
    pub const TIP: Kind = Kind(4);
    /// An author's promise (R15).
    pub const PROMISE: Kind = Kind(5);
    /// A small value under a name: the last one wins.
    pub const NAMED: Kind = Kind(6);
    /// A tree node; in `trees/` only.
    pub const NODE: Kind = Kind(7);
    /// A segment that waits for its time, a newer program or a decision of the members, as it came (R2, R9, R15).
    pub const HELD: Kind = Kind(8);
    /// A page of a chain: which commit has which number; the last one wins, and all can be worked out again (R41).
    pub const CHAIN: Kind = Kind(9);
    pub(super) const END: Kind = Kind(255);
}

/// One record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it holds.
    pub kind: Kind,
    /// Its key within the kind: a hash, of the bytes themselves or of a name.
    pub id: [u8; 32],
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

impl Record {
    /// A record under an id.
    pub fn new(kind: Kind, id: [u8; 32], bytes: impl Into<Arc<[u8]>>) -> Self {
        Record { kind, id, bytes: bytes.into() }
    }

    /// A record of two pieces, copied once: a commit may be as large as a record.
    pub fn joined(kind: Kind, id: [u8; 32], first: &[u8], second: &[u8]) -> Self {
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, first.len() + second.len()).collect();
        if let Some(room) = Arc::get_mut(&mut bytes) {
            room[..first.len()].copy_from_slice(first);
            room[first.len()..].copy_from_slice(second);
        }
        Record { kind, id, bytes }
    }

    /// A value under a name, in place of the one before.
    pub fn named(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Record::new(Kind::NAMED, name_id(name), bytes)
    }
}

pub(super) fn name_id(name: &str) -> [u8; 32] {
    *blake3::hash(name.as_bytes()).as_bytes()
}

/// Where a record starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub segment: u64,
    pub offset: u64,
}

/// A record's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub length: u32,
    pub checksum: u32,
    pub kind: Kind,
    pub id: [u8; 32],
    has_zeros: bool,
}

impl Head {
    pub fn read(bytes: &[u8; HEAD]) -> Self {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let mut id = [0; 32];
        id.copy_from_slice(&bytes[12..]);
        let has_zeros = bytes[9..12] == [0; 3];
        Head { length: word(0), checksum: word(4), kind: Kind(bytes[8]), id, has_zeros }
    }

    pub fn is_whole(&self, place: Place, payload: &[u8]) -> bool {
        self.has_zeros
            && self.length as usize == payload.len()
            && self.checksum == checksum(place, self.kind, &self.id, payload)
    }
}

fn checksum(place: Place, kind: Kind, id: &[u8; 32], payload: &[u8]) -> u32 {
    let mut head = [0; 52];
    head[..8].copy_from_slice(&place.segment.to_le_bytes());
    head[8..16].copy_from_slice(&place.offset.to_le_bytes());
    head[16] = kind.0;
    head[20..].copy_from_slice(id);
    crc32c::crc32c_append(crc32c::crc32c(&head), payload)
}

/// Appends a record that will stand at `place`; answers its checksum.
pub(super) fn write(
    out: &mut Vec<u8>,
    place: Place,
    kind: Kind,
    id: &[u8; 32],
    payload: &[u8],
) -> Result<u32, StoreError> {
    let sum = write_head(out, place, kind, id, payload)?;
    out.extend_from_slice(payload);
    Ok(sum)
}

/// Appends what stands before the payload; answers the record's checksum.
pub(super) fn write_head(
    out: &mut Vec<u8>,
    place: Place,
    kind: Kind,
    id: &[u8; 32],
    payload: &[u8],
) -> Result<u32, StoreError> {
    if payload.len() > MAX_RECORD {
        return Err(StoreError::TooLarge { bytes: payload.len() });
    }
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    let sum = checksum(place, kind, id, payload);
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&[kind.0, 0, 0, 0]);
    out.extend_from_slice(id);
    Ok(sum)
}

/// Appends the marker that makes a batch complete.
pub(super) fn write_end(out: &mut Vec<u8>, place: Place, end: BatchEnd) -> Result<(), StoreError> {
    let mut payload = [0; END_PAYLOAD];
    payload[..8].copy_from_slice(&end.start.to_le_bytes());
    payload[8..12].copy_from_slice(&end.records.to_le_bytes());
    payload[12..].copy_from_slice(&end.digest.to_le_bytes());
    write(out, place, Kind::END, &[0; 32], &payload).map(drop)
}

/// What a batch's last record says about it. The digest keeps records of one batch from passing for another's, should
/// a disk mix two batches that were written to the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchEnd {
    pub start: u64,
    pub records: u32,
    pub digest: u32,
}

impl BatchEnd {
    /// The end of a batch without records.
    pub fn starting(start: u64) -> Self {
        BatchEnd { start, records: 0, digest: 0 }
    }

    /// Counts one record more.
    pub fn add(&mut self, checksum: u32) {
        self.records += 1;
        self.digest = crc32c::crc32c_append(self.digest, &checksum.to_le_bytes());
    }

    pub fn read(payload: &[u8]) -> Option<Self> {
        let (start, rest) = payload.split_first_chunk::<8>()?;
        let (records, digest) = rest.split_first_chunk::<4>()?;
        Some(BatchEnd {
            start: u64::from_le_bytes(*start),
            records: u32::from_le_bytes(*records),
            digest: u32::from_le_bytes(digest.try_into().ok()?),
        })
    }
}
