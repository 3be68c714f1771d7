//! UNION, EXCEPT and INTERSECT, with ORDER BY and LIMIT over the whole.

use super::distinct::Seen;
use super::key;
use super::limit::Window;
use super::query::QueryRun;
use super::run::Frame;
use super::sort::Sorter;
use crate::error::SqlError;
use crate::expression::Type;
use crate::plan::{SetKind, SetOperation};
use dag::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A set operation that is running.
pub(crate) struct SetRun {
    set: Arc<SetOperation>,
    types: Vec<Type>,
    arms: [QueryRun; 2],
    arm: usize,
    started: bool,
    seen: Option<Seen>,
    /// EXCEPT and INTERSECT: how often each row of the right arm is still there.
    right: HashMap<Vec<u8>, u64>,
    window: Window,
    sorted: Option<std::vec::IntoIter<Vec<Value>>>,
}

impl SetRun {
    pub(crate) fn new(set: Arc<SetOperation>, types: Vec<Type>) -> Self {
        SetRun {
            arms: [QueryRun::new(&set.left), QueryRun::new(&set.right)],
            arm: 0,
            started: false,
            seen: (!set.all).then(Seen::default),
            right: HashMap::new(),
            window: Window::default(),
            sorted: None,
            types,
            set,
        }
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        if !self.started {
            self.start(frame)?;
        }
        while !self.window.is_done() {
            let row = match &mut self.sorted {
                Some(rows) => rows.next(),
                None => self.produce(frame)?,
            };
            let Some(mut row) = row else { return Ok(None) };
            if self.window.admits() {
                row.truncate(self.types.len());
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn start(&mut self, frame: &mut Frame<'_>) -> Result<(), SqlError> {
        self.started = true;
        self.window = Window::of(&self.set.limit, frame)?;
        if self.set.kind != SetKind::Union {
            while let Some(row) = self.converted(1, frame)? {
                let mut bytes = Vec::new();
                key::append(&row, &self.types, &mut bytes);
                frame.run.budget.take(bytes.len() + key::OVERHEAD)?;
                *self.right.entry(bytes).or_default() += 1;
            }
        }
        if self.set.order.is_empty() {
            return Ok(());
        }
        let set = self.set.clone();
        let types: Vec<Type> = self.types.iter().cloned().chain(set.keys.iter().map(|k| k.ty.clone())).collect();
        let mut sorter = Sorter::new(&set.order, &types, self.window.needed());
        while let Some(mut row) = self.produce(frame)? {
            for expression in &set.keys {
                let value = frame.value(expression, &row[..self.types.len()])?;
                row.push(value);
            }
            sorter.add(row, &mut frame.run.budget)?;
        }
        self.sorted = Some(sorter.sorted().into_iter());
        Ok(())
    }

    fn converted(&mut self, arm: usize, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        let Some(row) = self.arms[arm].next(frame)? else { return Ok(None) };
        let mut converted = Vec::with_capacity(row.len());
        for cast in &self.set.casts[arm] {
            converted.push(frame.value(cast, &row)?);
        }
        Ok(Some(converted))
    }

    fn produce(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        loop {
            let Some(row) = self.converted(self.arm, frame)? else {
                if self.set.kind == SetKind::Union && self.arm == 0 {
                    self.arm = 1;
                    continue;
                }
                return Ok(None);
            };
            if !self.belongs(&row) {
                continue;
            }
            let first = match &mut self.seen {
                Some(seen) => seen.first(&row, &self.types, &mut frame.run.budget)?,
                None => true,
            };
            if first {
                return Ok(Some(row));
            }
        }
    }

    /// EXCEPT and INTERSECT look the row up in the right arm; with ALL each row there counts once.
    fn belongs(&mut self, row: &[Value]) -> bool {
        if self.set.kind == SetKind::Union {
            return true;
        }
        let mut bytes = Vec::new();
        key::append(row, &self.types, &mut bytes);
        let found = match self.right.get_mut(&bytes) {
            Some(count) if *count > 0 => {
                *count -= u64::from(self.set.all);
                true
            }
            _ => false,
        };
        found == (self.set.kind == SetKind::Intersect)
    }
}
