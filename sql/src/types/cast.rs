//! Types of CAST and CONVERT targets.

use crate::expression::{Coercibility, Kind, Type};

/// The type of CAST(`from` AS target): the target's kind and limits, what is not stated taken from the operand.
/// `target.length` 0 for Text and Binary means no limit was written.
pub fn cast(from: &Type, target: &Type) -> Type {
    let mut ty = target.clone();
    ty.nullable = from.nullable || may_fail(from, target);
    if matches!(ty.kind, Kind::Text | Kind::Binary) {
        if ty.length == 0 {
            ty.length = from.text_length();
        }
        ty.coercibility = Coercibility::Implicit;
    }
    ty
}

/// Whether the conversion gives NULL for values that do not fit: only temporal targets do.
fn may_fail(from: &Type, target: &Type) -> bool {
    target.is_temporal() && !from.is_temporal()
}
