//! Finality: how far main can never change, from what the members say in their signed tips (R15, R16), and when this
//! replica has something new to say.
//!
//! Pure: promises and floors come in as read from verified tips, main's hashes through a closure. Promises: floor and
//! stable never go back; stable passes no floor at which somebody's main is another than ours. Does not know how tips
//! travel, what is on disk, or who is admitted.

mod marks;
mod voice;
mod writing;

pub use marks::Mark;
pub use voice::Voice;
pub use writing::writing;

pub use crate::limits::HEARTBEAT_MILLIS;
use dag::admit::Closed;
use dag::hlc::Hlc;
use dag::id::{AuthorId, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// What a signed tip said of finality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// Nothing at or below it will be written by its author (R15).
    pub promise: Hlc,
    /// How far its author had heard everybody (R16).
    pub floor: Hlc,
    /// main's hash there, at its author.
    pub floor_hash: NodeId,
}

impl Default for Word {
    /// Nothing promised, nothing heard.
    fn default() -> Self {
        Word { promise: Hlc::default(), floor: Hlc::default(), floor_hash: NodeId([0; 32]) }
    }
}

/// A writing member, and since when: the HLC of the record that lets it write stands for a promise (R16).
pub type Writing = (AuthorId, Hlc);

/// What is known here of everybody's promises and floors.
#[derive(Clone, Debug)]
pub struct Finality {
    own: AuthorId,
    voices: BTreeMap<AuthorId, Voice>,
    /// Those who count, since the last [`Finality::settle`].
    writing: Vec<Writing>,
    floor: Hlc,
    stable: Hlc,
    spoken: Option<Spoken>,
    marks: BTreeMap<AuthorId, BTreeSet<Mark>>,
}

/// The last own tip.
#[derive(Clone, Copy, Debug)]
struct Spoken {
    word: Word,
    millis: u64,
}

/// What a look at the replica's commits adds to [`Finality::due`].
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Own commits that no tip covers.
    pub unsigned: bool,
    /// The greatest HLC of all commits here.
    pub newest: Hlc,
    /// The greatest HLC of a commit at or below the floor.
    pub newest_heard: Hlc,
    /// The last tip does not name the newest checkpoint that this replica vouches for.
    pub unvouched: bool,
    /// The wall clock.
    pub now_millis: u64,
}

/// Why a new tip is due. None of them follows from a tip alone: a system without new commits becomes quiet, because
/// each commit makes each member speak at most three times, and each checkpoint once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Own commits have no tip (R14).
    Commits,
    /// Somebody's commit lies above this member's promise and waits for it to be stable.
    Promise,
    /// The floor has passed a commit that the last floor told did not.
    Floor,
    /// A checkpoint became stable that newcomers may take, and others may cut at, too.
    Checkpoint,
    /// Nothing was said for long.
    Heartbeat,
}

impl Finality {
    /// Nothing heard yet; `stable` as it was recorded before, which all members had agreed to.
    pub fn new(own: AuthorId, stable: Hlc) -> Self {
        let (voices, marks) = Default::default();
        Finality { own, voices, writing: Vec::new(), floor: stable, stable, spoken: None, marks }
    }

    /// Goes on after a restart, when all kept tips were heard: with stable as it was recorded, to which all had agreed,
    /// and with the own last tip as what was told last.
    pub fn resume(&mut self, stable: Hlc) {
        self.stable = self.stable.max(stable);
        self.floor = self.floor.max(self.stable);
        self.voices.values_mut().for_each(|voice| voice.resume(stable));
        let own = self.voices.get(&self.own).map(Voice::last);
        if let Some(word) = own.filter(|word| *word != Word::default()) {
            self.floor = self.floor.max(word.floor);
            self.spoken = Some(Spoken { word, millis: 0 });
        }
    }

    /// A verified tip whose commit is here. `false`: it says nothing new. Own tips count, too.
    pub fn heard(&mut self, author: AuthorId, word: Word) -> bool {
        let stable = self.stable;
        let voice = self.voices.entry(author).or_insert_with(|| Voice::new(stable));
        if voice.contradicts(&word) {
            self.mark(author, Mark::TwoTongues);
        }
        self.voices.entry(author).or_default().hear(word)
    }

    /// This replica signed a tip.
    pub fn spoke(&mut self, word: Word, now_millis: u64) {
        self.heard(self.own, word);
        self.floor = self.floor.max(word.floor);
        self.spoken = Some(Spoken { word, millis: now_millis });
    }

    /// Moves floor and stable: `writing` are the writing members that count, `hash_at` gives main's hash here, `None`
    /// where it is not at hand. `true` if stable or a dispute changed.
    pub fn settle(&mut self, writing: Vec<Writing>, hash_at: &mut dyn FnMut(Hlc) -> Option<NodeId>) -> bool {
        self.writing = writing;
        let promises = self.writing.iter().map(|(author, since)| self.promise_of(author).max(*since));
        let floor = promises.min().unwrap_or(self.floor).max(self.floor);
        self.floor = floor;
        let before = (self.stable, self.disputes().count());
        let mut least = floor;
        for (author, since) in self.writing.iter().filter(|(author, _)| *author != self.own) {
            let stable = self.stable;
            let voice = self.voices.entry(*author).or_insert_with(|| Voice::new(stable));
            least = least.min(voice.compare(floor, hash_at).max(*since));
        }
        if self.disputes().next().is_none() {
            self.stable = self.stable.max(least);
        }
        before != (self.stable, self.disputes().count())
    }

