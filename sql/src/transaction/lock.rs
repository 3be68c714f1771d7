//! The lock table (R35): shared and exclusive locks on rows, UNIQUE entries and table names, existing or not.
//!
//! Promises: FIFO, upgrades go first, a lock is handed over in the very call that frees it; no cycle of waits outlives
//! the request that closed it: the member that wrote the fewest rows is the victim. Keys are 64-bit hashes: a collision
//! costs a needless wait, never a missed one. Locks only save work and give MySQL's waits; what may commit is decided
//! by the fold (R27). Knows nothing of rows, statements or time.

use crate::error::SqlError;
use dag::id::EntityId;
use dag::signal::Signal;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A transaction that may hold locks; never reused within a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TransactionId(pub u64);

/// What is locked: the hash of a key space and a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LockKey(pub u64);

impl LockKey {
    /// A row or an entry of a UNIQUE index.
    pub fn row(space: EntityId, key: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&space.0);
        hasher.write(key);
        LockKey(hasher.finish())
    }

    /// The name of a table: held shared by whoever uses it, exclusive by DDL.
    pub fn name(database: &str, table: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        for part in [database, "/", table] {
            hasher.write(part.as_bytes());
        }
        hasher.write_u8(0xFF);
        LockKey(hasher.finish())
    }
}

/// How a key is locked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mode {
    /// With other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// The answer to a request.
pub enum Grant {
    /// The transaction held it already, at least as strongly.
    Held,
    /// It holds it now.
    New,
    /// It stands in the queue; the signal says when it holds it, or why it never will.
    Wait(Signal<Result<(), SqlError>>),
}

/// The keys are hashes already.
#[derive(Default)]
struct Passthrough(u64);

impl Hasher for Passthrough {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = self.0.rotate_left(8) ^ u64::from(*b));
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Hashed<K, V> = HashMap<K, V, BuildHasherDefault<Passthrough>>;

struct Request {
    owner: TransactionId,
    mode: Mode,
    granted: Signal<Result<(), SqlError>>,
}

/// The one holder of a key that nobody else wants: nearly every lock. Eight bytes, because a bulk load holds a lock a row.
#[derive(Clone, Copy)]
struct Sole(u64);

impl Sole {
    fn new(owner: TransactionId, mode: Mode) -> Self {
        Sole(owner.0 << 1 | u64::from(mode == Mode::Exclusive))
    }

    fn owner(self) -> TransactionId {
        TransactionId(self.0 >> 1)
    }

    fn mode(self) -> Mode {
        if self.0 & 1 == 1 { Mode::Exclusive } else { Mode::Shared }
    }
}

/// A key that several hold or want, or did until now.
#[derive(Default)]
struct Lock {
    first: Option<(TransactionId, Mode)>,
    rest: Option<Box<Crowd>>,
}

/// The further holders, none while there is no first, and those who wait.
#[derive(Default)]
struct Crowd {
    holders: Vec<(TransactionId, Mode)>,
    queue: VecDeque<Request>,
}

impl Lock {
    fn holders(&self) -> impl Iterator<Item = (TransactionId, Mode)> {
        self.first.into_iter().chain(self.rest.iter().flat_map(|rest| rest.holders.iter().copied()))
    }

    fn queue(&self) -> impl Iterator<Item = &Request> {
        self.rest.iter().flat_map(|rest| &rest.queue)
    }

    fn nobody_waits(&self) -> bool {
        self.queue().next().is_none()
    }

    fn held_by(&self, owner: TransactionId) -> Option<Mode> {
        self.holders().find(|(holder, _)| *holder == owner).map(|(_, mode)| mode)
    }

    fn fits(&self, owner: TransactionId, mode: Mode) -> bool {
        self.holders().all(|(holder, held)| holder == owner || !clash(held, mode))
    }

