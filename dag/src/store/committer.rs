//! Group commit: one thread that drains a bounded queue, writes one batch, syncs once, answers all.
//!
//! Promises: an answer of `Ok` means that the records are on the disk; requests reach the log in the order they were
//! taken; one request is one piece of one batch, never split. No timer: a batch is whatever waits when the last sync
//! has ended and those it answered had a turn. A lone writer writes its batch itself ([`Desk`]): no thread is woken for
//! it. After a failed write every request, waiting or new, gets the failure and nothing is acknowledged any more.

use super::{Log, MAX_RECORD, Record, StoreError};
use crate::signal::Signal;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Bounds of the queue.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most requests that wait. 4,096: more than the sessions a replica serves.
    pub requests: usize,
    /// Most bytes that wait, unless a single request has more. 64 MiB: what the memory bound of a small server bears.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { requests: 4096, bytes: 64 << 20 }
    }
}

/// What a request is answered with.
pub type Answer = Signal<Result<(), StoreError>>;

struct Request {
    records: Vec<Record>,
    answer: Answer,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    bytes: usize,
    /// Why no more is taken.
    closed: Option<StoreError>,
    /// A batch is being written, by the thread or by a lone writer.
    busy: bool,
    /// Batches of one request in a row.
    lone: u32,
    /// The thread waits to be woken. A condition variable calls the kernel even if nobody waits; these two say if.
    idle: bool,
    /// Threads that wait for room.
    blocked: usize,
}

/// So many batches of one request in a row mean that one writer works alone: a few could be chance among many writers,
/// whose batches fill while the thread syncs.
const LONE_BATCHES: u32 = 16;

/// A batch of fewer makes room for more before its sync, which costs the processor as much as two or three commits:
/// half of what usual pools of connections have.
const FEW: usize = 32;

/// How often it does so: two per cent more than once at 64 clients, and more often brought nothing (measured).
const GIVES_WAY: u32 = 4;

struct Queue {
    limits: Limits,
    state: Mutex<State>,
    filled: Condvar,
    drained: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self, state: &State, bytes: usize) -> bool {
        state.requests.is_empty()
            || (state.requests.len() < self.limits.requests && state.bytes + bytes <= self.limits.bytes)
    }

    /// Stops taking requests for `reason` (the first one stays) and answers those that wait with it.
    fn refuse(&self, reason: &StoreError) {
        let waiting = {
            let mut state = self.state();
            state.closed.get_or_insert_with(|| reason.clone());
            state.bytes = 0;
            std::mem::take(&mut state.requests)
        };
        waiting.iter().for_each(|request| request.answer.complete(Err(reason.clone())));
        self.drained.notify_all();
    }

    /// Everything that waits; `None` when the queue is closed and empty.
    fn drain(&self) -> Option<Vec<Request>> {
        let (mut state, mut gave_way) = (self.state(), 0);
        loop {
            while state.requests.is_empty() || state.busy {
                if state.closed.is_some() && !state.busy {
                    return None;
                }
                state.idle = true;
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle = false;
            }
            if gave_way >= GIVES_WAY || state.lone > 0 || state.requests.len() >= FEW {
                return Some(self.begin(&mut state));
            }
            // The sessions just answered are about to commit again: they may go first.
            drop(state);
            std::thread::yield_now();
            (state, gave_way) = (self.state(), gave_way + 1);
        }
    }

    /// Takes everything that waits as the next batch.
    fn begin(&self, state: &mut State) -> Vec<Request> {
        state.bytes = 0;
        state.busy = true;
        state.lone = if state.requests.len() == 1 { state.lone.saturating_add(1) } else { 0 };
        let requests = std::mem::take(&mut state.requests);
        if state.blocked > 0 {
            self.drained.notify_all();
        }
        requests
    }

    /// The batch is written: the thread goes on if more has come.
    fn end(&self) {
        let mut state = self.state();
        state.busy = false;
        if !state.requests.is_empty() || state.closed.is_some() {
            self.wake(state);
        }
    }

    /// Wakes the thread, if it waits.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.idle) {
            drop(state);
            self.filled.notify_one();
        }
    }
}

/// Where a writer finishes what it staged: writes it itself when nobody else commits, or wakes the thread.
#[derive(Clone)]
pub struct Desk {
    log: Arc<Log>,
    queue: Arc<Queue>,
}

impl Desk {
    /// Sees to what was staged. A lone writer's batch is on the disk on return, which takes as long as a sync: call it
    /// without locks that others need.
    pub fn finish(&self) {
        let mut state = self.queue.state();
        if state.requests.is_empty() || state.busy {
            // Whoever is busy wakes the thread at its end.
            return;
        }
        if state.requests.len() > 1 || state.lone < LONE_BATCHES || state.closed.is_some() {
            self.queue.wake(state);
            return;
        }
        let requests = self.queue.begin(&mut state);
        drop(state);
        let _written = write(&self.log, &self.queue, requests);
    }
}

