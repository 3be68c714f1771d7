//! Segments that take no more records: data file, index file, look-ups. Shared by the log and the trees.

use super::StoreError;
use super::index::{Index, Location, write_index};
use super::record::{HEAD, Head, Kind, Place};
use super::recovery::Segment;
use super::scan::Strictness;
use crate::disk::{Disk, DiskFile};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names of a family's files: ten digits keep a listing in order.
pub(super) fn data_name(folder: &str, segment: u64) -> String {
    format!("{folder}/{segment:010}.seg")
}

pub(super) fn index_name(folder: &str, segment: u64) -> String {
    format!("{folder}/{segment:010}.idx")
}

/// The files of a family.
pub(super) struct Listing {
    /// Numbers of data files, ascending.
    pub segments: Vec<u64>,
    /// Numbers that have an index file.
    pub indexed: BTreeSet<u64>,
}

impl Listing {
    /// Reads a folder; drafts of index files that a crash left are removed.
    pub fn read(disk: &dyn Disk, folder: &str) -> Result<Self, StoreError> {
        let names = disk.list(folder).map_err(|e| StoreError::io("list", folder, e))?;
        for name in names.iter().filter(|name| name.ends_with(".tmp")) {
            let name = format!("{folder}/{name}");
            disk.remove(&name).map_err(|e| StoreError::io("remove", &name, e))?;
        }
        let numbers = |ending| names.iter().filter_map(move |name| name.strip_suffix(ending)?.parse().ok());
        let mut segments: Vec<u64> = numbers(".seg").collect();
        segments.sort_unstable();
        Ok(Listing { segments, indexed: numbers(".idx").collect() })
    }
}

/// An open data file.
#[derive(Clone)]
pub(super) struct DataFile {
    pub file: Arc<dyn DiskFile>,
    pub name: Arc<str>,
    pub segment: u64,
}

impl DataFile {
    pub fn open(disk: &dyn Disk, folder: &str, segment: u64) -> Result<Self, StoreError> {
        let name = data_name(folder, segment);
        let file = disk.open(&name).map_err(|e| StoreError::io("open", &name, e))?;
        Ok(DataFile { file, name: name.into(), segment })
    }

    /// Reads and checks one record; an index that points elsewhere than to it is damage too.
    pub fn read(
        &self,
        at: Location,
        kind: Kind,
        id: &[u8; 32],
        strictness: Strictness,
    ) -> Result<Arc<[u8]>, StoreError> {
        let damaged = |reason| StoreError::Damaged { file: self.name.to_string(), offset: at.offset, reason };
        let mut bytes = vec![0; HEAD + at.length as usize];
        let read = self.file.read_at(at.offset, &mut bytes).map_err(|e| StoreError::io("read", &self.name, e))?;
        let Some((head, payload)) = bytes[..read].split_first_chunk::<HEAD>() else {
            return Err(damaged("the file ends before a record that its index names"));
        };
        let head = Head::read(head);
        let place = Place { segment: self.segment, offset: at.offset };
        if strictness.checks_sums && (head.kind != kind || head.id != *id || !head.is_whole(place, payload)) {
            return Err(damaged("a record's checksum does not match"));
        }
        Ok(payload.into())
    }
}

/// A sealed segment.
pub(super) struct Sealed {
    pub data: DataFile,
    index: Index,
}

impl Sealed {
    /// Opens a sealed segment; an index that is missing or broken is made again from the data. Says whether it was.
    pub fn open(
        disk: &dyn Disk,
        folder: &str,
        (segment, is_indexed): (u64, bool),
        strictness: Strictness,
    ) -> Result<(Self, bool), StoreError> {
        let data = DataFile::open(disk, folder, segment)?;
        let index = if is_indexed { open_index(disk, folder, segment)? } else { None };
        if let Some(index) = index {
            return Ok((Sealed { data, index }, false));
        }
        let contents = Segment { file: &data.file, name: &data.name, number: segment, strictness }.read_sealed()?;
        let entries = contents.records.into_iter().map(|(kind, id, at)| (id, kind, at)).collect();
        write_index(disk, &index_name(folder, segment), (segment, contents.end), entries)?;
        Ok((Sealed::reopen(disk, folder, data)?, true))
    }

    /// Opens a segment whose index was just written.
    pub fn reopen(disk: &dyn Disk, folder: &str, data: DataFile) -> Result<Self, StoreError> {
        let name = index_name(folder, data.segment);
        let reason = "the index does not read as it was written";
        let index = open_index(disk, folder, data.segment)?;
        let index = index.ok_or(StoreError::Damaged { file: name, offset: 0, reason })?;
        Ok(Sealed { data, index })
    }

    /// Behind the last record.
    pub fn end(&self) -> u64 {
        self.index.segment_length
    }

    pub fn find(&self, kind: Kind, id: &[u8; 32]) -> Result<Option<Location>, StoreError> {
        self.index.find(kind, id)
    }
}

fn open_index(disk: &dyn Disk, folder: &str, segment: u64) -> Result<Option<Index>, StoreError> {
    let name = index_name(folder, segment);
    let file = disk.open(&name).map_err(|e| StoreError::io("open", &name, e))?;
    Index::open(file, &name, segment)
}
