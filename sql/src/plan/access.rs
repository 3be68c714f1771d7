//! How a table's rows are found: all of them, or by an index whose first parts conditions fix or bound.
//!
//! Promises: an access path yields at least the rows that fulfil the conditions it was made from, so a caller that
//! checks the conditions again is always right. Knows no rows; key values are computed when it runs.

use crate::bind::for_each;
use crate::expression::{CompareAs, Comparison, Expression, Node};
use crate::limits::MAX_POINTS;
use dag::schema::{Column, ColumnType, Index, IndexPart, Table};
use dag::value::Value;
use std::sync::Arc;

/// How rows are found.
#[derive(Clone, Debug)]
pub enum Access {
    /// Every row, in primary key order.
    Full,
    /// By an index.
    Index(Box<IndexPath>),
}

/// A way through an index.
#[derive(Clone, Debug)]
pub struct IndexPath {
    /// Position among the table's secondary indexes; `None` is the primary key.
    pub index: Option<usize>,
    /// What the first parts equal, in order.
    pub equal: Vec<KeyTerm>,
    /// Bounds of the next part.
    pub lower: Option<KeyBound>,
    /// Bounds of the next part.
    pub upper: Option<KeyBound>,
    /// What the next part begins with (LIKE); then there are no bounds.
    pub start: Option<KeyStart>,
    /// All parts of a unique key are fixed: at most one row for each combination.
    pub unique: bool,
}

/// What a part of a key equals: one of these.
#[derive(Clone, Debug)]
pub struct KeyTerm {
    /// Position of the column in the table.
    pub column: usize,
    /// The values; more than one for IN.
    pub values: Vec<(Expression, CompareAs)>,
    /// `<=>` or IS NULL: NULL is a value.
    pub null_matches: bool,
}

/// A bound of a part of a key.
#[derive(Clone, Debug)]
pub struct KeyBound {
    /// Position of the column in the table.
    pub column: usize,
    /// The value.
    pub value: Expression,
    /// How the condition compares.
    pub compare_as: CompareAs,
    /// Whether the value itself is inside.
    pub inclusive: bool,
}

/// Text that a part of a key begins with, as LIKE compares under the column's collation.
#[derive(Clone, Debug)]
pub struct KeyStart {
    /// Position of the column in the table.
    pub column: usize,
    /// The text.
    pub text: Arc<str>,
}

/// Conditions that hold together, and which slots they may read besides the table's own.
pub(crate) struct Conditions<'c> {
    /// The conditions.
    pub all: &'c [Expression],
    /// The table's first slot.
    pub offset: usize,
    /// Whether a slot is filled before the table is read.
    pub available: &'c dyn Fn(usize) -> bool,
}

/// The access path for rows of `table` in slots from 0 under a WHERE of DML.
pub fn access_for(table: &Table, condition: Option<&Expression>) -> Access {
    let all: Vec<Expression> = condition.map(conjuncts).unwrap_or_default();
    access_path(table, &Conditions { all: &all, offset: 0, available: &|_| false })
}

/// The parts of a conjunction.
pub(crate) fn conjuncts(condition: &Expression) -> Vec<Expression> {
    match &condition.node {
        Node::And(left, right) => {
            let mut all = conjuncts(left);
            all.extend(conjuncts(right));
            all
        }
        _ => vec![condition.clone()],
    }
}

/// The best access path these conditions allow.
pub(crate) fn access_path(table: &Table, conditions: &Conditions<'_>) -> Access {
    let terms = Terms::of(table, conditions);
    let primary = table.primary.iter().map(|index| (None, index, true));
    let secondary = table.indexes.iter().enumerate().map(|(place, index)| (Some(place), index, index.unique));
    let paths = primary.chain(secondary).filter_map(|(place, index, unique)| terms.path(table, place, index, unique));
    match paths.max_by_key(rank) {
        Some(path) => Access::Index(Box::new(path)),
        None => Access::Full,
    }
}

