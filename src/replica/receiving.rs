//! Commits of other authors, however they came: verified, admitted, stored, folded, in whole segments (R13).
//!
//! Promises: a segment enters whole or not at all; what is refused changes nothing and says why; nobody's bad segment
//! stops another's. Signatures and hashes are checked without the latch; however many segments come together, they cost
//! one hold of the latch, one write and one fold. Does not fetch: whoever has segments brings them.

use super::bodies::{Bodies, Lack};
use super::held::{self, Opened, Parcel};
use super::history::LogHistory;
use super::local::{Local, stopped};
use super::record;
use super::writer::Writer;
use dag::admit::{Admitted, Known, Verdict, Window, admit_segment};
use dag::commit::Segment;
use dag::error::Error;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, EntityId};
use dag::row_key::Key;
use dag::store::{Answer, Kind, Record};
use dag::tree::Need;
use dag::waiting::Until;
use gossip::{Admission, Fault, RawSegment};
use linearizer::commit::Ordered;
use linearizer::finality::Mark;
use sql::error::SqlError;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

/// What became of segments.
#[derive(Debug, Default)]
pub struct Taken {
    /// Commits that entered.
    pub entered: u64,
    /// Commits that were here already.
    pub known: u64,
    /// Segments that wait or are held, with why.
    pub waiting: Vec<String>,
    /// Segments that are invalid, with why.
    pub refused: Vec<(Fault, String)>,
    /// Commits that are nowhere here and that something waits for.
    pub missing: BTreeSet<CommitId>,
    /// Segments whose large commits' objects are not all here, by their last commits, with the roots to gather (R10).
    pub lacking: Vec<(CommitId, Vec<Need>)>,
}

impl Local {
    /// Takes the segments of one answer of a peer. Returns when what entered is on the disk.
    pub fn admit(&self, from: &AuthorId, segments: Vec<RawSegment>) -> Admission {
        match self.receive(from, segments) {
            Ok(taken) => {
                for (_, why) in &taken.refused {
                    tracing::warn!(peer = %from, %why, "a segment was refused");
                }
                Admission {
                    entered: taken.entered,
                    faults: taken.refused.iter().map(|(fault, _)| *fault).collect(),
                    missing: taken.missing.into_iter().collect(),
                    lacking: taken.lacking,
                }
            }
            Err(error) => {
                tracing::warn!(%error, "nothing is taken from peers now");
                Admission::default()
            }
        }
    }

    /// Takes segments that `from` brought: by the network, or in a file. Error: 1290, the disk takes no writes.
    pub fn receive(&self, from: &AuthorId, segments: Vec<RawSegment>) -> Result<Taken, SqlError> {
        let since = self.clock.wall_millis();
        let parcel = |segment: RawSegment| Parcel {
            from: *from,
            since,
            commits: segment.commits.into_iter().map(|commit| commit.into_vec().into()).collect(),
            tip: segment.tip.into_vec().into(),
            stored: false,
        };
        self.take(segments.into_iter().map(parcel).collect())
    }

    /// Takes parcels in any order: those whose ancestors come later in the same call are tried again. Returns when what
    /// entered is on the disk. Error: 1290, the replica takes no writes.
    pub fn take(&self, parcels: Vec<Parcel>) -> Result<Taken, SqlError> {
        if let Some(refused) = self.disk_refusal() {
            return Err(refused);
        }
        let mut taken = Taken::default();
        let mut opened = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            match Opened::open(parcel) {
                Ok(each) => opened.extend(self.gather(each, &mut taken)),
                Err(error @ Error::Limit { .. }) => taken.refused.push((Fault::TooLarge, error.to_string())),
                Err(error) => taken.refused.push((Fault::Invalid, error.to_string())),
            }
        }
        self.take_opened(opened, taken)
    }

    /// The changes that a segment keeps in trees; `None`: its objects are not all here, or it is invalid.
    fn gather(&self, mut opened: Opened, taken: &mut Taken) -> Option<Opened> {
        let Ok(segment) = &opened.content else { return Some(opened) };
        match self.bodies(segment) {
            Ok(bodies) => {
                opened.bodies = Some(bodies);
                return Some(opened);
            }
            Err(Lack::Objects(id, count, roots)) => {
                taken.lacking.push((segment.tip.tip.commit, roots));
                taken.waiting.push(format!("commit {id} waits for {count} or more objects of its changes (R10)"));
            }
            Err(Lack::Invalid(id, why)) => taken.refused.push((Fault::Invalid, format!("commit {id}: {why}"))),
            Err(Lack::Unreadable(why)) => taken.waiting.push(why),
        }
        None
    }

    /// The same for parcels that were checked.
    pub fn take_opened(&self, opened: Vec<Opened>, taken: Taken) -> Result<Taken, SqlError> {
        let (stored, taken) = {
            let mut writer = self.latch();
            let mut pass = Pass {
                local: self,
                now: self.clock.wall_millis(),
                writer: &mut writer,
                taken,
                records: Vec::new(),
                held: Vec::new(),
                entered: Vec::new(),
                overflow: Vec::new(),
            };
            pass.run(opened);
            (pass.finish()?, pass.taken)
        };
        if let Some(stored) = stored {
            stored.wait_blocking().map_err(|e| stopped(&e))?;
        }
        self.latch().shown.refresh();
        Ok(taken)
    }
}

