//! The lock table against a small model: random requests, upgrades, NOWAIT, cancels and releases.

use dag::signal::Signal;
use proptest::prelude::*;
use sql::error::SqlError;
use sql::transaction::lock::{Grant, LockKey, LockTable, Mode, TransactionId};
use std::collections::BTreeMap;

type Owner = u64;
type Answer = Signal<Result<(), SqlError>>;

/// Who holds what and who stands where, by the rules in a few lines.
#[derive(Clone, Default)]
struct Model {
    held: BTreeMap<(u64, Owner), Mode>,
    queues: BTreeMap<u64, Vec<(Owner, Mode)>>,
    weights: BTreeMap<Owner, u64>,
}

fn clash(a: Mode, b: Mode) -> bool {
    a == Mode::Exclusive || b == Mode::Exclusive
}

impl Model {
    fn holders(&self, key: u64) -> impl Iterator<Item = (Owner, Mode)> {
        self.held.range((key, 0)..=(key, Owner::MAX)).map(|((_, owner), mode)| (*owner, *mode))
    }

    fn fits(&self, key: u64, owner: Owner, mode: Mode) -> bool {
        self.holders(key).all(|(other, held)| other == owner || !clash(held, mode))
    }

    /// Whether the request is met at once.
    fn at_once(&self, key: u64, owner: Owner, mode: Mode) -> bool {
        let held = self.held.get(&(key, owner));
        let first = held.is_some() || self.queues.get(&key).is_none_or(Vec::is_empty);
        held >= Some(&mode) || first && self.fits(key, owner, mode)
    }

    fn hold(&mut self, key: u64, owner: Owner, mode: Mode) {
        let held = self.held.entry((key, owner)).or_insert(mode);
        *held = mode.max(*held);
    }

    /// Upgrades stand before everybody who holds nothing.
    fn enqueue(&mut self, key: u64, owner: Owner, mode: Mode) {
        let queue = self.queues.entry(key).or_default();
        let holds = |other: &Owner| self.held.contains_key(&(key, *other));
        let upgrades = queue.iter().take_while(|(other, _)| holds(other)).count();
        let place = if holds(&owner) { upgrades } else { queue.len() };
        queue.insert(place, (owner, mode));
    }

    fn waits(&self, owner: Owner) -> bool {
        self.queues.values().flatten().any(|(other, _)| *other == owner)
    }

    fn leave(&mut self, owner: Owner) {
        self.queues.values_mut().for_each(|queue| queue.retain(|(other, _)| *other != owner));
    }

    /// Grants from the front of every queue as far as it goes.
    fn settle(&mut self) {
        for key in self.queues.keys().copied().collect::<Vec<_>>() {
            while let Some((owner, mode)) = self.queues[&key].first().copied() {
                if !self.fits(key, owner, mode) {
                    break;
                }
                self.queues.entry(key).or_default().remove(0);
                self.hold(key, owner, mode);
            }
        }
    }

    fn blockers(&self, owner: Owner) -> Vec<Owner> {
        let waiting = self.queues.iter().find_map(|(key, queue)| {
            let place = queue.iter().position(|(other, _)| *other == owner)?;
            Some((*key, &queue[..place], queue[place].1))
        });
        let Some((key, ahead, mode)) = waiting else { return Vec::new() };
        let others = self.holders(key).chain(ahead.iter().copied());
        others.filter(|(other, held)| *other != owner && clash(*held, mode)).map(|(other, _)| other).collect()
    }

    /// Every simple cycle of waits through the last of the path.
    fn cycles(&self, path: &mut Vec<Owner>, found: &mut Vec<Vec<Owner>>) {
        let last = path[path.len() - 1];
        for blocker in self.blockers(last) {
            if blocker == path[0] {
                found.push(path.clone());
            } else if !path.contains(&blocker) {
                path.push(blocker);
                self.cycles(path, found);
                path.pop();
            }
        }
    }

    fn cycles_through(&self, owner: Owner) -> Vec<Vec<Owner>> {
        let mut found = Vec::new();
        self.cycles(&mut vec![owner], &mut found);
        found
    }

    fn victim(&self, cycle: &[Owner], requester: Owner) -> Owner {
        let price = |member: &Owner| (self.weights.get(member).copied(), *member != requester, *member);
        cycle.iter().copied().min_by_key(price).expect("a cycle has members")
    }
}

/// The model after the victims have gone, one cycle at a time: which of several is found first is left open.
fn explain(model: &Model, requester: Owner, victims: &[Owner]) -> Option<Model> {
    let cycles = model.cycles_through(requester);
    if victims.is_empty() {
        return cycles.is_empty().then(|| model.clone());
    }
    victims.iter().find_map(|victim| {
        cycles.iter().find(|cycle| model.victim(cycle, requester) == *victim)?;
        let mut next = model.clone();
        next.leave(*victim);
        next.settle();
        let others: Vec<Owner> = victims.iter().copied().filter(|other| other != victim).collect();
        explain(&next, requester, &others)
    })
}

