//! A session on the folder itself, when no replica runs on it.

use super::{Answer, Reach};
use crate::cli::progress;
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::Replica;
use sql::error::SqlError;
use sql::response::{ColumnDefinition, Response, ResultSet, Step};
use sql::session::{Login, Session};
use sql::wait::Suspend;
use std::sync::Arc;

/// Rows pulled at a time: a page of output, little memory.
const BATCH: usize = 1_000;

/// The opened replica and one session on it.
pub struct Folder {
    session: Session,
    replica: Arc<Replica>,
}

/// Opens the folder; an error says what keeps it shut (another instance, damage, no database).
pub fn open(config: &Config) -> Result<Folder, Failure> {
    let replica = Replica::open(config, &|done, total| progress::show("opening", done, total))?;
    let login = Login {
        connection_id: 1,
        user: "root".to_owned(),
        host: "localhost".to_owned(),
        account: "root@localhost".to_owned(),
        multi_statements: true,
        ..Login::default()
    };
    let session = replica.engine().open_session(login).map_err(failure)?;
    Ok(Folder { session, replica })
}

impl Reach for Folder {
    fn run(&mut self, text: &str) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        self.session.start_query(text).map_err(failure)?;
        loop {
            answers.push(self.finish_statement()?);
            if !self.session.more_statements() {
                return Ok(answers);
            }
        }
    }
}

impl Folder {
    fn finish_statement(&mut self) -> Result<Answer, Failure> {
        loop {
            match self.session.run() {
                Step::Done(Ok(Response::Ok(summary))) => {
                    return Ok(Answer { affected: summary.affected, ..Answer::default() });
                }
                Step::Done(Ok(Response::Rows(set))) => return collect(set),
                Step::Done(Err(error)) => return Err(failure(error)),
                Step::Suspend(Suspend::Commit(durable)) => self.session.resume(durable.wait_blocking()),
                Step::Suspend(Suspend::Sleep(time)) => {
                    std::thread::sleep(time);
                    self.session.resume(Ok(()));
                }
                // Ours is the only session, so a lock can only be held by a statement that already ended.
                Step::Suspend(Suspend::Lock { .. }) => self.session.lock_timed_out(),
                // A folder that is not served has no peers.
                Step::Suspend(Suspend::Peers { .. }) => self.session.peers_timed_out(),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = self.replica.stop() {
            tracing::warn!(%error, "the folder was not closed cleanly; the next start recovers it");
        }
    }
}

fn collect(mut set: ResultSet) -> Result<Answer, Failure> {
    let columns: Vec<String> = set.columns.iter().map(|c| c.name.to_string()).collect();
    let mut batch = Vec::new();
    while set.rows.next_batch(BATCH, &mut batch).map_err(failure)? {}
    let cell = |(value, column): (_, &ColumnDefinition)| sql::render::text(value, &column.ty).map(|t| t.into_owned());
    let rows = batch.iter().map(|row| row.iter().zip(set.columns.iter()).map(cell).collect()).collect();
    Ok(Answer { columns, rows, affected: 0 })
}

fn failure(error: SqlError) -> Failure {
    Failure::Sql { code: error.code, state: error.state.to_owned(), message: error.message.into_owned() }
}
