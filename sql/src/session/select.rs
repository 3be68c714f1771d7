//! SELECT: opens a plan over what the statement may see, and gives its rows.
//!
//! Promises: the first batch is computed before the answer, so that an error, a lock or a SLEEP() in it is met while
//! the statement can still be run again; a result that fits it holds no snapshot.

use super::scene::{Scene, StatementContext};
use super::state::State;
use super::stop::Stop;
use crate::catalog::names::catalogue;
use crate::error::SqlError;
use crate::exec::{Cursor, TableReader};
use crate::journal::ReadMode;
use crate::plan::{Block, Body, Limit, Lock, LockWait, Plan, Query, SetOperation};
use crate::response::{Response, ResultSet, Rows};
use crate::transaction::lock::Mode;
use crate::transaction::overlay::Overlay;
use crate::transaction::read_set::Guarded;
use crate::transaction::reader::{LockingReader, WaitSlot, slot};
use crate::variables::Isolation;
use crate::wait::Suspend;
use dag::value::Value;
use linearizer::view::View;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows computed before the answer: more than most answers have, little enough to hold.
const FIRST_BATCH: usize = 256;

/// Runs a query over a view.
pub(crate) fn run(
    state: &mut State,
    scene: &mut Scene,
    plan: &Plan,
    view: Arc<dyn View>,
    lock: Option<Lock>,
) -> Result<Response, Stop> {
    let waits = WaitSlot::default();
    let (reader, locking) = reader(state, plan, view, lock, &waits)?;
    let mut context = StatementContext::new(state, scene);
    let counted = reader.clone();
    let mut cursor = Cursor::new(plan, reader, state.process.cancelled());
    let mut first = Vec::new();
    let more = cursor.next_batch(&mut context, FIRST_BATCH, &mut first).map_err(Stop::from);
    let mut more = settle(scene, &context, Some(&waits), more)?;
    if lock.is_some() {
        // Locks are taken by this statement, not while a client reads.
        while more {
            let next = cursor.next_batch(&mut context, FIRST_BATCH, &mut first).map_err(Stop::from);
            more = settle(scene, &context, Some(&waits), next)?;
        }
    }
    let found = match unlimited(plan) {
        Some(all) => Some(count(scene, &mut context, &waits, Cursor::new(&all, counted, state.process.cancelled()))?),
        None => None,
    };
    if let Some(locking) = locking {
        let guards = locking.guards()?;
        state.transaction().reads.add(guards)?;
    }
    let last = state.shared().last_insert_id.take();
    state.shared().found_rows = found.unwrap_or(first.len() as u64);
    let facts = state.facts_mut();
    facts.row_count = -1;
    facts.last_insert_id = last.unwrap_or(facts.last_insert_id);
    let rest = more.then_some((cursor, context));
    let rows = Box::new(Selected { first: first.into_iter(), rest, counts: found.is_none() });
    Ok(Response::Rows(ResultSet { columns: plan.columns.clone(), rows }))
}

/// What SQL_CALC_FOUND_ROWS counts: the query without its LIMIT. `None` if it is not asked for.
fn unlimited(plan: &Plan) -> Option<Plan> {
    if !plan.count_found_rows {
        return None;
    }
    let body = match &plan.query.body {
        Body::Block(block) => {
            Body::Block(Arc::new(Block { limit: Limit::default(), order: Vec::new(), ..Block::clone(block) }))
        }
        Body::Set(set) => {
            Body::Set(Arc::new(SetOperation { limit: Limit::default(), order: Vec::new(), ..SetOperation::clone(set) }))
        }
        other => other.clone(),
    };
    Some(Plan { query: Query { body, ..plan.query.clone() }, ..plan.clone() })
}

fn count(scene: &mut Scene, context: &mut StatementContext, waits: &WaitSlot, mut cursor: Cursor) -> Result<u64, Stop> {
    let (mut count, mut rows) = (0, Vec::new());
    loop {
        let more = cursor.next_batch(context, FIRST_BATCH, &mut rows).map_err(Stop::from);
        let more = settle(scene, context, Some(waits), more)?;
        count += rows.len() as u64;
        rows.clear();
        if !more {
            return Ok(count);
        }
    }
}

/// The locks a SELECT takes: those written, and under SERIALIZABLE shared ones in every transaction, as in MySQL.
pub(crate) fn lock_of(state: &State, plan: &Plan, mode: &ReadMode) -> Option<Lock> {
    let transaction = state.transaction.as_ref().filter(|t| t.explicit);
    let isolation = match transaction {
        Some(open) => Some(open.isolation),
        None if !state.settings.autocommit => Some(state.next.0.unwrap_or(state.settings.isolation)),
        None => None,
    };
    let serial = isolation == Some(Isolation::Serializable) && mode.is_merge() && !plan.tables.is_empty();
    plan.lock.or(serial.then_some(SHARED))
}

/// FOR SHARE.
const SHARED: Lock = Lock { exclusive: false, wait: LockWait::Wait };

/// Every row of the query of an INSERT ... SELECT. What repeats its reads locks the rows it copies, as InnoDB does:
/// they cannot change before the copy commits.
pub(crate) fn source(
    state: &mut State,
    scene: &mut Scene,
    plan: &Plan,
    context: &mut StatementContext,
    mut reader: Arc<dyn TableReader>,
) -> Result<Vec<Vec<Value>>, Stop> {
    let waits = WaitSlot::default();
    lock_names(state, plan)?;
    let isolation = state.transaction().isolation;
    let mut locked = None;
    if !plan.tables.is_empty() && !isolation.per_statement() {
        // Under REPEATABLE READ the copy is checked by the rows it writes alone: R11 guards what SERIALIZABLE reads.
        let serial = isolation == Isolation::Serializable;
        let guarded = if serial { Guarded::Ranges } else { Guarded::Nothing };
        let made = Arc::new(LockingReader { reads_ahead: true, guarded, ..locking(state, SHARED, &waits)? });
        reader = made.clone();
        locked = Some(made);
    }
    let mut cursor = Cursor::new(plan, reader, state.process.cancelled());
    let mut rows = Vec::new();
    loop {
        let more = cursor.next_batch(context, FIRST_BATCH, &mut rows).map_err(Stop::from);
        if !settle(scene, context, Some(&waits), more)? {
            break;
        }
    }
    if let Some(locked) = locked {
        let guards = locked.guards()?;
        state.transaction().reads.add(guards)?;
    }
    Ok(rows)
}

