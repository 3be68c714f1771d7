//! Sessions over a journal in memory, and their answers as text.

pub mod memory_journal;

use dag::clock::System;
use dag::value::Value;
use memory_journal::MemoryJournal;
use sql::engine::procedure::Procedure;
use sql::engine::{Engine, EngineParts};
use sql::error::SqlError;
use sql::response::{Response, Step};
use sql::session::{Login, Session};
use sql::wait::Suspend;
use std::sync::Arc;

/// An engine, its journal.
#[allow(dead_code, reason = "each test binary uses its part")]
pub struct World {
    pub engine: Arc<Engine>,
    pub journal: Arc<MemoryJournal>,
}

/// What one step of a session gave.
#[allow(dead_code, reason = "each test binary uses its part")]
pub enum Answer {
    Done(Result<Response, SqlError>),
    Waits(Suspend),
}

impl World {
    #[allow(dead_code, reason = "each test binary uses its part")]
    pub fn new() -> World {
        World::with(Vec::new())
    }

    /// With procedures of database `headwaters`.
    pub fn with(procedures: Vec<Arc<dyn Procedure>>) -> World {
        let journal = Arc::new(MemoryJournal::default());
        let engine = Engine::new(EngineParts {
            journal: journal.clone(),
            clock: Arc::new(System::new()),
            entropy: Arc::new(System::new()),
            system_tables: Vec::new(),
            procedures,
            facts: Vec::new(),
        });
        World { engine, journal }
    }

    pub fn session(&self, id: u64) -> Session {
        let login = Login {
            connection_id: id,
            user: "root".into(),
            host: "localhost".into(),
            account: "root@%".into(),
            ..Login::default()
        };
        self.engine.open_session(login).expect("a session")
    }
}

/// Begins a statement and works until its answer or a wait for a lock; commits are on disk at once.
pub fn begin(session: &mut Session, text: &str) -> Answer {
    match session.start_query(text) {
        Ok(()) => go_on(session),
        Err(error) => Answer::Done(Err(error)),
    }
}

/// Works on.
pub fn go_on(session: &mut Session) -> Answer {
    loop {
        match session.run() {
            Step::Done(result) => return Answer::Done(result),
            Step::Suspend(Suspend::Commit(signal)) if signal.answer().is_some() => {
                session.resume(signal.wait_blocking());
            }
            Step::Suspend(Suspend::Sleep(_)) => session.resume(Ok(())),
            Step::Suspend(wait) => return Answer::Waits(wait),
        }
    }
}

/// A value as the mysql client prints it; text as it is.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Text(text) | Value::Json(text) => text.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Double(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// An answer in one line: `2 affected`, rows as `1,a 2,b`, or `error 1062`.
pub fn describe(result: Result<Response, SqlError>) -> String {
    match result {
        Err(error) => format!("error {}", error.code),
        Ok(Response::Ok(summary)) => format!("{} affected", summary.affected),
        Ok(Response::Rows(mut set)) => {
            let mut rows = Vec::new();
            while let Ok(true) = set.rows.next_batch(100, &mut rows) {}
            let shown = |row: &Vec<Value>| row.iter().map(show).collect::<Vec<_>>().join(",");
            format!("[{}]", rows.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
    }
}

/// Runs one statement that does not wait.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn run(session: &mut Session, text: &str) -> String {
    match begin(session, text) {
        Answer::Done(Err(error)) => format!("error {}: {}", error.code, error.message),
        Answer::Done(result) => describe(result),
        Answer::Waits(_) => "waits".to_owned(),
    }
}
