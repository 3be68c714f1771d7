//! Before-values: what an author saw, and whether it is still so.

use super::{Before, ChangeSet, INLINE_BEFORE};
use crate::encode::{Domain, encode_cell};
use crate::id::NodeId;
use crate::value::Value;

impl Before {
    /// What a cell with this value is remembered as.
    pub fn of(value: &Value) -> Self {
        let bytes = cell_bytes(value);
        if bytes.len() <= INLINE_BEFORE {
            Before::Value(value.clone())
        } else {
            // A cell is at most 4 GiB: its row has end offsets of 4 bytes.
            Before::Hash(NodeId(Domain::CELL.hash(&bytes)), u32::try_from(bytes.len()).unwrap_or(u32::MAX))
        }
    }

    /// Whether a cell still holds what its author saw. Integers of either form are the same number.
    pub fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Before::Value(Value::Int(a)), Value::UInt(b)) | (Before::Value(Value::UInt(b)), Value::Int(a)) => {
                u64::try_from(*a) == Ok(*b)
            }
            (Before::Value(Value::Double(a)), Value::Double(b)) => a == b,
            (Before::Value(seen), _) => seen == value,
            (Before::Hash(..), _) => *self == Before::of(value),
        }
    }
}

fn cell_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    encode_cell(value, &mut bytes);
    bytes
}

impl ChangeSet {
    /// Whether it changes nothing; what it read does not count.
    pub fn is_empty(&self) -> bool {
        self.schema.is_empty() && self.tables.is_empty()
    }

    /// Inserts, updates, deletes, clears and schema changes together: what the header says.
    pub fn count(&self) -> u64 {
        let rows = |t: &super::TableChanges| t.inserts.len() + t.updates.len() + t.deletes.len() + usize::from(t.clear);
        (self.schema.len() + self.tables.iter().map(rows).sum::<usize>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_remembered_by_hash_and_length() {
        let (short, long) = (Value::text("x".repeat(63)), Value::text("x".repeat(64)));
        assert_eq!(Before::of(&short), Before::Value(short.clone()));
        assert!(matches!(Before::of(&long), Before::Hash(_, 65)));
        for value in [short, long] {
            assert!(Before::of(&value).matches(&value));
            assert!(!Before::of(&value).matches(&Value::text("x".repeat(65))));
            assert!(!Before::of(&value).matches(&Value::Null));
        }
    }

    #[test]
    fn integers_are_numbers_whatever_their_form() {
        assert!(Before::of(&Value::Int(5)).matches(&Value::UInt(5)));
        assert!(Before::of(&Value::UInt(5)).matches(&Value::Int(5)));
        assert!(!Before::of(&Value::Int(-1)).matches(&Value::UInt(u64::MAX)));
        assert!(Before::of(&Value::Double(0.0)).matches(&Value::Double(-0.0)));
    }
}
