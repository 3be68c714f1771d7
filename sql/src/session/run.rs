//! One statement from its start to its answer: runs, waits, reruns, and the commit of an autocommitted one (R27, R36).

use super::gather;
use super::prepared::{PreparedStatement, PreparedStatements};
use super::query;
use super::scene::Scene;
use super::shared::{Condition, Level};
use super::state::State;
use super::statement::{Statement, parse};
use super::stop::Stop;
use crate::engine::Counters;
use crate::error::SqlError;
use crate::expression::Type;
use crate::limits::MAX_RERUNS;
use crate::response::{Response, Step};
use crate::transaction::lock::TransactionId;
use crate::transaction::write_set::Mark;
use crate::wait::Suspend;
use dag::id::CommitId;
use dag::value::Value;
use std::sync::Arc;

/// A statement that is running.
pub(crate) struct Running {
    work: Work,
    scene: Scene,
    reruns: u32,
    /// The answer if the transaction that was handed over goes well.
    promised: Option<Promised>,
    /// The answer, once it is decided: only its durability is awaited.
    decided: Option<Result<Response, SqlError>>,
    /// The commit that has yet to spread before the answer goes out.
    spreading: Option<CommitId>,
}

/// A statement that went well, and whose transaction is on its way.
struct Promised {
    response: Response,
    /// It began and ended the transaction itself: what takes its rows away makes it run again.
    autocommitted: bool,
}

/// What is run.
enum Work {
    Text(Statement),
    Prepared(Arc<PreparedStatement>),
}

/// Where the open transaction stood when the statement began.
type Started = Option<(TransactionId, Mark)>;

fn started(state: &State) -> Started {
    state.transaction.as_ref().map(|t| (t.id, t.writes.mark()))
}

impl Running {
    /// A text statement. Error: it does not parse.
    pub fn text(state: &mut State, text: &str) -> Result<Running, SqlError> {
        let statement = parse(text, state.settings.sql_mode)?;
        let work = match statement {
            Statement::Query(_) => {
                let mode = state.settings.sql_mode;
                Work::Prepared(Arc::new(PreparedStatement::unprepared(text, statement, mode)?))
            }
            other => Work::Text(other),
        };
        Running::new(state, work, Arc::default())
    }

    /// A prepared statement. Error: 1210.
    pub fn prepared(
        state: &mut State,
        statement: Arc<PreparedStatement>,
        parameters: Arc<[(Value, Type)]>,
    ) -> Result<Running, SqlError> {
        if parameters.len() != statement.parameters.len() {
            return Err(SqlError::new(1210, "Incorrect arguments to mysqld_stmt_execute"));
        }
        Running::new(state, Work::Prepared(statement), parameters)
    }

    fn new(state: &mut State, work: Work, parameters: Arc<[(Value, Type)]>) -> Result<Running, SqlError> {
        let found = state.shared().found_rows;
        if state.facts.found_rows != found {
            state.facts_mut().found_rows = found;
        }
        let scene = Scene::new(state, parameters)?;
        Ok(Running { work, scene, reruns: 0, promised: None, decided: None, spreading: None })
    }

    /// Works until the answer or a wait.
    pub fn run(&mut self, state: &mut State, prepared: &mut PreparedStatements) -> Step {
        loop {
            if let Some(result) = self.decided.take() {
                return self.answer(state, result);
            }
            let wait = match self.promised.take() {
                Some(promised) => self.conclude(state, promised),
                None => self.attempt(state, prepared),
            };
            if let Some(suspend) = wait {
                return Step::Suspend(suspend);
            }
        }
    }

