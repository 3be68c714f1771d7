//! Keys of several values: equal bytes exactly for rows that SQL groups together.

use crate::evaluate::group_key;
use crate::expression::Type;
use dag::value::Value;

/// What a hash table keeps for a key beside its bytes.
pub(crate) const OVERHEAD: usize = 48;

/// Appends the key of a row. Each part is followed by its length, so that neighbours do not run into each other.
pub(crate) fn append<'t>(row: &[Value], types: impl IntoIterator<Item = &'t Type>, out: &mut Vec<u8>) {
    for (value, ty) in row.iter().zip(types) {
        append_one(value, ty, out);
    }
}

/// Appends the key of one value.
pub(crate) fn append_one(value: &Value, ty: &Type, out: &mut Vec<u8>) {
    let start = out.len();
    group_key(value, ty, out);
    let length = (out.len() - start) as u32;
    out.extend_from_slice(&length.to_be_bytes());
}