/// Better paths rank higher: a unique key, then more fixed parts, then bounds or the longer beginning, then the primary key.
fn rank(path: &IndexPath) -> (bool, usize, usize, usize, bool) {
    let bounds = usize::from(path.lower.is_some()) + usize::from(path.upper.is_some());
    let bounds = if path.start.is_some() { 2 } else { bounds };
    let start = path.start.as_ref().map_or(0, |start| start.text.len());
    (path.unique, path.equal.len(), bounds, start, path.index.is_none())
}

/// What conditions say of single columns.
struct Terms {
    equal: Vec<KeyTerm>,
    lower: Vec<KeyBound>,
    upper: Vec<KeyBound>,
    starts: Vec<KeyStart>,
}

impl Terms {
    fn of(table: &Table, conditions: &Conditions<'_>) -> Terms {
        let mut terms = Terms { equal: Vec::new(), lower: Vec::new(), upper: Vec::new(), starts: Vec::new() };
        for condition in conditions.all {
            terms.add(table, conditions, condition);
        }
        terms
    }

    fn add(&mut self, table: &Table, conditions: &Conditions<'_>, condition: &Expression) {
        match &condition.node {
            Node::Compare { op, left, right, compare_as } => {
                self.compare(table, conditions, left, *op, right, *compare_as);
                self.compare(table, conditions, right, flipped(*op), left, *compare_as);
            }
            Node::InList { operand, list, negated: false } if list.len() <= MAX_POINTS => {
                let Some(column) = column_of(table, conditions, operand) else { return };
                let fits = |(value, class): &(Expression, CompareAs)| {
                    fixed(conditions, value) && seekable(&table.columns[column], *class)
                };
                if list.iter().all(fits) {
                    self.equal.push(KeyTerm { column, values: list.clone(), null_matches: false });
                }
            }
            Node::Like { operand, pattern, escape, collation, negated: false } => {
                let Some(column) = column_of(table, conditions, operand) else { return };
                if let Node::Constant(Value::Text(pattern)) = &pattern.node
                    && seekable(&table.columns[column], CompareAs::Text(*collation))
                    && !literal_start(pattern, *escape).is_empty()
                {
                    self.starts.push(KeyStart { column, text: literal_start(pattern, *escape).into() });
                }
            }
            Node::IsNull { operand, negated: false } => {
                if let Some(column) = column_of(table, conditions, operand) {
                    let null = crate::bind::null();
                    self.equal.push(KeyTerm { column, values: vec![(null, CompareAs::Integer)], null_matches: true });
                }
            }
            _ => {}
        }
    }

    fn compare(
        &mut self,
        table: &Table,
        conditions: &Conditions<'_>,
        side: &Expression,
        op: Comparison,
        value: &Expression,
        compare_as: CompareAs,
    ) {
        let Some(column) = column_of(table, conditions, side) else { return };
        if !fixed(conditions, value) || !seekable(&table.columns[column], compare_as) {
            return;
        }
        let bound = |inclusive| KeyBound { column, value: value.clone(), compare_as, inclusive };
        match op {
            Comparison::Equal | Comparison::NullSafeEqual => {
                let null_matches = op == Comparison::NullSafeEqual;
                self.equal.push(KeyTerm { column, values: vec![(value.clone(), compare_as)], null_matches });
            }
            Comparison::Greater => self.lower.push(bound(false)),
            Comparison::GreaterOrEqual => self.lower.push(bound(true)),
            Comparison::Less => self.upper.push(bound(false)),
            Comparison::LessOrEqual => self.upper.push(bound(true)),
            Comparison::NotEqual => {}
        }
    }

