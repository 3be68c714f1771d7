//! The bodies of large commits that one peer's segments wait for, gathered from that peer node by node (R10).
//!
//! Promises: one gathering of a peer at a time, its requests bounded; an object is kept only if it is what its id says;
//! anything the peer does wrong, or does not have, ends the gathering: others are asked first, and what was kept stays,
//! so that they go on from there. Synchronous; knows no swarm: a [`Step`] says what to keep, to ask and to fetch again.

use crate::faults::Fault;
use crate::hello::TransportId;
use crate::host::Host;
use crate::limits::MAX_AWAITED;
use crate::message::Message;
use crate::objects::{Assembly, Effect, Event, Gathering};
use dag::id::{CommitId, NodeId};
use dag::objects::{Bytes, Objects};
use dag::tree::{Need, TreeError};
use std::collections::BTreeSet;

/// What the peer's segments wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Gatherer {
    gathering: Option<Gathering>,
    /// The last commits of the segments that wait.
    awaited: BTreeSet<CommitId>,
    /// Added to the gathering's numbers, so that an answer to an older one is none to this one.
    base: u64,
    last: u64,
    /// When it began or an answer brought something.
    moved_millis: u64,
}

/// What to do, in this order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Step {
    /// To be on disk before anything else.
    pub(super) keep: Vec<(NodeId, Bytes)>,
    /// Requests to the peer.
    pub(super) ask: Vec<Message>,
    /// What the peer did wrong.
    pub(super) fault: Option<Fault>,
    /// All objects are here: the segments that end at these commits are fetched again.
    pub(super) again: Vec<CommitId>,
    /// It ended without them: the segments that end at these commits wait for another peer.
    pub(super) given_up: Vec<CommitId>,
}

impl Gatherer {
    /// Whether a gathering is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.gathering.is_some()
    }

    /// Whether the segment that ends at this commit waits for objects: to fetch it now would be in vain.
    pub(super) fn awaits(&self, id: &CommitId) -> bool {
        self.awaited.contains(id)
    }

    /// When it began or an answer brought something.
    pub(super) fn moved_millis(&self) -> u64 {
        self.moved_millis
    }

    /// It began now, or an answer brought something.
    pub(super) fn moved(&mut self, now_millis: u64) {
        self.moved_millis = now_millis;
    }

    /// The last commits of the segments that wait.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &CommitId> {
        self.awaited.iter()
    }

    /// Segments of this peer lack objects. While others are gathered, these are only noted, and fetched after them.
    pub(super) fn lacks(
        &mut self,
        lacking: Vec<(CommitId, Vec<Need>)>,
        peer: TransportId,
        here: &dyn Objects,
    ) -> Result<Step, TreeError> {
        let room = MAX_AWAITED.saturating_sub(self.awaited.len());
        let is_busy = self.is_busy();
        let mut roots = Vec::new();
        for (id, needs) in lacking.into_iter().take(room) {
            self.awaited.insert(id);
            roots.extend(needs);
        }
        if is_busy || roots.is_empty() {
            return Ok(Step::default());
        }
        self.base = self.last;
        self.gathering = Some(Gathering::new(roots));
        let mut step = self.apply(Event::Source(peer), here)?;
        // Everything came from elsewhere meanwhile: who brought it also brings the commits.
        step.again.clear();
        Ok(step)
    }

    /// The peer's answer to request `number`; `None`: there was none.
    pub(super) fn answered(
        &mut self,
        number: u64,
        messages: Option<Vec<Message>>,
        peer: TransportId,
        here: &dyn Objects,
    ) -> Result<Step, TreeError> {
        let Some(get) = number.checked_sub(self.base).filter(|get| *get > 0 && self.is_busy()) else {
            return Ok(Step::default());
        };
        // It does not serve us, now or ever, or said nothing, which the loop has counted: not a fault of its objects.
        let served = messages.filter(|messages| !matches!(messages.first(), Some(Message::Refused(_))));
        let Some(messages) = served else {
            let step = self.apply(Event::Gone(peer), here)?;
            return Ok(Step { fault: None, ..step });
        };
        match Assembly::of(number, messages) {
            Ok(objects) => self.apply(Event::Answered { peer, get, objects }, here),
            Err(fault) => self.apply(Event::Failed { peer, get, fault }, here),
        }
    }

    /// Forgets what was under way, not what was kept.
    pub(super) fn end(&mut self) {
        self.gathering = None;
        self.awaited.clear();
    }

    fn apply(&mut self, event: Event, here: &dyn Objects) -> Result<Step, TreeError> {
        let mut step = Step::default();
        let Some(gathering) = &mut self.gathering else { return Ok(step) };
        let (mut fault, base) = (None, self.base);
        // The swarm's own patience ends requests: no time passes in here.
        for effect in gathering.apply(event, here, 0)? {
            match effect {
                Effect::Store(id, bytes) => step.keep.push((id, bytes)),
                Effect::Ask { get, ids, .. } => {
                    self.last = base + get;
                    step.ask.push(Message::Get { get: base + get, ids });
                }
                Effect::Drop(_, last) => fault = Some(last),
            }
        }
        step.fault = gathering.last_fault().or(fault);
        if gathering.is_whole() {
            step.again = std::mem::take(&mut self.awaited).into_iter().collect();
            self.gathering = None;
        } else if step.fault.is_some() || gathering.is_stuck() {
            step.ask.clear();
            // Without a fault it has only said that it does not have them.
            step.fault.get_or_insert(Fault::Lacking);
            step.given_up = std::mem::take(&mut self.awaited).into_iter().collect();
            self.end();
        }
        Ok(step)
    }
}