    fn hold(&mut self, owner: TransactionId, mode: Mode) -> bool {
        let further = self.rest.iter_mut().flat_map(|rest| &mut rest.holders);
        if let Some((_, held)) = self.first.iter_mut().chain(further).find(|(holder, _)| *holder == owner) {
            *held = mode.max(*held);
            return false;
        }
        match self.first {
            None => self.first = Some((owner, mode)),
            Some(_) => self.rest.get_or_insert_default().holders.push((owner, mode)),
        }
        true
    }

    fn leave(&mut self, owner: TransactionId) {
        let further = self.rest.as_mut().map(|rest| &mut rest.holders);
        if self.first.is_some_and(|(holder, _)| holder == owner) {
            self.first = further.and_then(Vec::pop);
        } else if let Some(further) = further {
            further.retain(|(holder, _)| *holder != owner);
        }
    }

    fn withdraw(&mut self, owner: TransactionId) -> Option<Request> {
        let queue = &mut self.rest.as_mut()?.queue;
        let place = queue.iter().position(|r| r.owner == owner)?;
        queue.remove(place)
    }

    /// The next request, if it may go.
    fn next(&mut self) -> Option<Request> {
        let front = self.queue().next()?;
        if !self.fits(front.owner, front.mode) {
            return None;
        }
        self.rest.as_mut()?.queue.pop_front()
    }

    /// An upgrade stands before everybody who holds nothing here: they could not go first anyway.
    fn enqueue(&mut self, request: Request) {
        let upgrades = self.queue().take_while(|r| self.held_by(r.owner).is_some()).count();
        let place = if self.held_by(request.owner).is_some() { upgrades } else { self.queue().count() };
        self.rest.get_or_insert_default().queue.insert(place, request);
    }

    /// Whom the owner's request waits for: clashing holders, and clashing requests before it.
    fn blockers(&self, owner: TransactionId) -> Vec<TransactionId> {
        let Some((place, request)) = self.queue().enumerate().find(|(_, r)| r.owner == owner) else {
            return Vec::new();
        };
        let mode = request.mode;
        let ahead = self.queue().take(place).map(|r| (r.owner, r.mode));
        let others = self.holders().chain(ahead);
        others.filter(|(other, held)| *other != owner && clash(*held, mode)).map(|(other, _)| other).collect()
    }
}

fn clash(a: Mode, b: Mode) -> bool {
    a == Mode::Exclusive || b == Mode::Exclusive
}

#[derive(Default)]
struct Owner {
    held: Vec<LockKey>,
    waiting: Option<LockKey>,
    /// Rows written so far: the price of choosing this one as victim.
    weight: u64,
}

/// Up to so many held locks are looked at one by one before the search for a cycle: a hot counter's transaction holds
/// two or three.
const FEW_LOCKS: usize = 16;

type Wake = Vec<(Signal<Result<(), SqlError>>, Result<(), SqlError>)>;

#[derive(Default)]
struct State {
    sole: Hashed<LockKey, Sole>,
    /// Keys that are not in `sole`.
    locks: Hashed<LockKey, Lock>,
    owners: Hashed<TransactionId, Owner>,
}

/// All locks of an engine, behind one mutex that is held for well under a microsecond a call.
#[derive(Default)]
pub struct LockTable {
    state: Mutex<State>,
}

/// 1213.
pub(crate) fn deadlock() -> SqlError {
    SqlError::new(1213, "Deadlock found when trying to get lock; try restarting transaction")
}

impl LockTable {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a lock. `weight` is how many rows the transaction has written. Error: 1213, this one is the victim; it
    /// must roll back.
    pub fn acquire(&self, owner: TransactionId, key: LockKey, mode: Mode, weight: u64) -> Result<Grant, SqlError> {
        let mut wake = Wake::new();
        let answer = self.state().acquire(owner, key, mode, weight, &mut wake);
        finish(wake);
        answer
    }

