//! What sessions wait for from peers (`replica::waits`), over the network's handle.
//!
//! Promises: questions are asked by tasks that end with the network; too many at once are refused, not queued.

use crate::limits::MAX_QUESTIONS;
use crate::replica::waits::Swarm;
use dag::vertex::Chain;
use gossip::Handle;
use sql::error::SqlError;
use sql::peers::Happened;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// A question that waits or is under way.
struct Question {
    /// How many replicas are to answer.
    count: u32,
    /// Whom to tell.
    happened: Happened,
    /// One of [`MAX_QUESTIONS`], until it is answered.
    place: OwnedSemaphorePermit,
}

/// The replica's side.
pub struct Asker {
    handle: Handle,
    questions: mpsc::Sender<Question>,
    places: Arc<Semaphore>,
}

/// The network's side.
pub struct Answerer {
    handle: Handle,
    questions: mpsc::Receiver<Question>,
}

/// Both sides.
pub fn pair(handle: Handle) -> (Asker, Answerer) {
    let (send, questions) = mpsc::channel(MAX_QUESTIONS);
    let places = Arc::new(Semaphore::new(MAX_QUESTIONS));
    (Asker { handle: handle.clone(), questions: send, places }, Answerer { handle, questions })
}

impl Swarm for Asker {
    fn holders(&self, chain: Chain, seq: u64) -> usize {
        self.handle.holders(chain, seq)
    }

    fn ask(&self, count: usize, happened: Happened) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let place = self.places.clone().try_acquire_owned().ok();
        let question = place.map(|place| Question { count, happened: happened.clone(), place });
        if question.is_none_or(|question| self.questions.try_send(question).is_err()) {
            happened.complete(Err(SqlError::new(1290, "Too many sessions ask other replicas at once; try again")));
        }
    }
}

impl Answerer {
    /// Asks until the replica stops.
    pub async fn run(mut self) {
        let mut asking = JoinSet::new();
        loop {
            tokio::select! {
                question = self.questions.recv(), if asking.len() < MAX_QUESTIONS => {
                    let Some(Question { count, happened, place }) = question else { return };
                    let handle = self.handle.clone();
                    asking.spawn(async move {
                        let answer = handle.ask(count as usize).await;
                        drop(place);
                        happened.complete(answer.map_err(|e| SqlError::new(1290, e.to_string())));
                    });
                }
                Some(_) = asking.join_next() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_questions_wait_or_are_under_way_and_one_more_is_refused() {
        let (asker, mut answerer) = pair(Handle::idle());
        let ask = || {
            let happened = Happened::default();
            asker.ask(2, happened.clone());
            happened.answer().map(|answer| answer.map_err(|error| error.code))
        };
        for n in 0..MAX_QUESTIONS {
            assert_eq!(ask(), None, "{n}");
        }
        assert_eq!(ask(), Some(Err(1290)));
        let begun = answerer.questions.try_recv().ok();
        assert_eq!(ask(), Some(Err(1290)), "the first is under way");
        drop(begun);
        assert_eq!([ask(), ask()], [None, Some(Err(1290))], "the first is answered");
    }
}
