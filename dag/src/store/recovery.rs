//! Reading the last segment at start: what is complete, what is a torn tail, what is damage.
//!
//! One batch is written at a time and synced before the next, so a power cut can leave at most the last one in
//! pieces, in any order of sectors. Hence: a bad record with a completed *later* batch behind it was once synced and
//! is damage; everything else behind the last complete batch was never acknowledged and is cut.

use super::StoreError;
use super::index::Location;
use super::record::{BatchEnd, Kind, Place};
use super::scan::{Found, Scanner, Strictness};
use crate::disk::DiskFile;
use std::sync::Arc;

/// First bytes of every segment: magic with the format's version, then the segment's number.
pub(super) const SEGMENT_HEAD: usize = 16;
const MAGIC: &[u8; 8] = b"hwsegm\0\x01";

pub(super) fn segment_head(segment: u64) -> [u8; SEGMENT_HEAD] {
    let mut head = [0; SEGMENT_HEAD];
    head[..8].copy_from_slice(MAGIC);
    head[8..].copy_from_slice(&segment.to_le_bytes());
    head
}

/// A segment as it was found.
pub(super) struct Contents {
    /// Start of the last complete batch; `end` if there is none.
    pub last_batch: u64,
    /// Behind the last complete batch.
    pub end: u64,
    /// Every record of every complete batch, in order.
    pub records: Vec<(Kind, [u8; 32], Location)>,
    /// Whether bytes behind `end` must be cut.
    pub is_torn: bool,
    /// Whether not even the head was there.
    pub is_new: bool,
}

/// One segment to be read whole.
pub(super) struct Segment<'a> {
    pub file: &'a Arc<dyn DiskFile>,
    pub name: &'a str,
    pub number: u64,
    pub strictness: Strictness,
}

impl Segment<'_> {
    /// Reads it as the last one, which may have a torn tail.
    pub fn recover(&self) -> Result<Contents, StoreError> {
        let length = self.file.length().map_err(|e| StoreError::io("read", self.name, e))?;
        let place = Place { segment: self.number, offset: SEGMENT_HEAD as u64 };
        let mut scanner = Scanner::new(self.file.clone(), self.name, place, length, self.strictness);
        let start = SEGMENT_HEAD as u64;
        let mut contents =
            Contents { last_batch: start, end: start, records: Vec::new(), is_torn: false, is_new: !self.has_head()? };
        if contents.is_new {
            // The head is synced before the first batch is written, so without the head there is no batch.
            return match scanner.has_later_batch(0)? {
                true => Err(self.damaged(0, "it does not begin as a segment of this number and version")),
                false => Ok(contents),
            };
        }
        let reason = self.read_batches(&mut scanner, &mut contents)?;
        if scanner.has_later_batch(contents.end)? {
            return Err(self.damaged(scanner.offset, reason));
        }
        contents.is_torn = !scanner.is_zero_from(contents.end)?;
        Ok(contents)
    }

    /// Reads it as one that was sealed: every byte was synced once.
    pub fn read_sealed(&self) -> Result<Contents, StoreError> {
        let contents = self.recover()?;
        if contents.is_new || contents.is_torn {
            return Err(self.damaged(contents.end, "a sealed segment does not end with a complete batch"));
        }
        Ok(contents)
    }

    fn has_head(&self) -> Result<bool, StoreError> {
        let mut head = [0; SEGMENT_HEAD];
        self.file.read_at(0, &mut head).map_err(|e| StoreError::io("read", self.name, e))?;
        Ok(head == segment_head(self.number))
    }

    /// Takes in complete batches until something else comes; answers what.
    fn read_batches(&self, scanner: &mut Scanner, contents: &mut Contents) -> Result<&'static str, StoreError> {
        let (mut batch, mut sum) = (Vec::new(), BatchEnd::starting(contents.end));
        loop {
            let head = match scanner.find()? {
                Found::Record(head) => head,
                Found::End | Found::Bad(_) if !self.strictness.cuts_tails => {
                    contents.records.append(&mut batch);
                    contents.end = scanner.offset;
                    return Ok("the tail is kept");
                }
                Found::End => return Ok("there is a hole of zeros"),
                Found::Bad(reason) => return Ok(reason),
            };
            if head.kind != Kind::END {
                sum.add(head.checksum);
                batch.push((head.kind, head.id, Location { offset: scanner.offset, length: head.length }));
                scanner.pass(&head);
                continue;
            }
            let end = BatchEnd::read(scanner.payload(&head)?);
            if end != Some(sum) {
                return Ok("a batch does not hold what its end says");
            }
            scanner.pass(&head);
            contents.records.append(&mut batch);
            contents.last_batch = contents.end;
            contents.end = scanner.offset;
            sum = BatchEnd::starting(contents.end);
        }
    }

    fn damaged(&self, offset: u64, reason: &'static str) -> StoreError {
        StoreError::Damaged { file: self.name.to_owned(), offset, reason }
    }
}