    /// Asks for a lock that must be free now (NOWAIT, SKIP LOCKED); `None` if it is not, true if it was not held before.
    pub fn try_acquire(&self, owner: TransactionId, key: LockKey, mode: Mode) -> Option<bool> {
        self.state().try_acquire(owner, key, mode).map(|grant| matches!(grant, Grant::New))
    }

    /// Frees one lock before the transaction ends (READ COMMITTED, a row that did not match).
    pub fn release(&self, owner: TransactionId, key: LockKey) {
        let mut wake = Wake::new();
        let mut state = self.state();
        if let Some(entry) = state.owners.get_mut(&owner)
            && let Some(place) = entry.held.iter().rposition(|k| *k == key)
        {
            entry.held.swap_remove(place);
            state.drop_holder(owner, key, &mut wake);
        }
        drop(state);
        finish(wake);
    }

    /// Frees everything the transaction holds or waits for.
    pub fn release_all(&self, owner: TransactionId) {
        let mut wake = Wake::new();
        let mut state = self.state();
        state.withdraw(owner, &mut wake);
        let held = state.owners.remove(&owner).map(|o| o.held).unwrap_or_default();
        held.into_iter().for_each(|key| state.drop_holder(owner, key, &mut wake));
        drop(state);
        finish(wake);
    }

    /// Ends a wait (timeout, KILL) with an error; what the transaction holds stays.
    pub fn cancel(&self, owner: TransactionId, error: SqlError) {
        let mut wake = Wake::new();
        let mut state = self.state();
        if let Some(signal) = state.withdraw(owner, &mut wake) {
            wake.push((signal, Err(error)));
        }
        drop(state);
        finish(wake);
    }

    /// How many locks a transaction holds, for tests and SHOW.
    pub fn held(&self, owner: TransactionId) -> usize {
        self.state().owners.get(&owner).map_or(0, |o| o.held.len())
    }

    /// Whether anything is held or waited for, for tests.
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.sole.is_empty() && state.locks.is_empty() && state.owners.is_empty()
    }
}

/// Wakers run outside the mutex: they may schedule tasks.
fn finish(wake: Wake) {
    wake.into_iter().for_each(|(signal, answer)| signal.complete(answer));
}

impl State {
    fn try_acquire(&mut self, owner: TransactionId, key: LockKey, mode: Mode) -> Option<Grant> {
        match self.sole.get_mut(&key) {
            Some(sole) if sole.owner() == owner => {
                let held = sole.mode() >= mode;
                *sole = Sole::new(owner, mode.max(sole.mode()));
                return Some(if held { Grant::Held } else { Grant::New });
            }
            None if !self.locks.contains_key(&key) => {
                self.sole.insert(key, Sole::new(owner, mode));
                self.owners.entry(owner).or_default().held.push(key);
                return Some(Grant::New);
            }
            _ => {}
        }
        let lock = self.shared_lock(key);
        let held = lock.held_by(owner);
        if held >= Some(mode) {
            return Some(Grant::Held);
        }
        if lock.fits(owner, mode) && (held.is_some() || lock.nobody_waits()) {
            if !lock.hold(owner, mode) {
                // An upgrade: nobody can have changed what was locked already.
                return Some(Grant::Held);
            }
            self.owners.entry(owner).or_default().held.push(key);
            return Some(Grant::New);
        }
        None
    }

    fn acquire(
        &mut self,
        owner: TransactionId,
        key: LockKey,
        mode: Mode,
        weight: u64,
        wake: &mut Wake,
    ) -> Result<Grant, SqlError> {
        if let Some(grant) = self.try_acquire(owner, key, mode) {
            return Ok(grant);
        }
        self.withdraw(owner, wake);
        let granted = Signal::default();
        let entry = self.owners.entry(owner).or_default();
        entry.waiting = Some(key);
        entry.weight = weight;
        self.shared_lock(key).enqueue(Request { owner, mode, granted: granted.clone() });
        self.break_cycles(owner, wake)?;
        Ok(Grant::Wait(granted))
    }

