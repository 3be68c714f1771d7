//! Opening a folder: lock, log, checkpoints, and the commits behind the last checkpoint.
//!
//! Promises: everything that was acknowledged is there, or opening fails and names the damage; a checkpoint whose trees
//! are lost is passed over and the log folded again. Costs what lies behind the last checkpoint.

use super::Progress;
use super::clone::{Cloned, Stand};
use super::counters::Counters;
use super::finality;
use super::founding;
use super::history::LogHistory;
use super::kept::{Kept, Marks};
use super::known::Knowledge;
use super::local::{Local, Parts};
use super::record::{self, Stored};
use super::writer::Writer;
use crate::config::Config;
use crate::failure::Failure;
use crate::limits::{FOLD_BATCH, NODE_CACHE_BYTES};
use dag::admit::{Known, Promise, Window};
use dag::clock::{Clock, Entropy, System};
use dag::control::Members;
use dag::controls::KeptFrontier;
use dag::disk::{Disk, Files};
use dag::genesis::Genesis;
use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::{CommitId, RunId};
use dag::slots::Slots;
use dag::store::{Committer, Entry, Kind, Limits, Log, Options, Position, StoreError, TreeStore};
use dag::tip::SignedTip;
use dag::tree::{Shape, Trees};
use dag::vertex::Vertex;
use linearizer::checkpoint::Checkpoint;
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::finality::{Mark, Word};
use linearizer::linearizer::Linearizer;
use linearizer::order::Place;
use linearizer::window::Base;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Opens the folder.
pub fn open(config: &Config, progress: &Progress<'_>) -> Result<Arc<Local>, Failure> {
    if !founding::is_founded(&config.data) {
        let text = format!("{} holds no database; found one with: headwaters --data {0} start", config.data.display());
        return Err(Failure::usage(text));
    }
    let genesis = founding::load_genesis(&config.data)?;
    let key = founding::load_key(&config.data)?;
    let disk: Arc<dyn Disk> = Arc::new(Files::open(&config.data).map_err(refused)?);
    let (log, recovery) = Log::open(disk.clone(), Options::default()).map_err(refused)?;
    if let Some((file, offset)) = recovery.cut {
        tracing::warn!(file, offset, "a torn tail was cut: writes that nobody was told of");
    }
    let (tree_store, _) = TreeStore::open(disk).map_err(refused)?;
    let (log, tree_store) = (Arc::new(log), Arc::new(tree_store));
    let trees = Trees::new(tree_store.clone(), Shape::new(genesis.tree_key.into_array()), NODE_CACHE_BYTES);
    let system = Arc::new(System::new());
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) = (system.clone(), system);
    let run = random_run(&*entropy)?;
    let runs = record::runs(&log, &genesis);
    let cloned = Cloned::load(&log)?;
    let stand = Stand::load(&log).map_err(refused)?;
    let mut opening = Opening::begin(&genesis, &log, (&tree_store, &trees), run, key, cloned.clone())?;
    opening.read_tail(&log, &runs, progress)?;
    opening.resume(&log)?;
    let Opening { writer, counters, .. } = opening;
    let committer = Committer::start(log.clone(), Limits::default())
        .map_err(|e| Failure::environment(format!("cannot start the committing thread: {e}")))?;
    let config = config.clone();
    Ok(Local::new(Parts {
        config,
        genesis,
        clock,
        entropy,
        log,
        committer,
        tree_store,
        trees,
        runs,
        counters,
        cloned,
        stand,
        writer,
    }))
}

/// The store's error as a failure of the verb.
pub fn refused(error: StoreError) -> Failure {
    match error {
        StoreError::Damaged { .. } | StoreError::MissingFile { .. } => Failure::Damaged(error.to_string()),
        other => Failure::environment(other.to_string()),
    }
}

fn random_run(entropy: &dyn Entropy) -> Result<RunId, Failure> {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes).map_err(|e| Failure::environment(e.to_string()))?;
    Ok(RunId(u64::from_be_bytes(bytes)))
}

/// Where peers cut main, by genesis.
pub fn cuts(genesis: &Genesis) -> Cuts {
    Cuts { epoch_millis: genesis.epoch_millis, ..Cuts::default() }
}

/// A state being recovered.
struct Opening {
    writer: Writer,
    counters: Counters,
    marks: Marks,
    waiting: Vec<Arc<Ordered>>,
    /// Own commits since the last tip of their run.
    unsigned: BTreeMap<RunId, Vec<Vertex>>,
}

