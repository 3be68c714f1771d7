//! Bound expressions: every node knows its MySQL type, nullability and collation before anything runs.
//!
//! The binder makes them, `evaluate` computes them row by row. Nothing here reads tables: a subquery is a number that
//! the executor's context answers.

use crate::function::Function;
use dag::collation::Collation;
use dag::value::Value;
use std::sync::Arc;

/// What kind of value an expression yields; the wire type follows from it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The NULL literal.
    Null,
    /// Integers up to 64 bits. `bytes` is the width the wire shows (1, 2, 3, 4, 8); booleans are 8 wide, length 1.
    Integer {
        /// Storage width.
        bytes: u8,
        /// BIGINT UNSIGNED and its narrower kin.
        unsigned: bool,
    },
    /// DECIMAL.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// FLOAT.
    Float,
    /// DOUBLE.
    Double,
    /// CHAR, VARCHAR, TEXT, and string results; characters.
    Text,
    /// BINARY, VARBINARY, BLOB, hex literals; bytes.
    Binary,
    /// DATE.
    Date,
    /// TIME(fsp).
    Time(u8),
    /// DATETIME(fsp); TIMESTAMP columns bind as this, marked in `Type::timestamp`.
    DateTime(u8),
    /// YEAR; the value is an `Int`.
    Year,
    /// ENUM: the value is its label; in numeric context its 1-based number.
    Enum(Arc<[Arc<str>]>),
    /// SET: the value is its labels joined by commas; in numeric context its bits.
    Set(Arc<[Arc<str>]>),
    /// JSON.
    Json,
}

/// How strongly an expression's collation holds against another's (MySQL 8.0 manual, 10.8.4): lower wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coercibility {
    /// An explicit COLLATE.
    Explicit = 0,
    /// A column.
    Implicit = 2,
    /// A system constant: USER(), VERSION().
    System = 3,
    /// A literal.
    Literal = 4,
    /// Numbers and temporals.
    Numeric = 5,
    /// NULL.
    Ignorable = 6,
}

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What it yields.
    pub kind: Kind,
    /// Whether NULL is possible.
    pub nullable: bool,
    /// Greatest display length: characters for text, bytes for binary, digits and sign for numbers.
    pub length: u32,
    /// Collation; `Binary` for everything that is not text.
    pub collation: Collation,
    /// How strongly the collation holds.
    pub coercibility: Coercibility,
    /// Whether a DATETIME came from a TIMESTAMP column.
    pub timestamp: bool,
}

/// A bound expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What to compute.
    pub node: Node,
    /// What comes out.
    pub ty: Type,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<=>`
    NullSafeEqual,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How two sides of a comparison are brought together (MySQL 8.0 manual, 14.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareAs {
    /// As text under a collation.
    Text(Collation),
    /// As bytes.
    Bytes,
    /// As 64-bit integers of either sign.
    Integer,
    /// As exact decimals.
    Decimal,
    /// As doubles.
    Double,
    /// As date and time.
    DateTime,
    /// As TIME.
    Time,
    /// As JSON.
    Json,
}

/// A node of an expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// A literal, or anything folded to one.
    Constant(Value),
    /// A cell of a row: `depth` 0 is the row at hand, 1 the enclosing query's row, and so on.
    Column {
        /// How many queries out.
        depth: u16,
        /// Position in that row.
        index: u32,
    },
    /// The n-th `?` of a prepared statement, from 0.
    Parameter(u32),
    /// `@name`.
    UserVariable(Arc<str>),
    /// `@name := value`.
    AssignUserVariable(Arc<str>, Box<Expression>),
    /// `@@name`, `@@session.name`, `@@global.name`.
    SystemVariable {
        /// Lower-case name.
        name: Arc<str>,
        /// Whether `@@global.` was written.
        global: bool,
    },
    /// Three-valued AND.
    And(Box<Expression>, Box<Expression>),
    /// Three-valued OR.
    Or(Box<Expression>, Box<Expression>),
    /// Three-valued XOR.
    Xor(Box<Expression>, Box<Expression>),
    /// NOT.
    Not(Box<Expression>),
    /// A comparison of two values.
    Compare {
        /// The operator.
        op: Comparison,
        /// Left side.
        left: Box<Expression>,
        /// Right side.
        right: Box<Expression>,
        /// How they are brought together.
        compare_as: CompareAs,
    },
    /// A comparison of two row constructors, part by part.
    CompareRows {
        /// The operator.
        op: Comparison,
        /// Left parts, right parts, and how each pair is brought together.
        parts: Vec<(Expression, Expression, CompareAs)>,
    },
    /// `IS NULL` (or `IS NOT NULL`).
    IsNull {
        /// The operand.
        operand: Box<Expression>,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `IS TRUE`, `IS FALSE` (or their negations).
    IsTruth {
        /// The operand.
        operand: Box<Expression>,
        /// TRUE or FALSE.
        truth: bool,
        /// Whether NOT was written.
        negated: bool,
    },
    /// `operand IN (list)`; each item with how it is compared.
    InList {
        /// The operand.
        operand: Box<Expression>,
        /// The items.
        list: Vec<(Expression, CompareAs)>,
        /// NOT IN.
        negated: bool,
    },
    /// `operand LIKE pattern ESCAPE escape` under a collation.
    Like {
        /// The operand.
        operand: Box<Expression>,
        /// The pattern.
        pattern: Box<Expression>,
        /// The escape character; `None` for ESCAPE ''.
        escape: Option<char>,
        /// The collation.
        collation: Collation,
        /// NOT LIKE.
        negated: bool,
    },
    /// CASE: conditions with results, then ELSE. A simple CASE is bound to comparisons.
    Case {
        /// WHEN and THEN.
        branches: Vec<(Expression, Expression)>,
        /// ELSE.
        otherwise: Option<Box<Expression>>,
    },
    /// CAST, CONVERT, and the conversions the binder puts in: to the node's own type.
    Cast(Box<Expression>),
    /// A call of the function library; operators such as `+` are calls too.
    Call {
        /// The function.
        function: &'static Function,
        /// Arguments.
        arguments: Vec<Expression>,
    },
    /// A scalar subquery, EXISTS, IN or a quantified comparison: the n-th subquery of the plan.
    Subquery {
        /// Which.
        index: u32,
        /// What is asked of it.
        test: SubqueryTest,
    },
}

/// What is asked of a subquery.
#[derive(Clone, Debug)]
pub enum SubqueryTest {
    /// Its one value; no row is NULL, two rows are error 1242.
    Scalar,
    /// Whether it has a row.
    Exists {
        /// NOT EXISTS.
        negated: bool,
    },
    /// Whether the operands compare so with any (or all) of its rows; `IN` is `= ANY`, `NOT IN` is `<> ALL`.
    Quantified {
        /// The operator.
        op: Comparison,
        /// ALL instead of ANY.
        all: bool,
        /// Left operands, one for each column of the subquery, with how they are compared.
        operands: Vec<(Expression, CompareAs)>,
    },
}
