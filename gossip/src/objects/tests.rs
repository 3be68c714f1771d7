//! Trees gathered from peers that lie, lack, stall and vanish.

use super::fixture::{self, Here};
use super::*;
use crate::limits::{GET_PATIENCE_MILLIS, GET_WINDOW};
use dag::tree::{MemoryNodes, NodeSink, Nodes, Tree};
use std::collections::VecDeque;

/// What a peer does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Honest,
    /// Flips a bit in every n-th object.
    Lies(u64),
    /// Does not have every n-th object.
    Lacks(u64),
    /// Does not answer every n-th request.
    Silent(u64),
    /// Answers one object at a time.
    Meagre,
}

/// A tree of some thousand nodes with some large values.
fn planted() -> (Tree, MemoryNodes) {
    fixture::planted(20_000, 999)
}

fn peer(n: u8) -> TransportId {
    TransportId([n; 32])
}

struct Run {
    gathering: Gathering,
    here: Here,
    dropped: Vec<(TransportId, Fault)>,
    most_open: u64,
    stored: u64,
}

impl Run {
    fn new(tree: Tree, here: MemoryNodes) -> Self {
        let gathering = Gathering::new(Need::root(tree));
        Run { gathering, here: Here(here), dropped: Vec::new(), most_open: 0, stored: 0 }
    }

    /// Until it is whole, is stuck, or has stored so many objects.
    fn go(&mut self, peers: &[(u8, Manner)], theirs: &MemoryNodes, most: u64) {
        let mut now = 0;
        let mut events: VecDeque<Event> = peers.iter().map(|(n, _)| Event::Source(peer(*n))).collect();
        let manners: BTreeMap<TransportId, Manner> = peers.iter().map(|(n, manner)| (peer(*n), *manner)).collect();
        let mut objects = 0;
        while !events.is_empty() || !self.gathering.is_whole() && !self.gathering.is_stuck() {
            if self.stored >= most {
                break;
            }
            let event = events.pop_front().unwrap_or_else(|| {
                now += GET_PATIENCE_MILLIS + 1;
                Event::Tick
            });
            for effect in self.gathering.apply(event, &self.here, now).unwrap() {
                match effect {
                    Effect::Store(id, bytes) => {
                        self.stored += 1;
                        self.here.0.put(id, &bytes).unwrap();
                    }
                    Effect::Drop(peer, fault) => self.dropped.push((peer, fault)),
                    Effect::Ask { peer, get, ids } => {
                        assert!(ids.len() <= MAX_GET);
                        objects += ids.len() as u64;
                        events.extend(respond(manners[&peer], objects, theirs, &ids).map(|objects| Event::Answered {
                            peer,
                            get,
                            objects,
                        }));
                    }
                }
            }
            self.most_open = self.most_open.max(self.gathering.progress().open);
        }
    }
}

fn respond(manner: Manner, seed: u64, theirs: &MemoryNodes, ids: &[NodeId]) -> Option<Vec<Option<Bytes>>> {
    let object = |(index, id): (usize, &NodeId)| {
        let bytes = theirs.get(*id).ok()?;
        match manner {
            Manner::Lies(n) if (seed + index as u64).is_multiple_of(n) => {
                let mut other = bytes.to_vec();
                other[0] ^= 1;
                Some(other.into())
            }
            Manner::Lacks(n) if (seed + index as u64).is_multiple_of(n) => None,
            _ => Some(bytes),
        }
    };
    match manner {
        Manner::Silent(n) if seed.is_multiple_of(n) => None,
        Manner::Meagre => Some(ids.iter().take(1).enumerate().map(object).collect()),
        _ => Some(ids.iter().enumerate().map(object).collect()),
    }
}

