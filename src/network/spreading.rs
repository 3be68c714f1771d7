//! What sessions wait for from peers (`replica::waits`), over the network's handle.
//!
//! Promises: questions are asked by tasks that end with the network; too many at once are refused, not queued.

use crate::limits::MAX_QUESTIONS;
use crate::replica::waits::Swarm;
use dag::vertex::Chain;
use gossip::Handle;
use sql::error::SqlError;
use sql::peers::Happened;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A question: how many replicas are to answer, and whom to tell.
type Question = (u32, Happened);

/// The replica's side.
pub struct Asker {
    handle: Handle,
    questions: mpsc::Sender<Question>,
}

/// The network's side.
pub struct Answerer {
    handle: Handle,
    questions: mpsc::Receiver<Question>,
}

/// Both sides.
pub fn pair(handle: Handle) -> (Asker, Answerer) {
    let (send, questions) = mpsc::channel(MAX_QUESTIONS);
    (Asker { handle: handle.clone(), questions: send }, Answerer { handle, questions })
}

impl Swarm for Asker {
    fn holders(&self, chain: Chain, seq: u64) -> usize {
        self.handle.holders(chain, seq)
    }

    fn ask(&self, count: usize, happened: Happened) {
        let question = (u32::try_from(count).unwrap_or(u32::MAX), happened.clone());
        if self.questions.try_send(question).is_err() {
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
                    let Some((count, happened)) = question else { return };
                    let handle = self.handle.clone();
                    asking.spawn(async move {
                        let answer = handle.ask(count as usize).await;
                        happened.complete(answer.map_err(|e| SqlError::new(1290, e.to_string())));
                    });
                }
                Some(_) = asking.join_next() => {}
            }
        }
    }
}
