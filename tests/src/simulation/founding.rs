//! The beginning of a world: a database, its members, its schema, and the replicas that know them.

use super::chain::{Record, sign};
use super::kind::Kind;
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
use dag::id::{CommitId, RunId};
use linearizer::finality::Word;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who is there: the first so many are members from the beginning, the others come later.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// All that will ever be there.
    pub peers: usize,
    /// Members from the beginning.
    pub founding: usize,
    /// Of which administrators, the founder included.
    pub admins: usize,
    /// Whether the last one has the key of the one before.
    pub doubled: bool,
}

impl Cast {
    /// Members from the beginning, and a copy of the last one's folder, later.
    pub fn doubled(members: usize) -> Self {
        Cast { peers: members + 1, founding: members, admins: 1, doubled: true }
    }

    /// Members from the beginning, one of them an administrator.
    pub fn all(peers: usize) -> Self {
        Cast { peers, founding: peers, admins: 1, doubled: false }
    }
}

/// A database: the founder's first commit admits the other members. Newcomers have an empty disk.
pub fn found(cast: Cast, kind: Kind, habit: Habit, random: &mut Random) -> Vec<Replica> {
    let mut seeds: Vec<[u8; 32]> = (0..cast.peers).map(|_| random.bytes()).collect();
    if cast.doubled {
        seeds[cast.peers - 1] = seeds[cast.peers - 2];
    }
    let keys: Vec<AuthorKey> = seeds.into_iter().map(AuthorKey::from_seed).collect();
    let recovery = AuthorKey::from_seed(random.bytes()).id();
    let genesis = Genesis::found(keys[0].id(), recovery, &Seeded(random.bytes())).expect("seeded bytes never fail");
    let records = beginning(&genesis, &keys[..cast.founding], cast.admins, RunId(random.next()));
    let genesis = Arc::new(genesis);
    let directory = Arc::new(keys.iter().map(AuthorKey::id).collect::<Vec<_>>());
    let replica = |(number, key): (usize, AuthorKey)| {
        let mut replica = Replica::new(number, directory.clone(), key, genesis.clone(), kind, habit);
        if number < cast.founding {
            replica.prepare(records.clone());
        }
        replica
    };
    keys.into_iter().enumerate().map(replica).collect()
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
fn beginning(genesis: &Genesis, keys: &[AuthorKey], admins: usize, run: RunId) -> Vec<Record> {
    let role = |number: usize| if number < admins { Role::Admin } else { Role::Writer };
    let admit = |(number, key): (usize, &AuthorKey)| ControlRecord::Admit {
        author: key.id(),
        role: role(number),
        name: String::new(),
    };
    let members: Vec<ControlRecord> = keys.iter().enumerate().skip(1).map(admit).collect();
    let dawn = DAWN_MILLIS - 2 * WIDEST_SKEW_MILLIS;
    let header = |seq: u64, prev: Option<CommitId>, kind: CommitKind| Header {
        prev,
        parents: prev.into_iter().collect(),
        hlc: Hlc::new(dawn + seq, 0),
        kind,
        ..Header::bare(genesis.id(), genesis.founder, run, seq)
    };
    let kind = if members.is_empty() { CommitKind::Join } else { CommitKind::Control };
    let first = Commit::new(header(1, None, kind), &ChangeSet::default(), &members);
    let first = first.expect("a few members fit");
    let second = Commit::new(header(2, Some(first.id), CommitKind::Data), &workload::schema(), &[]);
    let second = second.expect("three tables fit");
    let word = Word { promise: second.header.hlc, ..Word::default() };
    let tip = sign(&keys[0], &second, word, [0; 32], BTreeMap::new());
    vec![Record::Commit(first), Record::Commit(second), Record::Tip(tip)]
}