/// Table and model side by side.
#[derive(Default)]
struct Pair {
    table: LockTable,
    model: Model,
    waiting: BTreeMap<Owner, Answer>,
}

impl Pair {
    fn acquire(&mut self, owner: Owner, key: u64, mode: Mode, weight: u64) {
        let at_once = self.model.at_once(key, owner, mode);
        let answer = self.table.acquire(TransactionId(owner), LockKey(key), mode, weight);
        if at_once {
            assert!(matches!(answer, Ok(Grant::Held | Grant::New)), "free, but not granted");
            self.model.hold(key, owner, mode);
            return;
        }
        self.model.enqueue(key, owner, mode);
        self.model.weights.insert(owner, weight);
        let mut victims: Vec<Owner> = Vec::new();
        let beaten = self.waiting.iter().filter(|(_, s)| matches!(s.answer(), Some(Err(_))));
        victims.extend(beaten.map(|(other, _)| *other));
        match answer {
            Ok(Grant::Wait(signal)) => drop(self.waiting.insert(owner, signal)),
            Ok(_) => panic!("granted against a holder or past the queue"),
            Err(error) => {
                assert_eq!(error.code, 1213);
                victims.push(owner);
            }
        }
        self.check_victims(owner, victims);
    }

    /// Each victim is the cheapest of a cycle that the request closed, and no cycle is left.
    fn check_victims(&mut self, requester: Owner, victims: Vec<Owner>) {
        self.model = explain(&self.model, requester, &victims).expect("victims that no order of cycles explains");
        for victim in victims {
            self.waiting.remove(&victim);
            // It rolls back.
            if victim == requester {
                self.release_all(victim);
            }
        }
    }

    fn release_all(&mut self, owner: Owner) {
        self.table.release_all(TransactionId(owner));
        self.waiting.remove(&owner);
        self.model.leave(owner);
        self.model.held.retain(|(_, holder), _| *holder != owner);
        self.model.settle();
    }

    fn cancel(&mut self, owner: Owner) {
        self.table.cancel(TransactionId(owner), SqlError::new(1205, "late"));
        if let Some(signal) = self.waiting.remove(&owner) {
            assert_eq!(signal.answer().map(|a| a.map_err(|e| e.code)), Some(Err(1205)));
        }
        self.model.leave(owner);
        self.model.settle();
    }

    fn release(&mut self, owner: Owner, key: u64) {
        self.table.release(TransactionId(owner), LockKey(key));
        self.model.held.remove(&(key, owner));
        self.model.settle();
    }

    /// The waits that the table has ended are those that the model has ended, and both hold as much.
    fn compare(&mut self) {
        let model = &self.model;
        self.waiting.retain(|owner, signal| match signal.answer() {
            None => {
                assert!(model.waits(*owner), "{owner} was to be granted: it waits for ever");
                true
            }
            Some(answer) => {
                assert_eq!(answer, Ok(()));
                assert!(!model.waits(*owner), "{owner} was granted too early");
                false
            }
        });
        for owner in 0..OWNERS {
            let held = model.held.keys().filter(|(_, holder)| *holder == owner).count();
            assert_eq!(self.table.held(TransactionId(owner)), held, "locks of {owner}");
        }
    }

    fn step(&mut self, (what, owner, key, exclusive, weight): (u8, Owner, u64, bool, u64)) {
        let mode = if exclusive { Mode::Exclusive } else { Mode::Shared };
        let waits = self.waiting.contains_key(&owner);
        match what {
            // A session that waits asks for nothing else.
            0..=6 if !waits => self.acquire(owner, key, mode, weight),
            7 if !waits => {
                let at_once = self.model.at_once(key, owner, mode);
                assert_eq!(self.table.try_acquire(TransactionId(owner), LockKey(key), mode).is_some(), at_once);
                if at_once {
                    self.model.hold(key, owner, mode);
                }
            }
            8 => self.cancel(owner),
            9 => self.release_all(owner),
            10 if !waits => self.release(owner, key),
            _ => {}
        }
        self.compare();
    }
}

/// Few enough that they meet all the time.
const OWNERS: Owner = 5;
const KEYS: u64 = 4;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn locks_follow_the_rules(
        steps in prop::collection::vec((0_u8..11, 0..OWNERS, 0..KEYS, any::<bool>(), 0_u64..4), 1..80)
    ) {
        let mut pair = Pair::default();
        for step in steps {
            pair.step(step);
        }
        for owner in 0..OWNERS {
            pair.release_all(owner);
            pair.compare();
        }
        prop_assert!(pair.waiting.is_empty() && pair.table.is_empty());
    }
}
