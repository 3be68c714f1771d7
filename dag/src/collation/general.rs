//! utf8mb4_general_ci: every code point has one weight of 16 bits, itself a code point; those past the BMP share one.
//!
//! The table holds the pages of code points that are not their own weight (`tables/generate.py`).

use std::sync::LazyLock;

/// The generated table.
pub(super) const TABLE: &[u8] = include_bytes!("../tables/general_ci.bin");

/// The weight of every code point past the BMP.
const SUPPLEMENTARY: char = '\u{fffd}';

/// Pages of 256 weights by `code point >> 8`; `None` where all are their own.
static PAGES: LazyLock<Vec<Option<[char; 256]>>> = LazyLock::new(|| {
    let words: Vec<u16> = TABLE.chunks_exact(2).map(|w| u16::from_le_bytes([w[0], w[1]])).collect();
    let mut pages = vec![None; 256];
    for page in words[1..].chunks_exact(257) {
        let weight = |low: usize| char::from_u32(u32::from(page[1 + low])).unwrap_or(SUPPLEMENTARY);
        pages[usize::from(page[0])] = Some(std::array::from_fn(weight));
    }
    pages
});

/// The weight of a code point.
pub(super) fn weight(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let point = c as usize;
    match PAGES.get(point >> 8) {
        None => SUPPLEMENTARY,
        Some(None) => c,
        Some(Some(page)) => page[point & 0xff],
    }
}

/// The text of the weights: its code point order is the collation's order.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(weight).collect()
}