impl Opening {
    /// From the newest checkpoints that can be read; from nothing if there are none.
    fn begin(
        genesis: &Genesis,
        log: &Arc<Log>,
        (store, trees): (&TreeStore, &Trees),
        run: RunId,
        key: dag::author_key::AuthorKey,
        cloned: Option<Arc<Cloned>>,
    ) -> Result<Self, Failure> {
        let kept = Kept::load(log).map_err(refused)?;
        let mut known = Knowledge::new(log.clone(), Members::founding(genesis));
        let nothing = Marks { scan_from: Position::START, adopted_at: Position::START };
        let opened = kept.as_ref().and_then(|kept| open_checkpoints(kept, store, trees));
        if let Some(cloned) = cloned {
            if opened.is_none() {
                let text = format!(
                    "the checkpoint's trees are damaged or lost, and they cannot be made again: {}; move the data \
                     folder away and clone again",
                    cloned.refusal()
                );
                return Err(Failure::Damaged(text));
            }
            known.stand_on(cloned);
        }
        let linearizer = match &opened {
            Some(checkpoints) => Linearizer::open(cuts(genesis), checkpoints.clone()),
            None => Linearizer::new(cuts(genesis)),
        };
        let author = key.id();
        let writer = Writer::new(key, run, genesis, known, Heads::new(), linearizer);
        let mut opening = Opening {
            writer,
            counters: Counters::new(Slots::founding(genesis).share(&author)),
            marks: nothing,
            waiting: Vec::new(),
            unsigned: BTreeMap::new(),
        };
        if let (Some(kept), Some(checkpoints)) = (kept, opened) {
            opening.restore(kept, &checkpoints, log)?;
        }
        Ok(opening)
    }

    fn restore(&mut self, kept: Kept, checkpoints: &[(Checkpoint, Base)], log: &Log) -> Result<(), Failure> {
        self.marks = kept.marks();
        self.writer.let_go = checkpoints.last().map(|(newest, _)| newest.place);
        let frontier = checkpoints.last().map(|(c, _)| c.frontier.clone()).unwrap_or_default();
        for id in frontier {
            let vertex = match self.writer.known.below_clone(&id) {
                Some(vertex) => vertex,
                None => stored(log, id)?.vertex(),
            };
            self.writer.known.rest_on(vertex.clone());
            self.writer.heads.advance(&vertex);
            self.writer.shown.stored(&vertex);
        }
        self.writer.known.chains.restore(kept.chains);
        for KeptFrontier(id, below) in &kept.controls {
            if self.writer.known.below_clone(id).is_none() {
                let stored = stored(log, *id)?;
                self.writer.known.controls.restore(&stored.vertex(), stored.commit.control.to_vec(), below);
            }
        }
        for KeptFrontier(id, frontier) in &kept.ground {
            self.writer.known.controls.restore_ground(*id, frontier);
        }
        for (author, through, commit) in kept.promises {
            self.writer.known.note_promise(author, Promise { through, commit });
            self.writer.finality.heard(author, Word { promise: through, ..Word::default() });
        }
        for (author, floor, floor_hash) in kept.floors {
            self.writer.finality.heard(author, Word { promise: Hlc::default(), floor, floor_hash });
        }
        let own = Word { promise: kept.promise, ..Word::default() };
        self.writer.finality.heard(self.writer.author(), own);
        self.counters.restore(kept.counters);
        self.writer.held_before = kept.held;
        self.writer.prev = kept.prev;
        if let Some(tip) = kept.prev.and_then(|prev| log.get(Kind::TIP, &prev.0).ok().flatten()) {
            self.writer.shown.stored_tip(tip);
        }
        self.writer.hlc = kept.hlc;
        Ok(())
    }

