//! The state under the commit latch, and how one commit enters it (R27).
//!
//! Promises: what is admitted is in the graph, the heads and the linearizer, or in none of them; HLC and sequence
//! number only rise. Does not wait for the disk: the caller enqueues, publishes, and lets go of the latch.

use super::held::Room;
use super::known::Knowledge;
use super::record;
use super::shown::Shown;
use super::unsigned::Unsigned;
use crate::limits::REMEMBERED_BATCHES;
use dag::admit::{Ground, MAX_CLOCK_SKEW_MILLIS, Promise, Window, admit_segment, ruled_out};
use dag::author_key::AuthorKey;
use dag::change::ChangeSet;
use dag::commit::Commit;
use dag::control::ControlRecord;
use dag::genesis::Genesis;
use dag::header::{CommitKind, Header, MAX_PARENTS};
use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, EntityId, GenesisId, NodeId, RunId};
use dag::row_key::Key;
use dag::tip::{SignedTip, Tip};
use dag::vertex::Vertex;
use linearizer::commit::Ordered;
use linearizer::finality::{Finality, Mark, Word};
use linearizer::linearizer::{Checked, Linearizer, NoHistory};
use linearizer::offer;
use linearizer::order::Place;
use linearizer::view::ViewError;
use sql::error::SqlError;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

/// A tip that came before its commit.
pub struct Early {
    /// When it came, milliseconds since 1970.
    pub since: u64,
    /// The tip, verified.
    pub signed: SignedTip,
}

/// The keys that fetched commits changed, batch by batch (R27 step 1).
#[derive(Default)]
pub struct Fetched {
    batches: u64,
    keys: VecDeque<HashSet<(EntityId, Key)>>,
}

impl Fetched {
    /// Batches so far.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// One more batch changed these keys.
    pub fn note(&mut self, keys: HashSet<(EntityId, Key)>) {
        self.batches += 1;
        self.keys.push_back(keys);
        if self.keys.len() > REMEMBERED_BATCHES {
            self.keys.pop_front();
        }
    }

    /// Whether one of these keys was changed after `basis` batches; yes if nobody remembers that far back.
    pub fn changed_since(&self, basis: u64, keys: &mut dyn Iterator<Item = (EntityId, &[u8])>) -> bool {
        let newer = self.batches.saturating_sub(basis);
        if newer == 0 {
            return false;
        }
        let remembered = self.keys.len() as u64;
        if newer > remembered {
            return true;
        }
        let since = (remembered - newer) as usize;
        for (space, key) in keys {
            let wanted = (space, Key(key.into()));
            if self.keys.iter().skip(since).any(|batch| batch.contains(&wanted)) {
                return true;
            }
        }
        false
    }
}

/// The state under the latch.
pub struct Writer {
    key: AuthorKey,
    run: RunId,
    ground: Ground,
    /// Number of this run's last commit.
    pub seq: u64,
    /// The author's last commit, of any run.
    pub prev: Option<CommitId>,
    /// The greatest time given out or seen.
    pub hlc: Hlc,
    /// The commits and what admission asks of them.
    pub known: Knowledge,
    /// The heads.
    pub heads: Heads,
    /// The fold.
    pub linearizer: Linearizer,
    /// Commits up to here have left memory: a checkpoint cut below it could not say where in the log those above it
    /// stand.
    pub let_go: Option<Place>,
    /// What fetched batches changed.
    pub fetched: Fetched,
    /// Own commits written since the last signed tip (R14).
    pub unsigned: Unsigned,
    /// What came and may not enter yet.
    pub room: Room,
    /// Segments that were held when the last run ended, until they are looked at again.
    pub held_before: Vec<CommitId>,
    /// What may leave (R14).
    pub shown: Shown,
    /// What everybody promised and heard, this replica included (R15, R16).
    pub finality: Finality,
    /// Tips that came before their commits: the newest of each member.
    pub early: BTreeMap<AuthorId, Early>,
    /// Stable as last handed to the disk.
    pub recorded: Hlc,
    /// The network was told that a tip is due.
    pub told_due: bool,
    /// The newest voucher that the last own tip names.
    pub vouched: Option<NodeId>,
    /// Behind which commit each member has cut its newest stable checkpoint, as its tips say (R30).
    pub cuts: BTreeMap<AuthorId, CommitId>,
}