/// A verified segment, with the changes of its large commits.
type Bodied = (Box<Segment>, Bodies);

/// One hold of the latch: admission of all segments, the disk's queue, one fold.
struct Pass<'a> {
    local: &'a Local,
    now: u64,
    writer: &'a mut Writer,
    taken: Taken,
    records: Vec<Record>,
    /// Segments whose records are held ones, by their last commits.
    held: Vec<CommitId>,
    entered: Vec<(Bodied, Vec<Admitted>)>,
    /// What found the waiting room full.
    overflow: Vec<(Opened, String)>,
}

impl Pass<'_> {
    fn run(&mut self, opened: Vec<Opened>) {
        let mut open: VecDeque<Opened> = opened.into();
        loop {
            let before = self.taken.entered;
            while let Some(next) = open.pop_front() {
                open.extend(self.consider(next));
            }
            if self.overflow.is_empty() || self.taken.entered == before {
                break;
            }
            open = std::mem::take(&mut self.overflow).into_iter().map(|(opened, _)| opened).collect();
        }
        let late = std::mem::take(&mut self.overflow);
        self.taken
            .waiting
            .extend(late.into_iter().map(|(_, why)| format!("{why}; too much waits already, bring it again")));
        let Writer { known, room, .. } = &*self.writer;
        self.taken.missing.retain(|id| known.vertex(id).is_none() && !room.contains(id));
    }

    /// One segment; gives what waited for it.
    fn consider(&mut self, opened: Opened) -> Vec<Opened> {
        let opened = if opened.bodies.is_some() { Some(opened) } else { self.local.gather(opened, &mut self.taken) };
        let Some(Opened { parcel, content, bodies }) = opened else { return Vec::new() };
        let segment = match content {
            Ok(segment) => segment,
            Err(unread) => {
                let why = format!("version {} is not known here: upgrade headwaters", unread.version);
                self.turn_away(Opened { parcel, content: Err(unread), bodies }, Until::Upgrade, why);
                return Vec::new();
            }
        };
        let candidates: Vec<_> = segment.commits.iter().map(record::candidate).collect();
        let ground = *self.writer.ground();
        match admit_segment(&candidates, &ground, &mut self.writer.known, self.now) {
            Ok(admitted) => self.enter((segment, bodies.unwrap_or_default()), admitted),
            Err((id, verdict)) => {
                let opened = Opened { parcel, content: Ok(segment), bodies };
                self.judge(opened, id, verdict);
                Vec::new()
            }
        }
    }

    fn enter(&mut self, (segment, bodies): Bodied, admitted: Vec<Admitted>) -> Vec<Opened> {
        self.taken.entered += admitted.len() as u64;
        self.taken.known += (segment.commits.len() - admitted.len()) as u64;
        let promise = self.writer.known.promise(&segment.tip.tip.author);
        let is_news = promise.is_none_or(|promise| promise.through < segment.tip.tip.promise);
        if admitted.is_empty() && !is_news {
            return Vec::new();
        }
        self.records.extend(records(&segment, &admitted));
        let mut free = Vec::new();
        for each in &admitted {
            free.extend(self.writer.room.arrived(&each.vertex.id, &self.local.log));
        }
        self.entered.push(((segment, bodies), admitted));
        free
    }

    fn judge(&mut self, opened: Opened, id: CommitId, verdict: Verdict) {
        match verdict {
            Verdict::Wait(missing) => {
                let why = format!("commit {id} waits for {} ancestors that are not here", missing.len());
                self.taken.missing.extend(&missing);
                self.turn_away(opened, Until::Parents(missing), why);
            }
            Verdict::HoldUntil(millis) => {
                let why = format!("commit {id} is from the future: held until its time (R9)");
                self.turn_away(opened, Until::Time(millis), why);
            }
            Verdict::HoldForUpgrade(level) => {
                let why = format!("commit {id} needs rules level {level}: upgrade headwaters");
                self.turn_away(opened, Until::Upgrade, why);
            }
            Verdict::BrokenPromise(promise) => {
                self.hold_proof(opened, id, Mark::BrokePromise, held::broken(promise.through))
            }
            Verdict::BelowClosed(through) => self.hold_proof(opened, id, Mark::BelowClosed, held::late(through)),
            Verdict::Invalid(invalid) => {
                self.taken.refused.push((Fault::Invalid, format!("commit {id}: {invalid}")));
            }
            Verdict::Admit { .. } => {}
        }
    }

    /// What only the members can decide about: kept aside, and its author marked (R15).
    fn hold_proof(&mut self, opened: Opened, id: CommitId, mark: Mark, why: String) {
        tracing::warn!(commit = %id, peer = %opened.parcel.from, %why, "kept as a proof");
        if let Ok(segment) = &opened.content {
            self.writer.finality.mark(segment.tip.tip.author, mark);
        }
        self.turn_away(opened, Until::Cut, why);
    }

    fn turn_away(&mut self, opened: Opened, until: Until, why: String) {
        let before = self.records.len();
        let last = opened.last();
        if let Some(opened) = self.writer.room.enter(opened, until, why.clone(), &mut self.records) {
            self.overflow.push((opened, why));
            return;
        }
        if self.records.len() > before {
            self.held.extend(last);
        }
        self.taken.waiting.push(why);
    }

    /// Hands the records to the disk and folds what entered. Error: the disk does not keep up, and nothing entered.
    fn finish(&mut self) -> Result<Option<Answer>, SqlError> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(None);
        }
        let stored = self.local.enqueue_all(records).inspect_err(|_| {
            let entered = self.entered.iter().rev().flat_map(|(_, admitted)| admitted.iter().rev());
            entered.for_each(|admitted| self.writer.known.leave(&admitted.vertex));
            self.writer.room.withdraw(&self.held);
        })?;
        let mut ordered = Vec::new();
        let mut vertices = Vec::new();
        for (segment, admitted) in std::mem::take(&mut self.entered) {
            ordered.extend(advance(self.writer, &segment, &admitted)?);
            self.local.watch_for_twin(&segment.0, &admitted);
            vertices.extend(admitted.into_iter().map(|admitted| admitted.vertex));
        }
        self.writer.shown.received(vertices, stored.clone());
        self.local.fold(self.writer, ordered)?;
        Ok(Some(stored))
    }
}

