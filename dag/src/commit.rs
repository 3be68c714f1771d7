//! A commit: header, changes, what it read, control records, and the bytes its author made of them (R5).
//!
//! Promises: a [`Commit`] was either made here or verified: its id is the hash of its header, the header's roots are
//! those of its parts, every part is in canonical form and within the limits of the rules level (R3). Bytes are kept as
//! received. A header of an unknown version is held, never refused (R2). Does not look at other commits: that is
//! `admit`; nor at signatures: those are on tips.

mod prepared;
mod segment;

pub use prepared::Prepared;
pub use segment::{MAX_SEGMENT_COMMITS, MAX_SEGMENT_HEADERS, Segment, SegmentCheck, Unread};

use crate::change::{ChangeSet, ReadGuard};
use crate::control::{ControlRecord, decode_records, encode_records};
use crate::encode::{Body, Domain, Frame, HEADER_VERSION, decode_reads, from_bytes, header_version, to_bytes};
use crate::error::{Error, Result};
use crate::header::{CommitKind, Header, MAX_PARENTS};
use crate::id::{CommitId, NodeId};
pub use crate::limits::{MAX_BODY, MAX_EXTENSION_NAME, MAX_HEADER};
use crate::tree::{NodeSink, Shape, Trees};
use std::sync::Arc;

/// A commit whose bytes are right. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Hash of the header.
    pub id: CommitId,
    /// The header.
    pub header: Arc<Header>,
    /// What it changes; without the read set.
    pub body: Arc<Body>,
    /// What it relies on having read.
    pub reads: Arc<[ReadGuard]>,
    /// Control records.
    pub control: Arc<[ControlRecord]>,
    bytes: Arc<[u8]>,
    header_length: usize,
}

/// What received bytes turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// A commit.
    Commit(Commit),
    /// A commit of a version that this program does not know.
    Held(Held),
}

/// A commit of an unknown version: kept and relayed with all that descends from it, not in the frontier (R2).
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Hash of the header.
    pub id: CommitId,
    /// The header's version.
    pub version: u64,
    /// The bytes as received.
    pub bytes: Arc<[u8]>,
}

/// Bytes that came from somewhere and are not believed yet.
#[derive(Clone, Debug)]
pub struct Received(pub Arc<[u8]>);

impl Commit {
    /// Makes a commit that holds its changes itself: fills the header's roots, lengths and counts from what it carries,
    /// and checks the limits that other peers will. Error: also for changes so large that they belong into trees (R10):
    /// [`Prepared::of`] takes any.
    pub fn new(header: Header, changes: &ChangeSet, control: &[ControlRecord]) -> Result<Commit> {
        let prepared = Prepared::inline(&Arc::new(changes.clone()))?;
        if !prepared.body.has_its_form(prepared.body_bytes.len()) {
            return Err(Error::malformed("commit", "changes too large to be inline; prepare them as trees"));
        }
        Commit::place(header, &prepared, control)
    }

    /// As [`Commit::new`] with the changes in trees (R10) whatever their size: their nodes go to the sink and must be
    /// stored, and sent, with the commit.
    pub fn in_trees(
        header: Header,
        changes: &ChangeSet,
        control: &[ControlRecord],
        shape: &Shape,
        sink: &mut dyn NodeSink,
    ) -> Result<Commit> {
        Commit::place(header, &Prepared::planted(changes, shape, sink)?, control)
    }

    /// Gives prepared contents their place. What is shared between them and the commit is not copied, except for the
    /// encoded bytes, which are few: large contents are in trees.
    pub fn place(header: Header, contents: &Prepared, control: &[ControlRecord]) -> Result<Commit> {
        let commit = Commit::assemble(header, contents, control)?;
        check_counts(&commit.header, &commit.body, control)?;
        Ok(commit)
    }

    fn assemble(mut header: Header, contents: &Prepared, control: &[ControlRecord]) -> Result<Commit> {
        let Prepared { body, body_bytes, reads, read_bytes } = contents;
        let records = encode_records(control);
        header.body = root(Domain::BODY, body_bytes);
        header.body_length = body_bytes.len() as u64;
        header.changes = body.count();
        header.read_set = root(Domain::READ_SET, read_bytes);
        header.control = root(Domain::CONTROL, &records);
        let header_bytes = to_bytes(&header);
        let (bytes, frame) = Frame::join([&header_bytes, body_bytes, read_bytes, &records]);
        check_limits(&header, &frame)?;
        decode_records(&records)?;
        Ok(Commit {
            id: id_of(HEADER_VERSION, &header_bytes),
            header: Arc::new(header),
            body: body.clone(),
            reads: reads.clone(),
            control: control.into(),
            bytes: bytes.into(),
            header_length: header_bytes.len(),
        })
    }

    /// The whole commit as it is stored and sent.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Bytes of the header alone.
    pub fn header_length(&self) -> usize {
        self.header_length
    }

