//! How long a client's statements compute, and what follows from it.
//!
//! Quick statements run where they are, with no hop between threads. A client whose last step was long has its next
//! one run with the other tasks of the thread handed on, so that a few heavy queries do not stop the quick ones.

use crate::lifeguard::Watched;
use dag::clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// A step is long from here on: a hundred times what handing a thread's tasks on costs.
const LONG: Duration = Duration::from_millis(5);

/// One client's pace.
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    pub watched: Watched,
    /// Whether tasks can be handed on at all: not on a runtime of one thread.
    can_hand_on: bool,
    was_long: bool,
}

impl Pace {
    pub fn new(clock: Arc<dyn Clock>, watched: Watched) -> Self {
        let can_hand_on = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
        Pace { clock, watched, can_hand_on, was_long: false }
    }

    /// Runs one step of a statement, under the lifeguard's eye.
    pub fn compute<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let began = self.clock.monotonic();
        self.watched.begin(began);
        let done = if self.was_long && self.can_hand_on { block_in_place(step) } else { step() };
        self.watched.end();
        self.was_long = self.clock.monotonic().saturating_sub(began) >= LONG;
        done
    }
}
