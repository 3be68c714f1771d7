//! Names and numbers of collations and character sets, as SHOW, SET and COLLATE use them.
//!
//! Promises: a collation that tables cannot use is named as such (1235), an unknown one is 1273 or 1115. The weights
//! are dag's.

use crate::error::SqlError;
use dag::collation::Collation;

/// A collation that sessions and tables can name.
pub(crate) struct CollationName {
    pub name: &'static str,
    pub id: u16,
    pub character_set: &'static str,
    pub default: bool,
    pub pad: &'static str,
    pub collation: Collation,
}

/// The collations of this rules level, by name.
pub(crate) const COLLATIONS: &[CollationName] = &[
    entry("binary", 63, "binary", true, "NO PAD", Collation::Binary),
    entry("utf8mb4_0900_ai_ci", 255, "utf8mb4", true, "NO PAD", Collation::Utf8mb4_0900AiCi),
    entry("utf8mb4_bin", 46, "utf8mb4", false, "PAD SPACE", Collation::Utf8mb4Bin),
    entry("utf8mb4_general_ci", 45, "utf8mb4", false, "PAD SPACE", Collation::Utf8mb4GeneralCi),
];

/// MySQL 8.0's character set names whose collations are not among ours: known, so that the refusal is the right one.
const OTHER_SETS: &[&str] = &[
    "armscii8", "ascii", "big5", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866", "cp932", "dec8",
    "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u",
    "latin1", "latin2", "latin5", "latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis", "utf16",
    "utf16le", "utf32",
];

const fn entry(
    name: &'static str,
    id: u16,
    character_set: &'static str,
    default: bool,
    pad: &'static str,
    collation: Collation,
) -> CollationName {
    CollationName { name, id, character_set, default, pad, collation }
}

/// The text collation of a handshake's id; utf8mb3's (33, 83) are stored as utf8mb4's.
pub(crate) fn by_id(id: u16) -> Option<&'static CollationName> {
    let id = match id {
        33 => 45,
        83 => 46,
        other => other,
    };
    COLLATIONS.iter().find(|c| c.id == id && c.character_set == "utf8mb4")
}

/// The entry of a collation.
pub(crate) fn describe(collation: Collation) -> &'static CollationName {
    COLLATIONS.iter().find(|c| c.collation == collation).unwrap_or(&COLLATIONS[1])
}

/// The collation of that name. utf8mb3 is stored as utf8mb4, as MySQL's own upgrade does. Errors: 1273, 1235.
pub(crate) fn find(name: &str) -> Result<&'static CollationName, SqlError> {
    let lower = name.to_ascii_lowercase();
    let alias =
        lower.strip_prefix("utf8mb3_").or_else(|| lower.strip_prefix("utf8_")).map(|rest| format!("utf8mb4_{rest}"));
    let wanted = alias.as_deref().unwrap_or(&lower);
    if let Some(entry) = COLLATIONS.iter().find(|c| c.name == wanted) {
        return Ok(entry);
    }
    let set = wanted.split('_').next().unwrap_or_default();
    if wanted.contains('_') && (set == "utf8mb4" || OTHER_SETS.contains(&set)) {
        return Err(SqlError::unsupported(format!("collation {name}")));
    }
    Err(SqlError::new(1273, format!("Unknown collation: '{name}'")))
}

/// The default collation of a character set. Errors: 1115, 1235.
pub(crate) fn of_character_set(name: &str) -> Result<&'static CollationName, SqlError> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "utf8mb4" => Ok(&COLLATIONS[1]),
        "utf8" | "utf8mb3" => Ok(&COLLATIONS[3]),
        "binary" => Ok(&COLLATIONS[0]),
        other if OTHER_SETS.contains(&other) => Err(SqlError::unsupported(format!("character set {name}"))),
        _ => Err(SqlError::new(1115, format!("Unknown character set: '{name}'"))),
    }
}
