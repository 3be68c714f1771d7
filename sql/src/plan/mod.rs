//! Plans: what the executor runs, with every name resolved and every path chosen.
//!
//! Promises: a plan holds no snapshot and no parameter values, so it may be kept and run again for as long as the
//! catalogue is the one it was bound against. Every block has one row of slots: the columns of its tables side by
//! side, then its aggregates; all its expressions read that row.

mod access;
mod describe;
mod join;
mod order;

pub use access::{Access, IndexPath, KeyBound, KeyStart, KeyTerm, access_for};
pub(crate) use access::{Conditions, access_path};
pub use describe::{ExplainRow, explain};
pub(crate) use join::{arrange, key_type};

use crate::aggregate::{AggregateFunction, Settings};
use crate::engine::system_table::SystemTable;
use crate::expression::{Expression, Type};
use crate::response::ColumnDefinition;
use dag::schema::Table;
use linearizer::view::Direction;
use std::ops::Range;
use std::sync::Arc;

/// A bound query.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What comes out.
    pub columns: Arc<[ColumnDefinition]>,
    /// The outermost query.
    pub query: Query,
    /// Subqueries by the number that `Node::Subquery` holds.
    pub subqueries: Arc<[Subplan]>,
    /// How many `?` there are.
    pub parameters: u32,
    /// FOR UPDATE or FOR SHARE.
    pub lock: Option<Lock>,
    /// SQL_CALC_FOUND_ROWS.
    pub count_found_rows: bool,
    /// Every stored table read, for metadata locks.
    pub tables: Vec<Arc<Table>>,
    /// Whether a table of `information_schema` or `headwaters` is read.
    pub reads_system_tables: bool,
}

/// A subquery of an expression.
#[derive(Clone, Debug)]
pub struct Subplan {
    /// What it runs.
    pub query: Query,
    /// Whether it reads rows of the queries around it: if not, it runs once a statement.
    pub correlated: bool,
}

/// FOR UPDATE, FOR SHARE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// UPDATE instead of SHARE.
    pub exclusive: bool,
    /// What to do about a row that another session holds.
    pub wait: LockWait,
}

/// What a locking read does about a row that another session holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Waits.
    Wait,
    /// 3572.
    Nowait,
    /// Leaves the row out.
    SkipLocked,
}

/// A block or a set operation, with its own ORDER BY and LIMIT.
#[derive(Clone, Debug)]
pub struct Query {
    /// Types of the visible columns.
    pub types: Vec<Type>,
    /// What yields the rows.
    pub body: Body,
}

/// What yields rows.
#[derive(Clone, Debug)]
pub enum Body {
    /// One SELECT.
    Block(Arc<Block>),
    /// UNION, EXCEPT or INTERSECT.
    Set(Arc<SetOperation>),
    /// A recursive CTE: the seed, then the step over the rows of the last round.
    Recursive(Arc<Recursive>),
    /// The rows of the last round of the recursive CTE with that number.
    LastRound(u32),
}

/// UNION and its kin: every arm's row is `casts` of that arm.
#[derive(Clone, Debug)]
pub struct SetOperation {
    /// The operator.
    pub kind: SetKind,
    /// ALL.
    pub all: bool,
    /// First arm.
    pub left: Query,
    /// Second arm.
    pub right: Query,
    /// The right and left columns converted to the common types: expressions over an arm's row.
    pub casts: [Vec<Expression>; 2],
    /// ORDER BY over the common columns.
    pub order: Vec<SortKey>,
    /// Hidden sort keys behind the visible columns.
    pub keys: Vec<Expression>,
    /// LIMIT.
    pub limit: Limit,
}

/// Set operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetKind {
    /// Rows of both.
    Union,
    /// Rows of the left that are not in the right.
    Except,
    /// Rows in both.
    Intersect,
}

/// A recursive CTE.
#[derive(Clone, Debug)]
pub struct Recursive {
    /// Names the CTE for [`Body::LastRound`].
    pub number: u32,
    /// The first rows.
    pub seed: Query,
    /// Reads the last round.
    pub step: Query,
    /// The step's columns converted to the seed's types.
    pub casts: Vec<Expression>,
    /// UNION ALL.
    pub all: bool,
}

/// One SELECT.
#[derive(Clone, Debug)]
pub struct Block {
    /// Slots of the row: columns of the tables, then aggregates.
    pub width: usize,
    /// Where rows come from.
    pub source: Source,
    /// Conditions that no table or join could take.
    pub filter: Option<Expression>,
    /// GROUP BY and aggregates.
    pub grouping: Option<Grouping>,
    /// HAVING.
    pub having: Option<Expression>,
    /// Visible columns, then hidden sort keys.
    pub output: Vec<Expression>,
    /// How many of them are visible.
    pub visible: usize,
    /// DISTINCT.
    pub distinct: bool,
    /// ORDER BY over the output; empty also where the source already yields the order.
    pub order: Vec<SortKey>,
    /// LIMIT.
    pub limit: Limit,
    /// Name for EXPLAIN.
    pub number: u32,
}

