//! What this replica says of its own promises and floor, and what it hears of others' (R13 to R16).
//!
//! Promises: a tip is on disk before it leaves, and so is everything it covers (R14); stable is on disk before anybody
//! sees it, so that it never goes back over a restart; a tip counts only when its commit is here. Does not know how
//! tips travel. The rules themselves are `linearizer::finality`.

use super::local::Local;
use super::opening::refused;
use super::unsigned::Unsigned;
use super::writer::{Early, Writer};
use crate::failure::Failure;
use dag::admit::{Known, Standing};
use dag::hlc::Hlc;
use dag::id::{AuthorId, NodeId};
use dag::store::{Answer, Kind, Record};
use dag::tip::{SignedTip, Tip};
use dag::vertex::Vertex;
use gossip::Heard;
use linearizer::finality::{self, Mark, Outlook, Renewal, Voice, Word, Writing};
use linearizer::offer;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Name of the record that says how far stable is.
const STABLE: &str = "stable";

/// One writing member, as `headwaters.members` shows it.
#[derive(Clone, Debug)]
pub struct VoiceFact {
    /// Who.
    pub author: AuthorId,
    /// It writes nothing at or below this.
    pub promise: Hlc,
    /// How far it has heard everybody, as it told.
    pub floor: Hlc,
    /// Where its main was another than ours: stable stands still until it is cut or comes to agree (R16).
    pub dispute: Option<Hlc>,
    /// Whether stable waits for it.
    pub holds: bool,
    /// What was proved against it (R6, R15, R16).
    pub marks: BTreeSet<Mark>,
}

impl Local {
    /// Signs a tip if one is due and moves stable along; the tip is on its way to the disk when this returns, stable has
    /// arrived there. Called again without anything new, it does nothing.
    pub fn speak(&self) -> Result<(), Failure> {
        self.say(true)
    }

    /// `to_others`: somebody listens, so a member that has nothing to sign yet writes its first word.
    fn say(&self, to_others: bool) -> Result<(), Failure> {
        let stable = {
            let mut latch = self.latch();
            let writer = &mut *latch;
            let mut stable = look(self, writer)?;
            if to_others {
                self.introduce(writer)?;
            }
            if let Some(why) = due(self, writer) {
                sign(self, writer)?;
                if why != Renewal::Commits {
                    self.tip_is_news();
                }
                stable = look(self, writer)?.or(stable);
            }
            stable
        };
        self.show_stable(stable)
    }

    /// A tip that came with an announcement. It counts at once if its commit is here, else as soon as the commit comes.
    pub fn heard(&self, tip: &[u8]) -> Heard {
        let Ok(signed) = SignedTip::verify(tip) else { return Heard::Forged };
        if signed.tip.genesis != self.genesis.id() {
            return Heard::Forged;
        }
        let mut latch = self.latch();
        let writer = &mut *latch;
        if signed.tip.author == self.author {
            return Heard::Kept;
        }
        if writer.known.members_now().standing(&signed.tip.author) < Standing::Writer {
            return Heard::Stranger;
        }
        match writer.known.vertex(&signed.tip.commit) {
            Some(vertex) if !fits(&signed.tip, &vertex) => {
                tracing::warn!(author = %signed.tip.author, commit = %signed.tip.commit, "a member signed a tip that contradicts its own commit: it counts for nothing");
                Heard::Contradicted
            }
            Some(_) => {
                if keep(self, writer, &signed) {
                    self.told();
                }
                Heard::Kept
            }
            None => {
                let since = self.clock.wall_millis();
                writer.early.insert(signed.tip.author, Early { since, signed });
                Heard::Ahead
            }
        }
    }

    /// Moves floor and stable as far as what was heard allows. Cheap when there is nothing new.
    pub fn settle(&self) -> Result<(), Failure> {
        // What a session left that had placed enough for others.
        self.combine();
        if self.refusal().is_some() {
            return Ok(());
        }
        let stable = {
            let mut writer = self.latch();
            let stable = look(self, &mut writer)?;
            if !writer.told_due && due(self, &writer).is_some() && !writer.finality.is_alone() {
                writer.told_due = true;
                self.tip_is_news();
            }
            stable
        };
        self.show_stable(stable)?;
        if self.waits.want_stable() && self.latch().finality.is_alone() {
            // Nobody asks for announcements, so the tip that makes it stable is signed for the waiting session.
            self.say(false)?;
        }
        self.answer_waits();
        Ok(())
    }

