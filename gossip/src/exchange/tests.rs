//! Two ledgers of plain letters talk through their exchanges.

use super::*;
use crate::ledger::Served;
use crate::limits::{FETCH_COMMITS, MAX_FRAME, PART_BYTES};
use dag::graph::Graph;
use dag::heads::Heads;
use dag::hlc::Hlc;
use dag::id::{AuthorId, RunId};
use dag::version::{Ask, Chains, Lack, Position, Versions, Walk};
use dag::vertex::{Chain, Vertex};
use serde_bytes::ByteBuf;
use std::sync::Arc;

/// A replica whose commits are their own ids; each commit is a tip unless `unsigned`.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) graph: Graph,
    chains: Chains,
    pub(crate) heads: Heads,
    unsigned: Vec<CommitId>,
    /// Not in the graph: they wait for parents.
    waiting: Vec<Vertex>,
    /// Bytes that every commit carries behind its id.
    padding: usize,
}

impl Book {
    /// One chain of author `author`: one commit per name, each the child of the one before.
    pub(crate) fn write(&mut self, author: u8, names: &[u32]) {
        let chain = Chain { author: AuthorId([author; 32]), run: RunId(1) };
        for name in names {
            let last = self.chains.last(chain);
            let mut parents: Vec<CommitId> = self.heads.frontier();
            parents.extend(last.map(|p| p.id).filter(|id| !self.heads.contains(id)));
            let generation = self.graph.generation_above(&parents, 0);
            let prev = last.map(|p| p.id);
            let seq = last.map_or(0, |p| p.seq) + 1;
            let hlc = Hlc::new(generation, 0);
            let (author, run) = (chain.author, chain.run);
            self.enter(Vertex { id: id(*name), parents, hlc, author, run, seq, prev, generation });
        }
    }

    pub(crate) fn enter(&mut self, vertex: Vertex) {
        self.chains.insert(&vertex);
        self.heads.advance(&vertex);
        self.graph.insert(vertex).unwrap();
    }

    pub(crate) fn announcement(&self) -> Announcement {
        Announcement::new(None, &self.heads(), self.heads.digest(), &Versions::new(), &[])
    }
}

pub(crate) fn id(name: u32) -> CommitId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&name.to_be_bytes());
    CommitId(bytes)
}

impl Ledger for Book {
    fn heads(&self) -> Vec<CommitId> {
        self.heads.newest(usize::MAX)
    }
    fn knows(&self, id: &CommitId) -> bool {
        self.graph.contains(id) || self.waiting.iter().any(|vertex| vertex.id == *id)
    }
    fn missing(&self) -> Vec<CommitId> {
        let parents = self.waiting.iter().flat_map(|vertex| vertex.parents.iter().copied());
        parents.filter(|id| !self.graph.contains(id)).collect()
    }
    fn have(&self) -> Vec<(Chain, Position)> {
        self.chains.have()
    }
    fn lack(&self, ask: &Ask<'_>) -> Lack {
        self.chains.lack(ask, &self.graph)
    }
    fn next(&self, walk: &mut Walk, most: usize) -> Vec<CommitId> {
        walk.next(&self.chains, &self.graph, most)
    }
    fn is_tip(&self, id: &CommitId) -> bool {
        !self.unsigned.contains(id)
    }
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).cloned()
    }
    fn served(&self, id: &CommitId) -> Option<Served> {
        self.graph.get(id)?;
        let tip = (!self.unsigned.contains(id)).then(|| Arc::from(&b"tip"[..]));
        let bytes = [&id.0[..], &vec![7; self.padding]].concat();
        Some(Served { commit: bytes.into(), tip })
    }
}

/// Lets `asker` pull from `giver` until nothing moves; `Err` with the fault if one is dropped. Returns the messages
/// sent each way, and the number of ladders among them.
fn pull(asker: &mut Book, giver: &Book) -> Result<(usize, usize), Fault> {
    let (mut mine, mut theirs) = (Exchange::new(), Exchange::new());
    let mut todo = mine.apply(Event::Announced(giver.announcement()), asker, 0);
    let (mut rounds, mut ladders) = (0, 0);
    while !todo.is_empty() {
        let mut answers = Vec::new();
        for effect in std::mem::take(&mut todo) {
            match effect {
                Effect::Send(message) => answers.extend(theirs.apply(Event::Received(message), giver, 0)),
                Effect::Admit(segment) => admit(asker, giver, &segment),
                Effect::Finish(number) => todo.extend(mine.apply(Event::Stored(number), asker, 0)),
                Effect::Drop(fault) => return Err(fault),
            }
        }
        rounds += usize::from(!answers.is_empty());
        for effect in answers {
            let Effect::Send(message) = effect else { panic!("a server only sends") };
            assert!(crate::codec::encode(&message).unwrap().len() <= MAX_FRAME);
            ladders += usize::from(matches!(message, Message::Ladder { .. }));
            todo.extend(mine.apply(Event::Received(message), asker, 0));
        }
    }
    Ok((rounds, ladders))
}