/// What the subqueries of DML read through under SERIALIZABLE: every row is locked, and guarded at COMMIT (R11).
pub(crate) fn guarding(state: &mut State, waits: &WaitSlot) -> Result<Arc<LockingReader>, Stop> {
    Ok(Arc::new(LockingReader { reads_ahead: true, ..locking(state, SHARED, waits)? }))
}

/// Turns the executor's sign that it must wait into the wait.
pub(crate) fn settle<T>(
    scene: &mut Scene,
    context: &StatementContext,
    waits: Option<&WaitSlot>,
    result: Result<T, Stop>,
) -> Result<T, Stop> {
    match result {
        Err(Stop::Error(error)) if error.code == 0 => {
            if let Some(wait) = waits.and_then(|w| slot(w).take()) {
                return Err(Stop::Wait(wait));
            }
            let pause = context.pause.lock().unwrap_or_else(PoisonError::into_inner).take();
            match pause {
                Some(pause) => {
                    scene.asleep = true;
                    Err(Stop::Wait(Suspend::Sleep(pause)))
                }
                None => Err(Stop::Error(SqlError::new(1105, "a wait without a reason"))),
            }
        }
        other => other,
    }
}

/// A reader; where it locks, also the lock's own view of it.
type Reading = (Arc<dyn TableReader>, Option<Arc<LockingReader>>);

/// What a query reads through: its snapshot with own writes, or the newest state with locks.
fn reader(
    state: &mut State,
    plan: &Plan,
    view: Arc<dyn View>,
    lock: Option<Lock>,
    waits: &WaitSlot,
) -> Result<Reading, Stop> {
    let explicit = state.transaction.as_ref().is_some_and(|t| t.explicit);
    if explicit || lock.is_some() {
        lock_names(state, plan)?;
    }
    let Some(lock) = lock else {
        if explicit {
            check_definitions(plan, &view)?;
        }
        return Ok((Arc::new(Overlay { view, writes: super::query::own_writes(state) }), None));
    };
    let locking = Arc::new(locking(state, lock, waits)?);
    Ok((locking.clone(), Some(locking)))
}

/// The newest state with own writes, every row locked before it is given out.
fn locking(state: &mut State, lock: Lock, waits: &WaitSlot) -> Result<LockingReader, Stop> {
    let Lock { exclusive, wait } = lock;
    let newest = state.newest_view()?;
    let writes = super::query::own_writes(state);
    let transaction = state.transaction();
    let (id, weight) = (transaction.id, transaction.writes.weight());
    let per_statement = transaction.isolation.per_statement();
    let rows_only = per_statement || wait == LockWait::SkipLocked;
    Ok(LockingReader {
        engine: state.engine.clone(),
        catalogue: newest.catalogue().clone(),
        overlay: Overlay { view: newest, writes },
        transaction: id,
        weight,
        mode: if exclusive { Mode::Exclusive } else { Mode::Shared },
        wait,
        timeout: state.settings.lock_wait,
        slot: waits.clone(),
        reads_ahead: false,
        guarded: if rows_only { Guarded::Rows } else { Guarded::Ranges },
        seen: Mutex::default(),
        frees: per_statement.then(Mutex::default),
    })
}

/// In a transaction the tables read keep their definitions until its end (R35).
fn lock_names(state: &mut State, plan: &Plan) -> Result<(), Stop> {
    if plan.tables.is_empty() {
        return Ok(());
    }
    let now = catalogue(state);
    for table in plan.tables.iter() {
        if let Some(database) = now.databases.get(&table.database) {
            state.lock_name(&database.name, &table.name, Mode::Shared)?;
        }
    }
    Ok(())
}

/// 1412: the snapshot is older than a fetched DDL on a table it reads (R35).
fn check_definitions(plan: &Plan, view: &Arc<dyn View>) -> Result<(), SqlError> {
    let old = view.catalogue();
    let differs = plan.tables.iter().any(|table| match old.tables.get(&table.id) {
        Some(then) => !Arc::ptr_eq(then, table) && then != table,
        None => true,
    });
    if differs {
        return Err(SqlError::new(1412, "Table definition has changed, please retry transaction"));
    }
    Ok(())
}

/// The first rows, then the cursor.
struct Selected {
    first: std::vec::IntoIter<Vec<Value>>,
    rest: Option<(Cursor, StatementContext)>,
    /// Whether FOUND_ROWS() is the rows given out.
    counts: bool,
}

impl Rows for Selected {
    fn next_batch(&mut self, most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let start = out.len();
        out.extend(self.first.by_ref().take(most));
        if self.first.len() > 0 {
            return Ok(true);
        }
        let Some((cursor, context)) = &mut self.rest else { return Ok(false) };
        let left = most - (out.len() - start).min(most);
        if left == 0 {
            return Ok(true);
        }
        let before = out.len();
        let more = cursor.next_batch(context, left, out)?;
        if self.counts {
            context.found((out.len() - before) as u64);
        }
        if !more {
            self.rest = None;
        }
        Ok(more)
    }
}
