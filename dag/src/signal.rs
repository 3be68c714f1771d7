//! A one-shot answer that a thread or a task can wait for: how the committer and the lock manager wake sessions.
//!
//! Promises: the first `complete` wins, later ones are ignored; every waiter sees the same answer. Knows no runtime:
//! waiting is `std::future`, so tokio, a test and a plain thread can all wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

type Follower<T> = Box<dyn FnOnce(&T) + Send>;

struct State<T> {
    answer: Option<T>,
    /// Threads that block: a condition variable calls the kernel even if nobody waits.
    blocked: usize,
    wakers: Vec<Waker>,
    followers: Vec<Follower<T>>,
}

/// A shared one-shot answer; clones are the same signal.
pub struct Signal<T>(Arc<(Mutex<State<T>>, Condvar)>);

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Signal(self.0.clone())
    }
}

impl<T: Clone> Default for Signal<T> {
    fn default() -> Self {
        Signal(Arc::new((
            Mutex::new(State { answer: None, blocked: 0, wakers: Vec::new(), followers: Vec::new() }),
            Condvar::new(),
        )))
    }
}

impl<T: Clone> Signal<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the answer and wakes every waiter; a second call changes nothing.
    pub fn complete(&self, answer: T) {
        let mut state = self.state();
        if state.answer.is_some() {
            return;
        }
        state.answer = Some(answer.clone());
        if state.blocked > 0 {
            self.0.1.notify_all();
        }
        let wakers = std::mem::take(&mut state.wakers);
        let followers = std::mem::take(&mut state.followers);
        drop(state);
        followers.into_iter().for_each(|follower| follower(&answer));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Runs `follower` with the answer: now if there is one, else on the thread that completes the signal. For quick
    /// steps such as completing another signal.
    pub fn then(&self, follower: impl FnOnce(&T) + Send + 'static) {
        let mut state = self.state();
        match state.answer.clone() {
            None => state.followers.push(Box::new(follower)),
            Some(answer) => {
                drop(state);
                follower(&answer);
            }
        }
    }

    /// Whether this is the last handle: nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// The answer, if there is one.
    pub fn answer(&self) -> Option<T> {
        self.state().answer.clone()
    }

    /// Blocks the thread until there is an answer. For plain threads and tests, never inside a task.
    pub fn wait_blocking(&self) -> T {
        let mut state = self.state();
        loop {
            if let Some(answer) = &state.answer {
                return answer.clone();
            }
            state.blocked += 1;
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.blocked -= 1;
        }
    }
}

impl<T: Clone> Future for Signal<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state();
        match &state.answer {
            Some(answer) => Poll::Ready(answer.clone()),
            None => {
                if !state.wakers.iter().any(|w| w.will_wake(context.waker())) {
                    state.wakers.push(context.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test joins the thread through its answer")]
    fn the_first_answer_stays_and_reaches_a_waiting_thread() {
        let signal = Signal::default();
        let waiting = {
            let signal = signal.clone();
            std::thread::spawn(move || signal.wait_blocking())
        };
        signal.complete(1);
        signal.complete(2);
        assert_eq!(waiting.join().ok(), Some(1));
        assert_eq!(signal.answer(), Some(1));
    }

    #[test]
    fn a_follower_runs_once_whether_it_comes_before_or_after_the_answer() {
        let (first, second) = (Signal::<u8>::default(), Signal::<u8>::default());
        let follow = |signal: &Signal<u8>, next: &Signal<u8>| {
            let next = next.clone();
            signal.then(move |answer| next.complete(answer + 1));
        };
        follow(&first, &second);
        assert_eq!(second.answer(), None);
        first.complete(1);
        assert_eq!(second.answer(), Some(2));
        let third = Signal::default();
        follow(&first, &third);
        assert_eq!(third.answer(), Some(2));
    }
}
