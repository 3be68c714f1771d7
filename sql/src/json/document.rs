//! The tree of a JSON document, its order and its types.

pub use crate::limits::MAX_DEPTH;
use dag::decimal::Decimal;
use dag::value::Value;
use std::cmp::Ordering;

/// A JSON document.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// null
    Null,
    /// true, false
    Bool(bool),
    /// A number without point or exponent that fits BIGINT.
    Int(i64),
    /// One that fits only BIGINT UNSIGNED.
    UInt(u64),
    /// Any other number.
    Double(f64),
    /// A DECIMAL scalar on its way into a document.
    Decimal(Decimal),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Document>),
    /// Members sorted by key length, then key bytes; keys are unique.
    Object(Vec<(String, Document)>),
}

/// The order of keys in an object.
pub fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Document {
    /// An object of members in any order; of equal keys the last wins.
    pub fn object(members: Vec<(String, Document)>) -> Document {
        let mut sorted: Vec<(String, Document)> = Vec::with_capacity(members.len());
        for (key, value) in members {
            match sorted.binary_search_by(|(k, _)| key_order(k, &key)) {
                Ok(at) => sorted[at].1 = value,
                Err(at) => sorted.insert(at, (key, value)),
            }
        }
        Document::Object(sorted)
    }

    /// The member of that key.
    pub fn member(&self, key: &str) -> Option<&Document> {
        let Document::Object(members) = self else { return None };
        members.binary_search_by(|(k, _)| key_order(k, key)).ok().map(|at| &members[at].1)
    }

    /// As a value in canonical text.
    pub fn into_value(self) -> Value {
        Value::Json(self.to_string().into())
    }

    /// JSON_TYPE's name.
    pub fn type_name(&self) -> &'static str {
        match self {
            Document::Null => "NULL",
            Document::Bool(_) => "BOOLEAN",
            Document::Int(_) => "INTEGER",
            Document::UInt(_) => "UNSIGNED INTEGER",
            Document::Double(_) => "DOUBLE",
            Document::Decimal(_) => "DECIMAL",
            Document::String(_) => "STRING",
            Document::Array(_) => "ARRAY",
            Document::Object(_) => "OBJECT",
        }
    }

    /// JSON_LENGTH: members, elements, or 1.
    pub fn length(&self) -> usize {
        match self {
            Document::Array(items) => items.len(),
            Document::Object(members) => members.len(),
            _ => 1,
        }
    }

    /// JSON_DEPTH: 1 for scalars and empty containers.
    pub fn depth(&self) -> usize {
        match self {
            Document::Array(items) => 1 + items.iter().map(Document::depth).max().unwrap_or(0),
            Document::Object(members) => 1 + members.iter().map(|(_, v)| v.depth()).max().unwrap_or(0),
            _ => 1,
        }
    }

    /// Precedence of types in comparisons, lowest first (manual, 13.5, "Comparison and Ordering of JSON Values").
    fn rank(&self) -> u8 {
        match self {
            Document::Null => 0,
            Document::Int(_) | Document::UInt(_) | Document::Double(_) | Document::Decimal(_) => 1,
            Document::String(_) => 2,
            Document::Object(_) => 3,
            Document::Array(_) => 4,
            Document::Bool(_) => 5,
        }
    }

    /// MySQL's order of JSON values; equal documents compare equal.
    pub fn compare(&self, other: &Document) -> Ordering {
        match (self, other) {
            (Document::Bool(a), Document::Bool(b)) => a.cmp(b),
            (Document::String(a), Document::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Document::Array(a), Document::Array(b)) => compare_items(a, b),
            (Document::Object(a), Document::Object(b)) => compare_members(a, b),
            _ if self.rank() == 1 && other.rank() == 1 => compare_numbers(self, other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn compare_items(a: &[Document], b: &[Document]) -> Ordering {
    let differing = a.iter().zip(b).map(|(x, y)| x.compare(y)).find(|o| o.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn compare_members(a: &[(String, Document)], b: &[(String, Document)]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| {
        let pairs = a.iter().zip(b);
        pairs
            .map(|((k1, v1), (k2, v2))| key_order(k1, k2).then_with(|| v1.compare(v2)))
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

fn compare_numbers(a: &Document, b: &Document) -> Ordering {
    match (a.exact(), b.exact()) {
        (Some(x), Some(y)) => x.compare(y),
        _ => a.as_double().total_cmp(&b.as_double()),
    }
}

impl Document {
    fn exact(&self) -> Option<Decimal> {
        match self {
            Document::Int(n) => Some((*n).into()),
            Document::UInt(n) => Some((*n).into()),
            Document::Decimal(d) => Some(*d),
            _ => None,
        }
    }

    fn as_double(&self) -> f64 {
        match self {
            Document::Double(d) => *d,
            other => other.exact().map_or(0.0, Decimal::to_f64),
        }
    }
}
