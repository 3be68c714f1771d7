//! Gathering trees node by node from peers (R10, R30): what a clone does with a checkpoint and a fetch with a large body.
//!
//! A [`Gathering`] starts from roots. It asks for what is not here, checks each object by its hash and by what its
//! parent says, hands it over to be stored, and goes on with what it names; what is here already is read instead of
//! fetched, so that a gathering that was killed goes on where the disk stands. Promises: depth first, so the list of what
//! is open stays small; requests are bounded and so are those under way; a wrong object is a fault of the peer that sent
//! it, and nobody's bad answer is stored; a peer that fails, lacks something or is silent is passed over for another.
//! Synchronous, and knows nothing of checkpoints, commits or the network.

mod answer;
#[cfg(test)]
pub(crate) mod fixture;
mod sources;
#[cfg(test)]
mod tests;

pub use answer::{Assembly, answer};

use crate::faults::Fault;
use crate::hello::TransportId;
use crate::limits::{INNER_WEIGHT, MAX_GET};
use dag::id::NodeId;
use dag::objects::{Bytes, Objects};
use dag::tree::{Need, TARGET_NODE, TreeError};
use sources::Sources;
use std::collections::BTreeMap;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// This peer can be asked.
    Source(TransportId),
    /// It cannot any more: the connection ended.
    Gone(TransportId),
    /// It answered the first of what request `get` asked for.
    Answered {
        /// Who.
        peer: TransportId,
        /// Number of the request.
        get: u64,
        /// In the order asked for; `None` for what it does not have.
        objects: Vec<Option<Bytes>>,
    },
    /// It did not answer, or with bytes that are no answer.
    Failed {
        /// Who.
        peer: TransportId,
        /// Number of the request.
        get: u64,
        /// How.
        fault: Fault,
    },
    /// Time went by; at least once a second.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask a peer for objects; answer with `Answered` or `Failed`.
    Ask {
        /// Whom.
        peer: TransportId,
        /// Number of the request.
        get: u64,
        /// At most [`MAX_GET`].
        ids: Vec<NodeId>,
    },
    /// Keep this object; it is what its id says.
    Store(NodeId, Bytes),
    /// Ask this peer for nothing any more: too many faults, this was the last.
    Drop(TransportId, Fault),
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Objects fetched.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were here already.
    pub skipped: u64,
    /// Objects that are known to be missing; what they name themselves is not known yet.
    pub open: u64,
}

/// A request under way.
#[derive(Clone, Debug)]
struct Asked {
    peer: TransportId,
    needs: Vec<Need>,
    since_millis: u64,
}

/// Trees being gathered.
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    /// A stack: what a node names lies above what comes behind the node.
    open: Vec<Need>,
    asked: BTreeMap<u64, Asked>,
    sources: Sources,
    last_number: u64,
    progress: Progress,
    last_fault: Option<Fault>,
}

impl Gathering {
    /// Everything below these roots, the first of them first.
    pub fn new(roots: impl IntoIterator<Item = Need>) -> Self {
        let mut open: Vec<Need> = roots.into_iter().collect();
        open.reverse();
        Gathering { open, ..Gathering::default() }
    }

    /// Everything is here.
    pub fn is_whole(&self) -> bool {
        self.open.is_empty() && self.asked.is_empty()
    }

    /// Nobody is left who could be asked.
    pub fn is_stuck(&self) -> bool {
        !self.is_whole() && self.sources.is_empty()
    }

    /// What a peer did wrong in the event applied last.
    pub fn last_fault(&self) -> Option<Fault> {
        self.last_fault
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let under_way: usize = self.asked.values().map(|asked| asked.needs.len()).sum();
        Progress { open: (self.open.len() + under_way) as u64, ..self.progress }
    }

    /// Applies one event. Error: what is here cannot be read; nothing was asked or stored by this call.
    pub fn apply(&mut self, event: Event, here: &dyn Objects, now_millis: u64) -> Result<Vec<Effect>, TreeError> {
        let mut effects = Vec::new();
        self.last_fault = None;
        match event {
            Event::Source(peer) => self.sources.add(peer),
            Event::Gone(peer) => self.forget(peer),
            Event::Answered { peer, get, objects } => self.answered(peer, get, objects, now_millis, &mut effects),
            Event::Failed { peer, get, fault } => {
                if self.take_back(peer, get) {
                    self.fault(peer, fault, now_millis, &mut effects);
                }
            }
            Event::Tick => self.check_patience(now_millis, &mut effects),
        }
        // What is to be stored is not yet seen by `here`; nothing of it is open, so nothing is asked twice.
        while let Some(peer) = self.sources.next(now_millis) {
            let needs = self.next_batch(here)?;
            if needs.is_empty() {
                break;
            }
            self.last_number += 1;
            self.sources.asked(peer);
            let ids = needs.iter().map(|need| need.id).collect();
            self.asked.insert(self.last_number, Asked { peer, needs, since_millis: now_millis });
            effects.push(Effect::Ask { peer, get: self.last_number, ids });
        }
        Ok(effects)
    }

