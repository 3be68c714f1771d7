//! What stays the same through a statement and its reruns (R36): its time, seed, parameters, reserved ids, and the
//! pauses it has slept already. Implements the function library's `Context`.

use super::call::Called;
use super::shared::{Shared, split_mix};
use super::state::State;
use crate::engine::Engine;
use crate::engine::process::Process;
use crate::error::SqlError;
use crate::expression::Type;
use crate::function::{Context, Sequence, SessionFacts};
use crate::journal::ReadMode;
use crate::peers::Token;
use crate::variables::{Settings, find};
use dag::change::ReadGuard;
use dag::temporal::DateTime;
use dag::value::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Constants of a running statement.
pub(crate) struct Scene {
    pub now_micros: i64,
    pub seed: u64,
    pub parameters: Arc<[(Value, Type)]>,
    /// The AUTO_INCREMENT numbers and hidden keys reserved for the statement, with their count.
    reserved: Option<(u64, u64)>,
    hidden: Option<([u8; 48], u64)>,
    /// User variables as they were before the first run.
    pub user_variables: Arc<BTreeMap<String, Value>>,
    /// Pauses of SLEEP() that are over.
    pub slept: usize,
    /// A pause is being slept.
    pub asleep: bool,
    /// The procedure that CALL has begun.
    pub procedure: Option<Called>,
    /// The read mode whose promise is awaited.
    pub gathering: Option<ReadMode>,
    /// What the read mode promises is here.
    pub gathered: bool,
}

impl Scene {
    pub fn new(state: &State, parameters: Arc<[(Value, Type)]>) -> Result<Scene, SqlError> {
        let mut shared = state.shared();
        Ok(Scene {
            now_micros: state.engine.clock.wall_micros() as i64,
            seed: shared.next_seed(&*state.engine.entropy)?,
            parameters,
            reserved: None,
            hidden: None,
            user_variables: shared.user_variables.clone(),
            slept: 0,
            asleep: false,
            procedure: None,
            gathering: None,
            gathered: false,
        })
    }

    /// Numbers for `count` rows: those of the run before, if they suffice (R36).
    pub fn reserve(&mut self, count: u64, ask: impl FnOnce() -> Result<u64, SqlError>) -> Result<u64, SqlError> {
        if let Some((first, had)) = self.reserved
            && had >= count
        {
            return Ok(first);
        }
        let first = ask()?;
        self.reserved = Some((first, count));
        Ok(first)
    }

    /// Hidden keys for `count` rows: those of the run before, if they suffice.
    pub fn reserve_hidden(&mut self, count: u64, ask: impl FnOnce() -> [u8; 48]) -> [u8; 48] {
        if let Some((first, had)) = self.hidden
            && had >= count
        {
            return first;
        }
        let first = ask();
        self.hidden = Some((first, count));
        first
    }

    /// The wait is over; a pause counts as slept in the rerun.
    pub fn wake(&mut self) {
        self.slept += usize::from(std::mem::take(&mut self.asleep));
        self.gathered |= self.gathering.take().is_some();
    }
}

/// A context for the constants in a DDL statement.
pub(crate) fn ddl_context(state: &State) -> Result<StatementContext, SqlError> {
    Ok(StatementContext::new(state, &Scene::new(state, Arc::default())?))
}

/// The answer of expressions' questions during one run of a statement. Owns all it needs, so that a result set may keep
/// it after the statement.
#[derive(Clone)]
pub(crate) struct StatementContext {
    engine: Arc<Engine>,
    process: Arc<Process>,
    facts: Arc<SessionFacts>,
    settings: Arc<Settings>,
    values: Arc<Vec<Value>>,
    shared: Arc<Mutex<Shared>>,
    parameters: Arc<[(Value, Type)]>,
    now_micros: i64,
    random: u64,
    /// RAND(n) at each of its places.
    sequences: BTreeMap<usize, Sequence>,
    slept: usize,
    pauses: usize,
    /// The pause that SLEEP() asked for.
    pub pause: Arc<Mutex<Option<Duration>>>,
    /// What the statement relies on beside the rows it writes (R11).
    pub guards: Vec<ReadGuard>,
}

