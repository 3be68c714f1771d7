//! Whole replicas that exchange in memory: histories below checkpoints, random interleavings, hostile messages.

use super::fixture::{Link, Peer, insert, schema};
use super::local::Local;
use dag::id::{AuthorId, CommitId, RunId};
use dag::vertex::Chain;
use gossip::{Effect, Event, Exchange, Held, Ledger, Message};
use serde_bytes::ByteBuf;

/// SplitMix64: enough for choosing what happens next.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// Twice round for what was written, and once for the first word that each may write after a restart.
fn agree(peers: &[Peer]) {
    for _ in 0..2 + peers.len() {
        for one in peers {
            for other in peers.iter().filter(|other| !std::ptr::eq(one, *other)) {
                Link::default().pull(one, other);
            }
        }
    }
}

#[test]
fn replicas_agree_whatever_the_interleaving_of_writes_pulls_checkpoints_and_restarts() {
    for seed in 0..8 {
        let mut dice = Dice(seed);
        let founder = if seed % 2 == 0 { Peer::founder(7) } else { Peer::founder_of_short_epochs(7) };
        let (schema, table) = schema();
        founder.write(schema);
        let mut peers = vec![founder.newcomer(5), founder.newcomer(1_000)];
        peers.push(founder);
        agree(&peers);
        for row in 0..120 {
            let (one, other) = (dice.roll(3) as usize, dice.roll(3) as usize);
            match dice.roll(12) {
                0 if one != other => drop(Link::default().pull(&peers[one], &peers[other])),
                1 => peers[one].replica().linearize().unwrap(),
                2 if dice.roll(3) == 0 => peers[one].restart(),
                _ => drop(peers[one].write(insert(&table, row, &format!("{one}")))),
            }
        }
        peers.iter_mut().for_each(Peer::restart);
        agree(&peers);
        assert_eq!((peers[0].main(), peers[1].main()), (peers[1].main(), peers[2].main()), "seed {seed}");
        assert!(peers.iter().all(|peer| peer.held().is_empty()), "seed {seed}");
        let forks = peers.iter().map(|peer| peer.local().latch().known.chains.forks().count()).sum::<usize>();
        assert_eq!(forks, 0, "seed {seed}: nobody equivocated");
    }
}

#[test]
fn who_was_away_gets_what_it_missed_and_who_is_new_gets_all_from_the_disk() {
    let mut founder = Peer::founder(100);
    let away = founder.newcomer(100);
    founder.write_many(2_000);
    Link::default().pull(&away, &founder);
    founder.write_many(9_000);
    founder.restart();
    founder.write_many(1);
    assert!(founder.local().latch().known.graph.len() < 1_200, "most of it is on disk only");
    let mut link = Link::default();
    assert_eq!(link.pull(&away, &founder), 9_001);
    let sent = link.messages;
    assert!(sent < 40, "{sent} messages for three answers of nine segments together");
    let new = founder.newcomer(100);
    let mut link = Link::default();
    assert_eq!(link.pull(&new, &founder), 11_003, "two of them admissions");
    assert_eq!(Link::default().pull(&new, &founder), 0);
    assert_eq!(Link::default().pull(&founder, &new), 1, "its first word");
    Link::default().pull(&away, &founder);
    assert_eq!((new.main(), founder.main()), (founder.main(), away.main()));
}

/// Published in docs/benchmarks.md. What lies before the absence must not matter, only what was missed.
#[test]
fn catching_up_costs_what_was_missed_in_one_round_trip_a_batch() {
    let mut told = Vec::new();
    for before in [50, 6_000] {
        let founder = Peer::founder(1_000);
        let away = founder.newcomer(1_000);
        founder.write_many(before);
        Link::default().pull(&away, &founder);
        let mut row = Vec::new();
        for missed in [1, 100, 1_000, 5_000] {
            founder.write_many(missed);
            let mut link = Link::default();
            assert_eq!(link.pull(&away, &founder), missed as u64);
            // A batch is 4,096 commits, and ends with a segment, of which each has up to 1,000 here.
            assert_eq!(link.rounds, missed.div_ceil(4_096), "{missed} commits behind {before}");
            row.push((missed, link.rounds, link.bytes));
        }
        told.push(row);
    }
    for ((missed, _, one), (_, _, other)) in told[0].iter().zip(&told[1]) {
        assert!(
            one.abs_diff(*other) <= 64 + one / 100,
            "{missed} commits: {one} bytes, and {other} behind more history"
        );
        // A commit without changes has some 180 bytes; request, tips and frames are the constant.
        assert!((150 * missed..200 * missed + 2_000).contains(one), "{missed} commits: {one} bytes");
    }
    println!("missed, round trips, bytes: {:?}", told[1]);
}

