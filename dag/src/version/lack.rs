//! What a peer lacks: one lane for each chain that it does not hold to the end, merged in the order of main.
//!
//! Promises: what a peer says it has is taken as held as long as nothing speaks against it, so that two peers that both
//! write cost no extra question; what it then asks for by name is proof of the contrary, and brings a ladder.

use super::course::Step;
use super::{Chain, Chains, CommitId, Lookup, MAX_BRANCHES, MAX_ENDS, PAGE, Position, Vertex};
use crate::hlc::Hlc;
use crate::id::{AuthorId, RunId};
use crate::limits::READ_AHEAD;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};

/// Main's order (R20).
type Place = (Hlc, AuthorId, RunId, CommitId);

/// What a peer asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Commits to reach. Those that are not here are skipped.
    pub want: &'a [CommitId],
    /// The ends of its chains ([`Chains::have`]).
    pub have: &'a [(Chain, Position)],
    /// What it picked from earlier ladders.
    pub also: &'a [CommitId],
    /// Whether no ladder is given any more, so that a fetch takes two rounds at most.
    pub settled: bool,
}

/// What to send, and what to ask first.
#[derive(Debug, Default)]
pub struct Lack {
    /// Commits to send, parents first.
    pub walk: Walk,
    /// Own ids of chains whose claimed position is not held here although commits of it would be sent: the other side
    /// picks the greatest it holds. Empty in the common case.
    pub ladders: BTreeMap<Chain, Vec<Position>>,
}

/// A chain's part of a difference.
#[derive(Debug)]
struct Lane {
    chain: Chain,
    next: u64,
    steps: VecDeque<Step>,
}

/// A difference on its way: gives the next commits in the order of main.
#[derive(Debug, Default)]
pub struct Walk {
    lanes: Vec<Lane>,
    /// The next step of each lane.
    open: BinaryHeap<Reverse<(Place, usize)>>,
    /// Nothing behind this is wanted.
    end: Option<Place>,
}

impl Walk {
    /// The next commits, at most so many; none when all were given.
    pub fn next(&mut self, chains: &Chains, lookup: &dyn Lookup, most: usize) -> Vec<CommitId> {
        let mut given = Vec::new();
        while given.len() < most
            && let Some(Reverse((place, at))) = self.open.pop()
        {
            if self.end.is_some_and(|end| place > end) {
                self.open.clear();
                break;
            }
            given.push(place.3);
            self.open_next(at, chains, lookup);
        }
        given
    }

    fn open_next(&mut self, at: usize, chains: &Chains, lookup: &dyn Lookup) {
        let ahead = (READ_AHEAD / self.lanes.len().max(1)).clamp(1, PAGE as usize);
        let Some(lane) = self.lanes.get_mut(at) else { return };
        if lane.steps.is_empty() && lane.next < u64::MAX {
            let course = chains.by_chain.get(&lane.chain);
            lane.steps = course.map(|c| c.steps(lane.chain, lane.next, ahead, lookup).into()).unwrap_or_default();
            lane.next = lane.steps.back().map_or(u64::MAX, |step| step.seq + 1);
        }
        if let Some(step) = lane.steps.pop_front() {
            let Chain { author, run } = lane.chain;
            self.open.push(Reverse(((step.hlc, author, run, step.id), at)));
        }
    }
}

/// What a peer holds of one chain.
#[derive(Debug, Default)]
struct Held {
    /// Everything up to this number, unless the chain is forked.
    through: u64,
    /// Commits of the chain that both sides know.
    ids: Vec<CommitId>,
    /// Nothing but the peer's claim says so.
    presumed: bool,
    /// Positions that it named.
    named: usize,
}

impl Chains {
    /// What `want` lacks for a peer: everything here up to the greatest wanted place that the peer does not hold.
    pub fn lack(&self, ask: &Ask<'_>, lookup: &dyn Lookup) -> Lack {
        let wanted: Vec<Vertex> = ask.want.iter().filter_map(|id| lookup.vertex(id)).collect();
        let end = wanted.iter().map(|v| (v.hlc, v.author, v.run, v.id)).max();
        if end.is_none() {
            return Lack::default();
        }
        let mut doubtful = BTreeMap::new();
        let mut held = self.held(ask, &mut doubtful, lookup);
        for vertex in &wanted {
            // It asks for what we took it to hold: its chain is another from somewhere on.
            if let Some(claim) = held.get_mut(&vertex.chain()).filter(|h| h.presumed && h.through >= vertex.seq) {
                doubtful.insert(vertex.chain(), claim.through);
                *claim = Held::default();
            }
        }
        let mut named: HashMap<AuthorId, usize> = HashMap::new();
        ask.have.iter().for_each(|(chain, _)| *named.entry(chain.author).or_default() += 1);
        let mut walk = Walk { end, ..Walk::default() };
        for (chain, course) in &self.by_chain {
            let is_named = held.contains_key(chain) || doubtful.contains_key(chain);
            let is_crowd = named.get(&chain.author).is_some_and(|named| *named >= MAX_ENDS);
            if is_crowd && !is_named && !wanted.iter().any(|vertex| vertex.chain() == *chain) {
                continue;
            }
            let held = held.remove(chain).unwrap_or_default();
            let lane = match course.forked() {
                Some(_) => self.forked_lane(*chain, &held, &wanted, lookup),
                None if course.tips().last().is_none_or(|last| last.seq <= held.through) => None,
                None => Some(Lane { chain: *chain, next: held.through + 1, steps: VecDeque::new() }),
            };
            walk.lanes.extend(lane);
        }
        (0..walk.lanes.len()).for_each(|at| walk.open_next(at, self, lookup));
        let mut ladders = BTreeMap::new();
        if !ask.settled {
            let sent: HashSet<Chain> = walk.lanes.iter().map(|lane| lane.chain).collect();
            let doubted = doubtful.into_iter().filter(|(chain, _)| sent.contains(chain));
            ladders.extend(doubted.map(|(chain, seq)| (chain, self.ladder(chain, seq, lookup))));
            ladders.retain(|_, ladder| !ladder.is_empty());
        }
        Lack { walk, ladders }
    }