/// A commit to be written: everything but its place.
pub struct Contents<'a> {
    /// Data, control or join.
    pub kind: CommitKind,
    /// Row and schema changes: shared with the commit and the fold, never copied.
    pub changes: Arc<ChangeSet>,
    /// Control records.
    pub control: &'a [ControlRecord],
    /// Parked commits it settles, sorted.
    pub settles: Vec<CommitId>,
    /// The SQL user.
    pub user: &'a str,
    /// The run's next hidden row number.
    pub next_hidden: u64,
}

impl Writer {
    /// A writer over recovered state.
    pub fn new(
        key: AuthorKey,
        run: RunId,
        genesis: &Genesis,
        known: Knowledge,
        heads: Heads,
        linearizer: Linearizer,
    ) -> Self {
        let ground = Ground { genesis: genesis.id(), founder: genesis.founder };
        let fetched = Fetched::default();
        let hlc = Hlc::default();
        Writer {
            finality: Finality::new(key.id(), Hlc::default()),
            key,
            run,
            ground,
            seq: 0,
            prev: None,
            hlc,
            known,
            heads,
            linearizer,
            let_go: None,
            fetched,
            unsigned: Unsigned::default(),
            room: Room::default(),
            held_before: Vec::new(),
            shown: Shown::default(),
            early: BTreeMap::new(),
            recorded: Hlc::default(),
            told_due: false,
            vouched: None,
            cuts: BTreeMap::new(),
        }
    }

    /// Who writes.
    pub fn author(&self) -> AuthorId {
        self.key.id()
    }

    /// This start of the process.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The author key.
    pub fn key(&self) -> &AuthorKey {
        &self.key
    }

    /// The database.
    pub fn genesis(&self) -> GenesisId {
        self.ground.genesis
    }

    /// What admission takes from genesis.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The time of the next commit. Error: 1290 when it would lie too far ahead of the clock (R9).
    pub fn next_hlc(&self, now_millis: u64) -> Result<Hlc, SqlError> {
        // Above stable, too, of which a recovery key has promised nothing.
        let next = self.hlc.max(self.finality.promise()).max(self.recorded).after(now_millis);
        if next.millis() > now_millis + MAX_CLOCK_SKEW_MILLIS {
            let ahead = next.millis() - now_millis;
            return Err(SqlError::new(
                1290,
                format!(
                    "This replica's clock is {ahead} ms behind what it has already seen; writes are refused until it is right (headwaters doctor)"
                ),
            ));
        }
        Ok(next)
    }

    /// The parents of the next commit: all heads, or as many as one commit may join (R7).
    pub fn parents(&self) -> Vec<CommitId> {
        let mut parents = self.heads.newest(MAX_PARENTS);
        if let Some(prev) = self.prev.filter(|prev| self.heads.contains(prev) && !parents.contains(prev)) {
            parents.pop();
            parents.push(prev);
        }
        parents.sort_unstable();
        parents
    }

    /// The header of the next commit.
    pub fn header(&self, contents: &Contents<'_>, now_millis: u64) -> Result<Header, SqlError> {
        let user = BTreeMap::from([("user".to_owned(), contents.user.as_bytes().to_vec())]);
        Ok(Header {
            prev: self.prev.or_else(|| self.known.admission(&self.author())),
            parents: self.parents(),
            hlc: self.next_hlc(now_millis)?,
            kind: contents.kind,
            settles: contents.settles.clone(),
            next_hidden: contents.next_hidden,
            extensions: if contents.user.is_empty() { BTreeMap::new() } else { user },
            ..Header::bare(self.ground.genesis, self.author(), self.run, self.seq + 1)
        })
    }
}