/// The owner of the committing thread. Dropping it writes what waits, marks a clean end, and joins the thread.
pub struct Committer {
    queue: Arc<Queue>,
    log: Arc<Log>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread over a log.
    pub fn start(log: Arc<Log>, limits: Limits) -> io::Result<Self> {
        let state = Mutex::new(State::default());
        let queue = Arc::new(Queue { limits, state, filled: Condvar::new(), drained: Condvar::new() });
        let worker = Desk { log: log.clone(), queue: queue.clone() };
        let thread = Builder::new().name("committer".into()).spawn(move || run(&worker.log, &worker.queue))?;
        Ok(Committer { queue, log, thread: Some(thread) })
    }

    /// For whoever stages.
    pub fn desk(&self) -> Desk {
        Desk { log: self.log.clone(), queue: self.queue.clone() }
    }

    /// As `try_submit`, but wakes nobody: the caller must call [`Desk::finish`] soon, whatever happens.
    pub fn stage(&self, records: Vec<Record>) -> Result<Answer, StoreError> {
        let bytes = size(&records);
        let mut state = self.queue.state();
        if state.closed.is_none() && !self.queue.has_room(&state, bytes) {
            return Err(StoreError::Busy);
        }
        Ok(self.take(&mut state, records, bytes))
    }

    /// Takes records to be written together; the answer comes when they are on the disk. Waits for room while the
    /// queue is full: for threads, not for tasks.
    pub fn submit(&self, records: Vec<Record>) -> Answer {
        let bytes = size(&records);
        let mut state = self.queue.state();
        while state.closed.is_none() && !self.queue.has_room(&state, bytes) {
            state.blocked += 1;
            state = self.queue.drained.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.blocked -= 1;
        }
        let answer = self.take(&mut state, records, bytes);
        self.queue.wake(state);
        answer
    }

    /// As `submit`, but refuses with [`StoreError::Busy`] instead of waiting.
    pub fn try_submit(&self, records: Vec<Record>) -> Result<Answer, StoreError> {
        let answer = self.stage(records)?;
        self.queue.wake(self.queue.state());
        Ok(answer)
    }

    fn take(&self, state: &mut State, records: Vec<Record>, bytes: usize) -> Answer {
        let answer = Answer::default();
        // One oversized record must not spoil the batch of others.
        let too_large = records.iter().map(|record| record.bytes.len()).find(|bytes| *bytes > MAX_RECORD);
        let refusal = state.closed.clone().or(too_large.map(|bytes| StoreError::TooLarge { bytes }));
        if let Some(reason) = refusal {
            answer.complete(Err(reason));
            return answer;
        }
        state.bytes += bytes;
        state.requests.push(Request { records, answer: answer.clone() });
        answer
    }

    /// Why commits are refused, once they are: the replica shows it and stops.
    pub fn failure(&self) -> Option<StoreError> {
        self.queue.state().closed.clone()
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.queue.state().closed.get_or_insert(StoreError::Closed);
        self.queue.filled.notify_all();
        self.queue.drained.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was answered by its guard; there is no one else to tell.
            let _ = thread.join();
        }
    }
}

fn size(records: &[Record]) -> usize {
    records.iter().map(|record| record.bytes.len() + super::record::HEAD).sum()
}

/// Answers whoever waits if the thread ends in any other way than by its loop.
struct Guard<'q>(&'q Queue);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.refuse(&StoreError::Closed);
    }
}

fn run(log: &Log, queue: &Queue) {
    let _guard = Guard(queue);
    while let Some(requests) = queue.drain() {
        if !write(log, queue, requests) {
            return;
        }
    }
    // The mark of a clean end saves nothing that was not acknowledged; if it fails, the next start finds out why.
    let _ = log.close();
}

/// Writes one batch and answers it; false if the log takes no more.
fn write(log: &Log, queue: &Queue, requests: Vec<Request>) -> bool {
    let _busy = Busy(queue);
    let pending = Pending(requests);
    match log.append_batch(pending.0.iter().flat_map(|request| &request.records)) {
        Ok(_) => {
            pending.answer(Ok(()));
            true
        }
        Err(failure) => {
            // Close first: whoever learns of the failure and tries again must not get through.
            queue.refuse(&failure.poisoned());
            pending.answer(Err(failure));
            false
        }
    }
}

/// A batch under way; ends with the value, also in a panic.
struct Busy<'q>(&'q Queue);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Requests taken from the queue; dropping them unanswered (a panic) answers them with an error.
struct Pending(Vec<Request>);

impl Pending {
    fn answer(&self, result: Result<(), StoreError>) {
        self.0.iter().for_each(|request| request.answer.complete(result.clone()));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.answer(Err(StoreError::Closed));
    }
}