impl StatementContext {
    pub fn new(state: &State, scene: &Scene) -> Self {
        StatementContext {
            engine: state.engine.clone(),
            process: state.process.clone(),
            facts: state.facts.clone(),
            settings: state.settings.clone(),
            values: state.values.clone(),
            shared: state.shared.clone(),
            parameters: scene.parameters.clone(),
            now_micros: scene.now_micros,
            random: scene.seed,
            sequences: BTreeMap::new(),
            slept: scene.slept,
            pauses: 0,
            pause: Arc::default(),
            guards: Vec::new(),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many rows more were given out.
    pub fn found(&self, rows: u64) {
        self.shared().found_rows += rows;
    }
}

/// The one error that never reaches a client: the statement is to be suspended instead.
pub(crate) fn suspended() -> SqlError {
    SqlError::new(0, "the statement must wait")
}

impl Context for StatementContext {
    fn now_micros(&self) -> i64 {
        self.now_micros
    }

    fn wall_micros(&self) -> i64 {
        self.engine.clock.wall_micros() as i64
    }

    fn zone_offset(&self, utc_micros: i64) -> i32 {
        self.settings.zone.offset_at(utc_micros)
    }

    fn to_utc(&self, local: DateTime) -> Option<i64> {
        self.settings.zone.to_utc(local)
    }

    /// SplitMix64: a seed that is drawn once gives the same numbers in every rerun.
    fn random(&mut self) -> u64 {
        split_mix(&mut self.random)
    }

    fn sequence(&mut self, place: usize) -> Option<&mut Sequence> {
        Some(self.sequences.entry(place).or_default())
    }

    fn session(&self) -> &SessionFacts {
        &self.facts
    }

    fn user_variable(&self, name: &str) -> Value {
        self.shared().user_variables.get(&name.to_lowercase()).cloned().unwrap_or(Value::Null)
    }

    fn assign_user_variable(&mut self, name: &str, value: Value) -> Result<(), SqlError> {
        self.shared().assign(name, value)
    }

    fn system_variable(&self, name: &str, global: bool) -> Result<Value, SqlError> {
        system_variable(&self.engine, &self.values, &self.shared(), &self.facts, name, global)
    }

    fn parameter(&self, index: u32) -> Value {
        self.parameters.get(index as usize).map_or(Value::Null, |(value, _)| value.clone())
    }

    fn warn(&mut self, code: u16, message: String) {
        self.shared().warn(code, message, self.settings.max_error_count);
    }

    fn token(&self) -> Result<String, SqlError> {
        Token::new(self.engine.journal.newest().0.frontier().to_vec()).map(|token| token.to_string())
    }

    fn set_last_insert_id(&mut self, id: u64) {
        self.shared().last_insert_id = Some(id);
        Arc::make_mut(&mut self.facts).last_insert_id = id;
    }

    fn sleep(&mut self, micros: u64) -> Result<(), SqlError> {
        self.process.check()?;
        self.pauses += 1;
        if self.pauses <= self.slept {
            return Ok(());
        }
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(Duration::from_micros(micros));
        Err(suspended())
    }
}

/// `@@name`: computed ones first, then the session's or the global value. Errors: 1193, 1238.
pub(crate) fn system_variable(
    engine: &Engine,
    values: &[Value],
    shared: &Shared,
    facts: &SessionFacts,
    name: &str,
    global: bool,
) -> Result<Value, SqlError> {
    let computed = match name {
        "warning_count" => Some(shared.warning_count() as i64),
        "error_count" => {
            let errors = shared.conditions.iter().filter(|c| c.level == super::shared::Level::Error);
            Some(errors.count() as i64)
        }
        "last_insert_id" | "identity" => Some(facts.last_insert_id as i64),
        "pseudo_thread_id" => Some(facts.connection_id as i64),
        _ => None,
    };
    if let Some(number) = computed {
        return Ok(Value::Int(number));
    }
    let id = find(name)?;
    let scope = id.definition().scope;
    if global && scope == crate::variables::Scope::Session {
        return Err(SqlError::new(1238, format!("Variable '{name}' is a SESSION variable")));
    }
    Ok(if global { engine.globals.get(id) } else { values[usize::from(id.0)].clone() })
}
