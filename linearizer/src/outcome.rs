//! What became of a commit at its place in the order, and why.
//!
//! Promises: the outcome's code is part of main and never changes meaning (R29); the reason beside it is derived, and
//! its wording may improve. Does not know SQL error numbers.

use dag::catalogue::Catalogue;
use dag::id::{CommitId, EntityId, LayoutId};
use dag::row_key::Key;
use std::fmt;
use std::sync::Arc;

/// What became of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its changes are in the state.
    Applied,
    /// Kept whole beside the state, because of this.
    Parked(Reason),
    /// Outside the history by a cut or a withdrawal (R17, R18): no outcome, no effect.
    Void,
}

/// Why a commit is parked.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A cell does not hold what the author saw (R21).
    Changed {
        /// The table.
        table: EntityId,
        /// The row.
        key: Key,
        /// The cell's column.
        column: EntityId,
        /// Who wrote the row last, if that is above the last checkpoint.
        against: Option<CommitId>,
    },
    /// The row that the author changed or removed is not there.
    Gone {
        /// The table.
        table: EntityId,
        /// The row.
        key: Key,
        /// Who removed it, if that is above the last checkpoint.
        against: Option<CommitId>,
    },
    /// There is a row already under the key that the author inserted.
    Present {
        /// The table.
        table: EntityId,
        /// The row.
        key: Key,
        /// Who wrote it, if that is above the last checkpoint.
        against: Option<CommitId>,
    },
    /// A unique index has this entry already, for another row.
    Duplicate {
        /// The table.
        table: EntityId,
        /// The unique index.
        index: EntityId,
        /// The entry.
        key: Key,
        /// Who entered it, if that is above the last checkpoint.
        against: Option<CommitId>,
    },
    /// A column that is NOT NULL would be NULL.
    Null {
        /// The table.
        table: EntityId,
        /// The row.
        key: Key,
        /// The column.
        column: EntityId,
    },
    /// No applied commit before this one created the table (R25).
    NoTable(EntityId),
    /// No applied commit before this one gave the table this layout (R25).
    NoLayout(EntityId, LayoutId),
    /// The table takes only inserts (R26).
    AppendOnly(EntityId),
    /// A schema change does not fit the schema at this place (R25).
    Schema(Arc<str>),
    /// What it settles is settled, or was applied (R24).
    Settled {
        /// The commit to be settled.
        commit: CommitId,
        /// Who settled it first; `None`: it is applied.
        by: Option<CommitId>,
    },
    /// Something the transaction read is different now (R11).
    Read(EntityId),
    /// The change set contradicts itself or its schema: its author runs faulty software.
    Malformed(EntityId, Arc<str>),
}

impl Outcome {
    /// The code that main's log holds (R29).
    pub fn code(&self) -> u8 {
        match self {
            Outcome::Applied => 0,
            Outcome::Void => 1,
            Outcome::Parked(reason) => reason.code(),
        }
    }

    /// Whether the changes are in the state.
    pub fn is_applied(&self) -> bool {
        matches!(self, Outcome::Applied)
    }

    /// Why it is parked, if it is.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Outcome::Parked(reason) => Some(reason),
            _ => None,
        }
    }
}

impl Reason {
    /// The code that main's log and the state hold; from 16 on, never reused.
    pub fn code(&self) -> u8 {
        match self {
            Reason::Changed { .. } => 16,
            Reason::Gone { .. } => 17,
            Reason::Present { .. } => 18,
            Reason::Duplicate { .. } => 19,
            Reason::Null { .. } => 20,
            Reason::NoTable(_) => 21,
            Reason::NoLayout(..) => 22,
            Reason::AppendOnly(_) => 23,
            Reason::Schema(_) => 24,
            Reason::Settled { .. } => 25,
            Reason::Read(_) => 26,
            Reason::Malformed(..) => 27,
        }
    }

    /// The commit that stands in the way, where one is known.
    pub fn against(&self) -> Option<CommitId> {
        match self {
            Reason::Changed { against, .. }
            | Reason::Gone { against, .. }
            | Reason::Present { against, .. }
            | Reason::Duplicate { against, .. } => *against,
            Reason::Settled { by, .. } => *by,
            _ => None,
        }
    }

