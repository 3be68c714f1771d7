//! The function library: one entry a function, operators included; one family a file.
//!
//! Promises: `eval` has MySQL's meaning for the argument types `result` accepted; no function reads tables, clocks or
//! randomness except through its [`Context`].
//!
//! How grammar that is not a plain call becomes one (the binder's side of the contract):
//! `-x` is `-` with one argument; `x + INTERVAL v UNIT` is `DATE_ADD(x, v, 'UNIT')`; `EXTRACT(UNIT FROM x)` is
//! `EXTRACT('UNIT', x)`; `TIMESTAMPADD(UNIT, v, x)` and `TIMESTAMPDIFF(UNIT, a, b)` take the unit as a text constant;
//! `TRIM(LEADING r FROM s)` is `LTRIM(s, r)`, TRAILING `RTRIM(s, r)`, BOTH `TRIM(s, r)`; `POSITION(a IN b)` is
//! `LOCATE(a, b)`; `j -> p` is `JSON_EXTRACT`, `j ->> p` is `JSON_UNQUOTE(JSON_EXTRACT())`; `x MEMBER OF (j)` is
//! `MEMBER OF(x, j)`; `a REGEXP b` is `REGEXP_LIKE(a, b)`; CAST, CONVERT and COLLATE are `Node::Cast`.

use crate::error::SqlError;
use crate::evaluate::{RowStack, Subqueries};
use crate::expression::{Expression, Type};
use crate::limits::MANY;
use dag::value::Value;
pub use numeric::Sequence;
use std::collections::HashMap;
use std::sync::OnceLock;

mod address;
mod argument;
pub(crate) mod arithmetic;
mod bit;
mod calendar;
mod clock;
mod comparison;
mod control;
mod digest;
mod information;
mod instant;
mod json_read;
mod json_write;
mod letters;
pub(crate) mod numeric;
mod regexp;
mod result;
mod rounding;
mod shift;
mod string;

/// A function or operator.
pub struct Function {
    /// Upper-case name; operators by their sign (`+`, `DIV`, `||` as `CONCAT`).
    pub name: &'static str,
    /// Fewest and most arguments.
    pub arity: (usize, usize),
    /// The type of the result for these arguments, or why they do not fit. It sees the expressions, because some types
    /// depend on constants (`ROUND(x, 2)`).
    pub result: fn(&[Expression]) -> Result<Type, SqlError>,
    /// The value.
    pub eval: Eval,
    /// Whether equal arguments give equal values within a statement (RAND, SLEEP, UUID: no).
    pub deterministic: bool,
}

