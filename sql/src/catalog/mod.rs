//! What names mean: databases, tables (stored, `information_schema`'s and `headwaters`'), collations.

pub(crate) mod collations;
pub(crate) mod names;
pub(crate) mod system;