fn admit(asker: &mut Book, giver: &Book, segment: &RawSegment) {
    for commit in &segment.commits {
        let (name, padding) = commit.split_at(32);
        assert!(padding.len() == giver.padding && padding.iter().all(|byte| *byte == 7));
        let id = CommitId(name.try_into().unwrap());
        let vertex = giver.graph.get(&id).unwrap().clone();
        assert!(vertex.parents.iter().all(|p| asker.graph.contains(p)), "a gap before {id:?}");
        asker.enter(vertex);
    }
}

#[test]
fn a_fetch_brings_exactly_the_difference_in_one_round() {
    let (mut asker, mut giver) = (Book::default(), Book::default());
    asker.write(1, &[1, 2]);
    giver.write(1, &[1, 2]);
    giver.write(2, &[10, 11, 12]);
    giver.write(1, &[3]);
    assert_eq!(pull(&mut asker, &giver), Ok((1, 0)));
    assert_eq!(asker.heads, giver.heads);
    assert_eq!(pull(&mut asker, &giver), Ok((0, 0)), "nothing to ask for");
}

#[test]
fn a_forked_chain_costs_one_more_round() {
    let (mut asker, mut giver) = (Book::default(), Book::default());
    asker.write(1, &[1, 2, 3, 40, 50]);
    giver.write(1, &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(pull(&mut asker, &giver), Ok((2, 1)));
    assert_eq!(asker.heads.frontier(), [id(7), id(50)]);
}

#[test]
fn long_answers_are_cut_and_continued() {
    let (mut asker, mut giver) = (Book::default(), Book::default());
    giver.write(1, &(1..=FETCH_COMMITS as u32 * 2 + 1).collect::<Vec<_>>());
    assert_eq!(pull(&mut asker, &giver), Ok((3, 0)));
    assert_eq!(asker.heads, giver.heads);
}

#[test]
fn commits_longer_than_a_part_are_cut_and_joined() {
    for padding in [PART_BYTES - 32, PART_BYTES, 3 * PART_BYTES + 5] {
        let (mut asker, mut giver) = (Book::default(), Book { padding, ..Book::default() });
        giver.write(1, &[1, 2, 3]);
        giver.unsigned = vec![id(1)];
        assert_eq!(pull(&mut asker, &giver), Ok((1, 0)));
        assert_eq!(asker.heads, giver.heads);
    }
}

#[test]
fn unsigned_commits_do_not_leave() {
    let (mut asker, mut giver) = (Book::default(), Book::default());
    giver.write(1, &[1, 2, 3]);
    giver.unsigned = vec![id(1), id(3)];
    assert_eq!(pull(&mut asker, &giver), Ok((1, 0)));
    assert_eq!(asker.heads.frontier(), [id(2)], "1 travels with the tip at 2, 3 stays");
}

/// The peer that had brought 2 went away, and 2 left the waiting room with it; 3, from another peer, stayed. Everybody
/// announces 3, which is here, and nobody asked for 2 again (found by the simulator).
#[test]
fn a_parent_that_something_waits_for_is_asked_of_whoever_announces() {
    let (mut asker, mut giver) = (Book::default(), Book::default());
    asker.write(1, &[1]);
    giver.write(1, &[1, 2, 3]);
    asker.waiting = vec![giver.graph.get(&id(3)).unwrap().clone()];
    pull(&mut asker, &giver).unwrap();
    assert!(asker.graph.contains(&id(2)));
}

#[test]
fn what_was_not_asked_for_is_a_fault_and_repeated_faults_drop_the_peer() {
    let book = Book::default();
    let part = |fetch, index| Message::Part { fetch, index, commits: vec![ByteBuf::new()], cut: false, tip: None };
    let announced = || {
        let mut exchange = Exchange::new();
        let mut other = Book::default();
        other.write(1, &[1]);
        assert_eq!(exchange.apply(Event::Announced(other.announcement()), &book, 0).len(), 1);
        exchange
    };
    for (message, fault) in [
        (part(2, 0), Fault::Unasked),
        (part(1, 5), Fault::Gap),
        (Message::Done { fetch: 1, parts: 3, more: false }, Fault::Gap),
        (Message::Climb { fetch: 1, also: vec![id(2), id(1)] }, Fault::TooLarge),
    ] {
        let mut exchange = announced();
        exchange.apply(Event::Received(message), &book, 0);
        assert_eq!(exchange.faults().counts().get(&fault), Some(&1));
    }
    let mut exchange = announced();
    for _ in 0..2 {
        assert!(!exchange.apply(Event::Refused(Fault::Invalid), &book, 0).contains(&Effect::Drop(Fault::Invalid)));
    }
    assert_eq!(exchange.apply(Event::Refused(Fault::Invalid), &book, 0), [Effect::Drop(Fault::Invalid)]);
    assert_eq!(exchange.apply(Event::Tick, &book, 0), []);
}

#[test]
fn a_silent_peer_is_asked_again() {
    let (book, mut other) = (Book::default(), Book::default());
    other.write(1, &[1]);
    let mut exchange = Exchange::new();
    exchange.apply(Event::Announced(other.announcement()), &book, 0);
    assert_eq!(exchange.apply(Event::Tick, &book, 1_000), []);
    let again = exchange.apply(Event::Tick, &book, 10_000);
    assert!(matches!(again[..], [Effect::Send(Message::Fetch { fetch: 2, .. })]), "{again:?}");
}
