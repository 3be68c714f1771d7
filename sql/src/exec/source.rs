//! The tree under a SELECT that fills its row, slot by slot.

use super::derived::DerivedRun;
use super::hash_join::HashJoin;
use super::join::{BufferJoin, LookupJoin};
use super::run::Frame;
use super::scan::Scan;
use super::system::SystemRun;
use crate::error::SqlError;
use crate::plan::{JoinMethod, Source};
use dag::value::Value;

/// A source that is running.
pub(crate) enum SourceRun {
    /// One row without slots.
    One(bool),
    Table(Box<Scan>),
    System(Box<SystemRun>),
    Derived(Box<DerivedRun>),
    Lookup(Box<LookupJoin>),
    Buffer(Box<BufferJoin>),
    Hash(Box<HashJoin>),
}

/// Makes a source ready; it reads nothing before [`SourceRun::start`].
pub(crate) fn open(source: &Source) -> SourceRun {
    match source {
        Source::One => SourceRun::One(false),
        Source::Table(table) => SourceRun::Table(Box::new(Scan::new(table.clone()))),
        Source::System(system) => SourceRun::System(Box::new(SystemRun::new(system.clone()))),
        Source::Derived(derived) => SourceRun::Derived(Box::new(DerivedRun::new(derived.clone()))),
        Source::Join(join) => match &join.method {
            JoinMethod::Lookup => SourceRun::Lookup(Box::new(LookupJoin::new(join.clone()))),
            JoinMethod::Buffer => SourceRun::Buffer(Box::new(BufferJoin::new(join.clone()))),
            JoinMethod::Hash(_) => SourceRun::Hash(Box::new(HashJoin::new(join.clone()))),
        },
    }
}

impl SourceRun {
    /// From the first row on; `row` holds what sources to the left have filled.
    pub(crate) fn start(&mut self, frame: &mut Frame<'_>, row: &[Value]) -> Result<(), SqlError> {
        match self {
            SourceRun::One(given) => {
                *given = false;
                Ok(())
            }
            SourceRun::Table(scan) => scan.start(frame, row),
            SourceRun::System(system) => system.start(),
            SourceRun::Derived(derived) => derived.start(),
            SourceRun::Lookup(join) => join.start(frame, row),
            SourceRun::Buffer(join) => join.start(frame, row),
            SourceRun::Hash(join) => join.start(frame, row),
        }
    }

    /// Fills the slots with the next row; false at the end.
    pub(crate) fn next(&mut self, frame: &mut Frame<'_>, row: &mut [Value]) -> Result<bool, SqlError> {
        match self {
            SourceRun::One(given) => Ok(!std::mem::replace(given, true)),
            SourceRun::Table(scan) => scan.next(frame, row),
            SourceRun::System(system) => system.next(frame, row),
            SourceRun::Derived(derived) => derived.next(frame, row),
            SourceRun::Lookup(join) => join.next(frame, row),
            SourceRun::Buffer(join) => join.next(frame, row),
            SourceRun::Hash(join) => join.next(frame, row),
        }
    }
}
