//! Reading a segment from some offset on, record by record, through a bounded window.

use super::record::{BatchEnd, END_PAYLOAD, HEAD, Head, Kind, MAX_RECORD, Place};
use super::{Position, StoreError};
use crate::disk::DiskFile;
use std::sync::Arc;

/// Bytes read at once: large enough that a scan runs at the disk's speed, small enough to hold beside everything else.
const WINDOW: usize = 1 << 20;

/// A record met in a scan of the log.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Where it starts; a scan may begin here again.
    pub position: Position,
    /// What it holds.
    pub kind: Kind,
    /// Its id.
    pub id: &'a [u8; 32],
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What readers and the writer insist on. Only tests of the crash test relax it, to see that they are caught.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strictness {
    pub checks_sums: bool,
    pub cuts_tails: bool,
    pub syncs: bool,
}

impl Strictness {
    pub const FULL: Strictness = Strictness { checks_sums: true, cuts_tails: true, syncs: true };
}

/// What stands at the scanner's offset.
pub(super) enum Found {
    Record(Head),
    /// The file ends, or only zeros are reserved.
    End,
    /// Bytes that are no record; why not.
    Bad(&'static str),
}

pub(super) struct Scanner {
    file: Arc<dyn DiskFile>,
    name: String,
    segment: u64,
    length: u64,
    strictness: Strictness,
    window: Vec<u8>,
    window_start: u64,
    pub offset: u64,
}

impl Scanner {
    pub fn new(file: Arc<dyn DiskFile>, name: &str, place: Place, length: u64, strictness: Strictness) -> Self {
        let Place { segment, offset } = place;
        Scanner {
            file,
            name: name.to_owned(),
            segment,
            length,
            strictness,
            window: Vec::new(),
            window_start: 0,
            offset,
        }
    }

    /// Up to `wanted` bytes at an offset; fewer only at the end.
    fn bytes(&mut self, offset: u64, wanted: usize) -> Result<&[u8], StoreError> {
        let wanted = wanted.min(self.length.saturating_sub(offset) as usize);
        let held = self.window_start..self.window_start + self.window.len() as u64;
        if !(held.contains(&offset) && offset + wanted as u64 <= held.end) && wanted > 0 {
            let size = wanted.max(WINDOW).min(self.length.saturating_sub(offset) as usize);
            self.window.resize(size, 0);
            let read =
                self.file.read_at(offset, &mut self.window).map_err(|e| StoreError::io("read", &self.name, e))?;
            self.window.truncate(read);
            self.window_start = offset;
        }
        if wanted == 0 {
            return Ok(&[]);
        }
        let start = (offset - self.window_start) as usize;
        Ok(&self.window[start..(start + wanted).min(self.window.len())])
    }

    /// Looks at what stands at the offset, without moving on.
    pub fn find(&mut self) -> Result<Found, StoreError> {
        let place = Place { segment: self.segment, offset: self.offset };
        let (length, strictness) = (self.length, self.strictness);
        let Some(head) = self.bytes(place.offset, HEAD)?.first_chunk::<HEAD>().copied() else {
            return Ok(if self.is_zero_from(place.offset)? {
                Found::End
            } else {
                Found::Bad("it ends within a record's head")
            });
        };
        if head == [0; HEAD] {
            return Ok(Found::End);
        }
        let head = Head::read(&head);
        let end = place.offset + (HEAD as u64) + u64::from(head.length);
        if head.length as usize > MAX_RECORD || end > length {
            return Ok(Found::Bad("a record's length reaches beyond the file"));
        }
        let payload = self.payload(&head)?;
        if strictness.checks_sums && !head.is_whole(place, payload) {
            return Ok(Found::Bad("a record's checksum does not match"));
        }
        Ok(Found::Record(head))
    }

    /// The payload of the record that `find` found.
    pub fn payload(&mut self, head: &Head) -> Result<&[u8], StoreError> {
        self.bytes(self.offset + HEAD as u64, head.length as usize)
    }

    /// Moves behind the record that `find` found.
    pub fn pass(&mut self, head: &Head) {
        self.offset += HEAD as u64 + u64::from(head.length);
    }

    /// Whether the file holds nothing but zeros from here on.
    pub fn is_zero_from(&mut self, offset: u64) -> Result<bool, StoreError> {
        let mut at = offset;
        while at < self.length {
            let bytes = self.bytes(at, WINDOW)?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
        }
        Ok(true)
    }

    /// Whether a batch that starts behind `start` was completed somewhere at or behind the offset: what lies before it
    /// was synced once, so it cannot be a torn tail.
    pub fn has_later_batch(&mut self, start: u64) -> Result<bool, StoreError> {
        let marker = (END_PAYLOAD as u32).to_le_bytes();
        let mut at = self.offset;
        while at + ((HEAD + END_PAYLOAD) as u64) <= self.length {
            let segment = self.segment;
            let bytes = self.bytes(at, WINDOW)?;
            if bytes.len() < HEAD + END_PAYLOAD {
                break;
            }
            let last = bytes.len() - (HEAD + END_PAYLOAD);
            let found = (0..=last).any(|i| {
                bytes[i..].starts_with(&marker)
                    && bytes[i + 8] == Kind::END.0
                    && is_end_behind(&bytes[i..], Place { segment, offset: at + i as u64 }, start)
            });
            if found {
                return Ok(true);
            }
            at += last as u64 + 1;
        }
        Ok(false)
    }
}

fn is_end_behind(bytes: &[u8], place: Place, start: u64) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return false };
    let payload = &rest[..END_PAYLOAD.min(rest.len())];
    Head::read(head).is_whole(place, payload) && BatchEnd::read(payload).is_some_and(|end| end.start > start)
}
