//! Tree nodes on disk: `trees/`, segments that are written once, synced once and deleted whole (R42).
//!
//! A checkpoint writes its new nodes through one [`TreeWriter`] into one segment (more only past
//! [`SEGMENT_BYTES`]), and records in the log which segments its roots need. Sound by construction: what a root needs
//! is the segments of the checkpoint it was made from, and the new ones; [`TreeStore::reach`] finds the exact set, to
//! shrink it. Everything here can be made again from the log, so an unfinished or unreadable segment is dropped.

use super::StoreError;
use super::index::{Location, write_index};
use super::record::{self, BatchEnd, HEAD, Kind, Place};
use super::recovery::{SEGMENT_HEAD, Segment, segment_head};
use super::scan::Strictness;
use super::sealed::{DataFile, Listing, Sealed, index_name};
use crate::disk::Disk;
use crate::id::NodeId;
use crate::tree::{NodeSink, Nodes, TreeError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

const FOLDER: &str = "trees";
/// A segment that has grown beyond this is sealed and another begun: bounds the memory of its index to some 5 MB.
const SEGMENT_BYTES: u64 = 256 << 20;
/// Nodes collected before they are written: large writes are what disks like.
const BUFFER: usize = 1 << 20;

/// Number of a segment in `trees/`; never used twice while the segment exists.
pub type TreeSegment = u64;

type Segments = Arc<BTreeMap<TreeSegment, Arc<Sealed>>>;

#[derive(Default)]
struct State {
    segments: Segments,
    open: Option<Arc<OpenSegment>>,
    next: TreeSegment,
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeRecovery {
    /// Segments that were unfinished or unreadable and are gone. Their trees must be made again.
    pub dropped: Vec<TreeSegment>,
    /// Index files made again.
    pub indexes_rebuilt: usize,
}

/// The store of tree nodes.
pub struct TreeStore {
    disk: Arc<dyn Disk>,
    state: RwLock<State>,
}

impl TreeStore {
    /// Opens the store, making it if there is none.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(TreeStore, TreeRecovery), StoreError> {
        TreeStore::open_with(disk, &|_, _| Ok(None))
    }

    /// Opens the store of a clone under way: of a segment that was never finished, what was written whole is kept.
    /// Such nodes hang together with nothing yet; who goes on with the clone looks which are here.
    pub fn salvage(disk: Arc<dyn Disk>) -> Result<(TreeStore, TreeRecovery), StoreError> {
        TreeStore::open_with(disk, &salvage)
    }

    fn open_with(disk: Arc<dyn Disk>, unfinished: &Unfinished) -> Result<(TreeStore, TreeRecovery), StoreError> {
        let Listing { segments: numbers, indexed } = Listing::read(&*disk, FOLDER)?;
        let (mut segments, mut recovery) = (BTreeMap::new(), TreeRecovery::default());
        for number in &numbers {
            let found = match indexed.contains(number) {
                true => open_finished(&*disk, *number)?,
                false => unfinished(&*disk, *number)?,
            };
            match found {
                Some((segment, rebuilt)) => {
                    recovery.indexes_rebuilt += usize::from(rebuilt);
                    segments.insert(*number, Arc::new(segment));
                }
                None => {
                    recovery.dropped.push(*number);
                    remove(&*disk, *number)?;
                }
            }
        }
        let next = numbers.last().map_or(1, |last| last + 1);
        let state = State { segments: Arc::new(segments), open: None, next };
        Ok((TreeStore { disk, state: RwLock::new(state) }, recovery))
    }

    /// Begins the nodes of a checkpoint. One writer at a time; its nodes can be read at once, and survive only if it
    /// is finished.
    pub fn write(&self) -> Result<TreeWriter<'_>, StoreError> {
        let mut writer = TreeWriter { store: self, open: None, finished: Vec::new() };
        writer.begin()?;
        Ok(writer)
    }

    /// All segments, ascending.
    pub fn segments(&self) -> Vec<TreeSegment> {
        self.sealed().keys().copied().collect()
    }

    fn sealed(&self) -> Segments {
        self.state.read().unwrap_or_else(PoisonError::into_inner).segments.clone()
    }

    fn locate(&self, id: NodeId) -> Result<Option<(Arc<Sealed>, Location)>, StoreError> {
        // The newest first: most of what is read was written last.
        for segment in self.sealed().values().rev() {
            if let Some(at) = segment.find(Kind::NODE, &id.0)? {
                return Ok(Some((segment.clone(), at)));
            }
        }
        Ok(None)
    }

    /// Whether a node is here, also in the segment being written.
    pub fn has(&self, id: NodeId) -> Result<bool, StoreError> {
        let open = self.state.read().unwrap_or_else(PoisonError::into_inner).open.clone();
        Ok(open.is_some_and(|open| open.tail().entries.contains_key(&id)) || self.locate(id)?.is_some())
    }

    /// Bytes of all finished segments.
    pub fn bytes(&self) -> u64 {
        self.sealed().values().map(|segment| segment.end()).sum()
    }

    /// The newest finished segment that holds a node.
    pub fn segment_of(&self, id: NodeId) -> Result<Option<TreeSegment>, StoreError> {
        Ok(self.locate(id)?.map(|(segment, _)| segment.data.segment))
    }

    /// Deletes every finished segment that is not in `live`; answers which.
    pub fn sweep(&self, live: &BTreeSet<TreeSegment>) -> Result<Vec<TreeSegment>, StoreError> {
        let dead: Vec<_> = self.segments().into_iter().filter(|number| !live.contains(number)).collect();
        if !dead.is_empty() {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let segments = Arc::make_mut(&mut state.segments);
            dead.iter().for_each(|number| drop(segments.remove(number)));
        }
        dead.iter().try_for_each(|number| remove(&*self.disk, *number))?;
        Ok(dead)
    }

    fn read(&self, id: NodeId) -> Result<Option<Arc<[u8]>>, StoreError> {
        let open = self.state.read().unwrap_or_else(PoisonError::into_inner).open.clone();
        if let Some(bytes) = open.map(|open| open.read(id)).transpose()?.flatten() {
            return Ok(Some(bytes));
        }
        let Some((segment, at)) = self.locate(id)? else { return Ok(None) };
        segment.data.read(at, Kind::NODE, &id.0, Strictness::FULL).map(Some)
    }
}

