//! What this replica does beside its sessions: checkpoints cut, trees swept. For `headwaters.jobs`.
//!
//! Promises: a job that began is listed until it ended, and the last [`ENDED_KEPT`] that ended with how; a job that is
//! dropped on the way shows as given up. Decides nothing.

use crate::limits::ENDED_KEPT;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFact {
    /// 1, 2 ... since the start; 0 for what the network does.
    pub number: u64,
    /// checkpoint, sweep, fetch.
    pub kind: &'static str,
    /// Of what.
    pub detail: String,
    /// running, done, failed.
    pub state: &'static str,
    /// What it is at, or how it ended.
    pub message: String,
    /// When it began, milliseconds since 1970, where that is known.
    pub began: Option<u64>,
    /// When it ended.
    pub ended: Option<u64>,
}

/// All jobs of a replica.
#[derive(Default)]
pub struct Jobs(Mutex<Book>);

#[derive(Default)]
struct Book {
    last: u64,
    running: BTreeMap<u64, JobFact>,
    ended: VecDeque<JobFact>,
}

impl Book {
    fn end(&mut self, number: u64, state: &'static str, message: String, ended: Option<u64>) {
        let Some(job) = self.running.remove(&number) else { return };
        self.ended.push_back(JobFact { state, message, ended, ..job });
        if self.ended.len() > ENDED_KEPT {
            self.ended.pop_front();
        }
    }
}

/// A job under way.
pub struct Job<'a> {
    jobs: &'a Jobs,
    number: u64,
}

impl Jobs {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job begins.
    pub fn begin(&self, kind: &'static str, detail: String, now_millis: u64) -> Job<'_> {
        let mut book = self.book();
        book.last += 1;
        let number = book.last;
        let (state, message, began) = ("running", String::new(), Some(now_millis));
        book.running.insert(number, JobFact { number, kind, detail, state, message, began, ended: None });
        Job { jobs: self, number }
    }

    /// Those that run, then those that ended, the newest first.
    pub fn facts(&self) -> Vec<JobFact> {
        let book = self.book();
        book.running.values().chain(book.ended.iter().rev()).cloned().collect()
    }
}

impl Job<'_> {
    /// What it is at now.
    pub fn at(&self, what: &str) {
        if let Some(job) = self.jobs.book().running.get_mut(&self.number) {
            what.clone_into(&mut job.message);
        }
    }

    /// It ended: what it brought, or why it failed.
    pub fn end(self, outcome: Result<String, String>, now_millis: u64) {
        let (state, message) = match outcome {
            Ok(brought) => ("done", brought),
            Err(why) => ("failed", why),
        };
        self.jobs.book().end(self.number, state, message, Some(now_millis));
    }
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        self.jobs.book().end(self.number, "failed", "given up".to_owned(), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_listed_while_they_run_and_the_last_that_ended_after() {
        let jobs = Jobs::default();
        let first = jobs.begin("checkpoint", "at 7".to_owned(), 10);
        first.at("writing trees");
        drop(jobs.begin("sweep", String::new(), 11));
        let states = |jobs: &Jobs| jobs.facts().into_iter().map(|j| (j.number, j.state, j.message)).collect::<Vec<_>>();
        let given_up = (2, "failed", "given up".to_owned());
        assert_eq!(states(&jobs), [(1, "running", "writing trees".to_owned()), given_up.clone()]);
        first.end(Ok("position 7".to_owned()), 12);
        assert_eq!(states(&jobs), [(1, "done", "position 7".to_owned()), given_up]);
        for _ in 0..ENDED_KEPT {
            jobs.begin("sweep", String::new(), 13).end(Err("disk".to_owned()), 14);
        }
        let facts = jobs.facts();
        assert_eq!((facts.len(), facts.last().map(|j| j.number)), (ENDED_KEPT, Some(3)), "the oldest are forgotten");
    }
}
