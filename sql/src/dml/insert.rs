//! Runs INSERT and REPLACE.

use super::duplicate::{Computing, OnDuplicate, number, update_present};
use super::row::{Cell, Storing, cell_value, default_of, store};
use super::target::{Collision, Placed, Target, marks, newest};
use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries};
use crate::expression::Type;
use crate::response::Summary;
use crate::session::scene::{Scene, StatementContext};
use crate::session::state::State;
use crate::session::stop::Stop;
use crate::transaction::write_set::ColumnSet;
use dag::row_key::Key;
use dag::schema::{ColumnType, MergePolicy};
use dag::value::Value;

/// What to do about a row that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// 1062.
    Plain,
    /// A warning, and the row is left out.
    Ignore,
    /// The row that is there goes.
    Replace,
}

/// A bound INSERT or REPLACE.
#[derive(Debug)]
pub(crate) struct InsertPlan {
    pub target: Target,
    /// Positions of the columns given, in order.
    pub columns: Vec<usize>,
    pub rows: Rows,
    pub mode: Mode,
    pub on_duplicate: Option<OnDuplicate>,
}

/// Where the rows come from.
#[derive(Debug)]
pub(crate) enum Rows {
    /// VALUES or SET; an empty list is all defaults.
    Values(Vec<Vec<Cell>>),
    /// A query, with the types of its columns.
    Query(Vec<Type>),
}

/// Counts of the running statement.
#[derive(Default)]
struct Counts {
    affected: u64,
    records: u64,
    duplicates: u64,
    first_id: Option<u64>,
    shown_id: u64,
}

/// What one run works with.
struct Run<'a> {
    plan: &'a InsertPlan,
    context: &'a mut StatementContext,
    subqueries: &'a mut dyn Subqueries,
    strict: bool,
    counts: Counts,
}

/// Inserts; `selected` are the rows of INSERT ... SELECT.
pub(crate) fn run(
    state: &mut State,
    scene: &mut Scene,
    plan: &InsertPlan,
    context: &mut StatementContext,
    subqueries: &mut dyn Subqueries,
    selected: Vec<Vec<Value>>,
) -> Result<Summary, Stop> {
    let strict = state.settings.sql_mode.strict && plan.mode != Mode::Ignore;
    let mut run = Run { plan, context, subqueries, strict, counts: Counts::default() };
    let mut rows = run.rows(selected)?;
    run.generate(state, scene, &mut rows)?;
    let hidden = run.hidden_keys(state, scene, rows.len() as u64);
    for (number, values) in rows.into_iter().enumerate() {
        let key = hidden.as_ref().map(|first| hidden_key(first, number as u64));
        run.one(state, values, key, number as u64 + 1)?;
    }
    Ok(run.summary(state))
}