fn hostile(dice: &mut Dice, known: &[CommitId], chain: Chain) -> Message {
    let id = |dice: &mut Dice| match dice.roll(3) {
        0 => CommitId([dice.roll(256) as u8; 32]),
        _ => known[dice.roll(known.len() as u64) as usize],
    };
    let ids = |dice: &mut Dice, most: u64| {
        let mut ids: Vec<CommitId> = (0..dice.roll(most)).map(|_| id(dice)).collect();
        ids.sort_unstable();
        ids
    };
    let held = |dice: &mut Dice| {
        let author = if dice.roll(2) == 0 { chain.author } else { AuthorId([dice.roll(256) as u8; 32]) };
        let run = if dice.roll(2) == 0 { chain.run } else { RunId(dice.roll(9)) };
        let seq = [0, 1, dice.roll(3_000), u64::MAX][dice.roll(4) as usize];
        Held(author, run, seq, id(dice))
    };
    let helds = |dice: &mut Dice| {
        let mut helds: Vec<Held> = (0..dice.roll(40)).map(|_| held(dice)).collect();
        helds.sort_unstable_by_key(|h| (h.0, h.1));
        helds
    };
    let bytes = |dice: &mut Dice| ByteBuf::from((0..dice.roll(90)).map(|_| dice.roll(256) as u8).collect::<Vec<u8>>());
    match dice.roll(6) {
        0 | 1 => Message::Fetch { fetch: dice.roll(4), want: ids(dice, 300), have: helds(dice) },
        2 => Message::Climb { fetch: dice.roll(4), also: ids(dice, 50) },
        3 => Message::Ladder { fetch: dice.roll(4), rungs: helds(dice) },
        4 => {
            let commits = (0..dice.roll(5)).map(|_| bytes(dice)).collect();
            let tip = (dice.roll(2) == 0).then(|| bytes(dice));
            Message::Part { fetch: dice.roll(4), index: dice.roll(3), commits, cut: dice.roll(3) == 0, tip }
        }
        _ => Message::Done { fetch: dice.roll(4), parts: dice.roll(4), more: dice.roll(2) == 0 },
    }
}

fn state(local: &Local) -> (dag::store::Position, Vec<CommitId>) {
    (local.log.end(), local.latch().heads.frontier())
}

#[test]
fn hostile_messages_neither_panic_nor_write() {
    let founder = Peer::founder(100);
    founder.write_many(2_500);
    let local = founder.local();
    let announcement = founder.announcement();
    let writer = local.latch();
    let own = *writer.known.chains.versions().keys().next().unwrap();
    let some = (1..2_500).step_by(97).flat_map(|seq| writer.known.chains.numbered(own, seq, &writer.known));
    let known: Vec<CommitId> = some.collect();
    drop(writer);
    let before = state(local);
    let mut dice = Dice(42);
    let mut exchange = Exchange::new();
    for _ in 0..2_000 {
        if dice.roll(20) == 0 {
            exchange = Exchange::new();
            let mut more = announcement.clone();
            more.heads.push(CommitId([dice.roll(256) as u8; 32]));
            exchange.apply(Event::Announced(more), &**local, 0);
        }
        let message = hostile(&mut dice, &known, own);
        for effect in exchange.apply(Event::Received(message), &**local, 0) {
            if let Effect::Admit(segment) = effect {
                assert_eq!(local.admit(&own.author, vec![segment]).entered, 0);
            }
        }
    }
    assert_eq!(state(local), before);
    assert!(Ledger::knows(&**local, &known[0]));
}