    /// The table it is about, where there is one.
    pub fn table(&self) -> Option<EntityId> {
        match self {
            Reason::Changed { table, .. }
            | Reason::Gone { table, .. }
            | Reason::Present { table, .. }
            | Reason::Duplicate { table, .. }
            | Reason::Null { table, .. }
            | Reason::NoTable(table)
            | Reason::NoLayout(table, _)
            | Reason::AppendOnly(table)
            | Reason::Read(table)
            | Reason::Malformed(table, _) => Some(*table),
            Reason::Schema(_) | Reason::Settled { .. } => None,
        }
    }

    /// The key bytes it is about, where there are any.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Reason::Changed { key, .. }
            | Reason::Gone { key, .. }
            | Reason::Present { key, .. }
            | Reason::Duplicate { key, .. }
            | Reason::Null { key, .. } => Some(key),
            _ => None,
        }
    }

    /// One sentence with the names of the catalogue.
    pub fn describe<'a>(&'a self, catalogue: &'a Catalogue) -> Described<'a> {
        Described { reason: self, catalogue }
    }
}

/// A reason in words; see [`Reason::describe`].
pub struct Described<'a> {
    reason: &'a Reason,
    catalogue: &'a Catalogue,
}

impl Described<'_> {
    fn table(&self, id: EntityId) -> String {
        self.catalogue.tables.get(&id).map_or_else(|| format!("table {}", id.short()), |t| format!("`{}`", t.name))
    }

    fn column(&self, table: EntityId, id: EntityId) -> String {
        let table = self.catalogue.tables.get(&table);
        let column = table.and_then(|t| t.columns.iter().find(|c| c.id == id));
        column.map_or_else(|| id.short(), |c| format!("`{}`", c.name))
    }

    fn index(&self, table: EntityId, id: EntityId) -> String {
        let table = self.catalogue.tables.get(&table);
        let index = table.and_then(|t| t.indexes.iter().find(|i| i.id == id));
        index.map_or_else(|| id.short(), |i| format!("`{}`", i.name))
    }
}

/// `by commit abc`, or by one that only main's older part can name.
fn writer(against: Option<CommitId>) -> String {
    against.map_or_else(|| "by a commit below the last checkpoint".to_owned(), |c| format!("by commit {}", c.short()))
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Changed { table, column, against, .. } => {
                let (table, column) = (self.table(*table), self.column(*table, *column));
                write!(f, "column {column} of a row of {table} was changed before, the row last {}", writer(*against))
            }
            Reason::Gone { table, against, .. } => {
                write!(f, "a row of {} was removed before, {}", self.table(*table), writer(*against))
            }
            Reason::Present { table, against, .. } => {
                write!(f, "a row of {} with the same key was inserted before, {}", self.table(*table), writer(*against))
            }
            Reason::Duplicate { table, index, against, .. } => {
                let (table, index) = (self.table(*table), self.index(*table, *index));
                write!(f, "duplicate entry in unique index {index} of {table}, entered before {}", writer(*against))
            }
            Reason::Null { table, column, .. } => {
                write!(f, "column {} of {} cannot be NULL", self.column(*table, *column), self.table(*table))
            }
            Reason::NoTable(table) => write!(f, "no applied commit before this one created table {}", table.short()),
            Reason::NoLayout(table, _) => {
                write!(f, "{} never had the columns this commit was written with", self.table(*table))
            }
            Reason::AppendOnly(table) => write!(f, "{} takes only inserts (merge=append_only)", self.table(*table)),
            Reason::Schema(why) => f.write_str(why),
            Reason::Settled { commit, by: Some(by) } => {
                write!(f, "commit {} was already settled by commit {}", commit.short(), by.short())
            }
            Reason::Settled { commit, by: None } => {
                write!(f, "commit {} needs no settling: it is applied", commit.short())
            }
            Reason::Read(table) => write!(f, "something the transaction read in {} has changed", self.table(*table)),
            Reason::Malformed(table, why) => write!(f, "the change of {} is malformed: {why}", self.table(*table)),
        }
    }
}