impl Run<'_> {
    /// Every row's values, before AUTO_INCREMENT.
    fn rows(&mut self, selected: Vec<Vec<Value>>) -> Result<Vec<Vec<Value>>, SqlError> {
        match &self.plan.rows {
            Rows::Values(given) => given.iter().zip(1..).map(|(cells, number)| self.given_row(cells, number)).collect(),
            Rows::Query(types) => {
                selected.into_iter().zip(1..).map(|(row, number)| self.selected_row(&row, types, number)).collect()
            }
        }
    }

    /// The defaults of the columns that are not given.
    fn blank(&mut self) -> Result<Vec<Value>, SqlError> {
        let columns = &self.plan.target.table.columns;
        let mut values = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let given = self.plan.columns.contains(&at);
            values.push(if given { Value::Null } else { default_of(column, self.context, self.strict)? });
        }
        Ok(values)
    }

    fn given_row(&mut self, cells: &[Cell], row: u64) -> Result<Vec<Value>, SqlError> {
        let mut values = self.blank()?;
        let storing = Storing { strict: self.strict, row };
        for (at, cell) in self.plan.columns.iter().zip(cells) {
            let column = &self.plan.target.table.columns[*at];
            values[*at] = cell_value(cell, column, &RowStack::of(&values), self.context, self.subqueries, storing)?;
        }
        Ok(values)
    }

    fn selected_row(&mut self, row: &[Value], types: &[Type], number: u64) -> Result<Vec<Value>, SqlError> {
        let mut values = self.blank()?;
        let storing = Storing { strict: self.strict, row: number };
        for ((at, value), ty) in self.plan.columns.iter().zip(row).zip(types) {
            let column = &self.plan.target.table.columns[*at];
            let generated = value.is_null() && column.auto_increment;
            values[*at] = if generated { Value::Null } else { store(value, ty, column, self.context, storing)? };
        }
        Ok(values)
    }

    /// Fills AUTO_INCREMENT columns: consecutive numbers for all rows that need one (R38). Errors: 1467, 1105.
    fn generate(&mut self, state: &State, scene: &mut Scene, rows: &mut [Vec<Value>]) -> Result<(), SqlError> {
        let table = &self.plan.target.table;
        let Some(at) = table.columns.iter().position(|c| c.auto_increment) else { return Ok(()) };
        let on_zero = !state.settings.sql_mode.no_auto_value_on_zero;
        let wants = |value: &Value| value.is_null() || on_zero && number(value) == Some(0);
        let count = rows.iter().filter(|row| wants(&row[at])).count() as u64;
        let explicit = rows.iter().filter(|row| !wants(&row[at])).filter_map(|row| number(&row[at])).max();
        if explicit.is_some() && table.policy == MergePolicy::AppendOnly {
            return Err(append_only());
        }
        let mut next = 0;
        if count > 0 {
            next = scene
                .reserve(count, || state.engine.journal.reserve_ids(table.id, table.first_auto_increment, count))?;
            if next.checked_add(count - 1).is_none_or(|last| last > greatest(&table.columns[at].kind)) {
                return Err(SqlError::new(1467, "Failed to read auto-increment value from storage engine"));
            }
            self.counts.first_id = Some(next);
        }
        let unsigned = matches!(table.columns[at].kind, ColumnType::Integer { unsigned: true, .. });
        for row in rows.iter_mut().filter(|row| wants(&row[at])) {
            row[at] = if unsigned { Value::UInt(next) } else { Value::Int(next as i64) };
            next += 1;
        }
        if let Some(used) = explicit {
            state.engine.journal.raise_ids(table.id, used);
        }
        Ok(())
    }

    fn hidden_keys(&self, state: &State, scene: &mut Scene, count: u64) -> Option<[u8; 48]> {
        let keyless = self.plan.target.table.primary.is_none() && count > 0;
        keyless.then(|| scene.reserve_hidden(count, || state.engine.journal.reserve_hidden(count)))
    }

    /// Inserts one row, or does what its collision asks for.
    fn one(&mut self, state: &mut State, values: Vec<Value>, hidden: Option<Key>, row: u64) -> Result<(), Stop> {
        self.counts.records += 1;
        let target = &self.plan.target;
        let key = match hidden {
            Some(key) => key,
            None => target.key_of(&values)?,
        };
        let placed = target.place(key, values)?;
        target.lock(state, &placed)?;
        let now = newest(state)?;
        let collision = target.collision(&now, &placed, None)?;
        let view = now.view.clone();
        drop(now);
        let mut marks = marks(state);
        match collision {
            None => {
                marks.if_absent = self.plan.mode == Mode::Ignore;
                target.write(state, &view, placed, &ColumnSet::default(), marks)?;
                self.counts.affected += 1;
                Ok(())
            }
            Some(collision) => self.collided(state, placed, collision, row),
        }
    }

    fn collided(&mut self, state: &mut State, placed: Placed, collision: Collision, row: u64) -> Result<(), Stop> {
        self.counts.duplicates += 1;
        let target = &self.plan.target;
        if let Some(plan) = &self.plan.on_duplicate {
            let storing = Storing { strict: self.strict, row };
            let marks = marks(state);
            let found_rows = state.login.found_rows;
            let with = Computing { context: self.context, subqueries: self.subqueries, storing };
            let updated = update_present(state, target, plan, &collision.key, &placed.values, marks, with)?;
            self.counts.affected += if updated.changed { 2 } else { u64::from(found_rows) };
            self.counts.shown_id = updated.id.unwrap_or(0);
            return Ok(());
        }
        match self.plan.mode {
            Mode::Plain => Err(target.duplicate(&placed, collision.index).into()),
            Mode::Ignore => {
                let error = target.duplicate(&placed, collision.index);
                state.warn(error.code, error.message);
                Ok(())
            }
            Mode::Replace => self.replace(state, placed),
        }
    }

    /// REPLACE: every row in the way goes, then the new one comes; a row that is there already just stays.
    fn replace(&mut self, state: &mut State, placed: Placed) -> Result<(), Stop> {
        let target = &self.plan.target;
        let marks = marks(state);
        loop {
            let now = newest(state)?;
            let found = target.collision(&now, &placed, None)?;
            let view = now.view.clone();
            let Some(collision) = found else {
                drop(now);
                target.write(state, &view, placed, &ColumnSet::default(), marks)?;
                self.counts.affected += 1;
                return Ok(());
            };
            if target.lock_key(state, &collision.key)? {
                continue;
            }
            let there = now.row(target.table.id, &collision.key.0)?;
            drop(now);
            if there.is_some_and(|row| target.read(&row).is_ok_and(|values| values == placed.values)) {
                self.counts.affected += 1;
                return Ok(());
            }
            target.remove(state, &view, collision.key, &ColumnSet::default(), marks)?;
            self.counts.affected += 1;
        }
    }

    fn summary(self, state: &mut State) -> Summary {
        if let Some(first) = self.counts.first_id {
            state.facts_mut().last_insert_id = first;
        }
        let many = match &self.plan.rows {
            Rows::Values(rows) => rows.len() > 1,
            Rows::Query(_) => true,
        };
        let warnings = state.shared().warning_count();
        let info = match many {
            true => format!(
                "Records: {}  Duplicates: {}  Warnings: {warnings}",
                self.counts.records, self.counts.duplicates
            ),
            false => String::new(),
        };
        let last_insert_id = self.counts.first_id.unwrap_or(self.counts.shown_id);
        Summary { affected: self.counts.affected, last_insert_id, info }
    }
}

/// R26.
fn append_only() -> SqlError {
    SqlError::new(1105, "An append_only table generates its keys; leave the key column out of the INSERT")
}

/// The greatest number an integer column holds.
fn greatest(kind: &ColumnType) -> u64 {
    match kind {
        ColumnType::Integer { bytes, unsigned, .. } => {
            let bits = u32::from(*bytes) * 8 - u32::from(!unsigned);
            if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
        }
        _ => u64::MAX,
    }
}

/// The n-th of a run of hidden keys: the last eight bytes count up.
fn hidden_key(first: &[u8; 48], number: u64) -> Key {
    let mut bytes = *first;
    let mut counter = [0; 8];
    counter.copy_from_slice(&bytes[40..]);
    bytes[40..].copy_from_slice(&(u64::from_be_bytes(counter) + number).to_be_bytes());
    Key(bytes[..].into())
}
