//! Runs one SELECT: source, filter, groups, HAVING, output, DISTINCT, ORDER BY, LIMIT.

use super::distinct::Seen;
use super::group::Groups;
use super::limit::Window;
use super::run::Frame;
use super::sort;
use super::source::{SourceRun, open};
use crate::error::SqlError;
use crate::plan::Block;
use dag::value::Value;
use std::sync::Arc;

/// A SELECT that is running.
pub(crate) struct BlockRun {
    block: Arc<Block>,
    source: SourceRun,
    row: Vec<Value>,
    state: State,
    groups: Option<Groups>,
    seen: Option<Seen>,
    window: Window,
    sorted: std::vec::IntoIter<Vec<Value>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Fresh,
    Streaming,
    Sorted,
    Done,
}

impl BlockRun {
    pub(crate) fn new(block: Arc<Block>) -> Self {
        BlockRun {
            source: open(&block.source),
            row: vec![Value::Null; block.width],
            state: State::Fresh,
            groups: None,
            seen: block.distinct.then(Seen::default),
            window: Window::default(),
            sorted: Vec::new().into_iter(),
            block,
        }
    }

    pub(crate) fn next(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        if self.state == State::Fresh {
            self.start(frame)?;
        }
        loop {
            let row = match self.state {
                State::Done | State::Fresh => return Ok(None),
                _ if self.window.is_done() => None,
                State::Sorted => self.sorted.next(),
                State::Streaming => self.produce(frame)?,
            };
            let Some(mut row) = row else {
                self.state = State::Done;
                return Ok(None);
            };
            if self.window.admits() {
                row.truncate(self.block.visible);
                return Ok(Some(row));
            }
        }
    }

    fn start(&mut self, frame: &mut Frame<'_>) -> Result<(), SqlError> {
        self.window = Window::of(&self.block.limit, frame)?;
        self.state = State::Streaming;
        if self.window.is_done() {
            return Ok(());
        }
        self.source.start(frame, &self.row)?;
        if let Some(grouping) = &self.block.grouping {
            let mut groups = Groups::new(grouping);
            while self.source.next(frame, &mut self.row)? {
                frame.run.budget.tick()?;
                if frame.holds(self.block.filter.as_ref(), &self.row)? {
                    groups.add(grouping, &self.row, frame)?;
                }
            }
            self.groups = Some(groups.finished(grouping, &self.row));
        }
        if !self.block.order.is_empty() {
            self.sort(frame)?;
        }
        Ok(())
    }

    fn sort(&mut self, frame: &mut Frame<'_>) -> Result<(), SqlError> {
        let block = self.block.clone();
        let types: Vec<_> = block.output.iter().map(|e| e.ty.clone()).collect();
        let mut sorter = sort::Sorter::new(&block.order, &types, self.window.needed());
        while let Some(row) = self.produce(frame)? {
            sorter.add(row, &mut frame.run.budget)?;
        }
        self.sorted = sorter.sorted().into_iter();
        self.state = State::Sorted;
        Ok(())
    }

    /// The next output row, hidden columns included, before ORDER BY and LIMIT.
    fn produce(&mut self, frame: &mut Frame<'_>) -> Result<Option<Vec<Value>>, SqlError> {
        loop {
            if !self.advance(frame)? {
                return Ok(None);
            }
            if !frame.holds(self.block.having.as_ref(), &self.row)? {
                continue;
            }
            let mut output = Vec::with_capacity(self.block.output.len());
            for expression in &self.block.output {
                output.push(frame.value(expression, &self.row)?);
            }
            if let Some(seen) = &mut self.seen {
                let types = self.block.output[..self.block.visible].iter().map(|e| &e.ty);
                if !seen.first(&output[..self.block.visible], types, &mut frame.run.budget)? {
                    continue;
                }
            }
            return Ok(Some(output));
        }
    }

    /// Fills the row with the next group, or the next row that passes the filter.
    fn advance(&mut self, frame: &mut Frame<'_>) -> Result<bool, SqlError> {
        if let Some(groups) = &mut self.groups {
            return groups.next(&mut self.row, frame.context);
        }
        loop {
            frame.run.budget.tick()?;
            if !self.source.next(frame, &mut self.row)? {
                return Ok(false);
            }
            if frame.holds(self.block.filter.as_ref(), &self.row)? {
                return Ok(true);
            }
        }
    }
}