    /// The answer goes out when the statement's commits are on disk.
    fn answer(&mut self, state: &mut State, result: Result<Response, SqlError>) -> Step {
        if let Some(durable) = state.durable.take() {
            match durable.answer() {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    state.spreading = None;
                    return Step::Done(Err(error));
                }
                None => {
                    self.decided = Some(result);
                    return Step::Suspend(Suspend::Commit(durable));
                }
            }
        }
        if let (Ok(_), Some(commit)) = (&result, state.spreading.take())
            && let Some(wait) = gather::spread(state, commit)
        {
            (self.decided, self.spreading) = (Some(result), Some(commit));
            return Step::Suspend(wait);
        }
        if let Err(error) = &result {
            note_failure(state, error);
        }
        if !self.keeps_conditions() {
            state.warn_of_demoted();
        }
        Step::Done(result)
    }

    /// One run. `None` with an answer promised or decided.
    fn attempt(&mut self, state: &mut State, prepared: &mut PreparedStatements) -> Option<Suspend> {
        if !self.keeps_conditions() {
            state.shared().clear_conditions();
        }
        let mark = started(state);
        let result = state.process.check().map_err(Stop::from).and_then(|()| self.execute(state, prepared));
        match result {
            Ok(response) => self.finish(state, response),
            Err(Stop::Wait(suspend)) => {
                self.undo(state, mark);
                // The run that comes after the wait starts from the same variables (R36); an error keeps what was set.
                state.shared().user_variables = self.scene.user_variables.clone();
                return Some(suspend);
            }
            Err(Stop::Error(error)) => self.fail(state, mark, error),
        }
        None
    }

    fn execute(&mut self, state: &mut State, prepared: &mut PreparedStatements) -> Result<Response, Stop> {
        match &self.work {
            Work::Prepared(statement) => query::run(state, &mut self.scene, statement),
            Work::Text(Statement::Admin(command)) => prepared.run_admin(state, &mut self.scene, command),
            Work::Text(Statement::Ddl(ddl)) => crate::ddl::run(state, ddl),
            Work::Text(Statement::Query(_)) => Err(SqlError::new(1105, "a query outside its plan").into()),
        }
    }

    /// The statement itself went well: an autocommitted one commits now.
    fn finish(&mut self, state: &mut State, response: Response) {
        let autocommitted = state.transaction.as_ref().is_some_and(|t| !t.explicit);
        if let Some(open) = &mut state.transaction {
            open.statement_done();
        }
        match if autocommitted { state.hand_over() } else { Ok(()) } {
            Ok(()) => self.promised = Some(Promised { response, autocommitted }),
            Err(error) => {
                self.spend_characteristics(state);
                self.decided = Some(Err(error));
            }
        }
    }

    /// What was handed over has its place, or is to be waited for; `None` without an answer decided: run again.
    fn conclude(&mut self, state: &mut State, promised: Promised) -> Option<Suspend> {
        let Some(result) = state.placed() else {
            self.promised = Some(promised);
            return state.handed.as_ref().map(|handed| Suspend::Commit(handed.durable.clone()));
        };
        self.spend_characteristics(state);
        match result {
            Err(error) if error.code == 1213 && promised.autocommitted && self.reruns < MAX_RERUNS => self.reruns += 1,
            result => self.decided = Some(result.map(|()| promised.response)),
        }
        None
    }

    /// The statement failed: it is undone; a deadlock, and any error of an autocommitted one, ends the transaction.
    fn fail(&mut self, state: &mut State, mark: Started, error: SqlError) {
        self.undo(state, mark);
        let implicit = state.transaction.as_ref().is_some_and(|t| !t.explicit);
        if implicit || error.code == 1213 {
            if error.code == 1213 {
                Counters::bump(&state.engine.counters.deadlocks);
            }
            state.rollback();
        }
        self.spend_characteristics(state);
        self.decided = Some(Err(error));
    }

    /// SET TRANSACTION without a scope is for the next transaction: a statement that was one by itself used it up.
    fn spend_characteristics(&self, state: &mut State) {
        if state.transaction.is_none() && !matches!(self.work, Work::Text(Statement::Admin(_))) {
            state.next = (None, None);
        }
    }

    /// Takes the statement's effects back; a transaction that began with it starts empty again, with its locks.
    fn undo(&mut self, state: &mut State, mark: Started) {
        if let Some(open) = &mut state.transaction {
            match mark {
                Some((id, mark)) if id == open.id => open.writes_mut().undo_to(mark),
                _ => {
                    open.writes = Arc::default();
                    (open.basis, open.snapshot) = (None, None);
                }
            }
        }
    }

    /// Whether the statement shows the conditions of the one before it.
    fn keeps_conditions(&self) -> bool {
        match &self.work {
            Work::Text(statement) => statement.keeps_conditions(),
            Work::Prepared(prepared) => prepared.statement.keeps_conditions(),
        }
    }

    /// A wait for other replicas took too long.
    pub fn peers_timed_out(&mut self, state: &mut State) {
        let error = match (self.spreading, &self.scene.gathering) {
            (None, Some(mode)) => gather::read_too_late(state, mode),
            _ => SqlError::new(3024, gather::spread_timeout(state)),
        };
        self.resume(state, Err(error));
    }

    /// The answer to a wait.
    pub fn resume(&mut self, state: &mut State, answer: Result<(), SqlError>) {
        state.process.enter_state("");
        if let Some(commit) = self.spreading.take() {
            if let Err(error) = answer {
                gather::warn_unspread(state, commit, &error.message);
            }
            return;
        }
        if self.promised.is_some() {
            // The session knows what came of it, and has the answer of the disk too.
            return;
        }
        if let Some(decided) = &mut self.decided {
            if let Err(error) = answer {
                *decided = Err(error);
            }
            return;
        }
        match answer {
            Ok(()) => self.scene.wake(),
            Err(error) => self.fail(state, started(state), error),
        }
    }
}

/// A failed statement leaves its error where SHOW WARNINGS finds it.
pub(super) fn note_failure(state: &mut State, error: &SqlError) {
    let most = state.settings.max_error_count;
    let condition = Condition { level: Level::Error, code: error.code, message: error.message.to_string() };
    state.shared().add(condition, most);
    state.facts_mut().row_count = -1;
}