/// How a function gets its arguments.
#[derive(Clone, Copy)]
pub enum Eval {
    /// All are evaluated before the call.
    Values(fn(&mut Call<'_>) -> Result<Value, SqlError>),
    /// The function evaluates those it needs (IF, COALESCE).
    Lazy(fn(&mut LazyCall<'_>) -> Result<Value, SqlError>),
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// One call at run time.
pub struct Call<'a> {
    /// The argument values.
    pub arguments: &'a [Value],
    /// The argument expressions, for their types.
    pub expressions: &'a [Expression],
    /// The type the binder computed for the result.
    pub result: &'a Type,
    /// The statement's surroundings.
    pub context: &'a mut dyn Context,
}

impl<'a> Call<'a> {
    /// The type of an argument.
    pub fn ty(&self, index: usize) -> &'a Type {
        &self.expressions[index].ty
    }
}

/// One call of a function that evaluates its own arguments.
pub struct LazyCall<'a> {
    /// The arguments.
    pub arguments: &'a [Expression],
    /// The type the binder computed for the result.
    pub result: &'a Type,
    /// The rows in sight.
    pub rows: &'a RowStack<'a>,
    /// The statement's surroundings.
    pub context: &'a mut dyn Context,
    /// Who answers subqueries.
    pub subqueries: &'a mut dyn Subqueries,
}

/// What expressions may ask of the statement and session they run in.
pub trait Context {
    /// NOW() of the statement, microseconds UTC since the epoch: the same through the statement and its reruns.
    fn now_micros(&self) -> i64;
    /// Offset in seconds of the session's time zone at that instant.
    fn zone_offset(&self, utc_micros: i64) -> i32;
    /// UTC microseconds of a local date-time in the session's zone; `None` if it does not exist.
    fn to_utc(&self, local: dag::temporal::DateTime) -> Option<i64>;
    /// Next 64 random bits of the statement's seed.
    fn random(&mut self) -> u64;
    /// The sequence of RAND(n) at one place of a statement, kept from row to row; `None` where nothing is kept.
    fn sequence(&mut self, _place: usize) -> Option<&mut Sequence> {
        None
    }
    /// A session fact.
    fn session(&self) -> &SessionFacts;
    /// `@name`; NULL if never set.
    fn user_variable(&self, name: &str) -> Value;
    /// `@name := value`. Error: the session has as many variables as it may.
    fn assign_user_variable(&mut self, name: &str, value: Value) -> Result<(), SqlError>;
    /// `@@name`.
    fn system_variable(&self, name: &str, global: bool) -> Result<Value, SqlError>;
    /// The n-th parameter of a prepared statement.
    fn parameter(&self, index: u32) -> Value;
    /// Records a warning (code, message); the list is bounded by `max_error_count`.
    fn warn(&mut self, code: u16, message: String);
    /// LAST_INSERT_ID(expr) sets what LAST_INSERT_ID() gives.
    fn set_last_insert_id(&mut self, id: u64);
    /// HEADWATERS_TOKEN(): the frontier seen, as text; unsupported unless the session offers it.
    fn token(&self) -> Result<String, SqlError> {
        Err(SqlError::unsupported("HEADWATERS_TOKEN() in this statement"))
    }
    /// SYSDATE(): the time at the call; NOW() where the context has no finer clock.
    fn wall_micros(&self) -> i64 {
        self.now_micros()
    }
    /// SLEEP(): asks the session loop for a pause (R36); unsupported unless the session offers it.
    fn sleep(&mut self, _micros: u64) -> Result<(), SqlError> {
        Err(SqlError::unsupported("SLEEP() in this statement"))
    }
}

/// Plain facts of a session that functions may show.
#[derive(Clone, Debug, Default)]
pub struct SessionFacts {
    /// CONNECTION_ID().
    pub connection_id: u64,
    /// USER(): name@host as given.
    pub user: String,
    /// CURRENT_USER(): the account.
    pub current_user: String,
    /// DATABASE().
    pub database: Option<String>,
    /// LAST_INSERT_ID().
    pub last_insert_id: u64,
    /// ROW_COUNT() of the previous statement.
    pub row_count: i64,
    /// FOUND_ROWS() of the previous SELECT.
    pub found_rows: u64,
    /// sql_mode, parsed.
    pub sql_mode: SqlMode,
}

/// The parts of sql_mode that change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlMode {
    /// STRICT_TRANS_TABLES or STRICT_ALL_TABLES.
    pub strict: bool,
    /// NO_ZERO_DATE.
    pub no_zero_date: bool,
    /// NO_ZERO_IN_DATE.
    pub no_zero_in_date: bool,
    /// ERROR_FOR_DIVISION_BY_ZERO.
    pub error_for_division_by_zero: bool,
    /// ONLY_FULL_GROUP_BY.
    pub only_full_group_by: bool,
    /// ANSI_QUOTES.
    pub ansi_quotes: bool,
    /// PIPES_AS_CONCAT.
    pub pipes_as_concat: bool,
    /// NO_BACKSLASH_ESCAPES.
    pub no_backslash_escapes: bool,
    /// NO_AUTO_VALUE_ON_ZERO.
    pub no_auto_value_on_zero: bool,
    /// NO_UNSIGNED_SUBTRACTION.
    pub no_unsigned_subtraction: bool,
}

impl Default for SqlMode {
    /// MySQL 8.0's default.
    fn default() -> Self {
        SqlMode {
            strict: true,
            no_zero_date: true,
            no_zero_in_date: true,
            error_for_division_by_zero: true,
            only_full_group_by: true,
            ansi_quotes: false,
            pipes_as_concat: false,
            no_backslash_escapes: false,
            no_auto_value_on_zero: false,
            no_unsigned_subtraction: false,
        }
    }
}

/// Every family's functions.
const FAMILIES: &[&[Function]] = &[
    arithmetic::FUNCTIONS,
    bit::FUNCTIONS,
    calendar::FUNCTIONS,
    clock::FUNCTIONS,
    comparison::FUNCTIONS,
    control::FUNCTIONS,
    digest::FUNCTIONS,
    information::FUNCTIONS,
    instant::FUNCTIONS,
    json_read::FUNCTIONS,
    json_write::FUNCTIONS,
    letters::FUNCTIONS,
    address::FUNCTIONS,
    numeric::FUNCTIONS,
    regexp::FUNCTIONS,
    rounding::FUNCTIONS,
    shift::FUNCTIONS,
    string::FUNCTIONS,
];

static REGISTRY: OnceLock<HashMap<&'static str, &'static Function>> = OnceLock::new();

/// The function of that name, in any case; `None` if there is none.
pub fn find(name: &str) -> Option<&'static Function> {
    let registry = REGISTRY.get_or_init(|| FAMILIES.iter().flat_map(|f| f.iter()).map(|f| (f.name, f)).collect());
    registry.get(name).or_else(|| registry.get(name.to_ascii_uppercase().as_str())).copied()
}

/// Every function, for lists and tests.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|f| f.iter())
}

impl Function {
    /// A function of evaluated arguments.
    const fn new(
        name: &'static str,
        arity: (usize, usize),
        result: fn(&[Expression]) -> Result<Type, SqlError>,
        eval: fn(&mut Call<'_>) -> Result<Value, SqlError>,
    ) -> Function {
        Function { name, arity, result, eval: Eval::Values(eval), deterministic: true }
    }

    /// A function that evaluates its own arguments.
    const fn lazy(
        name: &'static str,
        arity: (usize, usize),
        result: fn(&[Expression]) -> Result<Type, SqlError>,
        eval: fn(&mut LazyCall<'_>) -> Result<Value, SqlError>,
    ) -> Function {
        Function { name, arity, result, eval: Eval::Lazy(eval), deterministic: true }
    }

    /// One whose value changes from call to call.
    const fn volatile(mut self) -> Function {
        self.deterministic = false;
        self
    }
}
