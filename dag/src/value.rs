//! The one value type: what cells hold, keys compare and expressions compute.
//!
//! Promises: a value has one form each (no -0.0, NaN or infinity; JSON in canonical text; text is UTF-8), so equal
//! values are equal bytes. Collation, length and display belong to the column or expression, not to the value:
//! `PartialEq` here is identity of form, never SQL's `=`.

use crate::decimal::Decimal;
use crate::temporal::{Date, DateTime, Time};
use std::sync::Arc;

/// A SQL value. ENUM and SET values are their labels as `Text` (R25); YEAR is `Int`; BOOL is `Int`; FLOAT is a
/// `Double` that an `f32` holds exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A signed integer.
    Int(i64),
    /// An integer of an unsigned type or literal; may also hold values that fit `Int`.
    UInt(u64),
    /// A finite double; -0.0 is stored as 0.0.
    Double(f64),
    /// An exact number of at most 65 digits, 30 of them after the point.
    Decimal(Decimal),
    /// Characters in utf8mb4.
    Text(Arc<str>),
    /// Bytes without a character set.
    Bytes(Arc<[u8]>),
    /// A calendar date, possibly a zero or partly zero date.
    Date(Date),
    /// A date and time of day without a zone, microseconds.
    DateTime(DateTime),
    /// An instant: microseconds since the Unix epoch, UTC. Only in TIMESTAMP cells; expressions see `DateTime` in
    /// the session's zone.
    Timestamp(i64),
    /// A signed time of day or interval, microseconds.
    Time(Time),
    /// A JSON document in canonical text: keys sorted by length, then bytes; `", "` and `": "` as MySQL prints.
    Json(Arc<str>),
}

impl Value {
    /// Text from anything that becomes a shared string.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// Bytes from anything that becomes shared bytes.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Value::Bytes(bytes.into())
    }

    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}
