//! Commits as log records: the author's bytes behind a local generation number.
//!
//! The generation is this replica's own (it follows from the graph); keeping it saves reading all ancestors when an old
//! commit is looked up. Promises: what is read back is checked against the id it is stored under.

use dag::admit::Candidate;
use dag::change::ChangeSet;
use dag::commit::{Checked, Commit, Received};
use dag::control::ControlRecord;
use dag::genesis::Genesis;
use dag::header::CommitKind;
use dag::hlc::Hlc;
use dag::id::CommitId;
use dag::store::{Entry, Kind, Log, Record, StoreError};
use dag::tree::{Shape, Trees};
use dag::vertex::Vertex;
use linearizer::commit::Ordered;
use std::sync::Arc;

/// A commit read from the log.
pub struct Stored {
    /// The commit.
    pub commit: Commit,
    /// Its generation here.
    pub generation: u64,
}

impl Stored {
    /// Its place in the graph.
    pub fn vertex(&self) -> Vertex {
        Vertex::of(self.commit.id, &self.commit.header, self.generation)
    }

    /// Its changes, gathered from `runs` if they are in trees (R10). Error: an object is missing or damaged.
    pub fn changes(&self, runs: &Trees) -> Result<Arc<ChangeSet>, String> {
        changes(&self.commit, runs)
    }
}

/// The changes of a commit, wherever they are.
pub fn changes(commit: &Commit, runs: &Trees) -> Result<Arc<ChangeSet>, String> {
    match commit.changes() {
        Some(changes) => Ok(changes),
        None => commit.gather(runs).map(Arc::new).map_err(|error| format!("commit {}: {error}", commit.id)),
    }
}

/// The trees of large commits, read from the log. The cache is small: they are read from end to end, once.
pub fn runs(log: &Arc<Log>, genesis: &Genesis) -> Trees {
    const CACHE_BYTES: usize = 1 << 20;
    Trees::new(log.clone(), Shape::new(genesis.tree_key.into_array()), CACHE_BYTES)
}

/// The record of a commit.
pub fn of_commit(commit: &Commit, generation: u64) -> Record {
    Record::joined(Kind::COMMIT, commit.id.0, &generation.to_le_bytes(), commit.bytes())
}

/// The author's bytes within a commit's record; `None` for a record that is too short.
pub fn commit_bytes(record: &[u8]) -> Option<&[u8]> {
    record.split_first_chunk::<8>().map(|(_, bytes)| bytes)
}

/// Reads a commit's record.
pub fn read(id: CommitId, bytes: &[u8]) -> Result<Stored, String> {
    let (generation, bytes) =
        bytes.split_first_chunk::<8>().ok_or_else(|| format!("commit {id}: the record is too short"))?;
    match Received(bytes.into()).verify() {
        Ok(Checked::Commit(commit)) if commit.id == id => {
            Ok(Stored { commit, generation: u64::from_le_bytes(*generation) })
        }
        Ok(Checked::Commit(commit)) => {
            Err(format!("commit {id}: the bytes stored under it are those of {}", commit.id))
        }
        Ok(Checked::Held(held)) => {
            Err(format!("commit {id}: version {} is not known here; upgrade headwaters", held.version))
        }
        Err(error) => Err(format!("commit {id}: {error}")),
    }
}

/// Reads a log entry if it is a commit.
pub fn of_entry(entry: &Entry<'_>) -> Option<Result<Stored, String>> {
    (entry.kind == Kind::COMMIT).then(|| read(CommitId(*entry.id), entry.bytes))
}

/// A commit's place in the graph and its control records.
pub type Outline = (Vertex, Arc<[ControlRecord]>);

/// The outline of a log entry, if it is a commit. Of one that can have no control records only the header
/// is read: the log's checksum vouches for its bytes, and every one of a million is asked for.
pub fn outline(entry: &Entry<'_>) -> Option<Result<Outline, String>> {
    let whole = |stored: Stored| (stored.vertex(), stored.commit.control);
    let outline = || {
        let (generation, bytes) = entry.bytes.split_first_chunk::<8>().ok_or("a commit's record is too short")?;
        let header = dag::commit::header_of(bytes).map_err(|error| error.to_string())?;
        match header.kind {
            CommitKind::Control => read(CommitId(*entry.id), entry.bytes).map(whole),
            CommitKind::Data | CommitKind::Join => {
                Ok((Vertex::of(CommitId(*entry.id), &header, u64::from_le_bytes(*generation)), Arc::default()))
            }
        }
    };
    (entry.kind == Kind::COMMIT).then(outline)
}

/// The time in a commit's record; nothing else of it is checked.
pub fn time_of(bytes: &[u8]) -> Result<Hlc, String> {
    let (_, bytes) = bytes.split_first_chunk::<8>().ok_or("a commit's record is too short")?;
    dag::commit::header_of(bytes).map(|header| header.hlc).map_err(|error| error.to_string())
}

/// The commit of that id in the log.
pub fn find(log: &Log, id: &CommitId) -> Result<Option<Stored>, StoreError> {
    let Some(bytes) = log.get(Kind::COMMIT, &id.0)? else { return Ok(None) };
    match read(*id, &bytes) {
        Ok(stored) => Ok(Some(stored)),
        Err(reason) => {
            tracing::error!(%reason, "a stored commit cannot be read");
            Ok(None)
        }
    }
}

/// The vertex of a commit in the log.
pub fn read_vertex(log: &Log, id: &CommitId) -> Result<Option<Vertex>, StoreError> {
    Ok(find(log, id)?.map(|stored| stored.vertex()))
}

/// A commit as admission takes it.
pub fn candidate(commit: &Commit) -> Candidate<'_> {
    Candidate { id: commit.id, header: &commit.header, records: &commit.control }
}

/// A commit as the fold takes it.
pub fn ordered(commit: &Commit, changes: Arc<ChangeSet>) -> Ordered {
    Ordered {
        id: commit.id,
        parents: commit.header.parents.clone(),
        hlc: commit.header.hlc,
        author: commit.header.author,
        run: commit.header.run,
        seq: commit.header.seq,
        settles: commit.header.settles.clone(),
        changes,
        bytes: commit.content_bytes(),
    }
}