    /// The lock of a key that a second transaction asks for.
    fn shared_lock(&mut self, key: LockKey) -> &mut Lock {
        let lock = self.locks.entry(key).or_default();
        if let Some(sole) = self.sole.remove(&key) {
            lock.first = Some((sole.owner(), sole.mode()));
        }
        lock
    }

    /// Every new cycle goes through the new request; each turn removes one waiter, so this ends.
    fn break_cycles(&mut self, owner: TransactionId, wake: &mut Wake) -> Result<(), SqlError> {
        if self.nobody_waits_for(owner) {
            return Ok(());
        }
        while let Some(cycle) = self.cycle_through(owner) {
            let price = |member: &TransactionId| {
                let weight = self.owners.get(member).map_or(0, |o| o.weight);
                (weight, *member != owner, *member)
            };
            let Some(victim) = cycle.iter().copied().min_by_key(price) else { break };
            let signal = self.withdraw(victim, wake);
            if victim == owner {
                return Err(deadlock());
            }
            wake.extend(signal.map(|s| (s, Err(deadlock()))));
        }
        Ok(())
    }

    /// The common case at a hot row: who holds little, and nothing that others want, closes no cycle.
    fn nobody_waits_for(&self, owner: TransactionId) -> bool {
        let Some(entry) = self.owners.get(&owner) else { return true };
        let wanted = |key: &LockKey| self.locks.get(key).is_some_and(|lock| !lock.nobody_waits());
        entry.held.len() <= FEW_LOCKS && !entry.held.iter().any(wanted)
    }

    /// A path of waits from the owner back to itself: depth first, each transaction once.
    fn cycle_through(&self, start: TransactionId) -> Option<Vec<TransactionId>> {
        let mut seen = HashSet::new();
        let mut path = vec![(start, self.blockers_of(start))];
        while let Some((_, next)) = path.last_mut() {
            match next.pop() {
                Some(blocker) if blocker == start => return Some(path.iter().map(|(owner, _)| *owner).collect()),
                Some(blocker) if seen.insert(blocker) => {
                    let further = self.blockers_of(blocker);
                    path.push((blocker, further));
                }
                Some(_) => {}
                None => {
                    path.pop();
                }
            }
        }
        None
    }

    fn blockers_of(&self, owner: TransactionId) -> Vec<TransactionId> {
        let waiting = self.owners.get(&owner).and_then(|o| o.waiting);
        waiting.and_then(|key| self.locks.get(&key)).map(|lock| lock.blockers(owner)).unwrap_or_default()
    }

    /// Takes the owner out of the queue it stands in; who stood behind it may now go.
    fn withdraw(&mut self, owner: TransactionId, wake: &mut Wake) -> Option<Signal<Result<(), SqlError>>> {
        let key = self.owners.get_mut(&owner)?.waiting.take()?;
        let lock = self.locks.get_mut(&key)?;
        let request = lock.withdraw(owner)?;
        self.settle(key, wake);
        Some(request.granted)
    }

    fn drop_holder(&mut self, owner: TransactionId, key: LockKey, wake: &mut Wake) {
        if self.sole.get(&key).is_some_and(|sole| sole.owner() == owner) {
            self.sole.remove(&key);
        } else if let Some(lock) = self.locks.get_mut(&key) {
            lock.leave(owner);
            self.settle(key, wake);
        }
    }

    /// Grants from the front of the queue as far as possible, and forgets a lock nobody wants.
    fn settle(&mut self, key: LockKey, wake: &mut Wake) {
        let Some(lock) = self.locks.get_mut(&key) else { return };
        while let Some(request) = lock.next() {
            let entry = self.owners.entry(request.owner).or_default();
            entry.waiting = None;
            if lock.hold(request.owner, request.mode) {
                entry.held.push(key);
            }
            wake.push((request.granted, Ok(())));
        }
        if lock.first.is_none() && lock.nobody_waits() {
            self.locks.remove(&key);
        }
    }
}