/// One part of ORDER BY.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// Position in the output.
    pub column: usize,
    /// DESC.
    pub descending: bool,
}

/// LIMIT and OFFSET: constants or parameters.
#[derive(Clone, Debug, Default)]
pub struct Limit {
    /// Rows left out first.
    pub offset: Option<Expression>,
    /// Rows at most.
    pub count: Option<Expression>,
}

/// GROUP BY and aggregates. A group's row is its first row, with the aggregates in the slots behind.
#[derive(Clone, Debug)]
pub struct Grouping {
    /// What a group has in common; empty: one group, also of no rows.
    pub keys: Vec<Expression>,
    /// The aggregates.
    pub aggregates: Vec<Aggregate>,
    /// The slot of the first aggregate.
    pub first: usize,
}

/// One aggregate call.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Its arguments; empty for COUNT(*).
    pub arguments: Vec<Expression>,
    /// Keys of GROUP_CONCAT's ORDER BY.
    pub order: Vec<Expression>,
    /// What its accumulators are told.
    pub settings: Settings,
}

/// Where rows come from: a tree that fills the block's row.
#[derive(Clone, Debug)]
pub enum Source {
    /// No table: one row.
    One,
    /// A stored table.
    Table(Arc<TableSource>),
    /// A table of `information_schema` or `headwaters`.
    System(Arc<SystemSource>),
    /// A derived table or CTE.
    Derived(Arc<DerivedSource>),
    /// A join.
    Join(Arc<Join>),
}

/// A stored table in FROM.
#[derive(Clone, Debug)]
pub struct TableSource {
    /// Alias.
    pub alias: Arc<str>,
    /// The table.
    pub table: Arc<Table>,
    /// Its first slot.
    pub offset: usize,
    /// About how many rows it has; 0 if nobody said.
    pub size: u64,
    /// Positions of the columns that are read at all.
    pub needed: Vec<u32>,
    /// How its rows are found.
    pub access: Access,
    /// Which way they are read.
    pub direction: Direction,
    /// What its rows must fulfil; may read slots of tables to its left.
    pub filter: Option<Expression>,
    /// Names the block for EXPLAIN.
    pub block: u32,
}

/// A system table in FROM.
#[derive(Clone)]
pub struct SystemSource {
    /// Alias.
    pub alias: Arc<str>,
    /// The table.
    pub table: Arc<dyn SystemTable>,
    /// Its first slot.
    pub offset: usize,
    /// What its rows must fulfil.
    pub filter: Option<Expression>,
    /// Names the block for EXPLAIN.
    pub block: u32,
}

impl std::fmt::Debug for SystemSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SystemSource({})", self.table.name())
    }
}

/// A derived table in FROM.
#[derive(Clone, Debug)]
pub struct DerivedSource {
    /// Alias.
    pub alias: Arc<str>,
    /// What it runs.
    pub query: Query,
    /// Its first slot.
    pub offset: usize,
    /// What its rows must fulfil.
    pub filter: Option<Expression>,
    /// Names the block for EXPLAIN.
    pub block: u32,
}

/// A join of two sources over the same row.
#[derive(Clone, Debug)]
pub struct Join {
    /// Whether unmatched left rows stay, the right slots NULL.
    pub left_outer: bool,
    /// Runs once.
    pub left: Source,
    /// Runs for each left row, or once into a hash table or buffer.
    pub right: Source,
    /// The slots the right side fills.
    pub right_slots: Range<usize>,
    /// What a pair must fulfil, beside the hash keys.
    pub on: Option<Expression>,
    /// How the right side is run.
    pub method: JoinMethod,
}

/// How the right side of a join is run.
#[derive(Clone, Debug)]
pub enum JoinMethod {
    /// Again for each left row, because its access path reads the left row.
    Lookup,
    /// Once, kept in memory.
    Buffer,
    /// Once, into a hash table: left key, right key and how they compare.
    Hash(Vec<HashKey>),
}

/// One part of a hash join's key.
#[derive(Clone, Debug)]
pub struct HashKey {
    /// Over the left row.
    pub left: Expression,
    /// Over the right row.
    pub right: Expression,
    /// The type both are brought to: equal values of it have equal keys.
    pub ty: Type,
}
