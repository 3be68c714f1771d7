//! Commits and tips as bytes.
//!
//! Stand-in until `dag::commit` is on trunk.

use dag::admit::Candidate;
use dag::author_key::AuthorKey;
use dag::change::ChangeSet;
use dag::control::ControlRecord;
use dag::header::Header;
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId};
use dag::tip::{SignedTip, Tip};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A commit and what is in it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its id.
    pub id: CommitId,
    /// Its header.
    pub header: Header,
    /// Its change set.
    pub changes: Arc<ChangeSet>,
    /// Its control records.
    pub records: Vec<ControlRecord>,
    /// Its canonical bytes.
    pub bytes: Arc<[u8]>,
}

/// A tip whose signature holds.
#[derive(Clone, Debug)]
pub struct OpenedTip {
    /// What was signed.
    pub signed: SignedTip,
    /// Its canonical bytes.
    pub bytes: Arc<[u8]>,
}

impl Opened {
    /// What admission looks at.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate { id: self.id, header: &self.header, records: &self.records }
    }
}

thread_local! {
    static REGISTRY: RefCell<HashMap<[u8; 32], Arc<Opened>>> = RefCell::default();
}

/// Makes a commit.
pub fn seal(header: Header, changes: ChangeSet, records: Vec<ControlRecord>) -> Arc<Opened> {
    let id = *blake3::hash(format!("{header:?}{changes:?}").as_bytes()).as_bytes();
    let opened =
        Arc::new(Opened { id: CommitId(id), header, changes: Arc::new(changes), records, bytes: Arc::from(&id[..]) });
    REGISTRY.with_borrow_mut(|registry| registry.insert(id, opened.clone()));
    opened
}

/// Reads a commit.
pub fn open(bytes: &[u8]) -> Option<Arc<Opened>> {
    REGISTRY.with_borrow(|registry| registry.get(bytes).cloned())
}

/// Signs a tip.
pub fn sign(key: &AuthorKey, commit: &Opened, promise: Hlc, frontier: [u8; 32]) -> OpenedTip {
    let Header { genesis, run, seq, .. } = commit.header;
    let tip = Tip {
        version: 1,
        genesis,
        author: key.id(),
        run,
        seq,
        commit: commit.id,
        promise,
        floor: Hlc::default(),
        floor_hash: NodeId([0; 32]),
        frontier: NodeId(frontier),
        extensions: BTreeMap::new(),
    };
    let signed = tip.sign(key);
    let bytes = Arc::from(signed.to_bytes());
    OpenedTip { signed, bytes }
}

/// Reads a tip.
pub fn open_tip(bytes: &[u8]) -> Option<OpenedTip> {
    let signed = SignedTip::verify(bytes).ok()?;
    Some(OpenedTip { signed, bytes: Arc::from(bytes) })
}