    fn path(&self, table: &Table, place: Option<usize>, index: &Index, unique: bool) -> Option<IndexPath> {
        let mut equal = Vec::new();
        let mut combinations = 1;
        for part in &index.parts {
            let Some(term) = self.term(table, part) else { break };
            combinations *= term.values.len();
            if combinations > MAX_POINTS {
                break;
            }
            equal.push(term.clone());
        }
        let next = index.parts.get(equal.len());
        let bound = |bounds: &[KeyBound]| {
            let column = place_of(table, next?)?;
            bounds.iter().find(|b| b.column == column).cloned()
        };
        let (mut lower, mut upper) = (bound(&self.lower), bound(&self.upper));
        let start = next.and_then(|part| self.start(table, index, part));
        if start.is_some() {
            (lower, upper) = (None, None);
        }
        if equal.is_empty() && start.is_none() && lower.is_none() && upper.is_none() {
            return None;
        }
        let whole = equal.len() == index.parts.len() && index.parts.iter().all(|p| p.prefix.is_none());
        let unique = unique && whole && equal.iter().all(|t| !t.null_matches || !table.columns[t.column].nullable);
        Some(IndexPath { index: place, equal, lower, upper, start, unique })
    }

    /// The longest beginning of an index part that its key can tell.
    fn start(&self, table: &Table, index: &Index, part: &IndexPart) -> Option<KeyStart> {
        let column = place_of(table, part)?;
        let alone = Index { parts: vec![part.clone()], ..index.clone() };
        let cut = |text: &str| text.chars().take(part.prefix.unwrap_or(u32::MAX) as usize).collect::<String>();
        let starts = self.starts.iter().filter(|s| s.column == column).map(|s| cut(&s.text));
        let told = starts.filter(|text| alone.start_key(table, &[], text).is_some());
        told.max_by_key(String::len).map(|text| KeyStart { column, text: text.into() })
    }

    /// The term for an index part with the fewest values.
    fn term(&self, table: &Table, part: &IndexPart) -> Option<&KeyTerm> {
        let column = place_of(table, part)?;
        self.equal.iter().filter(|t| t.column == column).min_by_key(|t| t.values.len())
    }
}

/// The text before the first wildcard of a LIKE pattern.
fn literal_start(pattern: &str, escape: Option<char>) -> String {
    let mut start = String::new();
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        match next {
            escaping if Some(escaping) == escape => start.push(rest.next().unwrap_or(escaping)),
            '%' | '_' => break,
            literal => start.push(literal),
        }
    }
    start
}

fn place_of(table: &Table, part: &IndexPart) -> Option<usize> {
    table.columns.iter().position(|c| c.id == part.column)
}

fn flipped(op: Comparison) -> Comparison {
    match op {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// The table's column that an expression is.
fn column_of(table: &Table, conditions: &Conditions<'_>, expression: &Expression) -> Option<usize> {
    match expression.node {
        Node::Column { depth: 0, index } => {
            (index as usize).checked_sub(conditions.offset).filter(|column| *column < table.columns.len())
        }
        _ => None,
    }
}

/// Whether an expression has its value before the table is read, the same for all its rows.
fn fixed(conditions: &Conditions<'_>, expression: &Expression) -> bool {
    let mut fixed = true;
    for_each(expression, &mut |e| {
        fixed &= match &e.node {
            Node::Column { depth: 0, index } => (conditions.available)(*index as usize),
            Node::Call { function, .. } => function.deterministic,
            Node::Subquery { .. } | Node::AssignUserVariable(..) => false,
            _ => true,
        };
    });
    fixed
}

/// Whether rows that compare so to a value stand together in an index over the column.
fn seekable(column: &Column, compare_as: CompareAs) -> bool {
    match (&column.kind, compare_as) {
        (
            ColumnType::Integer { .. } | ColumnType::Year,
            CompareAs::Integer | CompareAs::Decimal | CompareAs::Double,
        ) => true,
        (ColumnType::Decimal { .. }, CompareAs::Integer | CompareAs::Decimal) => true,
        (ColumnType::Double { .. }, CompareAs::Double) => true,
        (ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_), CompareAs::Text(collation)) => {
            collation == column.collation
        }
        (ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_), CompareAs::Bytes) => false,
        (ColumnType::VarBinary(_) | ColumnType::Blob(_), CompareAs::Bytes) => true,
        (ColumnType::Date | ColumnType::DateTime(_) | ColumnType::Timestamp(_), CompareAs::DateTime) => true,
        (ColumnType::Time(_), CompareAs::Time) => true,
        _ => false,
    }
}
