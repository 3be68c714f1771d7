//! The index file of a sealed segment: sorted ids in buckets, a fanout by leading bits, a filter.
//!
//! The head, fanout and filter are read at opening and kept (about 2 bytes a record); a look-up that passes the
//! filter reads one bucket of about [`BUCKET`] entries. Every part has its checksum. An index can always be made
//! again from its segment; nothing depends on it for the truth.

use super::StoreError;
use super::filter::Filter;
use super::record::Kind;
use crate::disk::{Disk, DiskFile};
use std::sync::Arc;

/// Entries a bucket has on average: one read of about 1.5 KB.
const BUCKET: usize = 32;
/// Most leading bits the fanout takes: 2^20 buckets are for 32 million records, more than a segment can hold.
const MAX_BITS: u32 = 20;
/// id, kind, offset, length.
const ENTRY: usize = 45;
const MAGIC: &[u8; 8] = b"hwindx\0\x01";
/// magic, segment number, segment length, entries, fanout bits, filter words, checksum.
const HEAD: usize = 8 + 8 + 8 + 8 + 4 + 4 + 4;

/// Where a record stands in its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub offset: u64,
    pub length: u32,
}

/// One entry; the last of equal (id, kind) wins.
pub(super) type IndexEntry = ([u8; 32], Kind, Location);

/// An open index file.
pub(super) struct Index {
    file: Arc<dyn DiskFile>,
    name: String,
    bits: u32,
    /// Entries before each bucket, and all of them at the end.
    fanout: Vec<u32>,
    filter: Filter,
    entries_start: u64,
    /// Length of the segment it was made from.
    pub segment_length: u64,
}

fn bucket_of(id: &[u8; 32], bits: u32) -> usize {
    let leading = u32::from_be_bytes([id[0], id[1], id[2], id[3]]);
    (u64::from(leading) >> (32 - bits)) as usize
}

fn bits_for(entries: usize) -> u32 {
    (entries / BUCKET).next_power_of_two().trailing_zeros().min(MAX_BITS)
}

/// Writes the index of a segment, durable when this returns. Entries in log order; sorted here.
pub(super) fn write_index(
    disk: &dyn Disk,
    name: &str,
    segment: (u64, u64),
    mut entries: Vec<IndexEntry>,
) -> Result<(), StoreError> {
    // Stable, so that of equal ids the last written stays last, and reversed dedup keeps it.
    entries.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    entries.reverse();
    entries.dedup_by(|later, kept| (later.0, later.1) == (kept.0, kept.1));
    entries.reverse();
    let bytes = encode(segment, &entries);
    let folder = name.split('/').next().unwrap_or(name);
    let draft = format!("{name}.tmp");
    let failed = |e| StoreError::io("write", name, e);
    let file = disk.open(&draft).map_err(failed)?;
    file.set_length(0).map_err(failed)?;
    file.write_at(0, &bytes).map_err(failed)?;
    file.sync().map_err(failed)?;
    disk.rename(&draft, name).map_err(failed)?;
    disk.sync_folder(folder).map_err(failed)
}

fn encode((segment, segment_length): (u64, u64), entries: &[IndexEntry]) -> Vec<u8> {
    let bits = bits_for(entries.len());
    let mut filter = Filter::new(entries.len());
    let mut fanout = vec![0_u32; (1 << bits) + 1];
    for (id, _, _) in entries {
        filter.insert(id);
        fanout[bucket_of(id, bits) + 1] += 1;
    }
    (1..fanout.len()).for_each(|i| fanout[i] += fanout[i - 1]);
    let mut tables = Vec::new();
    fanout.iter().for_each(|count| tables.extend_from_slice(&count.to_le_bytes()));
    filter.words().iter().for_each(|word| tables.extend_from_slice(&word.to_le_bytes()));
    let mut bytes = Vec::with_capacity(HEAD + tables.len() + 4 * fanout.len() + ENTRY * entries.len());
    bytes.extend_from_slice(MAGIC);
    for number in [segment, segment_length, entries.len() as u64] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&bits.to_le_bytes());
    bytes.extend_from_slice(&(filter.words().len() as u32).to_le_bytes());
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes), &tables);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&tables);
    for bounds in fanout.windows(2) {
        let start = bytes.len();
        for (id, kind, location) in &entries[bounds[0] as usize..bounds[1] as usize] {
            bytes.extend_from_slice(id);
            bytes.push(kind.0);
            bytes.extend_from_slice(&location.offset.to_le_bytes());
            bytes.extend_from_slice(&location.length.to_le_bytes());
        }
        let sum = crc32c::crc32c(&bytes[start..]);
        bytes.extend_from_slice(&sum.to_le_bytes());
    }
    bytes
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