/// The objects of large commits that the host keeps.
pub(super) struct Kept<'a>(pub(super) &'a dyn Host);

impl Objects for Kept<'_> {
    fn get(&self, id: NodeId) -> Result<Option<Bytes>, TreeError> {
        self.0.kept(id).map_err(TreeError::store)
    }

    fn has(&self, id: NodeId) -> Result<bool, TreeError> {
        Ok(self.get(id)?.is_some())
    }

    fn root(&self) -> Option<NodeId> {
        None
    }

    fn rebase(&self) -> Result<Option<NodeId>, TreeError> {
        Ok(None)
    }

    fn sources(&self) -> Vec<String> {
        Vec::new()
    }

    fn size(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::fixture::{Here, planted};
    use dag::tree::{MemoryNodes, NodeSink, Nodes};

    const PEER: TransportId = TransportId([2; 32]);
    const TIP: CommitId = CommitId([7; 32]);

    /// Some dozens of nodes, two levels, and two large values.
    fn body() -> (Vec<(CommitId, Vec<Need>)>, MemoryNodes) {
        let (tree, nodes) = planted(500, 250);
        (vec![(TIP, vec![Need::root(tree).unwrap()])], nodes)
    }

    /// Plays the peer over `nodes` until nothing is asked or the peer did something wrong; the last step.
    fn play(
        gatherer: &mut Gatherer,
        mut step: Step,
        nodes: &MemoryNodes,
        here: &mut Here,
        mut change: impl FnMut(u64, &mut Vec<Option<Bytes>>),
    ) -> Step {
        let mut open = std::mem::take(&mut step.ask);
        while let Some(Message::Get { get, ids }) = open.pop() {
            let mut objects: Vec<Option<Bytes>> = ids.iter().map(|id| nodes.get(*id).ok()).collect();
            change(get, &mut objects);
            step = gatherer.answered(get, Some(crate::objects::answer(get, &objects)), PEER, here).unwrap();
            for (id, bytes) in &step.keep {
                here.0.put(*id, bytes).unwrap();
            }
            open.append(&mut step.ask);
        }
        step
    }

    #[test]
    fn a_body_is_gathered_and_its_segment_fetched_again() {
        let (lacking, nodes) = body();
        let (mut gatherer, mut here) = (Gatherer::default(), Here(MemoryNodes::default()));
        let step = gatherer.lacks(lacking.clone(), PEER, &here).unwrap();
        assert!(gatherer.is_busy() && gatherer.awaits(&TIP));
        let last = play(&mut gatherer, step, &nodes, &mut here, |_, _| {});
        assert_eq!((last.again, last.fault), (vec![TIP], None));
        assert!(!gatherer.is_busy() && !gatherer.awaits(&TIP));
        // All is here: if the segment is still turned away, gathering more would not help it.
        assert_eq!(gatherer.lacks(lacking, PEER, &here).unwrap(), Step::default());
    }

    #[test]
    fn a_wrong_object_is_a_fault_and_nothing_of_it_is_kept() {
        let (lacking, nodes) = body();
        let (mut gatherer, mut here) = (Gatherer::default(), Here(MemoryNodes::default()));
        let step = gatherer.lacks(lacking, PEER, &here).unwrap();
        let lie = |_, objects: &mut Vec<Option<Bytes>>| objects[0] = Some(Bytes::from(vec![1; 40]));
        let last = play(&mut gatherer, step, &nodes, &mut here, lie);
        assert_eq!(last, Step { fault: Some(Fault::Invalid), given_up: vec![TIP], ..Step::default() });
        assert!(!gatherer.is_busy() && !gatherer.awaits(&TIP), "an announcement brings it back");
    }

    #[test]
    fn what_was_kept_is_not_asked_for_again() {
        let (lacking, nodes) = body();
        let (mut gatherer, mut here) = (Gatherer::default(), Here(MemoryNodes::default()));
        let step = gatherer.lacks(lacking.clone(), PEER, &here).unwrap();
        // The third request is for objects that the peer does not have.
        let lack = |get, objects: &mut Vec<Option<Bytes>>| {
            if get > 2 {
                objects.fill(None)
            }
        };
        let last = play(&mut gatherer, step, &nodes, &mut here, lack);
        assert_eq!((last.again, last.fault, last.given_up), (vec![], Some(Fault::Lacking), vec![TIP]));
        assert!(!gatherer.is_busy());
        let step = gatherer.lacks(lacking, PEER, &here).unwrap();
        let before = here.0.clone();
        let mut twice = 0;
        let last = play(&mut gatherer, step, &nodes, &mut here, |_, objects| {
            twice += objects.iter().flatten().filter(|o| before.get(dag::tree::node_id(o)).is_ok()).count();
        });
        assert_eq!((last.again, twice), (vec![TIP], 0));
        // An answer to what was asked before it ended changes nothing.
        assert_eq!(gatherer.answered(1, None, PEER, &here).unwrap(), Step::default());
    }

    #[test]
    fn segments_wait_up_to_the_limit_and_not_one_past() {
        let (body, _) = body();
        let ids: Vec<CommitId> = (0..=MAX_AWAITED as u32).map(crate::exchange::tests::id).collect();
        let mut gatherer = Gatherer::default();
        let lacking = ids.iter().map(|id| (*id, body[0].1.clone())).collect();
        gatherer.lacks(lacking, PEER, &Here(MemoryNodes::default())).unwrap();
        let (most, one_more) = ids.split_at(MAX_AWAITED);
        assert!(most.iter().all(|id| gatherer.awaits(id)) && !gatherer.awaits(&one_more[0]));
    }
}
