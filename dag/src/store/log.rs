//! The log: every record in the order it was written, found again by kind and id (R42).
//!
//! Batches go to the active segment, each written, synced and only then visible. A segment that is full is sealed
//! with an index file and another begun, so that opening reads one segment whole and no other. One writer at a time
//! (a lock), any number of readers beside it.

use super::StoreError;
use super::index::{IndexEntry, Location, write_index};
use super::record::{self, BatchEnd, Kind, Place, Record, name_id};
use super::recovery::{Contents, SEGMENT_HEAD, Segment, segment_head};
use super::scan::{Entry, Found, Scanner, Strictness};
use super::sealed::{DataFile, Listing, Sealed, data_name, index_name};
use crate::disk::Disk;
use crate::id_map::IdMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

const FOLDER: &str = "log";
/// A batch buffer up to this size is used again; a larger one was an exception and is given back.
const KEPT_BUFFER: usize = 4 << 20;

/// How the log uses the disk.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// A segment is sealed when it has grown beyond this. 64 MiB: opening reads at most so much, about 20 ms, and the
    /// active index stays small; a terabyte is 16,000 files.
    pub segment_bytes: u64,
    /// Space written with zeros ahead of the writer, so that a sync writes data only: 97 us instead of 132 us in blocks
    /// that are only allocated, 140 us at the end of a file, and 55 us of processor time instead of 80 and 90 (measured).
    /// 1 MiB: the sync that takes the zeros along lasts a millisecond or two longer.
    pub reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { segment_bytes: 64 << 20, reserve_bytes: 1 << 20 }
    }
}

/// A place in the log. Ordered as written; valid for the life of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Number of the segment, from 1.
    pub segment: u64,
    /// Offset of a record in it, or behind the last.
    pub offset: u64,
}

impl Position {
    /// Before everything.
    pub const START: Position = Position { segment: 0, offset: 0 };

    /// Bytes to keep it by.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.segment.to_le_bytes());
        bytes[8..].copy_from_slice(&self.offset.to_le_bytes());
        bytes
    }

    /// Reads what `to_bytes` made.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let (segment, offset) = (u64::from_le_bytes, u64::from_le_bytes);
        let [a, b]: [[u8; 8]; 2] = [0, 8].map(|at| std::array::from_fn(|i| bytes[at + i]));
        Position { segment: segment(a), offset: offset(b) }
    }
}

/// What opening the log found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// File and offset of a torn tail that was cut: writes that no one was told of.
    pub cut: Option<(String, u64)>,
    /// Index files that were missing or broken and were made again.
    pub indexes_rebuilt: usize,
}

struct State {
    sealed: Arc<Vec<Arc<Sealed>>>,
    active: DataFile,
    entries: IdMap<(Kind, [u8; 32]), Location>,
    end: u64,
}

struct Writer {
    data: DataFile,
    end: u64,
    reserved: u64,
    buffer: Vec<u8>,
    failure: Option<StoreError>,
}

/// The log.
pub struct Log {
    disk: Arc<dyn Disk>,
    options: Options,
    strictness: Strictness,
    state: RwLock<State>,
    writer: Mutex<Writer>,
}

impl Log {
    /// Opens the log, making it if there is none; cuts a torn tail, refuses damage.
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<(Log, Recovery), StoreError> {
        Log::open_with(disk, options, Strictness::FULL)
    }

    pub(super) fn open_with(
        disk: Arc<dyn Disk>,
        options: Options,
        strictness: Strictness,
    ) -> Result<(Log, Recovery), StoreError> {
        let Listing { segments: numbers, indexed } = Listing::read(&*disk, FOLDER)?;
        let missing = (1..).zip(&numbers).find(|(wanted, number)| wanted != *number);
        if let Some((wanted, _)) = missing {
            return Err(StoreError::MissingFile { file: data_name(FOLDER, wanted) });
        }
        let mut recovery = Recovery::default();
        let last = numbers.last().copied().unwrap_or(1);
        let mut sealed = Vec::new();
        for number in 1..last {
            let (segment, rebuilt) = Sealed::open(&*disk, FOLDER, (number, indexed.contains(&number)), strictness)?;
            recovery.indexes_rebuilt += usize::from(rebuilt);
            sealed.push(Arc::new(segment));
        }
        let data = DataFile::open(&*disk, FOLDER, last)?;
        let segment = Segment { file: &data.file, name: &data.name, number: last, strictness };
        let contents = segment.recover()?;
        prepare(&*disk, &data, &contents)?;
        if contents.is_torn {
            recovery.cut = Some((data.name.to_string(), contents.end));
        }
        let entries = contents.records.into_iter().map(|(kind, id, at)| ((kind, id), at)).collect();
        let end = contents.end;
        let writer = Writer { data: data.clone(), end, reserved: end, buffer: Vec::new(), failure: None };
        let state = State { sealed: Arc::new(sealed), active: data, entries, end };
        Ok((Log { disk, options, strictness, state: RwLock::new(state), writer: Mutex::new(writer) }, recovery))
    }