    /// A tip is due or signed that others' stable waits for.
    fn tip_is_news(&self) {
        self.renewed.fetch_add(1, Ordering::Relaxed);
        self.told();
    }

    /// Signs, if a tip is due, and settles: for a replica that nobody asks for announcements. Nothing is done on a disk
    /// that failed: reads go on.
    pub fn settle_alone(&self) -> Result<(), Failure> {
        if self.refusal().is_some() { Ok(()) } else { self.say(false) }
    }

    /// Every writing member and what it holds back (R16): `headwaters.members`.
    pub fn voices(&self) -> Vec<VoiceFact> {
        let writer = self.latch();
        let holding = writer.finality.holds(writer.hlc);
        let fact = |(author, since): &Writing| {
            let voice = writer.finality.voice(author);
            let word = voice.map_or(Word::default(), Voice::last);
            VoiceFact {
                author: *author,
                promise: word.promise.max(*since),
                floor: word.floor,
                dispute: voice.and_then(Voice::dispute),
                holds: holding.contains(author),
                marks: writer.finality.marks(author),
            }
        };
        writer.finality.writing().iter().map(fact).collect()
    }

    /// Shows stable to readers once its record is on disk.
    fn show_stable(&self, moved: Option<(Hlc, Answer)>) -> Result<(), Failure> {
        let Some((stable, recorded)) = moved else { return Ok(()) };
        recorded.wait_blocking().map_err(refused)?;
        let mut writer = self.latch();
        writer.linearizer.set_stable(stable);
        self.publish(&writer);
        Ok(())
    }

    /// A member's first word (R13): a tip names a commit of its author, so a member without one writes an empty commit
    /// behind its admission, that everybody else's stable need not wait for its first transaction. So does a new run
    /// whose promise others wait for: it may not promise in the name of an earlier run, whose last commits it need not
    /// have, if this folder was restored from a backup (R6, R15).
    fn introduce(&self, writer: &mut Writer) -> Result<(), Failure> {
        let has_spoken = match own_last(writer) {
            Some(last) => last.run == writer.run() || due(self, writer) != Some(Renewal::Promise),
            None => false,
        };
        if has_spoken || !writer.finality.writes() || writer.heads.is_empty() || self.refusal().is_some() {
            return Ok(());
        }
        self.write(writer, &self.joining()).map_err(|e| Failure::environment(e.to_string()))?;
        self.publish(writer);
        self.desk.finish();
        Ok(())
    }
}

/// Signs what a crash left unsigned, before this run writes anything: a tip of this run says nothing of the chain of
/// the run before, so that peers would be sent children without their parents (R14).
pub fn sign_tail(local: &Local) -> Result<(), Failure> {
    let mut writer = local.latch();
    if writer.unsigned.is_empty() { Ok(()) } else { sign(local, &mut writer) }
}

/// Signs the newest own commit with the greatest promise that may be given (R15) and the floor that it makes (R16).
pub fn sign(local: &Local, writer: &mut Writer) -> Result<(), Failure> {
    let Some(vertex) = own_last(writer) else { return Ok(()) };
    let now = local.clock.wall_millis();
    let told = writer.finality.promise();
    // For an earlier run nothing more is promised than that what is here is its end.
    let is_own = vertex.run == writer.run();
    let promise = if is_own { finality::promise(writer.hlc, told, now) } else { told.max(vertex.hlc) };
    let floor = writer.finality.floor_with(promise);
    // A floor below our last checkpoint has no hash at hand: the one told before stands.
    let told = writer.finality.voice(&vertex.author).map_or(Word::default(), Voice::last);
    let known = writer.linearizer.main_hash_at(floor).filter(|_| floor > told.floor);
    let (floor, floor_hash) = known.map_or((told.floor, told.floor_hash), |hash| (floor, hash));
    let tip = Tip {
        version: 1,
        genesis: writer.genesis(),
        author: vertex.author,
        run: vertex.run,
        seq: vertex.seq,
        commit: vertex.id,
        promise,
        floor,
        floor_hash,
        frontier: NodeId(writer.heads.digest()),
        extensions: local.says_of_checkpoints(writer),
    };
    let vouched = offer::vouchers(&tip).next_back();
    let signed: Arc<[u8]> = tip.sign(writer.key()).to_bytes().into();
    let stored = submit(local, Record::new(Kind::TIP, vertex.id.0, signed.clone()))?;
    writer.vouched = vouched;
    writer.shown.signed(signed, stored);
    writer.finality.spoke(Word { promise, floor, floor_hash }, now);
    writer.known.closed = writer.finality.closed();
    (writer.unsigned, writer.told_due) = (Unsigned::default(), false);
    Ok(())
}

