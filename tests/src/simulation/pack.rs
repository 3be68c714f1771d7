//! Commits and tips as bytes.
//!
//! Stand-in until `dag::commit` is on trunk.

use dag::author_key::{AuthorKey, verify};
use dag::change::ChangeSet;
use dag::header::Header;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, RunId};
use std::cell::RefCell;
use std::collections::HashMap;
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
    /// Its canonical bytes.
    pub bytes: Arc<[u8]>,
}

/// A tip whose signature holds.
#[derive(Clone, Debug)]
pub struct OpenedTip {
    /// Who signed it.
    pub author: AuthorId,
    /// The chain's run.
    pub run: RunId,
    /// The number of its commit.
    pub seq: u64,
    /// Its commit.
    pub commit: CommitId,
    /// The promise (R15).
    pub promise: Hlc,
    /// Its canonical bytes.
    pub bytes: Arc<[u8]>,
}

thread_local! {
    static REGISTRY: RefCell<HashMap<[u8; 32], Arc<Opened>>> = RefCell::default();
    static TIPS: RefCell<HashMap<Vec<u8>, OpenedTip>> = RefCell::default();
}

/// Makes a commit.
pub fn seal(header: Header, changes: ChangeSet) -> Arc<Opened> {
    let id = *blake3::hash(format!("{header:?}{changes:?}").as_bytes()).as_bytes();
    let opened = Arc::new(Opened { id: CommitId(id), header, changes: Arc::new(changes), bytes: Arc::from(&id[..]) });
    REGISTRY.with_borrow_mut(|registry| registry.insert(id, opened.clone()));
    opened
}

/// Reads a commit.
pub fn open(bytes: &[u8]) -> Option<Arc<Opened>> {
    REGISTRY.with_borrow(|registry| registry.get(bytes).cloned())
}

/// Signs a tip.
pub fn sign(key: &AuthorKey, commit: &Opened, promise: Hlc) -> OpenedTip {
    let (author, run, seq) = (key.id(), commit.header.run, commit.header.seq);
    let text = format!("{author}{run:?}{seq}{}{promise}", commit.id);
    let bytes: Arc<[u8]> = Arc::from(&key.sign(text.as_bytes())[..]);
    let tip = OpenedTip { author, run, seq, commit: commit.id, promise, bytes: bytes.clone() };
    TIPS.with_borrow_mut(|tips| tips.insert(bytes.to_vec(), tip.clone()));
    tip
}

/// Reads a tip.
pub fn open_tip(bytes: &[u8]) -> Option<OpenedTip> {
    let tip = TIPS.with_borrow(|tips| tips.get(bytes).cloned())?;
    let text = format!("{}{:?}{}{}{}", tip.author, tip.run, tip.seq, tip.commit, tip.promise);
    verify(&tip.author, text.as_bytes(), bytes.try_into().ok()?).then_some(tip)
}