impl Writer {
    /// Passes an own commit through the same admission as anybody's (R3) and enters it into the graph.
    pub fn admit_own(&mut self, commit: &Commit, now_millis: u64) -> Result<Vertex, SqlError> {
        let mut segment = admit_segment(&[record::candidate(commit)], &self.ground, &mut self.known, now_millis)
            .map_err(|(_, verdict)| {
                SqlError::new(1290, format!("This replica may not write: {verdict:?}; see headwaters doctor"))
            })?;
        let admitted = segment.pop().ok_or_else(|| SqlError::new(1105, "The commit is here already"))?;
        Ok(admitted.vertex)
    }

    /// A verified tip whose commit is admitted: its promise and floor count (R15, R16). `false`: nothing new in it.
    pub fn note_tip(&mut self, tip: &Tip) -> bool {
        self.known.note_promise(tip.author, Promise { through: tip.promise, commit: tip.commit });
        if let Some(broken) = ruled_out(tip, &self.known)
            && !self.finality.marks(&tip.author).contains(&Mark::BrokePromise)
        {
            tracing::warn!(author = %tip.author, commit = %broken, through = %tip.promise, "a promise rules out a commit that is here: its author is marked (R15)");
            self.finality.mark(tip.author, Mark::BrokePromise);
        }
        let word = Word { promise: tip.promise, floor: tip.floor, floor_hash: tip.floor_hash };
        let is_new = self.finality.heard(tip.author, word);
        if is_new && tip.author == self.author() {
            self.vouched = offer::vouchers(tip).next_back();
        } else if let Some(cut) = offer::cut(tip).filter(|_| is_new) {
            self.cuts.insert(tip.author, cut);
        }
        is_new
    }

    /// Takes back a commit that could not be enqueued.
    pub fn withdraw(&mut self, vertex: &Vertex) {
        self.known.leave(vertex);
    }

    /// An admitted own commit becomes a head and part of the merge.
    pub fn fold_own(&mut self, ordered: Ordered, vertex: &Vertex, checked: Option<Checked>) -> Result<(), ViewError> {
        self.seq = vertex.seq;
        self.prev = Some(vertex.id);
        self.hlc = vertex.hlc;
        self.heads.advance(vertex);
        self.shown.wrote(vertex.clone());
        let ordered = Arc::new(ordered);
        let changes = match checked {
            Some(checked) => self.linearizer.add_checked(ordered, checked)?,
            None => self.linearizer.add(vec![ordered], &NoHistory)?,
        };
        let parked = changes.outcomes.iter().find(|(id, _, outcome)| *id == vertex.id && !outcome.is_applied());
        if let Some((_, _, outcome)) = parked {
            // R27 forbids it: the check just said "applied" on the same state.
            tracing::error!(commit = %vertex.id, ?outcome, "a commit was parked at birth");
        }
        debug_assert!(parked.is_none(), "parked at birth: {parked:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[u8]) -> HashSet<(EntityId, Key)> {
        names.iter().map(|n| (EntityId([1; 32]), Key::from(vec![*n]))).collect()
    }

    fn asks(fetched: &Fetched, basis: u64, name: u8) -> bool {
        let key = [name];
        fetched.changed_since(basis, &mut std::iter::once((EntityId([1; 32]), &key[..])))
    }

    #[test]
    fn only_batches_behind_the_basis_count() {
        let mut fetched = Fetched::default();
        fetched.note(keys(&[1]));
        fetched.note(keys(&[2]));
        assert!(asks(&fetched, 0, 1) && asks(&fetched, 0, 2));
        assert!(!asks(&fetched, 1, 1) && asks(&fetched, 1, 2));
        assert!(!asks(&fetched, 2, 2));
    }

    #[test]
    fn what_nobody_remembers_counts_as_changed() {
        let mut fetched = Fetched::default();
        (0..=REMEMBERED_BATCHES).for_each(|_| fetched.note(keys(&[])));
        assert!(asks(&fetched, 0, 9));
        assert!(!asks(&fetched, 1, 9));
    }
}