    /// Writes records as one batch and returns when they are on the disk: all of them or, after a crash, none. After
    /// an error the log takes no more writes.
    pub fn append_batch<'r>(&self, records: impl IntoIterator<Item = &'r Record>) -> Result<Position, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &writer.failure {
            return Err(failure.clone());
        }
        self.write_batch(&mut writer, records).inspect_err(|error| {
            // A record that is too large was refused before anything was written.
            if !matches!(error, StoreError::TooLarge { .. }) {
                writer.failure = Some(error.poisoned());
            }
        })
    }

    fn write_batch<'r>(
        &self,
        writer: &mut Writer,
        records: impl IntoIterator<Item = &'r Record>,
    ) -> Result<Position, StoreError> {
        if writer.end > self.options.segment_bytes {
            self.roll(writer)?;
        }
        let start = writer.end;
        let segment = writer.data.segment;
        // Where the buffer will stand: behind the large payloads that were put down before it.
        let mut base = start;
        let mut buffer = std::mem::take(&mut writer.buffer);
        buffer.clear();
        let (mut entries, mut end) = (Vec::new(), BatchEnd::starting(start));
        for record in records {
            let at = Place { segment, offset: base + buffer.len() as u64 };
            let length = record.bytes.len();
            if length > KEPT_BUFFER {
                end.add(record::write_head(&mut buffer, at, record.kind, &record.id, &record.bytes)?);
                self.write_ahead(writer, base, &buffer)?;
                self.write_ahead(writer, base + buffer.len() as u64, &record.bytes)?;
                base += (buffer.len() + length) as u64;
                buffer.clear();
            } else {
                end.add(record::write(&mut buffer, at, record.kind, &record.id, &record.bytes)?);
            }
            entries.push(((record.kind, record.id), Location { offset: at.offset, length: length as u32 }));
        }
        let at = Place { segment, offset: base + buffer.len() as u64 };
        record::write_end(&mut buffer, at, end)?;
        self.put_down(writer, base, &buffer)?;
        if buffer.capacity() <= KEPT_BUFFER {
            writer.buffer = buffer;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.entries.extend(entries);
        state.end = writer.end;
        Ok(Position { segment: writer.data.segment, offset: writer.end })
    }

    /// Writes a piece of a batch behind the end, where nobody looks before the batch's end marker stands. Saves copying
    /// a large payload.
    fn write_ahead(&self, writer: &Writer, at: u64, bytes: &[u8]) -> Result<(), StoreError> {
        writer.data.file.write_at(at, bytes).map_err(|e| StoreError::io("write", &writer.data.name, e))
    }

    /// Writes the last piece of a batch, which is all of a usual one, and syncs.
    fn put_down(&self, writer: &mut Writer, at: u64, batch: &[u8]) -> Result<(), StoreError> {
        let Writer { data, end, reserved, .. } = writer;
        let after = at + batch.len() as u64;
        if after > *reserved {
            let wanted = after + self.options.reserve_bytes;
            // A hint: without it the file grows write by write, and a full disk shows at the write.
            *reserved = if data.file.reserve(wanted).is_ok() { wanted } else { after };
        }
        data.file.write_at(at, batch).map_err(|e| StoreError::io("write", &data.name, e))?;
        if self.strictness.syncs {
            data.file.sync().map_err(|e| StoreError::io("sync", &data.name, e))?;
        }
        *end = after;
        Ok(())
    }

    /// Seals the active segment and begins the next. The next segment's file comes first: that it exists is what says
    /// that this one is complete.
    fn roll(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let old = writer.data.clone();
        let failed = |e| StoreError::io("seal", &old.name, e);
        old.file.set_length(writer.end).map_err(failed)?;
        old.file.sync().map_err(failed)?;
        let new = DataFile::open(&*self.disk, FOLDER, old.segment + 1)?;
        begin(&*self.disk, &new)?;
        let entries = self.active_entries();
        write_index(&*self.disk, &index_name(FOLDER, old.segment), (old.segment, writer.end), entries)?;
        let sealed = Arc::new(Sealed::reopen(&*self.disk, FOLDER, old)?);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut state.sealed).push(sealed);
        state.entries = IdMap::default();
        state.active = new.clone();
        state.end = SEGMENT_HEAD as u64;
        writer.data = new;
        writer.end = SEGMENT_HEAD as u64;
        writer.reserved = writer.end;
        Ok(())
    }

    fn active_entries(&self) -> Vec<IndexEntry> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.entries.iter().map(|((kind, id), at)| (*id, *kind, *at)).collect()
    }

    /// Marks the end of a clean run: with one more batch behind it, damage to the last acknowledged one can never be
    /// taken for a torn tail.
    pub fn close(&self) -> Result<(), StoreError> {
        self.append_batch([]).map(drop)
    }

    fn locate(&self, kind: Kind, id: &[u8; 32]) -> Result<Option<(DataFile, Location)>, StoreError> {
        let sealed = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = state.entries.get(&(kind, *id)) {
                return Ok(Some((state.active.clone(), *at)));
            }
            state.sealed.clone()
        };
        for segment in sealed.iter().rev() {
            if let Some(at) = segment.find(kind, id)? {
                return Ok(Some((segment.data.clone(), at)));
            }
        }
        Ok(None)
    }

    /// The bytes last written under a kind and id.
    pub fn get(&self, kind: Kind, id: &[u8; 32]) -> Result<Option<Arc<[u8]>>, StoreError> {
        let Some((data, at)) = self.locate(kind, id)? else { return Ok(None) };
        data.read(at, kind, id, self.strictness).map(Some)
    }

    /// Whether there is a record of that kind and id.
    pub fn has(&self, kind: Kind, id: &[u8; 32]) -> Result<bool, StoreError> {
        self.locate(kind, id).map(|found| found.is_some())
    }

    /// The value last written under a name ([`Record::named`]).
    pub fn named(&self, name: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.get(Kind::NAMED, &name_id(name))
    }

    /// Behind the last record: where a later scan finds what is written from now on.
    pub fn end(&self) -> Position {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Position { segment: state.active.segment, offset: state.end }
    }

    /// Every record from a position on (one that `end`, `append_batch` or a scan gave), in the order written, until
    /// the sink breaks. Returns where to go on: behind the last record that was handed out.
    pub fn scan(
        &self,
        from: Position,
        sink: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> Result<Position, StoreError> {
        let files: Vec<(DataFile, u64)> = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let sealed = state.sealed.iter().map(|segment| (segment.data.clone(), segment.end()));
            sealed.chain([(state.active.clone(), state.end)]).filter(|(data, _)| data.segment >= from.segment).collect()
        };
        let mut position = from;
        for (data, end) in files {
            let start = if data.segment == from.segment { from.offset } else { 0 };
            position = Position { segment: data.segment, offset: start.max(SEGMENT_HEAD as u64) };
            if self.scan_segment(&data, end, &mut position, sink)?.is_break() {
                break;
            }
        }
        Ok(position)
    }

    fn scan_segment(
        &self,
        data: &DataFile,
        end: u64,
        position: &mut Position,
        sink: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let place = Place { segment: data.segment, offset: position.offset };
        let mut scanner = Scanner::new(data.file.clone(), &data.name, place, end, self.strictness);
        while scanner.offset < end {
            let damaged = |offset, reason| StoreError::Damaged { file: data.name.to_string(), offset, reason };
            let head = match scanner.find()? {
                Found::Record(head) => head,
                Found::End => return Err(damaged(scanner.offset, "there is a hole of zeros")),
                Found::Bad(reason) => return Err(damaged(scanner.offset, reason)),
            };
            let flow = match head.kind {
                Kind::END => ControlFlow::Continue(()),
                kind => sink(Entry { position: *position, kind, id: &head.id, bytes: scanner.payload(&head)? }),
            };
            scanner.pass(&head);
            position.offset = scanner.offset;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Brings the active segment into the state a writer expects: with its head, without a torn tail, and durable. What
/// the last process wrote last may be readable and yet not on the disk, if its sync failed: the system keeps such
/// pages and calls them clean. So the last batch is written again before anything is built on it.
fn prepare(disk: &dyn Disk, data: &DataFile, contents: &Contents) -> Result<(), StoreError> {
    let failed = |e| StoreError::io("repair", &data.name, e);
    if contents.is_new {
        data.file.set_length(0).map_err(failed)?;
        return begin(disk, data);
    }
    if contents.is_torn {
        data.file.set_length(contents.end).map_err(failed)?;
    }
    let mut batch = vec![0; (contents.end - contents.last_batch) as usize];
    data.file.read_at(contents.last_batch, &mut batch).map_err(failed)?;
    data.file.write_at(contents.last_batch, &batch).map_err(failed)?;
    begin(disk, data)
}

/// Writes a segment's head and makes file and name durable.
fn begin(disk: &dyn Disk, data: &DataFile) -> Result<(), StoreError> {
    let failed = |e| StoreError::io("begin", &data.name, e);
    data.file.write_at(0, &segment_head(data.segment)).map_err(failed)?;
    data.file.sync().map_err(failed)?;
    disk.sync_folder(FOLDER).map_err(failed)
}
