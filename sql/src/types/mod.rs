//! The rules of result types: what type an expression has, given its operands' types.
//!
//! Promises: pure; the same operands give the same type on every peer (R2). Does not compute values: that is `evaluate`
//! and `convert`.

mod build;
mod cast;
pub mod collation;
mod column;
mod comparison;
mod merge;
mod promote;

pub use cast::cast;
pub use collation::{aggregate as aggregate_collation, text_result};
pub use column::{of_column, of_kind};
pub use comparison::compare_class;
pub use merge::merge;
pub use promote::{DIVISION_INCREMENT, arithmetic, decimal_shape, integer_division, quotient, remainder};

/// The greatest length that the type of a text or binary result may have: LONGTEXT's (MySQL 8.0 manual, 13.7).
pub const MAX_LENGTH: u32 = u32::MAX;
/// Display width of a DOUBLE without a scale, as MySQL reports it.
pub const DOUBLE_LENGTH: u32 = 23;