impl Local {
    fn fold(&self, writer: &mut Writer, entered: Vec<Arc<Ordered>>) -> Result<(), SqlError> {
        if entered.is_empty() {
            return Ok(());
        }
        let Writer { linearizer, known, .. } = writer;
        let history = LogHistory { log: &self.log, runs: &self.runs, known };
        let changes = linearizer.add(entered, &history).map_err(|e| SqlError::new(1030, e.to_string()))?;
        let keys: HashSet<(EntityId, Key)> =
            changes.keys.iter().flat_map(|(space, keys)| keys.iter().map(|key| (*space, key.clone()))).collect();
        writer.fetched.note(keys);
        self.note_demoted(writer, &changes);
        self.publish(writer);
        Ok(())
    }

    /// Commits of this author in a run of another process, from after this one's start, prove a second live instance:
    /// a copied folder (R6). A restored backup meets only its own older commits.
    fn watch_for_twin(&self, segment: &Segment, admitted: &[Admitted]) {
        let tip = &segment.tip.tip;
        let newest = admitted.last().map_or(Hlc::default(), |admitted| admitted.vertex.hlc);
        if tip.is_of_twin(&self.author, self.run, self.started_millis, newest) {
            self.stop_writing(&format!(
                "another live instance writes with this replica's author key (its run {})",
                tip.run.0
            ));
        }
    }
}

fn records(segment: &Segment, admitted: &[Admitted]) -> Vec<Record> {
    // Both in chain order: one pass.
    let mut new = admitted.iter().peekable();
    let mut taken = |id| new.next_if(|a| a.vertex.id == id);
    let commits = segment.commits.iter().filter_map(|c| taken(c.id).map(|a| record::of_commit(c, a.vertex.generation)));
    commits.chain([Record::new(Kind::TIP, segment.tip.tip.commit.0, segment.tip.to_bytes())]).collect()
}

/// The admitted commits of a segment become heads; gives them as the fold takes them.
fn advance(
    writer: &mut Writer,
    (segment, bodies): &Bodied,
    admitted: &[Admitted],
) -> Result<Vec<Arc<Ordered>>, SqlError> {
    let mut entered = Vec::with_capacity(admitted.len());
    let mut next = segment.commits.iter();
    for each in admitted {
        let Some(commit) = next.by_ref().find(|c| c.id == each.vertex.id) else { continue };
        writer.heads.advance(&each.vertex);
        writer.hlc = writer.hlc.max(each.vertex.hlc);
        let changes = bodies
            .changes(commit)
            .ok_or_else(|| SqlError::new(1105, format!("The changes of commit {} were not gathered", commit.id)))?;
        entered.push(Arc::new(record::ordered(commit, changes)));
        if let Some(twin) = each.twin {
            writer.finality.mark(each.vertex.author, Mark::Equivocated);
            tracing::warn!(commit = %each.vertex.id, %twin, author = %each.vertex.author, "the author wrote two commits with one number: both are kept (R6)");
        }
    }
    writer.note_tip(&segment.tip.tip);
    Ok(entered)
}
