//! The beginning of a world: a database, its members, its schema, and the replicas that know them.

use super::chain::{Record, sign};
use super::random::Random;
use super::replica::Replica;
use super::step::Habit;
use super::workload;
use super::world::{DAWN_MILLIS, WIDEST_SKEW_MILLIS};
use dag::author_key::AuthorKey;
use dag::change::ChangeSet;
use dag::clock::{Entropy, EntropyError};
use dag::commit::Commit;
use dag::control::{ControlRecord, Role};
use dag::genesis::Genesis;
use dag::header::{CommitKind, Header};
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId, RunId};
use linearizer::finality::Word;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A database with these writers: the founder's first commit admits the others.
pub fn found(peers: usize, habit: Habit, random: &mut Random) -> Vec<Replica> {
    let seeds: Vec<[u8; 32]> = (0..peers).map(|_| random.bytes()).collect();
    let keys: Vec<AuthorKey> = seeds.iter().map(|seed| AuthorKey::from_seed(*seed)).collect();
    let recovery = AuthorKey::from_seed(random.bytes()).id();
    let genesis = Genesis::found(keys[0].id(), recovery, &Seeded(random.bytes())).expect("seeded bytes never fail");
    let records = beginning(&genesis, &keys, RunId(random.next()));
    let genesis = Arc::new(genesis);
    let replica = |(number, seed): (usize, &[u8; 32])| {
        let mut replica = Replica::new(number, peers, *seed, genesis.clone(), habit);
        replica.prepare(records.clone());
        replica
    };
    seeds.iter().enumerate().map(replica).collect()
}

/// Randomness for genesis, from the world's.
struct Seeded([u8; 32]);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

/// What every replica has from the start: the members, then the schema.
fn beginning(genesis: &Genesis, keys: &[AuthorKey], run: RunId) -> Vec<Record> {
    let admit = |key: &AuthorKey| ControlRecord::Admit { author: key.id(), role: Role::Writer, name: String::new() };
    let members: Vec<ControlRecord> = keys[1..].iter().map(admit).collect();
    let dawn = DAWN_MILLIS - 2 * WIDEST_SKEW_MILLIS;
    let header = |seq: u64, prev: Option<CommitId>, kind: CommitKind| Header {
        genesis: genesis.id(),
        author: genesis.founder,
        run,
        seq,
        prev,
        parents: prev.into_iter().collect(),
        hlc: Hlc::new(dawn + seq, 0),
        rules_level: genesis.rules_level,
        kind,
        body: NodeId::ZERO,
        body_length: 0,
        changes: 0,
        settles: Vec::new(),
        read_set: NodeId::ZERO,
        control: NodeId::ZERO,
        next_hidden: 0,
        extensions: BTreeMap::new(),
    };
    let first = Commit::new(header(1, None, CommitKind::Control), &ChangeSet::default(), &members);
    let first = first.expect("a few members fit");
    let second = Commit::new(header(2, Some(first.id), CommitKind::Data), &workload::schema(), &[]);
    let second = second.expect("three tables fit");
    let word = Word { promise: second.header.hlc, ..Word::default() };
    let tip = sign(&keys[0], &second, word, [0; 32]);
    vec![Record::Commit(first), Record::Commit(second), Record::Tip(tip)]
}
