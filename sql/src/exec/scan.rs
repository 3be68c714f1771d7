//! Reads a stored table by its access path: only the columns that are needed, in batches.

use super::run::Frame;
use super::seek::{Seek, Seeks, seeks};
use crate::convert;
use crate::error::SqlError;
use crate::function::Context;
use crate::plan::TableSource;
use dag::row_key::Key;
use dag::schema::Table;
use dag::value::Value;
use linearizer::view::{Bytes, Direction, KeyRange};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Entries of the first batch: few, because many statements want few rows.
const FIRST_BATCH: usize = 16;
/// Entries of later batches, doubled up to this: large enough to pay for finding the place again.
const MOST_BATCH: usize = 512;

/// A scan that is running.
pub(crate) struct Scan {
    source: Arc<TableSource>,
    entries: Entries,
}

/// Row bytes of seeks, one after the other.
pub(crate) struct Entries {
    seeks: Seeks,
    direction: Direction,
    /// The seek at hand.
    at: usize,
    /// Where the range at hand goes on.
    rest: Option<KeyRange>,
    batch: std::vec::IntoIter<(Key, Bytes)>,
    size: usize,
    /// The primary key of the row given last; `None` if the seek before `at` names it.
    last: Option<Key>,
}

impl Scan {
    pub(crate) fn new(source: Arc<TableSource>) -> Self {
        let nothing = Seeks { space: source.table.id, secondary: false, seeks: Vec::new() };
        Scan { entries: Entries::new(nothing, source.direction), source }
    }

    pub(crate) fn start(&mut self, frame: &mut Frame<'_>, row: &[Value]) -> Result<(), SqlError> {
        let seeks = seeks(&self.source.table, &self.source.access, row, frame)?;
        self.entries = Entries::new(seeks, self.source.direction);
        Ok(())
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        let source = &self.source;
        while let Some(bytes) = self.entries.next_row(&source.table, frame)? {
            frame.run.budget.tick()?;
            for column in &source.needed {
                row[source.offset + *column as usize] = cell(&source.table, &bytes, *column as usize, frame.context)?;
            }
            if frame.holds(source.filter.as_ref(), row)? {
                return Ok(true);
            }
            if let Some(key) = self.entries.key() {
                frame.run.reader.unmatched(source.table.id, &key);
            }
        }
        Ok(false)
    }
}

/// A column of a row as expressions see it: TIMESTAMP in the session's zone.
pub fn cell(table: &Table, row: &Bytes, column: usize, context: &dyn Context) -> Result<Value, SqlError> {
    let value = table.read_column(row, column).map_err(|error| unreadable(table, &error))?;
    Ok(match value {
        Value::Timestamp(micros) => Value::DateTime(convert::local_of_instant(micros, context)),
        value => value,
    })
}

fn unreadable(table: &Table, error: &dag::error::Error) -> SqlError {
    SqlError::new(1105, format!("A row of table '{}' cannot be read: {error}; run `headwaters verify`", table.name))
}

impl Entries {
    pub(crate) fn new(seeks: Seeks, direction: Direction) -> Self {
        Entries { seeks, direction, at: 0, rest: None, batch: Vec::new().into_iter(), size: FIRST_BATCH, last: None }
    }

    /// The bytes of the next row.
    pub(crate) fn next_row(&mut self, table: &Table, frame: &mut Frame<'_>) -> Result<Option<Bytes>, SqlError> {
        loop {
            self.last = None;
            let found = match self.batch.next() {
                Some((key, bytes)) => {
                    self.last = Some(key);
                    Some(bytes)
                }
                None => match self.fetch(frame)? {
                    Fetched::End => return Ok(None),
                    Fetched::Entry(bytes) => Some(bytes),
                    Fetched::Batch => None,
                },
            };
            let Some(bytes) = found else { continue };
            if !self.seeks.secondary {
                return Ok(Some(bytes));
            }
            if let Some(row) = frame.run.reader.get(table.id, &bytes)? {
                self.last = Some(Key(bytes));
                return Ok(Some(row));
            }
        }
    }

    /// The primary key of the row given last.
    fn key(&mut self) -> Option<Key> {
        if let Some(key) = self.last.take() {
            return Some(key);
        }
        match self.seeks.seeks.get(self.at.checked_sub(1)?) {
            Some(Seek::Key(key)) => Some(Key::from(key.clone())),
            _ => None,
        }
    }

    fn fetch(&mut self, frame: &mut Frame<'_>) -> Result<Fetched, SqlError> {
        if self.rest.is_none() {
            match self.seeks.seeks.get(self.at) {
                None => return Ok(Fetched::End),
                Some(Seek::Range(range)) => self.rest = Some(range.clone()),
                Some(Seek::Key(key)) => {
                    self.at += 1;
                    let found = frame.run.reader.get(self.seeks.space, key)?;
                    return Ok(found.map_or(Fetched::Batch, Fetched::Entry));
                }
            }
        }
        let Some(range) = self.rest.take() else { return Ok(Fetched::End) };
        let mut batch: Vec<(Key, Bytes)> = Vec::new();
        let size = if frame.run.reader.reads_ahead() { self.size } else { 1 };
        frame.run.reader.range(self.seeks.space, &range, self.direction, &mut |key, bytes| {
            batch.push((key.clone(), bytes.clone()));
            if batch.len() >= size { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        match batch.last() {
            Some((key, _)) if batch.len() >= size => {
                let behind = Bound::Excluded(key.clone());
                self.rest = Some(match self.direction {
                    Direction::Forward => KeyRange { from: behind, to: range.to },
                    Direction::Backward => KeyRange { from: range.from, to: behind },
                });
                self.size = (size * 2).min(MOST_BATCH);
            }
            _ => self.at += 1,
        }
        self.batch = batch.into_iter();
        Ok(Fetched::Batch)
    }
}

enum Fetched {
    End,
    Entry(Bytes),
    Batch,
}