impl Index {
    /// Opens an index file; `None` if it is not a whole index of that segment and must be made again.
    pub fn open(file: Arc<dyn DiskFile>, name: &str, segment: u64) -> Result<Option<Self>, StoreError> {
        let failed = |e| StoreError::io("read", name, e);
        let length = file.length().map_err(failed)?;
        let mut head = [0; HEAD];
        if file.read_at(0, &mut head).map_err(failed)? < HEAD {
            return Ok(None);
        }
        let mut reader = Reader(&head);
        let (magic, number) = (reader.take::<8>(), reader.u64());
        let (Some(segment_length), Some(entries), Some(bits)) = (reader.u64(), reader.u64(), reader.u32()) else {
            return Ok(None);
        };
        let (Some(words), Some(sum)) = (reader.u32(), reader.u32()) else { return Ok(None) };
        if magic.as_ref() != Some(MAGIC) || number != Some(segment) || bits > MAX_BITS {
            return Ok(None);
        }
        let fanout_length = (1_usize << bits) + 1;
        let tables_length = 4 * fanout_length as u64 + 8 * u64::from(words);
        let entries_start = HEAD as u64 + tables_length;
        let wanted = u128::from(entries_start) + u128::from(entries) * ENTRY as u128 + 4 * ((1_u128) << bits);
        if wanted != u128::from(length) {
            return Ok(None);
        }
        let mut tables = vec![0; tables_length as usize];
        file.read_at(HEAD as u64, &mut tables).map_err(failed)?;
        if sum != crc32c::crc32c_append(crc32c::crc32c(&head[..HEAD - 4]), &tables) {
            return Ok(None);
        }
        let (fanout, filter) = tables.split_at(4 * fanout_length);
        let (fanout, _) = fanout.as_chunks::<4>();
        let (filter, _) = filter.as_chunks::<8>();
        Ok(Some(Index {
            file,
            name: name.to_owned(),
            bits,
            fanout: fanout.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect(),
            filter: Filter::from_words(filter.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()),
            entries_start,
            segment_length,
        }))
    }

    /// Where the record stands, if the segment has it.
    pub fn find(&self, kind: Kind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        if !self.filter.may_hold(id) {
            return Ok(None);
        }
        let bucket = bucket_of(id, self.bits);
        let (first, end) = (self.fanout[bucket] as usize, self.fanout[bucket + 1] as usize);
        let offset = self.entries_start + (first * ENTRY + bucket * 4) as u64;
        let mut bytes = vec![0; (end - first) * ENTRY + 4];
        self.file.read_at(offset, &mut bytes).map_err(|e| StoreError::io("read", &self.name, e))?;
        let (entries, sum) = bytes.split_at(bytes.len() - 4);
        if crc32c::crc32c(entries).to_le_bytes() != *sum {
            let reason = "an index bucket's checksum does not match; the index alone can be deleted, it is made again";
            return Err(StoreError::Damaged { file: self.name.clone(), offset, reason });
        }
        let (entries, _) = entries.as_chunks::<ENTRY>();
        let found = entries.binary_search_by(|entry| (&entry[..32], entry[32]).cmp(&(&id[..], kind.0)));
        Ok(found.ok().map(|at| location(&entries[at])))
    }
}

fn location(entry: &[u8; ENTRY]) -> Location {
    let mut reader = Reader(&entry[33..]);
    let (offset, length) = (reader.u64().unwrap_or_default(), reader.u32().unwrap_or_default());
    Location { offset, length }
}