    /// What the floor would be with another own promise: a tip tells both at once.
    pub fn floor_with(&self, promise: Hlc) -> Hlc {
        let of = |(author, since): &Writing| {
            let promise = if *author == self.own { promise } else { self.promise_of(author) };
            promise.max(*since)
        };
        self.writing.iter().map(of).min().unwrap_or(self.floor).max(self.floor)
    }

    /// The least promise over the writing members.
    pub fn floor(&self) -> Hlc {
        self.floor
    }

    /// Nothing at or below it can change.
    pub fn stable(&self) -> Hlc {
        self.stable
    }

    /// What may not enter any more: below stable nothing, of who does not count nothing below the floor told.
    pub fn closed(&self) -> Closed {
        let told = self.voices.get(&self.own).map_or(Hlc::default(), |voice| voice.last().floor);
        let writing = self.writing.iter().map(|(author, _)| *author).collect();
        Closed { stable: self.stable, told, writing }
    }

    /// The own promise of the last tip.
    pub fn promise(&self) -> Hlc {
        self.promise_of(&self.own)
    }

    /// What was heard of an author.
    pub fn voice(&self, author: &AuthorId) -> Option<&Voice> {
        self.voices.get(author)
    }

    /// Everybody heard, for a checkpoint to keep.
    pub fn words(&self) -> impl Iterator<Item = (AuthorId, Word)> {
        self.voices.iter().map(|(author, voice)| (*author, voice.last()))
    }

    /// Writing members whose main was another at their floor, and where: stable stands still until one is cut or comes
    /// to agree (R16, R17).
    pub fn disputes(&self) -> impl Iterator<Item = (AuthorId, Hlc)> {
        let dispute = |(author, _): &Writing| Some((*author, self.voices.get(author)?.dispute()?));
        self.writing.iter().filter_map(dispute)
    }

    /// Those who count, with since when.
    pub fn writing(&self) -> &[Writing] {
        &self.writing
    }

    /// Whether there is nobody else to tell.
    pub fn is_alone(&self) -> bool {
        self.writing.iter().all(|(author, _)| *author == self.own)
    }

    /// Whether this replica writes at all.
    pub fn writes(&self) -> bool {
        self.writing.iter().any(|(author, _)| *author == self.own)
    }

    /// Who keeps stable from reaching a time: in a dispute those behind it, else those that have not promised that far;
    /// if all have, those that have not told that they heard it.
    pub fn holds(&self, hlc: Hlc) -> Vec<AuthorId> {
        if hlc <= self.stable {
            return Vec::new();
        }
        if self.disputes().next().is_some() {
            return self.culprits();
        }
        let pick = |holds: &dyn Fn(&Writing) -> bool| -> Vec<AuthorId> {
            self.writing.iter().filter(|member| holds(member)).map(|(author, _)| *author).collect()
        };
        let promised = pick(&|(author, since)| self.promise_of(author).max(*since) < hlc);
        if !promised.is_empty() {
            return promised;
        }
        let told = |author: &AuthorId| match self.voices.get(author) {
            _ if *author == self.own => self.floor,
            voice => voice.map_or(Hlc::default(), |voice| voice.last().floor),
        };
        pick(&|(author, since)| told(author).max(*since) < hlc)
    }

    /// Whether to sign a new tip now, and why.
    pub fn due(&self, outlook: &Outlook) -> Option<Renewal> {
        if outlook.unsigned {
            return Some(Renewal::Commits);
        }
        let spoken = self.spoken?;
        if !self.writes() {
            return None;
        }
        if outlook.newest > spoken.word.promise {
            return Some(Renewal::Promise);
        }
        if outlook.newest_heard.min(self.floor) > spoken.word.floor {
            return Some(Renewal::Floor);
        }
        if outlook.unvouched && !self.is_alone() {
            return Some(Renewal::Checkpoint);
        }
        let silent = outlook.now_millis.saturating_sub(spoken.millis) >= HEARTBEAT_MILLIS;
        (silent && !self.is_alone()).then_some(Renewal::Heartbeat)
    }

    fn promise_of(&self, author: &AuthorId) -> Hlc {
        self.voices.get(author).map_or(Hlc::default(), |voice| voice.last().promise)
    }
}

/// The greatest HLC a member may give up for ever: nothing that was given out or promised lies above it, and it is not
/// before the wall clock, so that what others write meanwhile is covered, too (R15).
pub fn promise(given_out: Hlc, promised: Hlc, now_millis: u64) -> Hlc {
    given_out.max(promised).max(Hlc::new(now_millis, 0))
}

#[cfg(test)]
mod tests;
