//! Collations: how text compares, by weights that are pinned by the rules level (R2).
//!
//! Promises: `sort_key` is order-preserving and equal exactly for equal text under the collation.

/// The collations of this rules level. MySQL's ids: 46, 45, 255 and 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collation {
    /// utf8mb4_bin: code point order, PAD SPACE.
    Utf8mb4Bin,
    /// utf8mb4_general_ci: one weight a code point, PAD SPACE.
    Utf8mb4GeneralCi,
    /// utf8mb4_0900_ai_ci: UCA 9.0.0 primary weights, NO PAD. The default.
    Utf8mb4_0900AiCi,
    /// binary: bytes, no character set.
    Binary,
}