/// Puts a record into the committer's queue.
pub fn submit(local: &Local, record: Record) -> Result<Answer, Failure> {
    local.submit_all(vec![record])
}

/// The last commit of this author, if it has written one: `prev` may be its admission (R6).
fn own_last(writer: &Writer) -> Option<Vertex> {
    let vertex = writer.known.vertex(&writer.prev?)?;
    (vertex.author == writer.author()).then_some(vertex)
}

/// Brings main up to date, takes tips whose commits have come, and moves floor and stable. Gives stable with its record
/// if it moved: nobody may see it before that is on disk.
fn look(local: &Local, writer: &mut Writer) -> Result<Option<(Hlc, Answer)>, Failure> {
    writer.linearizer.advance();
    take_early(local, writer);
    let known = &writer.known;
    let members = finality::writing(known.founding().clone(), known.records(), &local.genesis.recovery);
    let Writer { finality, linearizer, .. } = writer;
    if finality.settle(members, &mut |hlc| linearizer.main_hash_at(hlc)) {
        for (author, hlc) in finality.disputes() {
            tracing::warn!(%author, at = %hlc, "its main is another than ours: stable stands still (R16)");
        }
        for author in finality.culprits() {
            tracing::warn!(%author, marks = ?finality.marks(&author), "it is behind the dispute: stable stands still until it is cut (R17)");
        }
    }
    writer.known.closed = writer.finality.closed();
    let stable = writer.finality.stable();
    if stable <= writer.recorded {
        return Ok(None);
    }
    let answer = submit(local, record_of(stable))?;
    writer.recorded = stable;
    Ok(Some((stable, answer)))
}

/// How far stable is for readers: its record is on disk.
pub fn stable_shown(local: &Local) -> Hlc {
    local.latch().linearizer.stable().map_or(Hlc::default(), |place| place.hlc)
}

/// The record that says how far stable is.
pub fn record_of(stable: Hlc) -> Record {
    Record::named(STABLE, stable.0.to_le_bytes().to_vec())
}

/// How far stable was when the folder was last open.
pub fn recorded(log: &dag::store::Log) -> Result<Hlc, dag::store::StoreError> {
    let bytes = log.named(STABLE)?.and_then(|bytes| <[u8; 8]>::try_from(&bytes[..]).ok());
    Ok(Hlc(bytes.map_or(0, u64::from_le_bytes)))
}

/// Whether a tip is due, and why.
pub fn due(local: &Local, writer: &Writer) -> Option<Renewal> {
    let heard = writer.linearizer.last_through(writer.finality.floor());
    writer.finality.due(&Outlook {
        unsigned: writer.shown.has_unsigned() || !writer.unsigned.is_empty(),
        newest: writer.hlc,
        newest_heard: heard.map_or(Hlc::default(), |place| place.hlc),
        unvouched: local.is_unvouched(writer),
        now_millis: local.clock.wall_millis(),
    })
}

fn fits(tip: &Tip, vertex: &Vertex) -> bool {
    (vertex.author, vertex.run, vertex.seq) == (tip.author, tip.run, tip.seq)
}

/// Keeps a verified tip whose commit is here, if it says something new.
fn keep(local: &Local, writer: &mut Writer, signed: &SignedTip) -> bool {
    let is_new = writer.note_tip(&signed.tip);
    if is_new && let Err(error) = submit(local, Record::new(Kind::TIP, signed.tip.commit.0, signed.to_bytes())) {
        // It counts while we run; after a restart its author tells it again.
        tracing::warn!(%error, "a tip was not recorded");
    }
    is_new
}

fn take_early(local: &Local, writer: &mut Writer) {
    let come = |(_, early): (&AuthorId, &Early)| writer.known.graph.contains(&early.signed.tip.commit);
    let ready: Vec<AuthorId> = writer.early.iter().filter(|entry| come(*entry)).map(|(author, _)| *author).collect();
    for author in ready {
        let Some(Early { signed, .. }) = writer.early.remove(&author) else { continue };
        if writer.known.vertex(&signed.tip.commit).is_some_and(|vertex| fits(&signed.tip, &vertex)) {
            keep(local, writer, &signed);
        }
    }
}

#[cfg(test)]
mod tests;