    fn held(&self, ask: &Ask<'_>, doubtful: &mut BTreeMap<Chain, u64>, lookup: &dyn Lookup) -> HashMap<Chain, Held> {
        let mut held: HashMap<Chain, Held> = HashMap::new();
        let know = |held: &mut HashMap<Chain, Held>, chain: Chain, position: Position| {
            let known = held.entry(chain).or_default();
            known.through = known.through.max(position.seq);
            (known.presumed, known.named) = (false, known.named + 1);
            known.ids.push(position.id);
        };
        let mut newer = BTreeSet::new();
        for (chain, claim) in ask.have {
            let course = self.by_chain.get(chain);
            let is_tip = course.is_some_and(|course| course.tips().contains(claim));
            let vertex = if is_tip { None } else { lookup.vertex(&claim.id) };
            match (course, vertex) {
                (Some(_), _) if is_tip => know(&mut held, *chain, *claim),
                (_, Some(vertex)) => know(&mut held, vertex.chain(), Position { seq: vertex.seq, id: vertex.id }),
                // A run that began after what we have of its author: it goes on from all of that.
                (None, None) => drop(newer.insert(chain.author)),
                (Some(course), None) => match course.tips().last() {
                    Some(last) if claim.seq > last.seq && course.forked().is_none() => {
                        let known = held.entry(*chain).or_default();
                        (known.through, known.presumed) = (last.seq, known.ids.is_empty());
                    }
                    _ => drop(doubtful.insert(*chain, claim.seq)),
                },
            }
        }
        for vertex in ask.also.iter().filter_map(|id| lookup.vertex(id)) {
            know(&mut held, vertex.chain(), Position { seq: vertex.seq, id: vertex.id });
        }
        for (chain, course) in newer.iter().flat_map(|author| self.of_author(*author)) {
            if course.forked().is_none() && !doubtful.contains_key(chain) && !held.contains_key(chain) {
                let through = course.tips().last().map_or(0, |last| last.seq);
                held.insert(*chain, Held { through, presumed: true, ..Held::default() });
            }
        }
        self.follow_runs(&mut held);
        held
    }

    /// Who holds a run's beginning holds what it goes on from.
    fn follow_runs(&self, held: &mut HashMap<Chain, Held>) {
        let mut open: Vec<Chain> = held.keys().copied().collect();
        while let Some(chain) = open.pop() {
            let Some((run, seq)) = self.by_chain.get(&chain).and_then(|course| course.before) else { continue };
            let presumed = held.get(&chain).is_some_and(|known| known.presumed);
            let before = Chain { run, ..chain };
            let known = held.entry(before).or_insert_with(|| Held { presumed, ..Held::default() });
            // What it named itself says more than what we presume: a restored folder went on from less than we have.
            if known.through < seq && (known.presumed || !presumed) {
                known.through = seq;
                open.push(before);
            }
        }
    }

    /// The branches of an equivocator that the peer does not hold. Costs their length behind the fork: the members cut
    /// such an author (R17).
    fn forked_lane(&self, chain: Chain, held: &Held, wanted: &[Vertex], lookup: &dyn Lookup) -> Option<Lane> {
        let course = self.by_chain.get(&chain)?;
        let fork = course.forked()?;
        let path = |from: &mut dyn Iterator<Item = CommitId>| {
            let mut path = HashSet::new();
            for id in from {
                let mut at = lookup.vertex(&id);
                while let Some(vertex) = at.filter(|v| v.chain() == chain && v.seq >= fork && path.insert(v.id)) {
                    at = vertex.prev.and_then(|prev| lookup.vertex(&prev));
                }
            }
            path
        };
        let has = path(&mut held.ids.iter().copied());
        // More branches than a peer can name: only those that it asks for.
        let asked = (held.named >= MAX_BRANCHES).then(|| path(&mut wanted.iter().map(|vertex| vertex.id)));
        let (mut steps, mut next) = (Vec::new(), if held.through >= fork { fork } else { held.through + 1 });
        loop {
            let more = course.steps(chain, next, usize::MAX, lookup);
            let Some(last) = more.last() else { break };
            next = last.seq + 1;
            let is_lacking = |step: &Step| {
                step.seq < fork
                    || !has.contains(&step.id) && asked.as_ref().is_none_or(|asked| asked.contains(&step.id))
            };
            steps.extend(more.into_iter().filter(is_lacking));
        }
        // Along a branch times rise, across branches they need not.
        steps.sort_unstable_by_key(|step| (step.hlc, step.id));
        (!steps.is_empty()).then(|| Lane { chain, next: u64::MAX, steps: steps.into() })
    }
}