    /// Reads the log behind the last checkpoint.
    fn read_tail(&mut self, log: &Log, runs: &Trees, progress: &Progress<'_>) -> Result<(), Failure> {
        let end = log.end();
        let total = span(self.marks.scan_from, end);
        let mut failed = None;
        log.scan(self.marks.scan_from, &mut |entry| {
            progress(span(self.marks.scan_from, entry.position), total);
            match self.take(&entry, log, runs) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    failed = Some(failure);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(refused)?;
        progress(total, total);
        failed.map_or(Ok(()), Err)?;
        self.leave_unsigned();
        self.fold(log, runs)
    }

    fn take(&mut self, entry: &Entry<'_>, log: &Log, runs: &Trees) -> Result<(), Failure> {
        if entry.kind == Kind::TIP {
            self.take_tip(entry);
            return Ok(());
        }
        if entry.kind == Kind::HELD {
            self.writer.held_before.push(CommitId(*entry.id));
            return Ok(());
        }
        let Some(stored) = record::of_entry(entry) else { return Ok(()) };
        let stored = stored.map_err(Failure::Damaged)?;
        let vertex = stored.vertex();
        if self.is_below(&stored) && entry.position < self.marks.adopted_at {
            return Ok(());
        }
        self.writer.known.enter(&vertex, &record::candidate(&stored.commit));
        // `enter` takes it for one that is yet to be written, behind all that stands; the next opening must begin here.
        self.writer.known.entered.insert(vertex.id, entry.position);
        self.writer.heads.advance(&vertex);
        self.writer.hlc = self.writer.hlc.max(vertex.hlc);
        if vertex.author == self.writer.author() {
            self.take_own(vertex);
        } else {
            self.writer.shown.stored(&vertex);
        }
        let changes = stored.changes(runs).map_err(Failure::Damaged)?;
        self.waiting.push(Arc::new(record::ordered(&stored.commit, changes)));
        if self.waiting.len() >= FOLD_BATCH || stored.commit.changes().is_none() {
            self.fold(log, runs)
        } else {
            Ok(())
        }
    }

    fn is_below(&self, stored: &Stored) -> bool {
        let header = &stored.commit.header;
        let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
        self.writer.linearizer.checkpoints().next_back().is_some_and(|checkpoint| place <= checkpoint.place)
    }

    /// The last own commit is the last in the order (R6, R20), not in the log: after a restored backup the commits that it
    /// did not have come back from others, behind those of the run since.
    fn take_own(&mut self, vertex: Vertex) {
        let place = |v: &Vertex| Place::new(v.hlc, v.author, v.run, v.id);
        let last = self.writer.prev.and_then(|prev| self.writer.known.vertex(&prev));
        if last.is_none_or(|last| place(&last) < place(&vertex)) {
            self.writer.prev = Some(vertex.id);
        }
        self.unsigned.entry(vertex.run).or_default().push(vertex);
    }

    fn take_tip(&mut self, entry: &Entry<'_>) {
        let Ok(signed) = SignedTip::verify(entry.bytes) else { return };
        let tip = signed.tip;
        if tip.author == self.writer.author() {
            let of_run = self.unsigned.get(&tip.run);
            if of_run.and_then(|commits| commits.last()).is_some_and(|last| last.id == tip.commit) {
                let signed = self.unsigned.remove(&tip.run).unwrap_or_default();
                signed.iter().for_each(|vertex| self.writer.shown.stored(vertex));
            }
            if self.writer.prev == Some(tip.commit) {
                self.writer.shown.stored_tip(entry.bytes.into());
            }
        }
        self.writer.note_tip(&tip);
    }

    /// What a crash left unsigned was written here, in the last run before: whatever came from others came with a tip. It
    /// is signed before anything is written behind it (R14).
    fn leave_unsigned(&mut self) {
        for vertex in std::mem::take(&mut self.unsigned).into_values().flatten() {
            self.writer.prev = Some(vertex.id);
            self.writer.unsigned.leave();
            self.writer.shown.wrote(vertex);
        }
    }

    /// Takes finality up again: stable as it was recorded, and the own tip as the last word told.
    fn resume(&mut self, log: &Log) -> Result<(), Failure> {
        let stable = finality::recorded(log).map_err(refused)?;
        self.writer.recorded = stable;
        self.writer.finality.resume(stable);
        self.writer.known.closed = self.writer.finality.closed();
        if stable > Hlc::default() {
            self.writer.linearizer.set_stable(stable);
        }
        let equivocators = self.writer.known.chains.equivocators();
        equivocators.into_iter().for_each(|author| self.writer.finality.mark(author, Mark::Equivocated));
        Ok(())
    }

    fn fold(&mut self, log: &Log, runs: &Trees) -> Result<(), Failure> {
        let commits = std::mem::take(&mut self.waiting);
        let replayed = commits.clone();
        let Writer { linearizer, known, .. } = &mut self.writer;
        let history = LogHistory { log, runs, known };
        linearizer.add(commits, &history).map_err(|e| Failure::Damaged(e.to_string()))?;
        let view = self.writer.linearizer.view();
        let own = replayed.iter().filter(|commit| commit.author == self.writer.author());
        own.for_each(|commit| self.counters.replay(&commit.changes, view.catalogue()));
        Ok(())
    }
}

/// The bases of all checkpoints; `None` if one cannot be read: then the log is folded again.
fn open_checkpoints(kept: &Kept, store: &TreeStore, trees: &Trees) -> Option<Vec<(Checkpoint, Base)>> {
    let open = |checkpoint: &Checkpoint| match checkpoint.open(store, trees) {
        Ok(base) => Some((checkpoint.clone(), base)),
        Err(error) => {
            tracing::warn!(%error, position = checkpoint.position(), "a checkpoint cannot be read: folding the whole log again");
            None
        }
    };
    kept.checkpoints.iter().map(open).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

fn stored(log: &Log, id: CommitId) -> Result<Stored, Failure> {
    let found = record::find(log, &id).map_err(refused)?;
    found.ok_or_else(|| Failure::Damaged(format!("commit {id}, which a checkpoint stands on, is not in the log; restore the folder from a backup or another member")))
}

/// Bytes between two positions, for the progress bar: segments count as full.
fn span(from: Position, to: Position) -> u64 {
    let flat = |p: Position| p.segment * Options::default().segment_bytes + p.offset;
    flat(to).saturating_sub(flat(from))
}