    /// The changes and the read set, shared where nothing was read; `None` if the changes are in trees: see
    /// [`Commit::gather`].
    pub fn changes(&self) -> Option<Arc<ChangeSet>> {
        match &*self.body {
            Body::Inline(changes) if self.reads.is_empty() => Some(changes.clone()),
            Body::Inline(changes) => {
                Some(Arc::new(ChangeSet { reads: self.reads.to_vec(), ..ChangeSet::clone(changes) }))
            }
            Body::Trees { .. } => None,
        }
    }

    /// Bytes of the body and of what it keeps in trees: what a commit weighs, the same on every peer.
    pub fn content_bytes(&self) -> u64 {
        self.header.body_length.saturating_add(self.body.bytes_in_trees())
    }

    /// The changes and the read set, wherever the changes are; checks what trees hold against the totals in the body.
    pub fn gather(&self, trees: &Trees) -> Result<ChangeSet> {
        Ok(ChangeSet { reads: self.reads.to_vec(), ..self.body.gather(trees)? })
    }
}

impl Received {
    /// Checks everything that the bytes show by themselves.
    pub fn verify(self) -> Result<Checked> {
        let bytes = self.0;
        let (header_range, version) = header_version(&bytes)?;
        Error::limit("bytes of a header", header_range.len(), MAX_HEADER)?;
        let header_bytes = &bytes[header_range];
        let id = id_of(version, header_bytes);
        if version != HEADER_VERSION {
            return Ok(Checked::Held(Held { id, version, bytes }));
        }
        let header_length = header_bytes.len();
        let header: Header = from_bytes("header", header_bytes)?;
        let frame = Frame::split(&bytes)?;
        check_limits(&header, &frame)?;
        check_roots(&header, &frame, &bytes)?;
        let body = Body::decode(&bytes[frame.body])?;
        let reads = decode_reads(&bytes[frame.reads])?;
        let control = decode_records(&bytes[frame.control])?;
        check_counts(&header, &body, &control)?;
        Ok(Checked::Commit(Commit {
            id,
            header: Arc::new(header),
            body: Arc::new(body),
            reads: reads.into(),
            control: control.into(),
            bytes,
            header_length,
        }))
    }
}

/// The header in a commit's bytes, for whoever knows that they were verified before.
pub fn header_of(bytes: &[u8]) -> Result<Header> {
    let (range, _) = header_version(bytes)?;
    from_bytes("header", &bytes[range])
}

/// The id that a header of this version gives.
fn id_of(version: u64, header: &[u8]) -> CommitId {
    if version == HEADER_VERSION {
        return CommitId(Domain::HEADER.hash(header));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("headwaters header {version}\0").as_bytes());
    hasher.update(header);
    CommitId(hasher.finalize().into())
}

/// Hash of one part; zero for no bytes.
fn root(domain: Domain, bytes: &[u8]) -> NodeId {
    if bytes.is_empty() { NodeId::ZERO } else { NodeId(domain.hash(bytes)) }
}

fn check_limits(header: &Header, frame: &Frame) -> Result<()> {
    Error::limit("bytes of a header", frame.header.len(), MAX_HEADER)?;
    Error::limit("parents of a commit", header.parents.len(), MAX_PARENTS)?;
    let name = header.extensions.keys().map(String::len).max().unwrap_or(0);
    Error::limit("bytes of an extension's name", name, MAX_EXTENSION_NAME)?;
    let contents = frame.body.len() + frame.reads.len() + frame.control.len();
    Error::limit("bytes of a commit", contents, MAX_BODY)
}

fn check_roots(header: &Header, frame: &Frame, bytes: &[u8]) -> Result<()> {
    for (domain, range, said) in [
        (Domain::BODY, &frame.body, header.body),
        (Domain::READ_SET, &frame.reads, header.read_set),
        (Domain::CONTROL, &frame.control, header.control),
    ] {
        if root(domain, &bytes[range.clone()]) != said {
            return Err(Error::malformed("commit", "a part is not the one its header names"));
        }
    }
    if frame.body.len() as u64 == header.body_length {
        Ok(())
    } else {
        Err(Error::malformed("commit", "its body is not as long as its header says"))
    }
}

/// The header's counts, and what each kind of commit may carry (R7, R12).
fn check_counts(header: &Header, body: &Body, control: &[ControlRecord]) -> Result<()> {
    if body.count() != header.changes {
        return Err(Error::malformed("commit", "it does not have as many changes as its header says"));
    }
    let fits = match header.kind {
        CommitKind::Data => control.is_empty(),
        CommitKind::Control => body.count() == 0,
        CommitKind::Join => control.is_empty() && body.count() == 0,
    };
    if fits { Ok(()) } else { Err(Error::malformed("commit", "it carries what its kind does not")) }
}

#[cfg(test)]
mod tests;