    /// The next objects that are not here, as many as one request takes.
    fn next_batch(&mut self, here: &dyn Objects) -> Result<Vec<Need>, TreeError> {
        let (mut batch, mut weight) = (Vec::new(), 0);
        while let Some(need) = self.open.last().copied() {
            if here.has(need.id)? {
                let named = match here.get(need.id)?.filter(|_| need.may_name_others()) {
                    Some(bytes) => need.check(&bytes)?,
                    None => Vec::new(),
                };
                self.open.pop();
                self.progress.skipped += 1;
                self.open.extend(named.into_iter().rev());
                continue;
            }
            weight += weigh(&need);
            if weight > MAX_GET && !batch.is_empty() {
                break;
            }
            self.open.pop();
            batch.push(need);
        }
        Ok(batch)
    }

    fn answered(
        &mut self,
        peer: TransportId,
        get: u64,
        objects: Vec<Option<Bytes>>,
        now_millis: u64,
        effects: &mut Vec<Effect>,
    ) {
        // An answer that came too late: what it was about has been asked of another.
        let Some(needs) = self.take_asked(peer, get) else { return };
        if objects.is_empty() || objects.len() > needs.len() {
            self.open.extend(needs.into_iter().rev());
            return self.fault(peer, Fault::Unasked, now_millis, effects);
        }
        let (mut named, mut lacks, mut fault) = (Vec::new(), false, None);
        let mut answers = objects.into_iter();
        for need in needs {
            match answers.next() {
                None => named.push(need),
                Some(None) => {
                    lacks = true;
                    named.push(need);
                }
                Some(Some(bytes)) => match need.check(&bytes) {
                    Ok(below) => {
                        self.progress.objects += 1;
                        self.progress.bytes += bytes.len() as u64;
                        effects.push(Effect::Store(need.id, bytes));
                        named.extend(below);
                    }
                    Err(_) => {
                        fault = Some(Fault::Invalid);
                        named.push(need);
                    }
                },
            }
        }
        self.open.extend(named.into_iter().rev());
        match fault {
            Some(fault) => self.fault(peer, fault, now_millis, effects),
            // Not a fault: it may have swept the checkpoint since.
            None if lacks => self.forget(peer),
            None => self.sources.forgive(peer),
        }
    }

    fn check_patience(&mut self, now_millis: u64, effects: &mut Vec<Effect>) {
        let silent = |asked: &Asked| now_millis > asked.since_millis + crate::limits::GET_PATIENCE_MILLIS;
        let late: Vec<(u64, TransportId)> =
            self.asked.iter().filter(|(_, asked)| silent(asked)).map(|(get, asked)| (*get, asked.peer)).collect();
        for (get, peer) in late {
            if self.take_back(peer, get) {
                self.fault(peer, Fault::Silent, now_millis, effects);
            }
        }
    }

    fn take_asked(&mut self, peer: TransportId, get: u64) -> Option<Vec<Need>> {
        self.asked.get(&get).filter(|asked| asked.peer == peer)?;
        self.sources.answered(peer);
        self.asked.remove(&get).map(|asked| asked.needs)
    }

    /// A request is given up: what it was for is open again. Whether it was under way.
    fn take_back(&mut self, peer: TransportId, get: u64) -> bool {
        let needs = self.take_asked(peer, get);
        let was_asked = needs.is_some();
        self.open.extend(needs.into_iter().flatten().rev());
        was_asked
    }

    fn forget(&mut self, peer: TransportId) {
        self.sources.remove(peer);
        let under_way: Vec<u64> =
            self.asked.iter().filter(|(_, asked)| asked.peer == peer).map(|(get, _)| *get).collect();
        for get in under_way {
            self.take_back(peer, get);
        }
    }

    fn fault(&mut self, peer: TransportId, fault: Fault, now_millis: u64, effects: &mut Vec<Effect>) {
        self.last_fault = Some(fault);
        if self.sources.fault(peer, fault, now_millis) {
            self.forget(peer);
            effects.push(Effect::Drop(peer, fault));
        }
    }
}

/// What an object counts as in a request of at most [`MAX_GET`]: about its bytes, and what it will make open.
fn weigh(need: &Need) -> usize {
    match need.length() {
        Some(length) => usize::try_from(length).map_or(MAX_GET, |n| n.div_ceil(TARGET_NODE as usize)).min(MAX_GET),
        None if need.level() > 0 => INNER_WEIGHT,
        None => 1,
    }
}