impl Nodes for TreeStore {
    fn get(&self, id: NodeId) -> Result<Arc<[u8]>, TreeError> {
        self.read(id).map_err(TreeError::store)?.ok_or(TreeError::Missing(id))
    }
}

/// What becomes of a segment that was not finished.
type Unfinished = dyn Fn(&dyn Disk, TreeSegment) -> Result<Option<(Sealed, bool)>, StoreError>;

/// A segment, if it was finished: its index is written last, when the data is on the disk. `None` also for one that
/// cannot be read any more.
fn open_finished(disk: &dyn Disk, number: TreeSegment) -> Result<Option<(Sealed, bool)>, StoreError> {
    match Sealed::open(disk, FOLDER, (number, true), Strictness::FULL) {
        Ok(opened) => Ok(Some(opened)),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Finishes a segment behind its last complete batch; `None` if there is none, or bytes before it are not what they were.
fn salvage(disk: &dyn Disk, number: TreeSegment) -> Result<Option<(Sealed, bool)>, StoreError> {
    let data = DataFile::open(disk, FOLDER, number)?;
    let segment = Segment { file: &data.file, name: &data.name, number, strictness: Strictness::FULL };
    let contents = match segment.recover() {
        Ok(contents) if !contents.records.is_empty() => contents,
        Ok(_) | Err(StoreError::Damaged { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let failed = |e| StoreError::io("finish", &data.name, e);
    data.file.set_length(contents.end).map_err(failed)?;
    data.file.sync().map_err(failed)?;
    let entries = contents.records.into_iter().map(|(kind, id, at)| (id, kind, at)).collect();
    write_index(disk, &index_name(FOLDER, number), (number, contents.end), entries)?;
    Ok(Some((Sealed::reopen(disk, FOLDER, data)?, true)))
}

/// Data first: an index alone is never taken for a segment.
fn remove(disk: &dyn Disk, number: TreeSegment) -> Result<(), StoreError> {
    let files = disk.list(FOLDER).map_err(|e| StoreError::io("list", FOLDER, e))?;
    for ending in ["seg", "idx"] {
        let name = format!("{number:010}.{ending}");
        if files.contains(&name) {
            let name = format!("{FOLDER}/{name}");
            disk.remove(&name).map_err(|e| StoreError::io("remove", &name, e))?;
        }
    }
    Ok(())
}

struct OpenSegment {
    data: DataFile,
    tail: Mutex<Tail>,
}

struct Tail {
    entries: HashMap<NodeId, Location>,
    /// Not yet written bytes, from offset `written` on.
    buffer: Vec<u8>,
    written: u64,
    end: BatchEnd,
}

impl OpenSegment {
    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, id: NodeId) -> Result<Option<Arc<[u8]>>, StoreError> {
        let tail = self.tail();
        let Some(at) = tail.entries.get(&id).copied() else { return Ok(None) };
        if let Some(start) = at.offset.checked_sub(tail.written) {
            let start = start as usize + HEAD;
            return Ok(Some(tail.buffer[start..start + at.length as usize].into()));
        }
        drop(tail);
        self.data.read(at, Kind::NODE, &id.0, Strictness::FULL).map(Some)
    }

    fn put(&self, id: NodeId, bytes: &[u8]) -> Result<u64, StoreError> {
        let mut tail = self.tail();
        let offset = tail.written + tail.buffer.len() as u64;
        if tail.entries.contains_key(&id) {
            return Ok(offset);
        }
        let place = Place { segment: self.data.segment, offset };
        let sum = record::write(&mut tail.buffer, place, Kind::NODE, &id.0, bytes)?;
        tail.end.add(sum);
        tail.entries.insert(id, Location { offset, length: bytes.len() as u32 });
        if tail.buffer.len() >= BUFFER {
            self.end_batch(&mut tail)?;
        }
        Ok(tail.written + tail.buffer.len() as u64)
    }

    /// Writes what was collected as a batch: what is written whole can be told from what is not.
    fn end_batch(&self, tail: &mut Tail) -> Result<(), StoreError> {
        let place = Place { segment: self.data.segment, offset: tail.written + tail.buffer.len() as u64 };
        let end = tail.end;
        record::write_end(&mut tail.buffer, place, end)?;
        self.flush(tail)?;
        tail.end = BatchEnd::starting(tail.written);
        Ok(())
    }

    fn flush(&self, tail: &mut Tail) -> Result<(), StoreError> {
        let failed = |e| StoreError::io("write", &self.data.name, e);
        self.data.file.write_at(tail.written, &tail.buffer).map_err(failed)?;
        tail.written += tail.buffer.len() as u64;
        tail.buffer.clear();
        Ok(())
    }

    /// Ends the segment and makes it durable; answers its length.
    fn seal(&self) -> Result<u64, StoreError> {
        let mut tail = self.tail();
        self.end_batch(&mut tail)?;
        self.data.file.sync().map_err(|e| StoreError::io("sync", &self.data.name, e))?;
        Ok(tail.written)
    }
}

/// Takes the new nodes of a checkpoint. Dropped without `finish`, it leaves nothing.
pub struct TreeWriter<'s> {
    store: &'s TreeStore,
    open: Option<Arc<OpenSegment>>,
    finished: Vec<TreeSegment>,
}

impl TreeWriter<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        let mut state = self.store.state.write().unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        let data = DataFile::open(&*self.store.disk, FOLDER, number)?;
        state.next += 1;
        let start = SEGMENT_HEAD as u64;
        data.file.write_at(0, &segment_head(number)).map_err(|e| StoreError::io("begin", &data.name, e))?;
        let end = BatchEnd::starting(start);
        let tail = Mutex::new(Tail { entries: HashMap::new(), buffer: Vec::new(), written: start, end });
        let open = Arc::new(OpenSegment { data, tail });
        state.open = Some(open.clone());
        self.open = Some(open);
        Ok(())
    }

    fn seal(&mut self) -> Result<(), StoreError> {
        let Some(open) = self.open.clone() else { return Ok(()) };
        let number = open.data.segment;
        let length = open.seal()?;
        let entries = open.tail().entries.iter().map(|(id, at)| (id.0, Kind::NODE, *at)).collect();
        write_index(&*self.store.disk, &index_name(FOLDER, number), (number, length), entries)?;
        let sealed = Arc::new(Sealed::reopen(&*self.store.disk, FOLDER, open.data.clone())?);
        let mut state = self.store.state.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut state.segments).insert(number, sealed);
        state.open = None;
        self.open = None;
        self.finished.push(number);
        Ok(())
    }

    /// Gives up, and leaves what was written to [`TreeStore::salvage`].
    pub fn leave(mut self) {
        self.open = None;
        self.store.state.write().unwrap_or_else(PoisonError::into_inner).open = None;
    }

    /// Makes everything durable; answers the new segments, for the checkpoint's record.
    pub fn finish(mut self) -> Result<Vec<TreeSegment>, StoreError> {
        self.seal()?;
        Ok(std::mem::take(&mut self.finished))
    }
}

impl NodeSink for TreeWriter<'_> {
    fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        let mut put = || {
            if self.open.is_none() {
                self.begin()?;
            }
            match &self.open {
                Some(open) if open.put(id, bytes)? > SEGMENT_BYTES => self.seal(),
                _ => Ok(()),
            }
        };
        put().map_err(TreeError::store)
    }
}

impl Drop for TreeWriter<'_> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            let mut state = self.store.state.write().unwrap_or_else(PoisonError::into_inner);
            state.open = None;
            drop(state);
            // What cannot be removed now is unfinished, and goes at the next start.
            let _ = remove(&*self.store.disk, open.data.segment);
        }
    }
}