#[test]
fn a_tree_comes_whole_whatever_some_peers_do() {
    let (tree, theirs) = planted();
    use Manner::*;
    type Case<'a> = (&'a str, &'a [(u8, Manner)], usize);
    let cases: &[Case<'_>] = &[
        ("one honest peer", &[(1, Honest)], 0),
        ("three of them", &[(1, Honest), (2, Honest), (3, Honest)], 0),
        ("a liar is dropped", &[(1, Lies(7)), (2, Honest)], 1),
        ("one that lacks something is left", &[(1, Lacks(50)), (2, Honest)], 0),
        ("one that is silent now and then", &[(1, Silent(3)), (2, Honest)], 0),
        ("silent now and then, and nobody else is there", &[(1, Silent(3))], 0),
        ("small answers", &[(1, Meagre)], 0),
    ];
    for (name, peers, dropped) in cases {
        let mut run = Run::new(tree, MemoryNodes::default());
        run.go(peers, &theirs, u64::MAX);
        assert!(run.gathering.is_whole(), "{name}");
        assert_eq!(run.here.0.len(), theirs.len(), "{name}");
        assert_eq!(run.stored, theirs.len() as u64, "nothing is stored twice: {name}");
        assert_eq!(run.dropped.len(), *dropped, "{name}");
    }
}

#[test]
fn depth_first_keeps_what_is_open_small() {
    let (tree, theirs) = planted();
    let mut run = Run::new(tree, MemoryNodes::default());
    run.go(&[(1, Manner::Honest)], &theirs, u64::MAX);
    // Inner nodes under way, each with some ten children in this shape, and the leaves under way.
    let bound = (GET_WINDOW * MAX_GET + GET_WINDOW * MAX_GET / INNER_WEIGHT * 40) as u64;
    assert!(run.most_open < bound, "{} open of {}", run.most_open, theirs.len());
}

#[test]
fn after_a_kill_only_what_is_missing_is_fetched() {
    let (tree, theirs) = planted();
    let half = theirs.len() as u64 / 2;
    let mut first = Run::new(tree, MemoryNodes::default());
    first.go(&[(1, Manner::Honest)], &theirs, half);
    let kept = first.stored;
    assert!(kept >= half && !first.gathering.is_whole());
    let mut second = Run::new(tree, first.here.0.clone());
    second.go(&[(2, Manner::Honest)], &theirs, u64::MAX);
    assert!(second.gathering.is_whole());
    assert_eq!((second.stored, second.gathering.progress().skipped), (theirs.len() as u64 - kept, kept));
}

#[test]
fn without_anybody_to_ask_it_is_stuck_until_somebody_comes() {
    let (tree, theirs) = planted();
    let mut run = Run::new(tree, MemoryNodes::default());
    run.go(&[(1, Manner::Lacks(90)), (2, Manner::Lies(2))], &theirs, u64::MAX);
    assert!(run.gathering.is_stuck());
    run.go(&[(3, Manner::Honest)], &theirs, u64::MAX);
    assert!(run.gathering.is_whole());
    assert_eq!(run.here.0.len(), theirs.len());
}

#[test]
fn an_answer_that_comes_late_or_was_not_asked_for_changes_nothing() {
    let (tree, theirs) = planted();
    let here = Here(MemoryNodes::default());
    let mut gathering = Gathering::new(Need::root(tree));
    let asked = gathering.apply(Event::Source(peer(1)), &here, 0).unwrap();
    let [Effect::Ask { get, ids, .. }] = &asked[..] else { panic!("{asked:?}") };
    gathering.apply(Event::Source(peer(2)), &here, 0).unwrap();
    let again = gathering.apply(Event::Tick, &here, GET_PATIENCE_MILLIS + 1).unwrap();
    assert!(matches!(&again[..], [Effect::Ask { peer: second, .. }] if *second == peer(2)), "{again:?}");
    let objects: Vec<_> = ids.iter().map(|id| theirs.get(*id).ok()).collect();
    for (peer, get) in [(peer(1), *get), (peer(1), 99), (peer(3), 2)] {
        let late = Event::Answered { peer, get, objects: objects.clone() };
        assert_eq!(gathering.apply(late, &here, GET_PATIENCE_MILLIS + 2).unwrap(), []);
    }
}
